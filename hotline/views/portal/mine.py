"""A signed-in person's own tickets and messages."""

from typing import Any, cast

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from core.accounts.models import User
from core.http.pagination import keyset_page
from core.notifications.actions import mark_read
from core.notifications.queries import list_inbox
from hotline.queries import progress
from hotline.views.portal.edge import PortalView

PAGE_SIZE = 20
MESSAGES_SHOWN = 20


class Mine(LoginRequiredMixin, PortalView):
    """``/my/``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the tickets, newest first by keyset, and the newest messages."""
        user = cast("User", self.person)
        page = keyset_page(
            progress.list_own(user=user), after=request.GET.get("after"), size=PAGE_SIZE
        )
        context: dict[str, Any] = {
            "tickets": page.items,
            "next": page.next,
            "is_first": "after" not in request.GET,
            "inbox": list(list_inbox(user=user)[:MESSAGES_SHOWN]),
        }
        return self.show("my.html", context)


class ReadMessage(LoginRequiredMixin, PortalView):
    """Opens a message."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mark it as read and go where it points, inside this site only."""
        mark_read(notification_id=pk, by=cast("User", self.person), at=timezone.now())
        link = request.POST.get("link", "")
        safe = link.startswith("/") and url_has_allowed_host_and_scheme(link, allowed_hosts=None)
        return redirect(link if safe else "hotline:my_tickets")
