"""Celery edge: beat calls this every few seconds."""

from celery import shared_task
from django.utils import timezone

from core.notifications import actions

ROUNDS = 10
BATCH = 20


@shared_task
def deliver_notifications(**_future: object) -> int:
    """Send what is due, a bounded number of batches; return how many were tried."""
    tried = 0
    for _round in range(ROUNDS):
        count = actions.deliver_due(at=timezone.now(), limit=BATCH)
        tried += count
        if count < BATCH:
            break
    return tried
