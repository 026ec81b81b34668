"""API keys: ``Authorization: Bearer tb_<prefix>_<secret>``.

The prefix finds the row by its unique index, the SHA-256 digest of the whole key is compared in
constant time. A key that proved good is remembered in the process for five seconds, so that a
busy connector costs no statement; a revoked key therefore stops working within five seconds.
"""

import copy
import hashlib
import hmac
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.accounts.models import ApiKey, User
from core.accounts.queries import forget_memberships

SCHEME = "bearer"
REMEMBERED_SECONDS = 5.0
REMEMBERED_KEYS = 1024


@dataclass(frozen=True, slots=True)
class _Known:
    """A key that was good when it was read."""

    key: ApiKey
    user: User
    until: float


_known: dict[bytes, _Known] = {}
_lock = threading.Lock()


class ApiKeyAuthentication(BaseAuthentication):
    """Signs in the key's user; ``request.auth`` is the ApiKey."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return user and key, None without the header; raises AuthenticationFailed."""
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        known = _remembered(token) or _read(token)
        if known is None:
            raise AuthenticationFailed(_("接口密钥无效、已过期或已吊销。"), code="invalid_api_key")
        user = copy.copy(known.user)
        forget_memberships(user)
        return user, known.key

    def authenticate_header(self, request: Request) -> str:
        """Say how to sign in; this also makes the answer 401 and not 403."""
        return 'Bearer realm="api"'


def digest_of(token: str) -> bytes:
    """Return what is stored of a key. The secret is random, so a plain digest is enough."""
    return hashlib.sha256(token.encode()).digest()


def forget_known_keys() -> None:
    """Drop what this process remembers, as it must after a key was revoked here."""
    with _lock:
        _known.clear()


def _remembered(token: str) -> _Known | None:
    known = _known.get(digest_of(token))
    if known is None or known.until <= time.monotonic():
        return None
    expires_at = known.key.expires_at
    return None if expires_at is not None and expires_at <= timezone.now() else known


def _read(token: str) -> _Known | None:
    prefix = _prefix_of(token)
    if prefix is None:
        return None
    key = ApiKey.objects.select_related("user").filter(_usable(), prefix=prefix).first()
    digest = digest_of(token)
    if key is None or not hmac.compare_digest(bytes(key.digest), digest):
        return None
    known = _Known(key, key.user, time.monotonic() + REMEMBERED_SECONDS)
    with _lock:
        if len(_known) >= REMEMBERED_KEYS:
            _known.clear()
        _known[digest] = known
    return known


def _prefix_of(token: str) -> str | None:
    name, _first, rest = token.partition("_")
    prefix, _second, secret = rest.partition("_")
    good = name == "tb" and prefix.isalnum() and prefix.isascii() and bool(secret)
    return prefix if good else None


def _usable() -> Q:
    now: Any = timezone.now()
    alive = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return alive & Q(revoked_at__isnull=True, user__is_active=True)
