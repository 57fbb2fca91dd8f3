"""The guide's chapter, played against a fresh server with boto3."""
