"""A world in which every state and every role exists."""

import pytest

from tests.hotline.machines.scenes import World


@pytest.fixture
def world(db: None) -> World:
    """Return one of each role and the steps between the states."""
    return World()
