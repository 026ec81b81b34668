"""Two thin layers around every request. Neither asks the database anything."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.errors import DomainError, ForbiddenError
from core.http.address import client_address
from core.http.answers import answer_domain_error, answer_error
from core.http.refusals import record_refusal

_log = structlog.get_logger("tongban.request")
Handler = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]
MODE_COOKIE = "mode"
MODES = frozenset({"elder", "standard"})
MODE_COOKIE_SECONDS = 365 * 24 * 3600


class TwoWayMiddleware:
    """Runs under WSGI and ASGI without a thread hop: ``before`` and ``after`` only compute."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Answer the request, or return the coroutine that will."""
        if self.is_async:
            return self._answer_async(request)
        early = self.before(request)
        if early is not None:
            return early
        return self.after(request, cast("HttpResponse", self.get_response(request)))

    async def _answer_async(self, request: HttpRequest) -> HttpResponse:
        early = self.before(request)
        if early is not None:
            return early
        return self.after(
            request, await cast("Awaitable[HttpResponse]", self.get_response(request))
        )

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Prepare the request; a response ends it here."""
        return None

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Finish the response."""
        return response


class RequestLogMiddleware(TwoWayMiddleware):
    """Names the request for log and audit, and writes one line about it when it is answered."""

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Bind address and request id to everything that is logged or audited from here on."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            address=client_address(request), request_id=uuid4().hex
        )
        cast("Any", request).began = time.perf_counter()
        return None

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Log method, path, status, milliseconds and, when known, the user's id."""
        spent = time.perf_counter() - cast("Any", request).began
        user = request.__dict__.get("_cached_user")
        _log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round(spent * 1000, 1),
            user_id=getattr(user, "pk", None),
        )
        return response


class RequestEdgeMiddleware(TwoWayMiddleware):
    """Turns a domain error into the right answer."""

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Refuse what no text column can hold."""
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            message = _("网址中含有不允许的字符。")
            return answer_error(request, status=400, code="invalid_characters", message=message)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a DomainError of a page; the view's transaction is rolled back by now."""
        if not isinstance(error, DomainError):
            return None
        if isinstance(error, ForbiddenError):
            record_refusal(request, code=error.code)
        return answer_domain_error(request, error)


class ReadingModeMiddleware(TwoWayMiddleware):
    """Elder mode: ``?mode=elder|standard`` switches and is remembered for a year."""

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Set ``request.reading_mode``."""
        asked = self._asked(request)
        kept = request.COOKIES.get(MODE_COOKIE, "")
        mode = asked or (kept if kept in MODES else "standard")
        cast("Any", request).reading_mode = mode
        return None

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Remember the choice."""
        asked = self._asked(request)
        if asked:
            response.set_cookie(
                MODE_COOKIE,
                asked,
                max_age=MODE_COOKIE_SECONDS,
                samesite="Lax",
                secure=request.is_secure(),
            )
        return response

    def _asked(self, request: HttpRequest) -> str:
        if "mode=" not in request.META.get("QUERY_STRING", ""):
            return ""
        asked = request.GET.get("mode", "")
        return asked if asked in MODES else ""
