"""No work before the second factor is set up."""

from collections.abc import Callable
from typing import Any

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

    Costs nothing for callers without a session cookie and no statement for all others but those
    who are held up.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Hold up the request, or let it pass."""
        if request.path.startswith(OPEN) or not _is_due(request):
            return None
        if wants_json(request) or wants_fragment(request):
            message = _("请先设置两步验证或通行密钥，再继续工作。")
            return answer_error(request, status=403, code="second_factor_required", message=message)
        return redirect("mfa_index")


def _is_due(request: HttpRequest) -> bool:
    if not request.session.get(second_factor.DUE):
        return False
    second_factor.mark(request.session, request.user)  # type: ignore[arg-type]  # signed in, or no mark
    return bool(request.session.get(second_factor.DUE))
