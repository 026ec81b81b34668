"""One ticket with everything around it, and finding tickets by number, phone or words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import QuerySet

from core.accounts.models import User
from core.accounts.queries import has_role
from core.accounts.states import CENTRE_ROLES
from core.attachments.models import Attachment
from core.attachments.queries import list_for_subject
from core.clocks.models import Clock
from core.clocks.queries import list_clocks
from core.errors import NotFoundError
from core.identifiers.rules import InvalidIdentifier, normalise_phone
from core.search.queries import matches
from core.transitions.models import TransitionLog
from hotline.models import (
    CallbackAttempt,
    Contact,
    Evaluation,
    HandlingOrder,
    Note,
    NoteKind,
    Reply,
    Supplement,
    Ticket,
)
from hotline.queries.visibility import orders_visible_to, tickets_visible_to

FOUND_LIMIT = 50
HISTORY_LIMIT = 10
PHONE_DIGITS_MIN = 7
TICKET = "hotline.ticket"
ORDER = "hotline.order"
_TICKET_NO = re.compile(r"[0-9]{21}\Z")
_ORDER_NO = re.compile(r"[0-9]{21}-[0-9]{2,3}\Z")
_PHONE = re.compile(r"\+?[0-9][0-9\- ]{5,18}[0-9]\Z")


@dataclass(slots=True)
class TicketFile:
    """A ticket as its page shows it to one reader; rows are oldest first."""

    ticket: Ticket
    orders: list[HandlingOrder]
    notes: list[Note]
    supplements: list[Supplement]
    replies: list[Reply]
    callbacks: list[CallbackAttempt]
    evaluations: list[Evaluation]
    log: list[TransitionLog]
    clocks: list[Clock]
    attachments: list[Attachment]
    sees_centre: bool
    orders_by_id: dict[int, HandlingOrder] = field(default_factory=dict)

    def clock_of(self, kind: str) -> Clock | None:
        """Return the ticket's latest clock of a kind."""
        return self._latest(TICKET, self.ticket.pk, kind)

    def order_clock(self, order: HandlingOrder, kind: str) -> Clock | None:
        """Return an order's latest clock of a kind."""
        return self._latest(ORDER, order.pk, kind)

    def _latest(self, subject_type: str, subject_id: int, kind: str) -> Clock | None:
        for clock in reversed(self.clocks):
            if (clock.subject_type, clock.subject_id, clock.kind) == (
                subject_type,
                subject_id,
                kind,
            ):
                return clock
        return None


def get_ticket(*, no: str, user: User) -> Ticket:
    """Return a ticket the user may see, with its facts; absent and hidden raise NotFoundError."""
    rows = tickets_visible_to(user).select_related(
        "origin", "category__default_unit", "region", "claimed_by", "accused_unit", "linked_to"
    )
    rows = rows.prefetch_related("orders").defer("region__boundary", "search_tokens")
    ticket = rows.filter(no=no).first()
    if ticket is None:
        raise NotFoundError
    return ticket


def get_order(*, no: str, user: User) -> HandlingOrder:
    """Return an order the user may see; absent and hidden raise NotFoundError."""
    rows = orders_visible_to(user).select_related("ticket", "unit", "handler", "answered_by")
    order = rows.filter(no=no).first()
    if order is None:
        raise NotFoundError
    return order


def get_ticket_file(*, no: str, user: User) -> TicketFile:
    """Return a ticket with its orders, words, history and clocks, as far as the user may see.

    Internal notes are the hotline's own: units do not get them.
    """
    ticket = get_ticket(no=no, user=user)
    sees_centre = has_role(user, *CENTRE_ROLES)
    orders = list(
        HandlingOrder.objects.filter(matter=ticket.matter_id)
        .select_related("unit", "handler", "answered_by", "issued_by")
        .order_by("id")
    )
    return TicketFile(
        ticket=ticket,
        orders=orders,
        notes=_notes(ticket, sees_centre=sees_centre),
        supplements=list(ticket.supplements.order_by("id")),
        replies=list(ticket.replies.select_related("unit", "by").order_by("id")),
        callbacks=list(ticket.callbacks.select_related("by").order_by("id")),
        evaluations=list(ticket.evaluations.order_by("id")),
        log=_log(ticket, orders),
        clocks=_clocks(ticket, orders),
        attachments=list_attachments(ticket),
        sees_centre=sees_centre,
        orders_by_id={order.pk: order for order in orders},
    )


def _notes(ticket: Ticket, *, sees_centre: bool) -> list[Note]:
    notes = ticket.notes.select_related("by", "order__unit").order_by("id")
    if not sees_centre:
        notes = notes.exclude(kind=NoteKind.INTERNAL)
    return list(notes)


def _log(ticket: Ticket, orders: Sequence[HandlingOrder]) -> list[TransitionLog]:
    of_ticket = TransitionLog.objects.filter(subject_type=TICKET, subject_id=ticket.pk)
    of_orders = TransitionLog.objects.filter(
        subject_type=ORDER, subject_id__in=[order.pk for order in orders]
    )
    return list((of_ticket | of_orders).select_related("by").order_by("id"))


def _clocks(ticket: Ticket, orders: Sequence[HandlingOrder]) -> list[Clock]:
    clocks = list_clocks(subject_type=TICKET, subject_ids=[ticket.pk])
    if orders:
        clocks += list_clocks(subject_type=ORDER, subject_ids=[order.pk for order in orders])
    return sorted(clocks, key=lambda clock: clock.pk)


def list_attachments(ticket: Ticket) -> list[Attachment]:
    """Return what the citizen attached."""
    return list(list_for_subject(subject_type=TICKET, subject_id=ticket.pk))


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: at most FOUND_LIMIT tickets, newest first, and how they were sought."""

    by: str
    tickets: list[Ticket]
    order_no: str = ""

    @property
    def is_cut(self) -> bool:
        """Tell whether there may be more."""
        return len(self.tickets) >= FOUND_LIMIT


def find_tickets(*, query: str, user: User) -> Found:
    """Find by ticket number (exact), order number, phone (exact, by blind index) or words.

    Rights are part of each query, so nothing hidden is counted or found.
    """
    query = " ".join(query.split())[:80]
    compact = query.replace(" ", "")
    if not query:
        return Found("nothing", [])
    if _ORDER_NO.match(compact):
        return _by_order(compact, user)
    if _TICKET_NO.match(compact):
        return Found("number", _listed(tickets_visible_to(user).filter(no=compact)))
    if _PHONE.match(query):
        return Found("phone", list_by_phone(phone=query, user=user, limit=FOUND_LIMIT))
    return Found("words", _listed(matches(tickets_visible_to(user), query)))


def _by_order(no: str, user: User) -> Found:
    order = orders_visible_to(user).select_related("ticket").filter(no=no).first()
    if order is None:
        return Found("order", [])
    return Found("order", [order.ticket], order_no=order.no)


def _listed(rows: QuerySet[Ticket], limit: int = FOUND_LIMIT) -> list[Ticket]:
    rows = rows.select_related("region", "category", "claimed_by").defer(
        "content", "search_tokens", "region__boundary"
    )
    return list(rows.order_by("-received_at", "-id")[:limit])


def list_by_phone(*, phone: str, user: User, limit: int = HISTORY_LIMIT) -> list[Ticket]:
    """Return the newest tickets of a phone number that the user may see.

    Only the hotline's own staff look by phone: for a unit the number is what it may not learn.
    A number that is too short or no number gives nothing.
    """
    digest = phone_digest(phone)
    if digest is None or not has_role(user, *CENTRE_ROLES):
        return []
    rows = tickets_visible_to(user).filter(origin__caller_phone_index=digest)
    return _listed(rows, limit)


def phone_digest(phone: str) -> bytes | None:
    """Return the blind index of a phone number, or None when it is none."""
    try:
        normalise_phone(phone)
    except InvalidIdentifier:
        return None
    field_ = cast("Any", Contact._meta.get_field("caller_phone_index"))  # noqa: SLF001  Django's public API
    digest: bytes | None = field_.digest(phone)
    return digest


def list_earlier(*, ticket: Ticket, user: User, limit: int = HISTORY_LIMIT) -> list[Ticket]:
    """Return other tickets of the same caller, newest first; for the hotline's staff only."""
    digest = ticket.origin.caller_phone_index
    if digest is None or not has_role(user, *CENTRE_ROLES):
        return []
    rows = tickets_visible_to(user).filter(origin__caller_phone_index=bytes(digest))
    return _listed(rows.exclude(pk=ticket.pk), limit)


def names_of(*, user_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of colleagues by user id."""
    if not user_ids:
        return {}
    rows = User.objects.filter(pk__in=user_ids).only("display_name", "username")
    return {row.pk: row.get_full_name() for row in rows}


def last_attempts(*, tickets: Sequence[Ticket]) -> dict[int, CallbackAttempt]:
    """Return the latest call-back attempt of the present round of each ticket."""
    latest: dict[int, CallbackAttempt] = {}
    rounds = {ticket.pk: ticket.rounds for ticket in tickets}
    rows = CallbackAttempt.objects.filter(ticket__in=list(rounds)).order_by("id")
    for attempt in rows:
        if attempt.round == rounds[attempt.ticket_id]:
            latest[attempt.ticket_id] = attempt
    return latest
