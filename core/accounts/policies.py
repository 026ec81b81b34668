"""Who may ask for what: the questions that do not belong to one app."""

from collections.abc import Iterable

from core.accounts.models import ApiKey, User
from core.accounts.queries import AnyUser, has_role, reaches
from core.accounts.reach import reaches_city
from core.accounts.states import Role
from core.errors import ForbiddenError
from core.errors import gettext_noop as _


class OwnRightsError(ForbiddenError):
    """Nobody gives rights to themselves (三员分立)."""

    code = "own_rights"
    message = _("不能为自己授予或收回权限，请由另一位安全管理员办理。")


def check_has_role(user: AnyUser, roles: Iterable[Role]) -> None:
    """Raise ForbiddenError unless the user has one of the roles now."""
    if not has_role(user, *roles):
        raise ForbiddenError


def check_reaches(user: AnyUser, roles: Iterable[Role], region_path: str) -> None:
    """Raise ForbiddenError unless one of the roles reaches the region."""
    if not reaches(user, roles, region_path):
        raise ForbiddenError


def check_can_create_staff(by: User) -> None:
    """Accounts are opened by the system administrator, who gives them no rights."""
    check_has_role(by, {Role.SYSTEM_ADMIN})


def check_can_change_rights(by: User, user: User) -> None:
    """Rights are given and taken by the security administrator, never to oneself."""
    check_has_role(by, {Role.SECURITY_ADMIN})
    if by.pk == user.pk:
        raise OwnRightsError


def check_can_revoke_key(by: User, key: ApiKey) -> None:
    """A key is revoked by its owner or by the security administrator."""
    if key.user_id != by.pk:
        check_has_role(by, {Role.SECURITY_ADMIN})


def check_can_reveal_person(by: User, person: object, field: str) -> None:
    """An identity is shown in clear to the whole city's security administrator alone."""
    if not reaches_city(by, {Role.SECURITY_ADMIN}):
        raise ForbiddenError
