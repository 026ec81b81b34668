"""Asking for a document, making it off the request path, and handing it out.

The QUEUED row is the order: the nudge to the worker after the commit may be lost, then beat's
``render_queued`` finds the row.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from kombu.exceptions import OperationalError

from core.accounts.models import User
from core.audit import actions as audit
from core.documents import renderers, seals
from core.documents.models import Document, DocumentState
from core.documents.queries import get_for_download
from core.documents.render import render
from core.errors import DomainError

TASK = "core.documents.tasks.render_document"
KEPT = timedelta(days=30)
PURGE_BATCH = 200
_log = logging.getLogger(__name__)


@transaction.atomic
def request_document(
    *, kind: str, subject_type: str, subject_id: int, by: User | None, at: datetime
) -> Document:
    """Order a document; it is READY or FAILED soon after. One order at a time per person and paper.

    Raises UnknownKindError, or what the kind's own check raises.
    """
    renderers.get(kind=kind, subject_type=subject_type).check(by, subject_id)
    waiting = Document.objects.filter(
        kind=kind, subject_id=subject_id, requested_by=by, state=DocumentState.QUEUED
    )
    known = waiting.order_by("id").first() if by is not None else None
    if known is not None:
        return known
    document = Document.objects.create(
        token=uuid4(),
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        requested_by=by,
        created_at=at,
    )
    _audit("document.request", document, by=by, at=at)
    transaction.on_commit(_nudge_for(document), robust=True)
    return document


@transaction.atomic
def render_document(*, document_id: int, at: datetime) -> bool:
    """Make one document; return whether this call made it.

    The row stays locked meanwhile, so two workers never make it twice, and a worker that dies
    leaves it QUEUED for the next. Rendering asks nobody outside. A failure is kept on the row.
    """
    queued = Document.objects.select_for_update(skip_locked=True, of=("self",))
    document = (
        queued.filter(pk=document_id, state=DocumentState.QUEUED)
        .select_related("requested_by")
        .first()
    )
    if document is None:
        return False
    try:
        with transaction.atomic():
            pdf = _make(document)
    except DomainError as error:
        _fail(document, str(error.message))
    except Exception as error:  # noqa: BLE001  whatever a template or a font does: the row must say it failed
        _log.exception("document %s not rendered", document_id)
        _fail(document, type(error).__name__)
    else:
        _finish(document, pdf, at=at)
    return True


@transaction.atomic
def open_document(*, token: UUID, by: User | None, at: datetime) -> Document:
    """Return a finished document for download, and write down who took it.

    Somebody else's document, or one that is not ready, is not found.
    """
    document = get_for_download(token=token, by=by)
    _audit("document.download", document, by=by, at=at)
    return document


@transaction.atomic
def purge_old(*, at: datetime, limit: int = PURGE_BATCH) -> int:
    """Delete documents and their files after KEPT; whoever needs one asks again."""
    old = list(
        Document.objects.filter(created_at__lt=at - KEPT)
        .order_by("id")
        .select_for_update(skip_locked=True)[:limit]
    )
    Document.objects.filter(pk__in=[document.pk for document in old]).delete()
    for document in old:
        if document.file:
            transaction.on_commit(_removal(document), robust=True)
    return len(old)


def verify_url(token: UUID) -> str:
    """Return the address printed in a document's foot."""
    return f"{settings.PUBLIC_URL}/verify/{token}/"


def _make(document: Document) -> bytes:
    renderer = renderers.get(kind=document.kind, subject_type=document.subject_type)
    renderer.check(document.requested_by, document.subject_id)
    page = renderer.build(document.requested_by, document.subject_id)
    rendered = render(
        template=page.template, context=page.context, verify_url=verify_url(document.token)
    )
    return seals.provider().seal(pdf=rendered.pdf, place=rendered.seal_place, reason=document.kind)


def _finish(document: Document, pdf: bytes, *, at: datetime) -> None:
    document.file.save(f"{document.token.hex}.pdf", ContentFile(pdf), save=False)
    document.sha256 = hashlib.sha256(pdf).hexdigest()
    document.state, document.ready_at, document.error = DocumentState.READY, at, ""
    document.save(update_fields=["file", "sha256", "state", "ready_at", "error"])


def _fail(document: Document, error: str) -> None:
    document.state, document.error = DocumentState.FAILED, error[:300]
    document.save(update_fields=["state", "error"])


def _audit(action: str, document: Document, *, by: User | None, at: datetime) -> None:
    audit.record(
        action=action,
        by=by,
        at=at,
        subject_type=document.subject_type,
        subject_id=document.subject_id,
        data={"kind": document.kind, "document": document.pk},
    )


def _nudge_for(document: Document) -> Callable[[], None]:
    """Bind the id; Django names the hook in its log, so it must be a real function."""

    def nudge() -> None:
        _nudge(document.pk)

    return nudge


def _removal(document: Document) -> Callable[[], None]:
    def remove() -> None:
        document.file.storage.delete(str(document.file.name))

    return remove


def _nudge(document_id: int) -> None:
    """Tell a worker. By name, because tasks import actions; lost, it costs one beat."""
    try:
        current_app.send_task(TASK, kwargs={"document_id": document_id}, retry=False)
    except OperationalError as error:
        _log.warning("worker not told of document %s: %s", document_id, type(error).__name__)
