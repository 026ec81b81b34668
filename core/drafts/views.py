"""The autosave edge: JSON in, the time of saving out."""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone

from core.drafts import actions
from core.errors import InvalidError
from core.errors import gettext_noop as _
from core.holders.views import HolderView
from core.http.throttles import check_rate


class DraftUnreadableError(InvalidError):
    """The body is no JSON object."""

    code = "draft_unreadable"
    message = _("草稿内容不是有效的 JSON 对象，未能保存。")


class DraftTypeError(InvalidError):
    """The body does not say that it is JSON."""

    code = "draft_not_json"
    message = _("保存草稿只接受 application/json。")
    status = 415


class DraftView(HolderView):
    """``PUT`` (or ``POST``, as the page script does) and ``DELETE /drafts/<form>/<key>/``."""

    http_method_names = ["put", "post", "delete", "options"]

    def put(self, request: HttpRequest, form: str, key: str) -> HttpResponse:
        """Keep the JSON object; answer ``{"saved_at"}``."""
        check_rate(scope="draft", request=request)
        content, now = _object_in(request), timezone.now()
        actions.save_draft(
            form=form,
            key=key,
            user=self.person,
            holder=self.need_holder(),
            content=content,
            at=now,
        )
        return JsonResponse({"saved_at": now.isoformat()})

    post = put

    def delete(self, request: HttpRequest, form: str, key: str) -> HttpResponse:
        """Forget the draft."""
        actions.discard_draft(form=form, key=key, user=self.person, holder=self.holder)
        return HttpResponse(status=204)


def _object_in(request: HttpRequest) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise DraftTypeError
    try:
        if len(request.body) > actions.MAX_BYTES:
            raise actions.DraftTooLargeError(max_bytes=actions.MAX_BYTES)
        content = json.loads(request.body)
    except RequestDataTooBig as error:
        raise actions.DraftTooLargeError(max_bytes=actions.MAX_BYTES) from error
    except (ValueError, RecursionError, UnreadablePostError) as error:
        raise DraftUnreadableError from error
    if not isinstance(content, dict):
        raise DraftUnreadableError
    return content
