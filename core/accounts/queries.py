"""What a user may be and where, read with one statement per user object.

Every role question below is answered from the same rows, which are kept on the user object. A
request has one user object, so a request reads memberships at most once. Superusers get nothing
from that flag here: the three admins are separated and each power is a membership.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.utils import timezone

from core.accounts.models import Membership, Organisation, Person, User
from core.accounts.states import Role
from core.errors import NotFoundError

AnyUser = User | AnonymousUser | None
_KEPT = "_kept_memberships"


def memberships_of(user: AnyUser, at: datetime | None = None) -> list[Membership]:
    """Return the memberships in force at a moment (now), with organisation and region.

    One statement for the first call on a user object, none afterwards. Anonymous and inactive
    users have none. Periods are half-open.
    """
    if user is None or not user.is_authenticated or not user.is_active:
        return []
    moment = at or timezone.now()
    return [row for row in _all_memberships(user) if _in_force(row, moment)]


def roles_of(user: AnyUser, at: datetime | None = None) -> frozenset[Role]:
    """Return the roles in force; every active account is also a citizen's."""
    if user is None or not user.is_authenticated or not user.is_active:
        return frozenset()
    return frozenset({Role.CITIZEN, *(Role(row.role) for row in memberships_of(user, at))})


def staff_roles_of(user: AnyUser, at: datetime | None = None) -> frozenset[Role]:
    """Return the roles in force that are work: all but the citizen's."""
    return roles_of(user, at) - {Role.CITIZEN}


def has_role(user: AnyUser, *roles: Role) -> bool:
    """Tell whether the user has any of these roles now."""
    return not roles_of(user).isdisjoint(roles)


def units_of(user: AnyUser, roles: Iterable[Role]) -> list[int]:
    """Return the ids of the organisations where the user has one of the roles, sub-units too."""
    wanted = frozenset(roles)
    found: set[int] = set()
    for row in memberships_of(user):
        if row.role in wanted:
            found.update(cast("Any", row).unit_ids)
    return sorted(found)


def region_paths_of(user: AnyUser, roles: Iterable[Role]) -> list[str]:
    """Return the region paths that the roles reach; a row lies within if its path starts so.

    Paths inside another one of the list are left out.
    """
    wanted = frozenset(roles)
    paths = {row.region.path for row in memberships_of(user) if row.role in wanted}
    return sorted(path for path in paths if not _inside_another(path, paths))


def reaches(user: AnyUser, roles: Iterable[Role], region_path: str) -> bool:
    """Tell whether one of the roles reaches a region."""
    return any(region_path.startswith(path) for path in region_paths_of(user, roles))


def forget_memberships(user: User) -> None:
    """Drop what is kept on this user object; call it after changing its memberships."""
    user.__dict__.pop(_KEPT, None)


def get_user(*, username: str) -> User:
    """Return the account, or raise NotFoundError."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFoundError(username=username)
    return user


def person_of(user: AnyUser) -> Person | None:
    """Return the identity behind an account, if one is linked."""
    if user is None or not user.is_authenticated:
        return None
    return Person.objects.filter(user_id=user.pk).first()


def persons_with_phone(phone: str) -> QuerySet[Person]:
    """Return the identities with this phone number, oldest first."""
    return Person.objects.filter(phone_index=_digest("phone", phone)).order_by("id")


def person_with_id_no(id_no: str) -> Person | None:
    """Return the identity with this ID number."""
    digest = _digest("id_no", id_no)
    return Person.objects.filter(id_no_index=digest).first() if digest else None


def _digest(field: str, value: str) -> bytes | None:
    index = cast("Any", Person._meta.get_field(f"{field}_index"))  # noqa: SLF001  Django's public API
    digest: bytes | None = index.digest(value)
    return digest


def _all_memberships(user: User | AnonymousUser) -> list[Membership]:
    kept: list[Membership] | None = user.__dict__.get(_KEPT)
    if kept is None:
        kept = list(
            Membership.objects.filter(user=cast("User", user))
            .select_related("organisation", "region")
            .annotate(unit_ids=ArraySubquery(_units_below_the_membership()))
            .order_by("id")
        )
        user.__dict__[_KEPT] = kept
    return kept


def _units_below_the_membership() -> QuerySet[Organisation, int]:
    return Organisation.objects.filter(path__startswith=OuterRef("organisation__path")).values_list(
        "id", flat=True
    )


def _in_force(row: Membership, at: datetime) -> bool:
    begun = row.starts_at is None or row.starts_at <= at
    return begun and (row.ends_at is None or at < row.ends_at)


def _inside_another(path: str, paths: set[str]) -> bool:
    return any(path != other and path.startswith(other) for other in paths)
