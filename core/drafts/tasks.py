"""Letting go of drafts that nobody came back to, off the request path."""

from celery import shared_task
from django.utils import timezone

from core.drafts import actions


@shared_task
def purge_drafts(**_future: object) -> int:
    """Delete every draft that is too old; return how many."""
    total = 0
    while True:
        purged = actions.purge_old(at=timezone.now())
        total += purged
        if purged < actions.PURGE_BATCH:
            return total
