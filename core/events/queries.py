"""Reading the durable sequence."""

from collections.abc import Sequence

from django.db.models import Max

from core.events.models import Event

PAGE = 200


def list_events_after(*, cursor: int, scopes: Sequence[str], limit: int = PAGE) -> list[Event]:
    """Return the events behind ``cursor`` that concern any of the scopes, in order.

    Positions are given by one writer after the commit, so a position that is visible has no
    smaller one still to come: reading on from the last one seen misses nothing.
    """
    return list(
        Event.objects.filter(position__gt=cursor, scopes__overlap=list(scopes)).order_by(
            "position"
        )[:limit]
    )


def latest_position() -> int:
    """Return the end of the sequence: where a console that has just loaded its lists begins."""
    return Event.objects.aggregate(last=Max("position"))["last"] or 0
