"""What the tests of IAM share."""

import pytest

from tests.unit.services.iam.world import World


@pytest.fixture
def world() -> World:
    """A new installation with two empty accounts."""
    return World()
