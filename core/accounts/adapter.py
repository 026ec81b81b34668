"""How allauth behaves in this city."""

import secrets
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.accounts import second_factor
from core.accounts.audit_log import record_lock_out
from core.accounts.identity import (
    IdentityIncompleteError,
    IdentityTakenError,
    VerifiedIdentity,
    account_of,
    bind_identity,
    check_same_person,
    read_claims,
)
from core.accounts.models import User
from core.errors import DomainError
from core.errors import gettext_noop as _
from core.http.address import client_address
from core.http.answers import answer_domain_error


class LockedOutError(DomainError):
    """Too many wrong passwords for this name or from this address."""

    code = "locked_out"
    message = _("登录失败次数过多，请十分钟后再试，或联系系统管理员。")
    status = 429


class ForgedAnswerError(DomainError):
    """The identity system's answer does not belong to our question."""

    code = "identity_answer_mismatch"
    message = _("登录请求已失效或被篡改，请重新登录。")
    status = 403


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Signing in. Anybody may open an account, and such an account is a citizen's."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": gettext_lazy("这个账号已停用。"),
        "incorrect_password": gettext_lazy("密码不正确。"),
        "username_password_mismatch": gettext_lazy("用户名或密码不正确。"),
        "too_many_login_attempts": gettext_lazy(LockedOutError.message),
        "username_blacklisted": gettext_lazy("这个用户名不能使用，请换一个。"),
        "username_taken": gettext_lazy("这个用户名已被使用。"),
        "rate_limited": gettext_lazy("操作太频繁，请稍等。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Let citizens in; staff accounts get their rights from the security administrator."""
        return True

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that rates are counted by."""
        return client_address(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise LockedOutError past the rates of ``login_failed``, which all processes share."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            record_lock_out(request, username=str(credentials.get("username", "")))
            raise LockedOutError from error

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in with a fresh session key."""
        super().login(request, user)
        second_factor.mark(request.session, user)


class NationalIdentityAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Signing in with the national identity: found by ID number, never by e-mail."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Check the answer, and connect it to the account of the same person."""
        try:
            self._check_answer(sociallogin)
            identity = self._identity(sociallogin)
            with transaction.atomic():
                self._connect(request, sociallogin, identity)
        except IntegrityError as error:
            raise self._too_late(request) from error
        except DomainError as error:
            raise ImmediateHttpResponse(answer_domain_error(request, error)) from error

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Open the account together with its person, or neither."""
        try:
            with transaction.atomic():
                user: User = super().save_user(request, sociallogin, form)
                identity = sociallogin.identity
                bind_identity(user=user, identity=identity, at=timezone.now())
        except (IntegrityError, IdentityTakenError) as error:
            raise self._too_late(request) from error
        return user

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        """Take over the name alone; the user name is made up."""
        user: User = sociallogin.user
        user.username = f"c-{secrets.token_hex(6)}"
        user.display_name = str(data.get("name") or "")[:60]
        return user

    def _too_late(self, request: HttpRequest) -> ImmediateHttpResponse:
        """The same person signed in twice at once, and the other one was first."""
        return ImmediateHttpResponse(answer_domain_error(request, ForgedAnswerError()))

    def _check_answer(self, sociallogin: SocialLogin) -> None:
        """The nonce is ours, and all parts of the answer speak of the same person."""
        expected = sociallogin.state.get("nonce")
        if not expected or sociallogin.given_nonce != expected or len(sociallogin.subjects) != 1:
            raise ForgedAnswerError

    def _identity(self, sociallogin: SocialLogin) -> VerifiedIdentity:
        app = sociallogin.provider.app
        identity = read_claims(
            sociallogin.national_claims,
            names=app.settings.get("claims", {}),
            source=app.provider_id,
            at=timezone.now(),
        )
        sociallogin.identity = identity
        return identity

    def _connect(
        self, request: HttpRequest, sociallogin: SocialLogin, identity: VerifiedIdentity
    ) -> None:
        if (
            sociallogin.state.get("process") == AuthProcess.CONNECT
            and request.user.is_authenticated
        ):
            bind_identity(user=request.user, identity=identity, at=timezone.now())
        elif sociallogin.is_existing:
            check_same_person(user=sociallogin.user, identity=identity)
        else:
            owner = account_of(identity)
            if owner is not None:
                sociallogin.connect(request, owner)


__all__ = [
    "AccountAdapter",
    "ForgedAnswerError",
    "IdentityIncompleteError",
    "LockedOutError",
    "NationalIdentityAdapter",
]
