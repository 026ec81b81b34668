"""From the outbox to the listeners.

One writer at a time (an advisory lock) numbers the committed events, then every subscriber
reads on from its own position. A subscriber's position moves in the transaction in which its
batch was handled: at least once for the outside world, exactly once for what it does in the
database. Socket hints are best effort; a console that misses one catches up by its cursor.
"""

import logging
from collections.abc import Callable, Sequence

from django.db import InterfaceError, OperationalError, connection, transaction

from core.events import hints
from core.events.models import Event, Subscription

NUMBERING_LOCK = 0x544F4E47
BATCH = 500
Handler = Callable[[Sequence[Event]], None]
_subscribers: dict[str, Handler] = {}
_log = logging.getLogger(__name__)


def subscribe(name: str, handler: Handler) -> None:
    """Register a handler for batches of events; called from ``AppConfig.ready``.

    The handler runs inside the transaction that moves its position, so it may write to the
    database and must not wait for anybody outside.
    """
    _subscribers[name] = handler


@transaction.atomic
def number_pending(*, limit: int = BATCH) -> list[Event]:
    """Give the next positions to committed events in the order of their ids; return the events."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING_LOCK])
        cursor.execute(
            """
            WITH pending AS (
                SELECT id, row_number() OVER (ORDER BY id) AS rank
                FROM (SELECT id FROM core_event WHERE position IS NULL ORDER BY id LIMIT %s) AS p
            ), last AS (SELECT coalesce(max(position), 0) AS position FROM core_event)
            UPDATE core_event AS e SET position = last.position + pending.rank
            FROM pending, last WHERE e.id = pending.id RETURNING e.id
            """,
            [limit],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Event.objects.filter(pk__in=ids).order_by("position")) if ids else []


@transaction.atomic
def deliver(name: str, *, limit: int = BATCH) -> list[Event]:
    """Hand the next events to one subscriber; another relay at the same work is waited for."""
    Subscription.objects.get_or_create(name=name)
    row = Subscription.objects.select_for_update().get(name=name)
    batch = list(Event.objects.filter(position__gt=row.position).order_by("position")[:limit])
    if batch:
        _subscribers[name](batch)
        row.position = batch[-1].position or row.position
        row.save(update_fields=["position", "updated_at"])
    return batch


def run_once() -> int:
    """Number what is pending, hint it to open consoles, hand it to the subscribers.

    A subscriber that fails is logged, keeps its position and is tried again in the next round;
    it holds up neither the numbering nor the others. Returns how many events were numbered.
    """
    numbered = number_pending()
    if numbered:
        hints.send(numbered)
    for name in tuple(_subscribers):
        _deliver_all(name)
    return len(numbered)


def _deliver_all(name: str) -> None:
    try:
        while len(deliver(name)) == BATCH:
            pass
    except (InterfaceError, OperationalError):
        raise  # the database is away: that is everybody's trouble, not this subscriber's
    except Exception:  # noqa: BLE001  a subscriber may raise whatever it likes
        _log.exception("relay: subscriber %s failed, its batch waits", name)
