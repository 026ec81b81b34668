"""Which of the three edges a request belongs to: machine, htmx fragment or page."""

from django.http import HttpRequest

API_PREFIXES = ("/api/", "/open311/")


def wants_json(request: HttpRequest) -> bool:
    """Tell whether a program asks: an API path, or a script that accepts JSON before HTML."""
    if request.path.startswith(API_PREFIXES):
        return True
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of a page (a boosted link wants the whole page)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-Boosted") != "true"
