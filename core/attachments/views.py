"""The upload edge: one file per request, for pages of people with or without an account."""

from typing import cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from core.attachments import actions, limits
from core.attachments.errors import FileMissingError, UploadError
from core.errors import gettext_noop as _
from core.holders.views import HolderView
from core.http.throttles import check_rate


class NotMultipartError(UploadError):
    """The body is not a form with a file in it."""

    code = "not_multipart"
    message = _("请用表单方式（multipart/form-data）上传文件。")
    status = 415


class BodyBrokenError(UploadError):
    """The body ended early or breaks the multipart form."""

    code = "body_broken"
    message = _("上传中断或内容不完整，请重新上传。")


@method_decorator(csrf_exempt, name="dispatch")
class UploadView(HolderView):
    """``POST /uploads/`` with the field ``file`` → 201 ``{"id", "token", "name", "size", …}``.

    Exempt from the CSRF middleware only because that reads the body; ``_store`` checks the token
    once the size guard stands in front of the body.
    """

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Guard the size, then store."""
        check_rate(scope="upload", request=request)
        limits.check_announced_size(request)
        if request.content_type != "multipart/form-data":
            raise NotMultipartError
        request.upload_handlers.insert(0, limits.SizeGuard(request))
        return cast("HttpResponseBase", self._store(request))

    @method_decorator(csrf_protect)
    def _store(self, request: HttpRequest) -> HttpResponse:
        kept = actions.store_upload(
            upload=_file_in(request),
            by=self.person,
            holder=self.need_holder(),
            at=timezone.now(),
        )
        return JsonResponse(
            {
                "id": str(kept.token),
                "token": str(kept.token),
                "name": kept.name,
                "size": kept.size,
                "content_type": kept.content_type,
                "remove_url": reverse("upload", args=[kept.token]),
            },
            status=201,
        )


class UploadedView(HolderView):
    """``DELETE /uploads/<token>/`` takes back what is not bound yet → 204."""

    http_method_names = ["delete", "options"]

    def delete(self, request: HttpRequest, token: UUID) -> HttpResponse:
        """Discard one's own upload."""
        actions.discard_upload(token=token, by=self.person, holder=self.holder)
        return HttpResponse(status=204)


def _file_in(request: HttpRequest) -> "UploadedFile[bytes]":
    try:
        file = request.FILES.get("file")
    except MultiPartParserError as error:
        raise BodyBrokenError from error
    if not isinstance(file, UploadedFile):
        raise FileMissingError
    return file
