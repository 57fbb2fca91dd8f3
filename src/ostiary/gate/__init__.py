"""The front door: every request passes the same six steps in the same order."""
