"""Sealing, off the request path."""

from celery import shared_task

from core.audit.actions import BATCH, seal_pending


@shared_task
def seal_audit(**_future: object) -> int:
    """Seal everything that is pending."""
    total = 0
    while True:
        sealed = seal_pending()
        total += sealed
        if sealed < BATCH:
            return total
