"""Opening accounts, giving and taking rights, issuing keys, binding identities.

``by`` None is the operator at the machine's command line, who could change the database anyway;
such deeds are in the audit trail without a person.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from core.accounts import policies
from core.accounts.models import ApiKey, Membership, Organisation, Person, User
from core.accounts.queries import forget_memberships, person_of
from core.accounts.states import ADMIN_ROLES, Role
from core.audit.actions import record
from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _
from core.http.authentication import digest_of, forget_known_keys
from core.http.scopes import Scope
from core.identifiers.rules import normalise_phone
from core.regions.models import Region

ADMIN_SITE_ROLES = ADMIN_ROLES | {Role.COMMUNITY_WORKER}
PREFIX_BYTES = 5
SECRET_BYTES = 32


class UsernameTakenError(DomainError):
    """An account with this name exists, in whatever letter case."""

    code = "username_taken"
    message = _("这个用户名已被使用。")


class AlreadyGrantedError(DomainError):
    """The user has this role there now."""

    code = "already_granted"
    message = _("该用户已有这项任职。")


class NotGrantedError(DomainError):
    """The membership has ended already."""

    code = "not_granted"
    message = _("这项任职已经结束。")


class SeparatedAdminsError(DomainError):
    """System, security and audit administration are three different people (三员分立)."""

    code = "separated_admins"
    message = _("系统管理员、安全管理员、审计管理员必须由不同的人担任。")


class CitizenRoleError(InvalidError):
    """Nobody is appointed citizen: every account is one."""

    code = "citizen_is_no_appointment"
    message = _("市民不是任职，无需授予。")


class UnknownScopeError(InvalidError):
    """A scope is not on the list, or none was given."""

    code = "unknown_scope"
    message = _("接口权限范围不正确。")


class KeyRevokedError(DomainError):
    """The key is revoked already."""

    code = "key_revoked"
    message = _("这个接口密钥已经吊销。")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; ``token`` is shown to its owner once and kept nowhere."""

    key: ApiKey
    token: str


@transaction.atomic
def create_staff_user(
    *, username: str, display_name: str, password: str, by: User | None, at: datetime
) -> User:
    """Open an account without any right.

    Raises ForbiddenError, InvalidError or UsernameTakenError.
    """
    if by is not None:
        policies.check_can_create_staff(by)
    user = User(username=username, display_name=display_name, date_joined=at)
    _check_account(user, password)
    user.set_password(password)
    user.save()
    record(action="account.created", by=by, at=at, subject_type="user", subject_id=user.pk)
    return user


@transaction.atomic
def grant_membership(
    *,
    user: User,
    role: Role,
    organisation: Organisation,
    region: Region,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    by: User | None,
    at: datetime,
) -> Membership:
    """Appoint a user; an appointment that ended is opened again, from ``at`` on.

    Raises ForbiddenError, OwnRightsError, SeparatedAdminsError, AlreadyGrantedError or
    CitizenRoleError.
    """
    if by is not None:
        policies.check_can_change_rights(by, user)
    if role == Role.CITIZEN:
        raise CitizenRoleError(fields={"role": [CitizenRoleError.message]})
    _lock(user)
    _check_separated(user, role, at)
    where = {"user": user, "role": role, "organisation": organisation, "region": region}
    membership = Membership.objects.filter(**where).first()
    if membership is None:
        membership = Membership(**where, starts_at=starts_at)
    elif membership.ends_at is None or membership.ends_at > at:
        raise AlreadyGrantedError
    else:
        membership.starts_at = starts_at or at
    membership.ends_at = ends_at
    membership.save()
    _settle(user, at)
    _record_membership("membership.granted", membership, by=by, at=at)
    return membership


@transaction.atomic
def revoke_membership(*, membership: Membership, by: User | None, at: datetime) -> Membership:
    """End an appointment now; one that has not begun is removed.

    Raises ForbiddenError, OwnRightsError or NotGrantedError.
    """
    if by is not None:
        policies.check_can_change_rights(by, membership.user)
    _lock(membership.user)
    membership.refresh_from_db()
    if membership.ends_at is not None and membership.ends_at <= at:
        raise NotGrantedError
    _record_membership("membership.revoked", membership, by=by, at=at)
    if membership.starts_at is not None and membership.starts_at >= at:
        membership.delete()
    else:
        membership.ends_at = at
        membership.save(update_fields=["ends_at"])
    _settle(membership.user, at)
    return membership


@transaction.atomic
def issue_api_key(
    *,
    user: User,
    label: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    by: User | None,
    at: datetime,
) -> IssuedKey:
    """Make a key for a machine that acts as ``user``.

    Raises ForbiddenError or UnknownScopeError.
    """
    if by is not None:
        policies.check_has_role(by, {Role.SECURITY_ADMIN})
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(Scope.values):
        raise UnknownScopeError(fields={"scopes": [UnknownScopeError.message]})
    prefix = secrets.token_hex(PREFIX_BYTES)
    token = f"tb_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = ApiKey.objects.create(
        user=user,
        label=label,
        prefix=prefix,
        digest=digest_of(token),
        scopes=wanted,
        expires_at=expires_at,
    )
    _record_key("api_key.issued", key, by=by, at=at)
    return IssuedKey(key, token)


@transaction.atomic
def revoke_api_key(*, key: ApiKey, by: User | None, at: datetime) -> ApiKey:
    """Revoke a key: at once in this process, within five seconds in the others.

    Raises ForbiddenError or KeyRevokedError.
    """
    if by is not None:
        policies.check_can_revoke_key(by, key)
    changed = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at)
    if not changed:
        raise KeyRevokedError
    key.revoked_at = at
    transaction.on_commit(forget_known_keys)
    _record_key("api_key.revoked", key, by=by, at=at)
    return key


@transaction.atomic
def link_person(*, user: User, name: str, phone: str, by: User, at: datetime) -> Person:
    """Bind name and phone to an account, as said by its owner; proves no identity.

    An identity that the national system has verified keeps its name. Another account's person
    with the same phone is never taken over. Raises InvalidPhone, ForbiddenError.
    """
    if by.pk != user.pk:
        policies.check_has_role(by, {Role.SYSTEM_ADMIN})
    _lock(user)
    normalise_phone(phone)
    person = person_of(user) or Person(user=user)
    person.phone = phone
    if person.verified_at is None:
        person.name = name
    person.save()
    record(action="person.linked", by=by, at=at, subject_type="person", subject_id=person.pk)
    return person


def _check_account(user: User, password: str) -> None:
    try:
        user.clean_fields(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        named = getattr(error, "error_dict", None)
        fields = error.message_dict if named else {"password": error.messages}
        raise InvalidError(fields=fields) from error
    if User.objects.filter(username__iexact=user.username).exists():
        raise UsernameTakenError


def _lock(user: User) -> None:
    """One change of rights per user at a time."""
    User.objects.select_for_update().only("pk").get(pk=user.pk)


def _check_separated(user: User, role: Role, at: datetime) -> None:
    if role not in ADMIN_ROLES:
        return
    others = Membership.objects.filter(user=user, role__in=ADMIN_ROLES - {role})
    if others.exclude(ends_at__lte=at).exists():
        raise SeparatedAdminsError


def _settle(user: User, at: datetime) -> None:
    """Open or close the door of the admin site, and drop what was kept of the old rights."""
    open_door = Membership.objects.filter(user=user, role__in=ADMIN_SITE_ROLES)
    user.is_staff = open_door.exclude(ends_at__lte=at).exists()
    user.save(update_fields=["is_staff"])
    forget_memberships(user)


def _record_membership(
    action: str, membership: Membership, *, by: User | None, at: datetime
) -> None:
    data = {
        "role": membership.role,
        "organisation": membership.organisation_id,
        "region": membership.region_id,
    }
    record(
        action=action, by=by, at=at, subject_type="user", subject_id=membership.user_id, data=data
    )


def _record_key(action: str, key: ApiKey, *, by: User | None, at: datetime) -> None:
    data = {"prefix": key.prefix, "scopes": key.scopes, "user": key.user_id}
    record(action=action, by=by, at=at, subject_type="api_key", subject_id=key.pk, data=data)
