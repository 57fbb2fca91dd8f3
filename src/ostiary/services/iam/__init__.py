"""IAM's operations, one module per family."""
