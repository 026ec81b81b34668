"""The public page behind the QR code of every document."""

from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from core.documents.queries import get_issued
from core.documents.seals import SealCheck, provider
from core.http.throttles import check_rate


class VerifyDocument(View):
    """Says that we made the document and when; checks a copy without keeping it."""

    def get(self, request: HttpRequest, token: UUID) -> HttpResponse:
        """Show kind, moment and digest; nothing of what the document says."""
        return self._page(request, token)

    def post(self, request: HttpRequest, token: UUID) -> HttpResponse:
        """Check the seal of a copy."""
        check_rate(scope="upload", request=request)
        file = request.FILES.get("file")
        if file is None:
            return self._page(request, token, problem=_("请选择要核验的 PDF 文件。"), status=422)
        return self._checked(request, token, file)

    def _checked(
        self, request: HttpRequest, token: UUID, file: "UploadedFile[bytes]"
    ) -> HttpResponse:
        if (file.size or 0) > settings.ATTACHMENT_MAX_BYTES:
            return self._page(request, token, problem=_("文件超过 20 MB。"), status=413)
        content = file.read()
        if not content.startswith(b"%PDF-"):
            return self._page(request, token, problem=_("这个文件不是 PDF。"), status=422)
        return self._page(request, token, check=provider().check(content))

    def _page(
        self,
        request: HttpRequest,
        token: UUID,
        *,
        check: SealCheck | None = None,
        problem: str = "",
        status: int = 200,
    ) -> HttpResponse:
        context = {"document": get_issued(token=token), "check": check, "problem": problem}
        return render(request, "portal/verify.html", context, status=status)
