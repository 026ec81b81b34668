"""What happens when a deadline passes, or moves because a holiday notice arrived."""

from datetime import datetime

from core.clocks.models import Clock
from hotline.actions.promises import TICKET
from hotline.machines import ORDERS, TICKETS
from hotline.models import HandlingOrder, Ticket
from hotline.states import WAITING_ORDER_STATES


def announce_overdue(clock: Clock, at: datetime) -> None:
    """Tell everybody concerned that a clock ran out; supervision builds on this event."""
    if clock.subject_type == TICKET:
        ticket = TICKETS.lock(by=None, pk=clock.subject_id, related=("region",))
        TICKETS.announce(ticket, "overdue", at=at, clock=clock.kind)
    else:
        order = ORDERS.lock(by=None, pk=clock.subject_id, related=("ticket__region", "unit"))
        ORDERS.announce(order, "overdue", at=at, clock=clock.kind)


def move_deadline(clock: Clock, at: datetime) -> None:
    """Keep the copies of the answer deadline on the ticket and its open orders in step."""
    Ticket.objects.filter(pk=clock.subject_id).update(answer_due_at=clock.due_at)
    HandlingOrder.objects.filter(ticket=clock.subject_id, state__in=WAITING_ORDER_STATES).update(
        due_at=clock.due_at
    )
