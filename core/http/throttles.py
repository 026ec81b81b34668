"""How often: one round trip to the cache per check, and open when the cache is down.

The generic cell rate algorithm keeps one number per caller: the moment when the caller's debt is
paid. A rate of 30/hour lets 30 through at once and then one every two minutes; a refused request
costs the caller nothing more, so the wait we announce is the wait that is.
"""

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import structlog
from django.http import HttpRequest
from django.utils.translation import gettext
from django_redis import get_redis_connection
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from core.accounts.models import ApiKey
from core.errors import DomainError
from core.errors import gettext_noop as _
from core.http.address import client_address

logger = structlog.get_logger(__name__)
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

# KEYS[1] the caller's number · ARGV now, interval, limit, in milliseconds · returns the wait.
SCRIPT = """
local now, interval, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = paid + interval - interval * limit - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', paid + interval), 'PX', interval * limit + 1000)
return 0
"""


class ThrottledError(DomainError):
    """Too often; ``details["retry_after"]`` says in how many seconds it may be tried again."""

    code = "throttled"
    message = _("操作太频繁，请稍后再试。")
    status = 429


def wait_of(*, scope: str, caller: str) -> float:
    """Count one use and return 0, or refuse it and return the seconds to wait.

    A scope without a rate has no limit. If the cache cannot be asked, the answer is 0: a citizen
    is not turned away because a cache fell over.
    """
    rate = api_settings.DEFAULT_THROTTLE_RATES.get(scope)
    if not rate:
        return 0.0
    limit, seconds = parse_rate(rate)
    now = int(time.time() * 1000)
    try:
        waits = _script()(
            keys=[f"tongban:throttle:{scope}:{caller}"],
            args=[now, max(1, seconds * 1000 // limit), limit],
            client=get_redis_connection("default"),
        )
    except RedisError:
        logger.warning("throttle_open", scope=scope)
        return 0.0
    return float(waits) / 1000


def check_rate(*, scope: str, request: HttpRequest) -> None:
    """Raise ThrottledError when the caller of a page comes too often."""
    wait = wait_of(scope=scope, caller=caller_of(request))
    if wait:
        retry_after = int(wait) + 1
        raise ThrottledError(
            gettext("操作太频繁，请 %(seconds)d 秒后再试。") % {"seconds": retry_after},
            retry_after=retry_after,
        )


def caller_of(request: HttpRequest | Request) -> str:
    """Name who is counted: the API key, the account, or else the address."""
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return f"key:{key.pk}"
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    plain = request._request if isinstance(request, Request) else request  # noqa: SLF001  DRF keeps Django's request there
    return f"address:{client_address(plain)}"


@lru_cache(maxsize=64)
def parse_rate(rate: str) -> tuple[int, int]:
    """Return how often in how many seconds: ``30/hour`` → (30, 3600)."""
    amount, _slash, period = rate.partition("/")
    return int(amount), SECONDS[period[0]]


class ScopedThrottle(BaseThrottle):
    """Limits every caller by the view's ``throttle_scope``."""

    _wait: float = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request, and tell whether it may pass."""
        scope = getattr(view, "throttle_scope", "")
        self._wait = wait_of(scope=scope, caller=caller_of(request)) if scope else 0.0
        return self._wait == 0

    def wait(self) -> float | None:
        """Return the seconds to wait."""
        return self._wait or None


class AnonymousThrottle(ScopedThrottle):
    """Limits strangers by address; keys and accounts answer for themselves."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count a stranger's request, and tell whether it may pass."""
        if request.user and request.user.is_authenticated:
            return True
        return super().allow_request(request, view)


@lru_cache(maxsize=1)
def _script() -> Any:
    return get_redis_connection("default").register_script(SCRIPT)


__all__: Sequence[str] = [
    "AnonymousThrottle",
    "ScopedThrottle",
    "ThrottledError",
    "caller_of",
    "check_rate",
    "parse_rate",
    "wait_of",
]
