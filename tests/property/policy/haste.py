"""How many examples a law is tried on."""

import os

from hypothesis import settings

HASTE = int(os.environ.get("OSTIARY_HASTE", "1"))
"""Divides the number of examples; `make mutation` runs the laws thousands of times."""


def laws(examples: int) -> settings:
    """The settings of laws that take about a second at a desk."""
    return settings(
        max_examples=max(1, examples // HASTE), deadline=None, database=None
    )
