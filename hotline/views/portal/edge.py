"""What every portal page shares: who it is, and which tickets this browser has proven."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views import View

from core.accounts.models import User
from core.errors import NotFoundError
from core.holders.cookies import give_cookie, holder_of, new_holder
from hotline.models import Ticket
from hotline.queries import progress

PROVEN = "proven_tickets"
PROVEN_MOST = 20
UNPROCESSABLE = 422


class PortalView(View):
    """A page for anybody. ``door`` marks the current door of the top bar."""

    door: ClassVar[str] = "hotline"
    person: User | None = None
    holder = ""
    _new_cookie = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find out who it is."""
        super().setup(request, *args, **kwargs)
        self.person = request.user if isinstance(request.user, User) else None
        self.holder = holder_of(request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Run the view; its pages are one person's own and kept by no cache."""
        response = super().dispatch(request, *args, **kwargs)
        if self._new_cookie:
            give_cookie(response, self._new_cookie)
        add_never_cache_headers(response)
        return response

    def need_holder(self) -> str:
        """Return the digest that owns a stranger's drafts, making the cookie when there is none."""
        if self.person is None and not self.holder:
            self._new_cookie, self.holder = new_holder()
        return self.holder

    def show(
        self, template: str, context: dict[str, Any] | None = None, *, status: int = 200
    ) -> HttpResponse:
        """Render one of the portal's templates."""
        values = {"door": self.door, **(context or {})}
        return render(self.request, f"portal/{template}", values, status=status)


def remember_proof(request: HttpRequest, ticket_no: str) -> None:
    """Let this browser open the ticket until its session ends."""
    known = [no for no in request.session.get(PROVEN, []) if no != ticket_no]
    request.session[PROVEN] = [*known, ticket_no][-PROVEN_MOST:]


def open_ticket(request: HttpRequest, ticket_no: str) -> Ticket:
    """Return a ticket that was proven here or is the signed-in person's own; else NotFoundError."""
    if ticket_no in request.session.get(PROVEN, []):
        return progress.find_proven(ticket_no=ticket_no)
    if isinstance(request.user, User):
        return progress.find_own(ticket_no=ticket_no, user=request.user)
    raise NotFoundError


def actor_of(request: HttpRequest, ticket: Ticket) -> User | None:
    """Return the signed-in owner, or None for who proved it by code or phone."""
    user = request.user
    is_owner = isinstance(user, User) and ticket.citizen_id == user.pk
    return user if isinstance(user, User) and is_owner else None
