"""The queues: the first page of everybody's day."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from core.http.pagination import keyset_page
from core.regions.queries import UnknownRegionError, picker_tree
from hotline.queries import queues
from hotline.queries.queues import Filters, Queue
from hotline.queries.tickets import Found, find_tickets
from hotline.states import MatterKind, Urgency
from hotline.views.console.edge import ConsoleView
from hotline.views.console.rows import Row, rows_of

PAGE_SIZE = 50
ROWS_MAX = 50


class QueuePage(ConsoleView):
    """One queue: the page, or the next rows for 加载更多."""

    def get(self, request: HttpRequest, key: str = "") -> HttpResponse:
        """List a queue from where the reader stands."""
        queue = (
            queues.get_queue(key=key, user=self.user) if key else queues.first_queue_of(self.user)
        )
        filters = Filters.read(request.GET)
        found = queues.list_queue(queue=queue, user=self.user, at=self.at, filters=filters)
        page = keyset_page(found, order=queue.order, after=request.GET.get("after"), size=PAGE_SIZE)
        context = {
            "queue": queue,
            "rows": self.rows(queue, page.items),
            "next_url": self._next_url(queue, filters, page.next),
        }
        if request.headers.get("HX-Target") == "rows":
            return render(request, "console/parts/more_rows.html", context)
        context |= {
            "filters": filters,
            "kinds": MatterKind.choices,
            "urgencies": Urgency.choices,
            "districts": districts(),
            "is_descending": queue.order[0].startswith("-"),
        }
        return self.page("console/queue.html", context, current=queue.key)

    def rows(self, queue: Queue, items: list[Any]) -> list[Row]:
        """Return the rows as the list shows them."""
        return rows_of(items, queue=queue, me=self.user.pk, at=self.at)

    def _next_url(self, queue: Queue, filters: Filters, after: str | None) -> str:
        if not after:
            return ""
        narrowed = {name: getattr(filters, name) for name in ("kind", "urgency", "region")}
        query = {name: value for name, value in narrowed.items() if value} | {"after": after}
        return f"{reverse('console:queue', args=[queue.key])}?{urlencode(query)}"


class QueueRows(ConsoleView):
    """Some rows of a queue, as they are now: what a hint makes a page ask for."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Return the asked rows that belong to the queue; the others are absent."""
        queue = queues.get_queue(key=key, user=self.user)
        nos = request.GET.getlist("no")[:ROWS_MAX]
        found = queues.list_queue(
            queue=queue, user=self.user, at=self.at, filters=Filters.read(request.GET)
        )
        rows = rows_of(found.filter(no__in=nos), queue=queue, me=self.user.pk, at=self.at)
        return render(request, "console/parts/rows.html", {"rows": rows, "queue": queue})


class QueueCounts(ConsoleView):
    """How much waits where."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the words of each count."""
        counts = queues.count_queues(user=self.user, at=self.at)
        words = {
            queue.key: queues.count_words(counts[queue.key]) if counts.get(queue.key) else ""
            for queue in queues.queues_of(self.user)
        }
        return JsonResponse({"counts": words})


class Search(ConsoleView):
    """Find by number, phone or words. Posted, so that a phone number is in no address or log."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show what was found."""
        query = request.POST.get("q", "")[:80]
        return self._show(query, find_tickets(query=query, user=self.user))

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the empty search."""
        return self._show("", Found("nothing", []))

    def _show(self, query: str, found: Found) -> HttpResponse:
        rows = rows_of(found.tickets, queue=None, me=self.user.pk, at=self.at)
        context = {"query": query, "found": found, "rows": rows, "limit": len(rows)}
        return self.page("console/search.html", context)


def districts() -> list[dict[str, Any]]:
    """Return the districts for the filter; none where the city's region is not loaded yet."""
    try:
        return picker_tree(root=settings.CITY_REGION)
    except UnknownRegionError:
        return []
