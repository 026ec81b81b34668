"""What the pages around one ticket show of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.accounts.models import User
from core.clocks.models import Clock
from core.clocks.queries import explain
from core.personal_data.masking import mask_name, mask_phone, redact
from hotline import policies
from hotline.actions.closing import AWAITING_VERDICT
from hotline.forms.console import RevealForm
from hotline.models import HandlingOrder, Reply, Ticket
from hotline.queries.history import history_of
from hotline.queries.similar import similar_to_ticket
from hotline.queries.tickets import TicketFile, list_earlier
from hotline.rules.due import Due, due_at_moment
from hotline.states import (
    OUTCOME_TRANSITION,
    ClockKind,
    OrderRole,
    Urgency,
)
from hotline.views.console.rows import (
    URGENCY_LOOKS,
    looking,
    order_due,
    ticket_due,
    ticket_row,
)

TICKET_DEEDS = ("claim", "release", "revise", "dispatch", "reopen_triage")
ORDER_DEEDS = ("sign", "record_first_contact", "submit_answer", "approve", "send_back")


@dataclass(frozen=True, slots=True)
class OrderCard:
    """One unit's order as the pages show it."""

    order: HandlingOrder
    due: Due | None
    is_late: bool
    clocks: list[tuple[str, Due | None, str]]
    is_current: bool
    answer: str


def ticket_context(file: TicketFile, *, user: User, at: datetime) -> dict[str, Any]:
    """Return what every page around a ticket shows."""
    ticket = file.ticket
    sees_identity = policies.sees_identity(user, ticket)
    deadline = file.clock_of(ClockKind.ANSWER)
    return {
        "file": file,
        "ticket": ticket,
        "title": ticket.title if sees_identity else redact(ticket.title),
        "content": ticket.content if sees_identity else redact(ticket.content),
        "urgency_look": URGENCY_LOOKS[Urgency(ticket.urgency)],
        "due": ticket_due(ticket, at),
        "why": explain(deadline) if deadline else None,
        "watchers": looking(ticket_nos=[ticket.no], me=user.pk, at=at).get(ticket.no, []),
        "caller": caller_card(ticket, sees_identity=sees_identity),
        "sees_identity": sees_identity,
        "reveal_form": RevealForm(),
        "can": abilities(file, user),
    }


def whole_ticket(file: TicketFile, *, user: User, at: datetime) -> dict[str, Any]:
    """Return the context of the ticket's own page."""
    ticket = file.ticket
    earlier = list_earlier(ticket=ticket, user=user)
    return {
        **ticket_context(file, user=user, at=at),
        "history": history_of(file),
        "orders": [order_card(file, order, at) for order in file.orders],
        "replies": replies_as_notes(file.replies),
        "earlier": [ticket_row(row, me=user.pk, at=at) for row in earlier],
        "similar": similar_to_ticket(ticket=ticket, user=user) if file.sees_centre else [],
    }


def abilities(file: TicketFile, user: User) -> dict[str, bool]:
    """Tell which buttons to offer."""
    ticket = file.ticket
    can = {name: policies.can_fire_ticket(user, ticket, name) for name in TICKET_DEEDS}
    can["claim"] = can["claim"] and ticket.claimed_by_id != user.pk
    can["release"] = can["release"] and ticket.claimed_by_id is not None
    can["triage"] = any(
        policies.can_fire_ticket(user, ticket, name)
        for name in set(OUTCOME_TRANSITION.values()) - {"dispatch"}
    )
    can["call_back"] = ticket.state in AWAITING_VERDICT and policies.can_call_back(user, ticket)
    can["review"] = policies.can_fire_ticket(user, ticket, "close_after_review")
    can["note"] = policies.can_triage(user)
    return can


def caller_card(ticket: Ticket, *, sees_identity: bool) -> dict[str, Any]:
    """Return the caller, always masked; nothing at all for who may not even ask."""
    contact = ticket.origin
    if not sees_identity:
        return {"is_hidden": True, "confidential": ticket.confidential}
    return {
        "is_hidden": False,
        "confidential": ticket.confidential,
        "name": mask_name(contact.caller_name) or _("未留姓名"),
        "phone": mask_phone(contact.caller_phone) or _("未留电话"),
        "has_data": bool(contact.caller_phone or contact.caller_name),
        "source": contact.get_source_display(),
    }


def order_card(file: TicketFile, order: HandlingOrder, at: datetime) -> OrderCard:
    """Return one order with its clocks."""
    due = order_due(order, at)
    clocks = [
        (str(kind.label), _clock_due(clock, at), explain(clock).sentence)
        for kind in (ClockKind.SIGN, ClockKind.FIRST_CONTACT)
        if (clock := file.order_clock(order, kind)) and clock.state in {"running", "fired"}
    ]
    return OrderCard(
        order=order,
        due=due,
        is_late=bool(due and due.is_over),
        clocks=clocks,
        is_current=False,
        answer=order.answer,
    )


def _clock_due(clock: Clock, at: datetime) -> Due | None:
    return due_at_moment(starts_at=clock.started_at, due_at=clock.due_at, at=at)


def replies_as_notes(replies: list[Reply]) -> list[dict[str, Any]]:
    """Return replies for the conversation component."""
    return [
        {
            "who": str(reply.unit) if reply.unit else _("热线中心"),
            "at": reply.at,
            "text": reply.text,
            "official": True,
        }
        for reply in replies
    ]


def assists_of(file: TicketFile) -> list[HandlingOrder]:
    """Return the 协办 orders of a matter."""
    return [order for order in file.orders if order.role == OrderRole.ASSIST]
