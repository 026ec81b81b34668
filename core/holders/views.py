"""The edge for unfinished work: whoever it is, signed in or not, errors come back as JSON."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext
from django.views import View

from core.accounts.models import User
from core.errors import DomainError
from core.holders.cookies import give_cookie, holder_of, new_holder
from core.http.answers import envelope


class HolderView(View):
    """Knows the person, or else the browser; a browser that keeps something gets the cookie.

    A domain error becomes ``{"code", "message", …}``, whatever the browser says it accepts.
    """

    person: User | None = None
    holder = ""
    _new_value = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find out who it is."""
        super().setup(request, *args, **kwargs)
        self.person = request.user if isinstance(request.user, User) else None
        self.holder = holder_of(request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Run the view and hand out the cookie that ``need_holder`` asked for."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            return _refusal(error)
        if self._new_value:
            give_cookie(response, self._new_value)
        return response

    def need_holder(self) -> str:
        """Return the browser's digest, making one for a stranger who has none yet."""
        if self.person is None and not self.holder:
            self._new_value, self.holder = new_holder()
        return self.holder


def _refusal(error: DomainError) -> JsonResponse:
    body = envelope(code=error.code, message=gettext(str(error.message)), details=error.details)
    response = JsonResponse(body, status=error.status, json_dumps_params={"ensure_ascii": False})
    if "retry_after" in error.details:
        response["Retry-After"] = str(error.details["retry_after"])
    return response
