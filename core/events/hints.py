"""Hints to open consoles: small, scoped, and never the truth itself."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import TypedDict

from channels.layers import get_channel_layer

from core.events.models import Event

_log = logging.getLogger(__name__)
_runner = asyncio.Runner()


class Hint(TypedDict):
    """What a socket hears: that something happened to a subject it may read."""

    type: str
    position: int
    kind: str
    subject_type: str
    subject_no: str
    version: int


def group_name(scope: str) -> str:
    """Return the channel-layer group of a scope; layer names allow few characters."""
    return "scope." + scope.replace(":", ".")


def hint_of(event: Event) -> Hint:
    """Reduce an event to what may travel."""
    return {
        "type": "hint",
        "position": event.position or 0,
        "kind": event.kind,
        "subject_type": event.subject_type,
        "subject_no": event.subject_no,
        "version": event.version,
    }


async def _send_all(messages: Iterable[tuple[str, Hint]]) -> None:
    layer = get_channel_layer()
    for group, hint in messages:
        await layer.group_send(group, hint)


def send(events: Sequence[Event]) -> None:
    """Send each event to the group of each of its scopes; a dead layer is logged, not raised.

    Runs on a loop of its own that lives as long as the process, so the layer's connection is kept.
    Called by the relay's thread only.
    """
    messages = [(group_name(scope), hint_of(event)) for event in events for scope in event.scopes]
    try:
        _runner.run(_send_all(messages))
    except Exception as error:  # noqa: BLE001  whatever the layer raises, truth is in the database
        _log.warning("hints not sent: %s", type(error).__name__)
