"""Signing in and out, and every change of a factor, leave a row in the audit trail.

These are the signals of authentication, not of models: allauth and Django offer no other place.
"""

from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as mfa_signals
from django.contrib.auth import signals as auth_signals
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from core.accounts import second_factor
from core.accounts.models import User
from core.audit.actions import record
from core.audit.models import Outcome

DONE: dict[str, Signal] = {
    "account.logged_in": auth_signals.user_logged_in,
    "account.logged_out": auth_signals.user_logged_out,
    "account.signed_up": account_signals.user_signed_up,
    "account.password_changed": account_signals.password_changed,
    "account.password_set": account_signals.password_set,
    "account.password_reset": account_signals.password_reset,
    "second_factor.added": mfa_signals.authenticator_added,
    "second_factor.removed": mfa_signals.authenticator_removed,
    "second_factor.renewed": mfa_signals.authenticator_reset,
}


def connect() -> None:
    """Listen; called once when the app is ready."""
    for action, signal in DONE.items():
        signal.connect(_recorder(action), weak=False, dispatch_uid=f"audit:{action}")
    auth_signals.user_login_failed.connect(_login_failed, dispatch_uid="audit:login_failed")
    mfa_signals.authentication_failed.connect(_factor_failed, dispatch_uid="audit:factor_failed")
    mfa_signals.authenticator_removed.connect(_factor_removed, dispatch_uid="mfa:removed")


def record_lock_out(request: HttpRequest, *, username: str) -> None:
    """Record that further attempts were turned away."""
    _refused("account.locked_out", username)


def _recorder(action: str) -> Any:
    def listen(sender: Any, user: User | None = None, **context: Any) -> None:
        authenticator = context.get("authenticator")
        record(
            action=action,
            by=user,
            at=timezone.now(),
            subject_type="user",
            subject_id=user.pk if user is not None else "",
            data={"type": authenticator.type} if authenticator is not None else {},
        )

    return listen


def _login_failed(sender: Any, credentials: dict[str, Any], **context: Any) -> None:
    _refused("account.login_failed", str(credentials.get("username", "")))


def _factor_failed(sender: Any, user: User, **context: Any) -> None:
    record(
        action="second_factor.failed",
        by=user,
        at=timezone.now(),
        outcome=Outcome.REFUSED,
        subject_type="user",
        subject_id=user.pk,
    )


def _factor_removed(sender: Any, request: HttpRequest, user: User, **context: Any) -> None:
    second_factor.mark(request.session, user)


def _refused(action: str, username: str) -> None:
    """Name the account if there is one; what strangers type may be a phone or a password."""
    known = User.objects.filter(username=username[:150]).only("pk").first()
    record(
        action=action,
        by=None,
        at=timezone.now(),
        outcome=Outcome.REFUSED,
        subject_type="user",
        subject_id=known.pk if known is not None else "",
    )
