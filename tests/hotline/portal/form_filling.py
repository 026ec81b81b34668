"""Filling in the citizen's form through the pages, as a browser without script does."""

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

NEW = "/hotline/new/"
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36"
WHAT = {"kind": "help", "title": "东门路灯不亮", "content": "小区东门外三盏路灯一周不亮。"}
WHERE = {"district": "519901", "address": "滨江路 18 号"}
CONTACT = {"name": "王小满", "phone": "19900001234"}


def send(client: Client, slug: str, data: dict[str, Any], **extra: Any) -> HttpResponse:
    """Send one page."""
    response: Any = client.post(f"{NEW}{slug}/", data, **extra)
    return response


def fill(client: Client, **changes: Any) -> None:
    """Fill in every page of the grouped form; a change replaces one answer."""
    pages = (("kind", WHAT), ("where", WHERE), ("evidence", {}), ("contact", CONTACT))
    for slug, answers in pages:
        data = {**answers, **{k: v for k, v in changes.items() if k in FIELDS[slug]}}
        response = send(client, slug, data)
        assert response.status_code == 302, response.content.decode()


def once_of(client: Client) -> str:
    """Return the key that the check page would send."""
    found = re.search(r'name="once" value="([^"]+)"', text(client.get(f"{NEW}check/")))
    assert found is not None
    return found.group(1)


def submit(client: Client, once: str = "") -> HttpResponse:
    """Send the check page."""
    return send(client, "check", {"once": once or once_of(client)})


def text(response: Any) -> str:
    """Return the page's source."""
    source: str = response.content.decode()
    return source


FIELDS = {
    "kind": {"kind", "title", "content", "category"},
    "where": {"district", "street", "community", "address", "lng", "lat", "accused_unit"},
    "evidence": {"attachments"},
    "contact": {"name", "phone", "confidential", "publishable"},
}
