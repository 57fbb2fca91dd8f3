"""Condition keys that somebody else has vouched for, and that a session may carry."""

Facts = tuple[tuple[str, str | tuple[str, ...]], ...]
"""Condition keys with their values; a tuple for a multivalued key."""
