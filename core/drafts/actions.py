"""Keeping what somebody is typing, and letting go of it."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core.accounts.models import User
from core.drafts.models import Draft
from core.drafts.queries import drafts_of
from core.errors import InvalidError
from core.errors import gettext_noop as _

MAX_BYTES = 200_000
MAX_DRAFTS = 50
KEPT = timedelta(days=30)
PURGE_BATCH = 500


class DraftTooLargeError(InvalidError):
    """More than MAX_BYTES of JSON."""

    code = "draft_too_large"
    message = _("草稿内容太长，未能保存。请分段提交。")
    status = 413


class DraftOwnerMissingError(InvalidError):
    """A draft without an owner could be read by nobody."""

    code = "draft_owner_missing"
    message = _("无法识别草稿的主人。")


def save_draft(
    *,
    form: str,
    key: str,
    user: User | None,
    holder: str = "",
    content: dict[str, Any],
    at: datetime,
) -> None:
    """Keep the content, encrypted, in place of what was kept under the same form and key.

    A user's draft is the user's; ``holder`` counts only for people who have not signed in.
    One owner keeps the newest MAX_DRAFTS.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise DraftTooLargeError(max_bytes=MAX_BYTES)
    if user is None and not holder:
        raise DraftOwnerMissingError
    row = Draft(
        form=form,
        key=key,
        user=user,
        holder="" if user else holder,
        content=_storable(text),
        updated_at=at,
    )
    Draft.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["form", "key", "user", "holder"],
        update_fields=["content", "updated_at"],
    )
    _trim(drafts_of(user=user, holder=holder))


def discard_draft(*, form: str, key: str, user: User | None, holder: str = "") -> None:
    """Forget the draft; there may be none, for a form is often sent before it is saved."""
    drafts_of(user=user, holder=holder).filter(form=form, key=key).delete()


@transaction.atomic
def adopt_drafts(*, holder: str, by: User) -> int:
    """Hand a browser's unnamed drafts to the person who has just signed in; return how many.

    Where both have one for the same form and key, the newer stays.
    """
    moved = 0
    for draft in drafts_of(user=None, holder=holder).select_for_update().order_by("id"):
        own = drafts_of(user=by, holder="").filter(form=draft.form, key=draft.key)
        if own.filter(updated_at__gte=draft.updated_at).exists():
            draft.delete()
            continue
        own.delete()
        moved += Draft.objects.filter(pk=draft.pk).update(user=by, holder="")
    return moved


def purge_old(*, at: datetime, limit: int = PURGE_BATCH) -> int:
    """Delete drafts untouched for KEPT, at most ``limit``; return how many."""
    old = Draft.objects.filter(updated_at__lt=at - KEPT).order_by("updated_at", "id")
    deleted, _per_model = Draft.objects.filter(pk__in=old.values("pk")[:limit]).delete()
    return deleted


def _storable(text: str) -> str:
    """Replace halves of characters, which no encoding can carry."""
    return text.encode("utf-8", "replace").decode()


def _trim(own: QuerySet[Draft]) -> None:
    surplus = own.order_by("-updated_at", "-id").values("pk")[MAX_DRAFTS:]
    own.filter(pk__in=surplus).delete()
