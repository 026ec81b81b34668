"""No work before the second factor is set up."""

from collections.abc import Awaitable
from typing import cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from core.accounts import second_factor
from core.http.answers import answer_error
from core.http.middleware import TwoWayMiddleware
from core.http.negotiation import wants_fragment, wants_json

OPEN = ("/accounts/", "/static/", "/i18n/", "/healthz", "/readyz", "/metrics")


class SecondFactorMiddleware(TwoWayMiddleware):
    """Sends staff who signed in without a second factor to set one up, whatever they ask for.

    Strangers pass without a look; for the others the session, which their page reads anyway, says
    whether anything is due. Only those who are held up cost a statement more.
    """

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Hold up the request, or let it pass."""
        if not _has_session(request) or request.path.startswith(OPEN) or not _is_due(request):
            return None
        if wants_json(request) or wants_fragment(request):
            message = _("请先设置两步验证或通行密钥，再继续工作。")
            return answer_error(request, status=403, code="second_factor_required", message=message)
        return redirect("mfa_index")

    async def _answer_async(self, request: HttpRequest) -> HttpResponse:
        if _has_session(request):  # reading it is work for a thread
            early = await sync_to_async(self.before)(request)
            if early is not None:
                return early
        return await cast("Awaitable[HttpResponse]", self.get_response(request))


def _has_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def _is_due(request: HttpRequest) -> bool:
    if not request.session.get(second_factor.DUE):
        return False
    second_factor.mark(request.session, request.user)  # type: ignore[arg-type]  # signed in, or no mark
    return bool(request.session.get(second_factor.DUE))
