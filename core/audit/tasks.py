"""Sealing, off the request path."""

from celery import shared_task
from django.utils import timezone

from core.accounts.models import User
from core.audit.actions import BATCH, seal_pending
from core.audit.checking import check_chain


@shared_task
def seal_audit(**_future: object) -> int:
    """Seal everything that is pending."""
    total = 0
    while True:
        sealed = seal_pending()
        total += sealed
        if sealed < BATCH:
            return total


@shared_task
def check_audit_chain(*, user_id: int | None = None, **_future: object) -> int:
    """Walk the chain and record the result; return the number of flaws."""
    by = User.objects.filter(pk=user_id).first() if user_id else None
    return check_chain(by=by, at=timezone.now()).flaws
