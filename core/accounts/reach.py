"""How far an administrator's regions reach.

What lies in a region belongs to those whose scope holds it. What belongs to no region is the whole
city's: only those whose scope is the whole city see and change it.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.conf import settings
from django.db.models import Model, Q, QuerySet

from core.accounts.queries import AnyUser, region_paths_of
from core.accounts.states import Role
from core.regions.queries import resolve

M = TypeVar("M", bound=Model)


def reaches_city(user: AnyUser, roles: Iterable[Role]) -> bool:
    """Tell whether one of the roles reaches the whole city; no statement when warm."""
    city = resolve(settings.CITY_REGION)
    paths = region_paths_of(user, roles)
    return city is not None and any(city.path.startswith(path) for path in paths)


def within_reach(
    rows: QuerySet[M], *, user: AnyUser, roles: Iterable[Role], lookups: tuple[str, ...]
) -> QuerySet[M]:
    """Return the rows that the roles reach; ``lookups`` lead to the path of a row's region."""
    wanted = frozenset(roles)
    if reaches_city(user, wanted):
        return rows
    condition = Q(pk__in=[])
    for path in region_paths_of(user, wanted):
        for lookup in lookups:
            condition |= Q(**{f"{lookup}__startswith": path})
    return rows.filter(condition)
