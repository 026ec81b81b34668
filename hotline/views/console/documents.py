"""A document that was asked for: waiting for it, and taking it."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from core.documents.actions import open_document
from core.documents.queries import get_document
from hotline.views.console.edge import ConsoleView


class DocumentPage(ConsoleView):
    """Whether it is ready; the part that says so asks again by itself."""

    def get(self, request: HttpRequest, token: UUID) -> HttpResponse:
        """Show how far it is."""
        context = {"document": get_document(token=token, by=self.user)}
        if request.headers.get("HX-Target") == "document":
            return render(request, "console/parts/document.html", context)
        return self.page("console/document.html", context)


class DownloadDocument(ConsoleView):
    """The finished PDF, for the one who asked for it."""

    def get(self, request: HttpRequest, token: UUID) -> HttpResponseBase:
        """Hand it over; who took it is written down."""
        document = open_document(token=token, by=self.user, at=self.at)
        response = FileResponse(
            document.file.open("rb"),
            filename=f"{document.kind}.pdf",
            content_type="application/pdf",
        )
        response["Cache-Control"] = "private, no-store"
        return response
