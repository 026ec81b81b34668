"""Stopping an upload that is too large while it arrives, not after it filled the disk."""

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from core.attachments.errors import FileTooLargeError

FORM_OVERHEAD_BYTES = 64 * 1024


def check_announced_size(request: HttpRequest) -> None:
    """Refuse by Content-Length, before a byte of the body is read."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    limit = settings.ATTACHMENT_MAX_BYTES + FORM_OVERHEAD_BYTES
    if announced.isdigit() and int(announced) > limit:
        raise FileTooLargeError(max_bytes=settings.ATTACHMENT_MAX_BYTES)


class SizeGuard(FileUploadHandler):
    """Counts the bytes that really come; too many raise FileTooLargeError."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and pass on to the next handler."""
        self.received += len(raw_data)
        if self.received > settings.ATTACHMENT_MAX_BYTES:
            raise FileTooLargeError(max_bytes=settings.ATTACHMENT_MAX_BYTES)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""
        return
