"""The tests; DEVELOPERS.md says which folder asks what."""
