"""Which rows a user may know of."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.accounts.models import User
from core.accounts.queries import region_paths_of, units_of
from core.accounts.states import CENTRE_ROLES, UNIT_ROLES
from hotline.models import HandlingOrder, Ticket


def tickets_visible_to(user: User | None) -> QuerySet[Ticket]:
    """Return the tickets a user may know of.

    The system (None) sees all; the hotline's desks those in their region; a unit those whose
    matter it has an order for; a citizen their own. Anybody else: none.
    """
    if user is None:
        return Ticket.objects.all()
    if not user.is_authenticated:
        return Ticket.objects.none()
    allowed = Q(citizen=user)
    for path in region_paths_of(user, CENTRE_ROLES):
        allowed |= Q(region__path__startswith=path)
    units = units_of(user, UNIT_ROLES)
    if units:
        orders = HandlingOrder.objects.filter(matter=OuterRef("matter"), unit__in=units)
        allowed |= Q(Exists(orders))
    return Ticket.objects.filter(allowed)


def orders_visible_to(user: User | None) -> QuerySet[HandlingOrder]:
    """Return the handling orders a user may know of.

    A unit sees its own orders and those of the units it handles a matter with; citizens see
    progress through their ticket, never the orders themselves.
    """
    if user is None:
        return HandlingOrder.objects.all()
    if not user.is_authenticated:
        return HandlingOrder.objects.none()
    allowed = Q(pk__in=[])
    for path in region_paths_of(user, CENTRE_ROLES):
        allowed |= Q(ticket__region__path__startswith=path)
    units = units_of(user, UNIT_ROLES)
    if units:
        same_matter = HandlingOrder.objects.filter(matter=OuterRef("matter"), unit__in=units)
        allowed |= Q(Exists(same_matter))
    return HandlingOrder.objects.filter(allowed)


def scopes_visible_to(user: User | None) -> list[str]:
    """Return the event scopes a user may listen to: the queue, their units, themselves."""
    if user is None or not user.is_authenticated:
        return []
    scopes = [f"user:{user.pk}"]
    scopes += [
        f"desk:{path.rstrip('/').rsplit('/', 1)[-1]}"
        for path in region_paths_of(user, CENTRE_ROLES)
    ]
    scopes += [f"unit:{unit}" for unit in units_of(user, UNIT_ROLES)]
    return scopes
