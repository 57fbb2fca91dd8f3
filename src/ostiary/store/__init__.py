"""What is remembered: one port, one SQL implementation, and the decisions' snapshot."""
