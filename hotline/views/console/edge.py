"""What every console page shares: who may come in, the frame, and readable refusals."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from core.accounts.models import User
from core.accounts.policies import check_has_role
from core.accounts.queries import has_role
from core.accounts.states import Role
from core.errors import DomainError, ForbiddenError, InvalidError, NotFoundError
from core.events.queries import latest_position
from core.http.answers import answer_domain_error
from core.http.negotiation import wants_fragment, wants_json
from core.http.refusals import record_refusal
from hotline.forms.console import ConsoleForm
from hotline.queries.queues import (
    CONSOLE_ROLES,
    TRIAGE_ROLES,
    Queue,
    count_queues,
    count_words,
    queues_of,
)
from hotline.queries.tickets import names_of

UNAUTHENTICATED = 401


class ConsoleView(View):
    """A page for the staff of the hotline and its units.

    A stranger is asked to sign in, another role sees why not, a domain refusal becomes a page
    with the right status. ``cursor`` is read before any list, so that no event falls between.
    """

    roles: ClassVar[frozenset[Role]] = CONSOLE_ROLES
    request: HttpRequest
    at: datetime
    cursor: int

    @property
    def user(self) -> User:
        """The signed-in user."""
        return cast("User", self.request.user)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let the right people in, and answer refusals."""
        if not request.user.is_authenticated:
            return self._ask_to_sign_in()
        self.at = timezone.now()
        self.cursor = latest_position()
        try:
            check_has_role(request.user, self.roles)
            return super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            return self.refused(error)

    def _ask_to_sign_in(self) -> HttpResponse:
        if wants_json(self.request) or wants_fragment(self.request):
            body = {"code": "login_required", "message": _("登录已过期，请重新登录。")}
            return JsonResponse(body, status=UNAUTHENTICATED)
        back = self.request.get_full_path() if hasattr(self, "get") else reverse("console:home")
        return redirect_to_login(back)

    def refused(self, error: DomainError) -> HttpResponse:
        """Say what was refused and what to do next; nothing has changed."""
        if isinstance(error, ForbiddenError):
            record_refusal(self.request, code=error.code)
        if wants_json(self.request) or wants_fragment(self.request):
            return answer_domain_error(self.request, error)
        if not has_role(self.user, *CONSOLE_ROLES):
            return render(self.request, "console/no_rights.html", status=error.status)
        holder = error.details.get("claimed_by")
        names = names_of(user_ids=[holder] if isinstance(holder, int) else [])
        context = {
            "error": error,
            "back_url": self._back_url(error),
            "holder": "".join(names.values()),
        }
        return self.page("console/refused.html", context, status=error.status)

    def _back_url(self, error: DomainError) -> str:
        """Return the page of the ticket or order in question, unless it may not be known."""
        no = self.kwargs.get("no")
        if not no or isinstance(error, NotFoundError):
            return ""
        return reverse("console:order" if "-" in no else "console:ticket", args=[no])

    def page(
        self, template: str, context: dict[str, Any], *, current: str = "", status: int = 200
    ) -> HttpResponse:
        """Render a page in the console's frame."""
        whole = {
            "queues": self._menu(current),
            "cursor": self.cursor,
            "at": self.at,
            "may_register": has_role(self.user, *TRIAGE_ROLES),
            "script_words": script_words(),
            **context,
        }
        return render(self.request, template, whole, status=status)

    def _menu(self, current: str) -> list[dict[str, Any]]:
        counts = count_queues(user=self.user, at=self.at)
        return [menu_entry(queue, counts.get(queue.key, 0), current) for queue in self._queues()]

    def _queues(self) -> Sequence[Queue]:
        return queues_of(self.user)

    def done(self, text: str, to: str, *args: Any) -> HttpResponse:
        """Say what happened and show the page where it can be seen."""
        messages.success(self.request, text)
        return redirect(to, *args)


def script_words() -> dict[str, str]:
    """Return the sentences that the console's scripts say."""
    return {
        "new_tickets": _("新工单 {n} 件"),
        "next_row": _("下一行"),
        "previous_row": _("上一行"),
        "open_row": _("打开选中的工单"),
        "lead_chosen": _("主办：{unit}"),
        "assists_chosen": _("协办：{units}"),
    }


def menu_entry(queue: Queue, count: int, current: str) -> dict[str, Any]:
    """Return one line of the queue menu."""
    return {
        "key": queue.key,
        "title": queue.title,
        "icon": queue.icon,
        "count": count_words(count) if count else "",
        "is_current": queue.key == current,
        "is_alarm": queue.key == "overdue" and bool(count),
        "is_order": queue.holds == "order",
    }


def attempt(form: ConsoleForm, deed: Callable[[], Any]) -> bool:
    """Run one domain call for a valid form; put the domain's complaints into the form.

    Returns whether it was done. Refusals other than InvalidError are the page's to answer.
    """
    if not form.is_valid():
        return False
    try:
        deed()
    except InvalidError as error:
        form.blame(error)
        return False
    return True
