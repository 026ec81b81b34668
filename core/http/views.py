"""Answers for errors that Django finds before or outside our views."""

import functools
from collections.abc import Callable
from typing import ParamSpec

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.http.answers import answer_error
from core.http.negotiation import wants_json
from core.http.refusals import record_refusal

P = ParamSpec("P")


def letting_go(handler: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Give the database connection back after the answer.

    Under ASGI Django calls error handlers in a thread that belongs to no request: nobody else
    would ever close, or renew after a restart of PostgreSQL, what is opened there.
    """

    @functools.wraps(handler)
    def answer(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return handler(*args, **kwargs)
        finally:
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()

    return answer


@letting_go
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404: no such page, or one that does not concern the caller."""
    message = _("没有找到，或您无权查看。")
    return answer_error(request, status=404, code="not_found", message=message)


@letting_go
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 and record it."""
    record_refusal(request, code="forbidden")
    message = _("您没有执行此操作的权限。")
    return answer_error(request, status=403, code="forbidden", message=message)


@letting_go
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: what arrived could not be read."""
    message = _("没能读懂这次请求，请检查后再试。")
    return answer_error(request, status=400, code="bad_request", message=message)


@letting_go
def too_many(request: HttpRequest) -> HttpResponse:
    """Answer 429: sign-in and account pages protect themselves by rates."""
    message = _("操作太频繁，请过几分钟再试。")
    return answer_error(request, status=429, code="throttled", message=message)


@letting_go
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with nothing from inside; needs neither database nor session."""
    if wants_json(request):
        message = _("系统暂时出了问题，请稍后再试。")
        return answer_error(request, status=500, code="server_error", message=message)
    return HttpResponse(render_to_string("500.html"), status=500)
