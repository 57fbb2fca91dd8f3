"""What IAM and STS do. Knows no HTTP and no XML."""
