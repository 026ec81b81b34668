"""Reading drafts: each owner sees its own and no other."""

import json
from typing import Any, cast

from django.db.models import QuerySet

from core.accounts.models import User
from core.drafts.models import Draft


def drafts_of(*, user: User | None, holder: str) -> QuerySet[Draft]:
    """Return the drafts of this user, or of this browser when nobody has signed in."""
    if user is not None:
        return Draft.objects.filter(user=user)
    if holder:
        return Draft.objects.filter(user=None, holder=holder)
    return Draft.objects.none()


def load_draft(
    *, form: str, key: str, user: User | None, holder: str = ""
) -> dict[str, Any] | None:
    """Return what was typed, or None."""
    draft = drafts_of(user=user, holder=holder).filter(form=form, key=key).first()
    return None if draft is None else cast("dict[str, Any]", json.loads(draft.content))
