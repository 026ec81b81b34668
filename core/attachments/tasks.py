"""Letting go of uploads that nobody sent, off the request path."""

from celery import shared_task
from django.utils import timezone

from core.attachments import actions


@shared_task
def purge_unbound(**_future: object) -> int:
    """Delete every upload that waited too long; return how many."""
    total = 0
    while True:
        purged = actions.purge_unbound(at=timezone.now())
        total += purged
        if purged < actions.PURGE_BATCH:
            return total
