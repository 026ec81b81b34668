"""Housekeeping of the HTTP edge."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core.http.idempotency import forget_keys_before

KEPT = timedelta(days=7)
"""How long a repetition is still recognised: our own choice, no rule asks for it."""


@shared_task
def forget_old_keys(**_future: object) -> int:
    """Delete idempotency keys nobody will repeat; return how many."""
    return forget_keys_before(at=timezone.now() - KEPT)
