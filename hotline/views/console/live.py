"""What the page's script asks for after a hint or a reconnection."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from core.errors import InvalidError
from core.errors import gettext_noop as _
from core.events.hints import hint_of
from core.events.queries import PAGE, latest_position, list_events_after
from hotline.queries.tickets import names_of
from hotline.queries.visibility import scopes_visible_to, tickets_visible_to
from hotline.views.console.edge import ConsoleView

WATCHED_MAX = 20
POSITION_DIGITS = 18


class EventsAfter(ConsoleView):
    """The durable sequence: what a console missed while its line was down."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the hints after a cursor for the reader's scopes and watched tickets.

        The end of the sequence is read first: a page that is not full has seen all up to there,
        or further where news came in between.
        """
        after = position_from(request.GET.get("after", ""))
        end = latest_position()
        events = list_events_after(cursor=after, scopes=self._scopes(), limit=PAGE)
        is_full = len(events) >= PAGE
        last = (events[-1].position if events else None) or 0
        cursor = last if is_full else max(end, after, last)
        return JsonResponse(
            {"events": [hint_of(event) for event in events], "cursor": cursor, "more": is_full}
        )

    def _scopes(self) -> list[str]:
        scopes = scopes_visible_to(self.user)
        asked = self.request.GET.getlist("watch")[:WATCHED_MAX]
        if asked:
            seen = tickets_visible_to(self.user).filter(no__in=asked).values_list("no", flat=True)
            scopes += [f"ticket:{no}" for no in seen]
        return scopes


def position_from(given: str) -> int:
    """Read a cursor; raises InvalidError for what is none."""
    if given.isascii() and given.isdigit() and len(given) <= POSITION_DIGITS:
        return int(given)
    raise InvalidError(fields={"after": [_("位置不正确。")]})


class Colleagues(ConsoleView):
    """Names for the ids that presence messages carry."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the names of at most WATCHED_MAX colleagues."""
        given = request.GET.getlist("id")[:WATCHED_MAX]
        ids = [int(one) for one in given if one.isascii() and one.isdigit() and len(one) < 19]  # noqa: PLR2004  a bigint's width
        return JsonResponse({"names": names_of(user_ids=ids)})
