"""A stand for subscribers that leaves the city's own alone."""

import pytest

from core.events import relay


@pytest.fixture
def subscribers(monkeypatch: pytest.MonkeyPatch) -> dict[str, relay.Handler]:
    """Return an empty list of subscribers that the relay uses during the test."""
    mine: dict[str, relay.Handler] = {}
    monkeypatch.setattr(relay, "_subscribers", mine)
    return mine
