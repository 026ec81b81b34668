"""Keeping accounts: taking one out of use, giving it back, and clearing lost second factors."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.accounts import policies
from core.accounts.models import User
from core.audit.actions import record
from core.errors import DomainError


class AccountStateError(DomainError):
    """The account is in this state already."""

    code = "account_state"
    message = _("这个账号已经处于该状态。")


class NoSecondFactorError(DomainError):
    """There is no factor to clear."""

    code = "no_second_factor"
    message = _("这个账号没有绑定两步验证。")


@transaction.atomic
def suspend_account(*, user: User, reason: str, by: User, at: datetime) -> User:
    """Lock an account: its sessions and keys stop with the next request.

    Raises ForbiddenError, OwnRightsError or AccountStateError.
    """
    return _switch(user, active=False, action="account.suspended", reason=reason, by=by, at=at)


@transaction.atomic
def restore_account(*, user: User, reason: str, by: User, at: datetime) -> User:
    """Unlock an account; raises ForbiddenError, OwnRightsError or AccountStateError."""
    return _switch(user, active=True, action="account.restored", reason=reason, by=by, at=at)


@transaction.atomic
def clear_second_factors(*, user: User, reason: str, by: User, at: datetime) -> int:
    """Remove every factor of somebody who lost theirs; return how many there were.

    They set a new one up at the next sign-in. Raises ForbiddenError, OwnRightsError or
    NoSecondFactorError.
    """
    policies.check_can_change_rights(by, user)
    removed, _by_model = Authenticator.objects.filter(user_id=user.pk).delete()
    if not removed:
        raise NoSecondFactorError
    record(
        action="second_factor.cleared",
        by=by,
        at=at,
        subject_type="user",
        subject_id=user.pk,
        reason=reason,
        data={"factors": removed},
    )
    return int(removed)


def _switch(user: User, *, active: bool, action: str, reason: str, by: User, at: datetime) -> User:
    policies.check_can_change_rights(by, user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    if locked.is_active is active:
        raise AccountStateError
    locked.is_active = active
    locked.save(update_fields=["is_active"])
    record(action=action, by=by, at=at, subject_type="user", subject_id=user.pk, reason=reason)
    return locked
