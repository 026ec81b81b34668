"""The hotline's two state machines, declared for the gate."""

from collections.abc import Mapping

from core.transitions.actions import Machine, TransitionRule
from hotline import policies
from hotline.models import HandlingOrder, Ticket
from hotline.queries.visibility import orders_visible_to, tickets_visible_to
from hotline.states import ORDER_NAME, ORDER_TRANSITIONS, TICKET_TRANSITIONS, Rule


def _gate_rules(table: Mapping[str, Rule]) -> dict[str, TransitionRule]:
    return {name: TransitionRule(rule.target, rule.needs_reason) for name, rule in table.items()}


def ticket_scopes(ticket: Ticket) -> list[str]:
    """Name who hears of a ticket: the desks above its region, the units of its matter, its
    watchers and its citizen."""
    scopes = [f"ticket:{ticket.no}"]
    scopes += [f"desk:{code}" for code in ticket.region.path.strip("/").split("/") if code]
    if ticket.rounds:
        units = HandlingOrder.objects.filter(matter=ticket.matter_id).values_list(
            "unit_id", flat=True
        )
        scopes += [f"unit:{unit}" for unit in units]
    if ticket.citizen_id:
        scopes.append(f"user:{ticket.citizen_id}")
    return scopes


def order_scopes(order: HandlingOrder) -> list[str]:
    """Name who hears of an order: who hears of its ticket, and its unit."""
    return [*ticket_scopes(order.ticket), f"unit:{order.unit_id}"]


TICKETS: Machine[Ticket] = Machine(
    name="hotline.ticket",
    model=Ticket,
    rules=_gate_rules(TICKET_TRANSITIONS),
    visible=tickets_visible_to,
    check=policies.check_can_fire_ticket,
    scopes=ticket_scopes,
    number=lambda ticket: ticket.no,
)
ORDERS: Machine[HandlingOrder] = Machine(
    name=ORDER_NAME,
    model=HandlingOrder,
    rules=_gate_rules(ORDER_TRANSITIONS),
    visible=orders_visible_to,
    check=policies.check_can_fire_order,
    scopes=order_scopes,
    number=lambda order: order.no,
)
