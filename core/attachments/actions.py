"""Taking files in, binding them to what they belong to, and letting go of what nobody sent.

size → what is it really → sound and harmless? → virus scan → written anew or as it is → row
"""

import hashlib
import io
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import BinaryIO, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet

from core.accounts.models import User
from core.attachments import images, kinds, office, scan
from core.attachments.errors import (
    FileBrokenError,
    FileMissingError,
    FileTooLargeError,
    TooManyFilesError,
    UploadUnknownError,
)
from core.attachments.models import Attachment
from core.attachments.names import clean_name
from core.attachments.queries import bindable_by, unbound_of
from core.errors import NotFoundError

UNBOUND_KEPT = timedelta(hours=24)
PURGE_BATCH = 500
PDF_TAIL_BYTES = 2048
CHUNK = 256 * 1024


def store_upload(
    *, upload: "UploadedFile[bytes]", by: User | None, holder: str = "", at: datetime
) -> Attachment:
    """Keep one file, owned by the user or by the holder of a cookie, bound to nothing yet.

    Pictures are written anew, everything else is kept byte for byte. Raises an UploadError
    (400, 413 or 415) that says what to do, or ScannerUnavailableError (503).
    """
    if not upload.size:
        raise FileMissingError
    if upload.size > settings.ATTACHMENT_MAX_BYTES:
        raise FileTooLargeError(max_bytes=settings.ATTACHMENT_MAX_BYTES)
    content = cast("BinaryIO", upload.file)
    kind = kinds.sniff(content)
    scan.check(content)
    kind, content = _made_safe(content, kind)
    return _keep(content, kind, name=upload.name or "", by=by, holder=holder, at=at)


@transaction.atomic
def bind(
    *,
    tokens: Collection[str | UUID],
    subject_type: str,
    subject_id: int,
    by: User | None,
    holder: str = "",
) -> int:
    """Give uploads to a subject, all or none; return how many.

    Takes what ``by`` uploaded, and what nobody signed in uploaded: with ``holder`` only that
    browser's, without it whoever knows the token (a program that uploads and then posts).
    Raises TooManyFilesError, or UploadUnknownError for a token that is somebody else's or used.
    """
    wanted = {str(token) for token in tokens}
    if len(wanted) > settings.ATTACHMENT_MAX_FILES:
        raise TooManyFilesError(max_files=settings.ATTACHMENT_MAX_FILES)
    if not all(_is_uuid(token) for token in wanted):
        raise UploadUnknownError
    bound = (
        bindable_by(user=by, holder=holder)
        .filter(token__in=wanted)
        .update(subject_type=subject_type, subject_id=subject_id)
    )
    if bound != len(wanted):
        raise UploadUnknownError
    return bound


def discard_upload(*, token: str | UUID, by: User | None, holder: str = "") -> None:
    """Take back an upload that is not bound yet; anybody else's is not found."""
    rows = unbound_of(user=by, holder=holder).filter(token=token)
    if not _delete(rows):
        raise NotFoundError


def adopt_uploads(*, holder: str, by: User) -> int:
    """Hand a browser's unbound uploads to the person who has just signed in; return how many."""
    if not holder:
        return 0
    rows = Attachment.objects.filter(holder=holder, uploaded_by=None, subject_id=None)
    return rows.update(uploaded_by=by, holder="")


def purge_unbound(*, at: datetime, limit: int = PURGE_BATCH) -> int:
    """Delete uploads that were never sent with a form within UNBOUND_KEPT; return how many."""
    old = Attachment.objects.filter(subject_id=None, created_at__lt=at - UNBOUND_KEPT)
    return _delete(old.order_by("created_at", "id")[:limit])


@transaction.atomic
def _delete(rows: QuerySet[Attachment]) -> int:
    """Remove rows that are still unbound, and their files once that is committed."""
    found = list(rows.select_for_update(skip_locked=True))
    Attachment.objects.filter(pk__in=[row.pk for row in found]).delete()
    for row in found:
        transaction.on_commit(_removal(row), robust=True)
    return len(found)


def _removal(row: Attachment) -> Callable[[], None]:
    """Bind the file; Django names the hook in its log, so it must be a real function."""

    def remove() -> None:
        row.file.storage.delete(str(row.file.name))

    return remove


def _made_safe(content: BinaryIO, kind: kinds.Kind) -> tuple[kinds.Kind, BinaryIO]:
    if kind in kinds.IMAGES:
        return kind, io.BytesIO(images.rewrite(content, kind))
    if kind is kinds.OOXML:
        return office.inspect(content), content
    if kind is kinds.PDF:
        _check_pdf_end(content)
    return kind, content


def _check_pdf_end(content: BinaryIO) -> None:
    size = content.seek(0, 2)
    content.seek(max(size - PDF_TAIL_BYTES, 0))
    if b"%%EOF" not in content.read():
        raise FileBrokenError


def _keep(
    content: BinaryIO,
    kind: kinds.Kind,
    *,
    name: str,
    by: User | None,
    holder: str,
    at: datetime,
) -> Attachment:
    size, digest = _measure(content)
    token = uuid4()
    row = Attachment(
        token=token,
        name=clean_name(name, extension=kind.extension),
        content_type=kind.content_type,
        size=size,
        sha256=digest,
        uploaded_by=by,
        holder="" if by else holder,
        created_at=at,
    )
    row.file.save(f"{token.hex}.{kind.extension}", File(content), save=False)
    try:
        row.save(force_insert=True)
    except BaseException:
        row.file.delete(save=False)
        raise
    return row


def _measure(content: BinaryIO) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while chunk := content.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    content.seek(0)
    return size, digest.hexdigest()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
