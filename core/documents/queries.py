"""Reading documents."""

from uuid import UUID

from core.accounts.models import User
from core.documents.models import Document, DocumentState
from core.errors import NotFoundError


def get_document(*, token: UUID, by: User | None) -> Document:
    """Return one's own document in whatever state; anybody else's is not found.

    What nobody signed in asked for is opened by its token alone.
    """
    document = Document.objects.filter(token=token, requested_by=by).first()
    if document is None:
        raise NotFoundError
    return document


def get_for_download(*, token: UUID, by: User | None) -> Document:
    """Return one's own finished document, else raise NotFoundError."""
    document = get_document(token=token, by=by)
    if document.state != DocumentState.READY:
        raise NotFoundError
    return document


def list_queued_ids(*, limit: int = 50) -> list[int]:
    """Return the oldest orders that wait to be made."""
    waiting = Document.objects.filter(state=DocumentState.QUEUED).order_by("id")
    return list(waiting.values_list("pk", flat=True)[:limit])


def get_issued(*, token: UUID) -> Document:
    """Return a finished document for the public page, which tells nothing of its content."""
    document = Document.objects.filter(token=token, state=DocumentState.READY).first()
    if document is None:
        raise NotFoundError
    return document
