"""One error, three forms: JSON for machines, a fragment for htmx, a page for people."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext

from core.errors import DomainError
from core.http.negotiation import wants_fragment, wants_json

OWN_PAGES = frozenset({400, 403, 404, 429})
RESERVED = frozenset({"code", "message"})


def envelope(*, code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the body that every error of every API has."""
    extra = {key: value for key, value in (details or {}).items() if key not in RESERVED}
    if "fields" in extra:
        extra["fields"] = translated_fields(extra["fields"])
    return {"code": code, "message": message, **extra}


def translated_fields(fields: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the messages of each field in the caller's language."""
    return {name: [gettext(str(text)) for text in texts] for name, texts in fields.items()}


def answer_error(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    message: str,
    details: dict[str, Any] | None = None,
) -> HttpResponse:
    """Return the error in the form that the caller asked for."""
    if wants_json(request):
        body = envelope(code=code, message=message, details=details)
        return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    if wants_fragment(request):
        return _fragment(request, status=status, message=message)
    context = {**envelope(code=code, message=message, details=details), "status": status}
    template = f"{status}.html" if status in OWN_PAGES else "refused.html"
    return render(request, template, context, status=status)


def answer_domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Return a domain error in the form that the caller asked for."""
    return answer_error(
        request,
        status=error.status,
        code=error.code,
        message=gettext(str(error.message)),
        details=error.details,
    )


def _fragment(request: HttpRequest, *, status: int, message: str) -> HttpResponse:
    """Say it in a toast and swap nothing, so that what was typed stays where it is."""
    response = render(
        request, "components/notice.html", {"tone": "error", "text": message}, status=status
    )
    response["HX-Reswap"] = "none"
    response["HX-Trigger"] = json.dumps(
        {"toast": {"text": message, "tone": "error"}}, cls=DjangoJSONEncoder
    )
    return response
