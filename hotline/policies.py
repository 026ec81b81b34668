"""Who may do what: one function per question, asked by the gate and by pages that offer buttons."""

from core.accounts.models import User
from core.accounts.queries import has_role, roles_of, units_of
from core.accounts.states import UNIT_ROLES, Role
from core.errors import DomainError, ForbiddenError
from hotline.models import HandlingOrder, Ticket
from hotline.states import ORDER_TRANSITIONS, TICKET_TRANSITIONS, TicketState


class ClaimedByAnotherError(DomainError):
    """Another agent works on this ticket."""

    code = "claimed_by_another"
    message = "这张工单已由其他话务员受理。"


class FourEyesError(ForbiddenError):
    """The same person may not do both halves of this."""

    code = "four_eyes"
    message = "办理人与审批、回访人不能是同一人。"


def check_can_fire_ticket(user: User | None, ticket: Ticket, transition: str) -> None:
    """Raise unless this user may fire this transition on this ticket.

    ``None`` is the system, or a citizen who proved the query code: allowed what the table leaves
    to nobody's role, or to the citizen.
    """
    rule = TICKET_TRANSITIONS[transition]
    if user is None:
        if rule.roles and Role.CITIZEN not in rule.roles:
            raise ForbiddenError
        return
    if Role.CITIZEN in rule.roles and ticket.citizen_id == user.pk:
        return
    if not has_role(user, *(rule.roles - {Role.CITIZEN})):
        raise ForbiddenError
    _check_claim(user, ticket, transition)
    _check_independent(user, ticket, transition)


def _check_claim(user: User, ticket: Ticket, transition: str) -> None:
    """While a ticket waits for triage, only the one who claimed it works on it."""
    if ticket.state != TicketState.REGISTERED or ticket.claimed_by_id in {None, user.pk}:
        return
    if transition == "claim" or not has_role(user, Role.SHIFT_LEAD):
        raise ClaimedByAnotherError(claimed_by=ticket.claimed_by_id)


def _check_independent(user: User, ticket: Ticket, transition: str) -> None:
    """Call-back and review are for people who did not handle the matter."""
    if transition in {"close", "ask_review", "close_after_review", "redo"}:
        check_independent(user, ticket)


def check_independent(user: User, ticket: Ticket) -> None:
    """Raise unless the user had no hand in handling the matter."""
    for order in ticket.orders.all():
        if user.pk in {order.handler_id, order.answered_by_id}:
            raise FourEyesError


def check_can_fire_order(user: User | None, order: HandlingOrder, transition: str) -> None:
    """Raise unless this user may fire this transition on this order."""
    rule = ORDER_TRANSITIONS[transition]
    if user is None or not rule.roles:
        if user is None and not rule.roles:
            return
        raise ForbiddenError
    own = rule.roles & UNIT_ROLES
    in_unit = bool(own) and order.unit_id in units_of(user, own)
    if not in_unit and not has_role(user, *(rule.roles - UNIT_ROLES)):
        raise ForbiddenError
    if transition == "approve" and order.answered_by_id == user.pk:
        raise FourEyesError


def check_can_triage(user: User) -> None:
    """Raise unless the user works at the hotline's desks."""
    if not can_triage(user):
        raise ForbiddenError


def can_triage(user: User) -> bool:
    """Tell whether the user works at the hotline's desks."""
    return has_role(user, Role.AGENT, Role.SHIFT_LEAD, Role.DISPATCHER)


def check_can_work_on_order(user: User, order: HandlingOrder) -> None:
    """Raise unless the user belongs to the order's unit."""
    if not can_work_on_order(user, order):
        raise ForbiddenError


def can_work_on_order(user: User, order: HandlingOrder) -> bool:
    """Tell whether the user belongs to the order's unit."""
    return order.unit_id in units_of(user, UNIT_ROLES)


def can_fire_ticket(user: User | None, ticket: Ticket, transition: str) -> bool:
    """Tell whether the button may be offered: the state allows it and the user may press it."""
    if ticket.state not in TICKET_TRANSITIONS[transition].sources:
        return False
    try:
        check_can_fire_ticket(user, ticket, transition)
    except DomainError:
        return False
    return True


def can_fire_order(user: User | None, order: HandlingOrder, transition: str) -> bool:
    """Tell whether the button may be offered."""
    if order.state not in ORDER_TRANSITIONS[transition].sources:
        return False
    try:
        check_can_fire_order(user, order, transition)
    except DomainError:
        return False
    return True


def sees_identity(user: User | None, ticket: Ticket) -> bool:
    """Tell whether the user may even ask to reveal the caller: desks yes, units only when the
    citizen did not ask for secrecy; a 举报 never shows its informer to a unit
    (济南市12345市民服务热线条例 art. 32, 信访工作条例 art. 30)."""
    if user is None:
        return False
    roles = roles_of(user)
    if roles & {Role.AGENT, Role.SHIFT_LEAD, Role.DISPATCHER, Role.AUDITOR}:
        return True
    return bool(roles & UNIT_ROLES) and not ticket.confidential and ticket.kind != "report"
