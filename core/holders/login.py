"""Signing in takes the browser's unfinished work along."""

from typing import Any

from django.http import HttpRequest

from core.accounts.models import User
from core.attachments.actions import adopt_uploads
from core.drafts.actions import adopt_drafts
from core.holders.cookies import holder_of


def adopt_on_login(
    sender: object, *, request: HttpRequest | None = None, user: User, **_future: Any
) -> None:
    """Move drafts and unbound uploads to the person; connected to ``user_logged_in``."""
    holder = holder_of(request) if request is not None else ""
    if not holder:
        return
    adopt_drafts(holder=holder, by=user)
    adopt_uploads(holder=holder, by=user)
