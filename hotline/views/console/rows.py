"""Rows of the lists, ready to be drawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.templatetags.ui import short_datetime
from hotline.models import CallbackAttempt, HandlingOrder, Ticket
from hotline.queries.presence import who_looks
from hotline.queries.queues import Queue, order_marks
from hotline.queries.tickets import last_attempts, names_of
from hotline.rules.due import Due, age_in_words, due_at_moment
from hotline.states import OrderState, TicketState, Urgency

URGENCY_LOOKS = {
    Urgency.ORDINARY: "normal",
    Urgency.URGENT: "urgent",
    Urgency.EMERGENCY: "critical",
}
AWAITING_ANSWER = frozenset({TicketState.REGISTERED, TicketState.DISPATCHED})
_OVER_WITH_ORDER = {OrderState.APPROVED, OrderState.TERMINATED}


@dataclass(frozen=True, slots=True)
class Person:
    """A colleague in a list of names."""

    pk: int
    name: str
    is_me: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket or order in a list."""

    no: str
    ticket_no: str
    url: str
    title: str
    kind: str
    category: str
    urgency: str
    urgency_look: str
    region: str
    age: str
    received_at: datetime
    due: Due | None
    state: str
    state_text: str
    owner: str
    is_mine: bool
    version: int
    role: str = ""
    unit: str = ""
    marks: str = ""
    watchers: list[Person] = field(default_factory=list)
    extra: str = ""


def looking(*, ticket_nos: Sequence[str], me: int, at: datetime) -> dict[str, list[Person]]:
    """Return who else looks at each ticket; one statement for the names."""
    found = who_looks(ticket_nos=ticket_nos, at=at)
    others = {no: [pk for pk in ids if pk != me] for no, ids in found.items()}
    names = names_of(user_ids=sorted({pk for ids in others.values() for pk in ids}))
    return {
        no: [Person(pk, names[pk], is_me=False) for pk in ids if pk in names]
        for no, ids in others.items()
        if ids
    }


def rows_of(
    items: Iterable[Ticket | HandlingOrder], *, queue: Queue | None, me: int, at: datetime
) -> list[Row]:
    """Turn the rows of a page into what the list shows.

    One statement more for the names of who looks, and one in the call-back queue for what was
    tried before.
    """
    items = list(items)
    nos = [item.no if isinstance(item, Ticket) else item.ticket.no for item in items]
    watchers = looking(ticket_nos=nos, me=me, at=at)
    tried = _tried(items) if queue is not None and queue.key == "callback" else {}
    return [_row(item, queue, watchers, tried, me, at) for item in items]


def _tried(items: Sequence[Ticket | HandlingOrder]) -> dict[int, str]:
    tickets = [item for item in items if isinstance(item, Ticket)]
    return {pk: _attempt_words(row) for pk, row in last_attempts(tickets=tickets).items()}


def _attempt_words(attempt: CallbackAttempt) -> str:
    if attempt.next_at:
        return _("约定 %s") % short_datetime(attempt.next_at)
    return _("%(when)s %(result)s") % {
        "when": short_datetime(attempt.at),
        "result": attempt.get_result_display(),
    }


def _row(
    item: Ticket | HandlingOrder,
    queue: Queue | None,
    watchers: Mapping[str, list[Person]],
    tried: Mapping[int, str],
    me: int,
    at: datetime,
) -> Row:
    marks = "|".join(order_marks(item, queue.order)) if queue else ""
    if isinstance(item, HandlingOrder):
        return order_row(item, marks=marks, watchers=watchers, me=me, at=at)
    extra = tried.get(item.pk, "")
    return ticket_row(item, marks=marks, watchers=watchers, me=me, at=at, extra=extra)


def ticket_row(
    ticket: Ticket,
    *,
    me: int,
    at: datetime,
    marks: str = "",
    watchers: Mapping[str, list[Person]] | None = None,
    extra: str = "",
) -> Row:
    """Return the row of a ticket; one that has its answer shows no deadline."""
    owner = ticket.claimed_by
    return Row(
        no=ticket.no,
        ticket_no=ticket.no,
        url=reverse("console:ticket", args=[ticket.no]),
        title=ticket.title,
        kind=ticket.get_kind_display(),
        category=str(ticket.category or ""),
        urgency=ticket.get_urgency_display(),
        urgency_look=URGENCY_LOOKS[Urgency(ticket.urgency)],
        region=ticket.region.name,
        age=age_in_words(at - ticket.received_at),
        received_at=ticket.received_at,
        due=ticket_due(ticket, at),
        state=ticket.state,
        state_text=ticket.get_state_display(),
        owner=owner.get_full_name() if owner else "",
        is_mine=ticket.claimed_by_id == me,
        version=ticket.version,
        marks=marks,
        watchers=list((watchers or {}).get(ticket.no, [])),
        extra=extra,
    )


def ticket_due(ticket: Ticket, at: datetime) -> Due | None:
    """Return how the answer deadline stands, or None when nobody waits for an answer."""
    if ticket.state not in AWAITING_ANSWER:
        return None
    return due_at_moment(starts_at=ticket.registered_at, due_at=ticket.answer_due_at, at=at)


def order_due(order: HandlingOrder, at: datetime) -> Due | None:
    """Return how an order's deadline stands; once answered it stands as it did then."""
    return due_at_moment(starts_at=order.issued_at, due_at=order.due_at, at=order.approved_at or at)


def order_row(
    order: HandlingOrder,
    *,
    me: int,
    at: datetime,
    marks: str = "",
    watchers: Mapping[str, list[Person]] | None = None,
) -> Row:
    """Return the row of a handling order."""
    ticket, handler = order.ticket, order.handler
    return Row(
        no=order.no,
        ticket_no=ticket.no,
        url=reverse("console:order", args=[order.no]),
        title=ticket.title,
        kind=ticket.get_kind_display(),
        category=str(ticket.category or ""),
        urgency=ticket.get_urgency_display(),
        urgency_look=URGENCY_LOOKS[Urgency(ticket.urgency)],
        region=ticket.region.name,
        age=age_in_words(at - order.issued_at),
        received_at=order.issued_at,
        due=None if order.state in _OVER_WITH_ORDER else order_due(order, at),
        state=order.state,
        state_text=order.get_state_display(),
        owner=handler.get_full_name() if handler else "",
        is_mine=order.handler_id == me,
        version=order.version,
        role=order.get_role_display(),
        unit=str(order.unit),
        marks=marks,
        watchers=list((watchers or {}).get(ticket.no, [])),
    )
