"""Who may do what: one function per question, asked by the gate and by pages that offer buttons."""

from core.accounts.models import User
from core.accounts.queries import has_role, reaches, units_of
from core.accounts.states import UNIT_ROLES, Role
from core.errors import DomainError, ForbiddenError
from core.errors import gettext_noop as _
from core.transitions.queries import has_fired
from hotline.models import HandlingOrder, Ticket
from hotline.states import (
    HANDLING,
    ORDER_NAME,
    ORDER_TRANSITIONS,
    TICKET_TRANSITIONS,
    MatterKind,
    OrderRole,
    TicketState,
)

IDENTITY_ROLES = frozenset({Role.AGENT, Role.SHIFT_LEAD, Role.DISPATCHER, Role.AUDITOR})
CALLBACK_ROLES = frozenset({Role.AGENT, Role.SHIFT_LEAD})


class ClaimedByAnotherError(DomainError):
    """Another agent works on this ticket."""

    code = "claimed_by_another"
    message = _("这张工单已由其他话务员受理。")


class FourEyesError(ForbiddenError):
    """The same person may not do both halves of this."""

    code = "four_eyes"
    message = _("办理人与审批、回访人不能是同一人。")


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
    _check_independent(user, ticket, transition)
    if Role.CITIZEN in rule.roles and ticket.citizen_id == user.pk:
        return
    if not _acts_on_ticket(user, ticket, rule.roles - {Role.CITIZEN}):
        raise ForbiddenError
    _check_claim(user, ticket, transition)


def _acts_on_ticket(user: User, ticket: Ticket, roles: frozenset[Role]) -> bool:
    """A desk's role counts in its region, a unit's for the matter that the unit leads."""
    if reaches(user, roles - UNIT_ROLES, ticket.region.path):
        return True
    units = units_of(user, roles & UNIT_ROLES)
    return bool(units) and ticket.orders.filter(role=OrderRole.LEAD, unit__in=units).exists()


def _check_claim(user: User, ticket: Ticket, transition: str) -> None:
    """While a ticket waits for triage, only the one who claimed it works on it."""
    if ticket.state != TicketState.REGISTERED or ticket.claimed_by_id in {None, user.pk}:
        return
    if transition == "claim" or not reaches(user, {Role.SHIFT_LEAD}, ticket.region.path):
        raise ClaimedByAnotherError(claimed_by=ticket.claimed_by_id)


def _check_independent(user: User, ticket: Ticket, transition: str) -> None:
    """Call-back, verdict and review are for people who did not handle the matter."""
    if transition in {"close", "ask_review", "close_after_review", "redo"}:
        check_independent(user, ticket)


def check_independent(user: User, ticket: Ticket) -> None:
    """Raise unless the user had no hand in handling the matter, nor approved how it was."""
    orders = list(ticket.orders.all())
    handled = any(user.pk in {order.handler_id, order.answered_by_id} for order in orders)
    if handled or has_fired(
        user=user,
        subject_type=ORDER_NAME,
        subject_ids=[order.pk for order in orders],
        transitions=HANDLING,
    ):
        raise FourEyesError


def check_can_fire_order(user: User | None, order: HandlingOrder, transition: str) -> None:
    """Raise unless this user may fire this transition on this order."""
    rule = ORDER_TRANSITIONS[transition]
    if user is None or not rule.roles:
        if user is None and not rule.roles:
            return
        raise ForbiddenError
    desks = rule.roles - UNIT_ROLES
    in_unit = order.unit_id in units_of(user, rule.roles & UNIT_ROLES)
    if not in_unit and not (desks and reaches(user, desks, order.ticket.region.path)):
        raise ForbiddenError
    if transition == "approve" and order.answered_by_id == user.pk:
        raise FourEyesError


def check_can_call_back(user: User, ticket: Ticket) -> None:
    """Raise unless the user calls citizens back in this region and had no hand in the matter.

    A verdict that the citizen gives alone is no call-back, so their own account does not do.
    """
    if not reaches(user, CALLBACK_ROLES, ticket.region.path):
        raise ForbiddenError
    check_independent(user, ticket)


def can_call_back(user: User, ticket: Ticket) -> bool:
    """Tell whether the call-back may be offered to this user."""
    try:
        check_can_call_back(user, ticket)
    except DomainError:
        return False
    return True


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
    if reaches(user, IDENTITY_ROLES, ticket.region.path):
        return True
    discreet = ticket.confidential or ticket.kind == MatterKind.REPORT
    return has_role(user, *UNIT_ROLES) and not discreet


def sees_caller(user: User | None, ticket: Ticket) -> bool:
    """Tell whether the masked caller may be shown: to the citizen, and to who sees identities."""
    own = user is not None and ticket.citizen_id == user.pk
    return own or sees_identity(user, ticket)
