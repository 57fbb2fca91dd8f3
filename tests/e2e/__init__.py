"""A stranger's clients against a real server."""
