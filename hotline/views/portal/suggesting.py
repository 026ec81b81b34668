"""Hints while somebody types: likely subjects, like matters, and whom to call in an emergency."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from core.http.throttles import check_rate
from hotline.queries.categories import resolve_category
from hotline.queries.suggestions import suggest
from hotline.rules.suggestions import emergency_lines
from hotline.views.portal.edge import PortalView

SHORTEST = 4


class Suggest(PortalView):
    """A fragment for the form; nothing is written."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Return the hints for what is typed so far."""
        check_rate(scope="suggest", request=request)
        posted = request.POST
        hints = hints_for(
            title=posted.get("title", ""),
            content=posted.get("content", ""),
            region=posted.get("district", ""),
            category=posted.get("category", ""),
        )
        return self.show("raise/hints.html", {"hints": hints, "is_fragment": True})


def hints_for(*, title: str, content: str, region: str, category: str) -> dict[str, Any]:
    """Return the context of the hints; citizens get the public view, whoever is signed in."""
    chosen = resolve_category(category)
    if len((title + content).strip()) < SHORTEST:
        return {"chosen": chosen, "is_empty": chosen is None}
    found = suggest(title=title, content=content, region=region, address="", user=None)
    lines = emergency_lines(f"{title} {content}")
    offered = [item for item in found.categories if chosen is None or item.code != chosen.code]
    return {
        "chosen": chosen,
        "categories": offered,
        "units": found.units[:1],
        "similar": found.similar,
        "method": found.method,
        "lines": lines,
        "is_empty": not (chosen or offered or found.similar or lines),
    }
