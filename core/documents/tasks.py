"""Making documents, off the request path."""

from celery import shared_task
from django.utils import timezone

from core.documents import actions, queries


@shared_task
def render_document(*, document_id: int, **_future: object) -> bool:
    """Make one document; run twice it is made once."""
    return actions.render_document(document_id=document_id, at=timezone.now())


@shared_task
def render_queued(**_future: object) -> int:
    """Make what nobody was told of; return how many."""
    ids = queries.list_queued_ids()
    return sum(actions.render_document(document_id=pk, at=timezone.now()) for pk in ids)


@shared_task
def purge_documents(**_future: object) -> int:
    """Delete every document that is too old; return how many."""
    total = 0
    while True:
        purged = actions.purge_old(at=timezone.now())
        total += purged
        if purged < actions.PURGE_BATCH:
            return total
