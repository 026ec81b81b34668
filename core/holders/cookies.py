"""The unnamed holder of drafts and uploads: a signed cookie for people who have not signed in.

The cookie carries a random value that no page and no log shows; rows keep only its digest, so
that whoever reads the database cannot take up another person's unfinished work.
"""

import hashlib
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

COOKIE = "holder"
SALT = "core.holders"
MAX_AGE_SECONDS = 30 * 24 * 3600
VALUE_BYTES = 24


def holder_of(request: HttpRequest) -> str:
    """Return the digest that owns this browser's unnamed rows, or "" when there is no cookie.

    A cookie that is forged, changed or too old counts as none.
    """
    value = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=MAX_AGE_SECONDS)
    return _digest(value) if value else ""


def new_holder() -> tuple[str, str]:
    """Return a fresh cookie value and the digest that its rows will carry."""
    value = secrets.token_urlsafe(VALUE_BYTES)
    return value, _digest(value)


def give_cookie(response: HttpResponseBase, value: str) -> None:
    """Set the cookie: signed, unreadable for scripts, sent to this site only."""
    response.set_signed_cookie(
        COOKIE,
        value,
        salt=SALT,
        max_age=MAX_AGE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
