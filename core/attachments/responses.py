"""Handing a file to a browser so that it is saved, never run."""

from django.http import FileResponse

from core.attachments.models import Attachment


def download(attachment: Attachment) -> FileResponse:
    """Return the file as a download: no sniffing, no script, no frame, no shared cache."""
    response = FileResponse(
        attachment.file.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
