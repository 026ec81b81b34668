"""Writing to the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from core.events import wake
from core.events.models import Event
from core.inserts import save_new


def publish(
    *,
    kind: str,
    scopes: Sequence[str],
    subject_type: str,
    subject_id: int,
    subject_no: str = "",
    version: int = 0,
    data: dict[str, Any] | None = None,
    at: datetime,
) -> Event:
    """Record an event in the running transaction; the relay is woken once it commits.

    ``data`` holds ids and codes only, never personal data: it travels to every listener.
    """
    event = Event(
        kind=kind,
        scopes=sorted(set(scopes)),
        subject_type=subject_type,
        subject_id=subject_id,
        subject_no=subject_no,
        version=version,
        data=data or {},
        at=at,
    )
    save_new(event)
    _wake_once()
    return event


def _wake_once() -> None:
    """Have the relay woken at the commit; one nudge is enough for any number of events."""
    pending = transaction.get_connection().run_on_commit
    if not any(entry[1] is wake.relay for entry in pending):
        transaction.on_commit(wake.relay, robust=True)
