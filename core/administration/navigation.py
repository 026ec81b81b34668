"""Names and links around the pages of the admin site."""

from operator import itemgetter
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from core.administration.rights import RoleModelAdmin


def site_title(request: HttpRequest) -> str:
    """Return the name of the site."""
    return _("通办 管理")


def site_subtitle(request: HttpRequest) -> str:
    """Return whose site it is."""
    return _(settings.CITY_NAME)


def mark(request: HttpRequest) -> str:
    """Return the address of the mark."""
    return static("core/img/mark.svg")


def style(request: HttpRequest) -> str:
    """Return the address of our own style sheet, which also holds the colours."""
    return static("core/admin/admin.css")


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the links of one's own account."""
    return [
        {"title": _("修改密码"), "link": reverse("account_change_password")},
        {"title": _("两步验证与通行密钥"), "link": reverse("mfa_index")},
    ]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups with the pages that the asker may see."""
    today = {
        "title": _("今天"),
        "icon": "today",
        "link": reverse("admin:index"),
        "active": request.path == reverse("admin:index"),
    }
    rooms: dict[Any, list[dict[str, Any]]] = {}
    for page in _pages(request):
        rooms.setdefault(page.room, []).extend(_items(page, request))
    groups = [
        {"title": room.title, "items": sorted(items, key=itemgetter("place"))}
        for room, items in sorted(rooms.items(), key=lambda pair: pair[0].order)
    ]
    return [{"title": "", "items": [today]}, *groups]


def _pages(request: HttpRequest) -> list[RoleModelAdmin]:
    registered = admin.site._registry.values()  # noqa: SLF001  # Django has no other way
    return [
        page
        for page in registered
        if isinstance(page, RoleModelAdmin) and page.room and page.has_view_permission(request)
    ]


def _items(page: RoleModelAdmin, request: HttpRequest) -> list[dict[str, Any]]:
    base = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
    here = request.path.startswith(base)
    named = {
        query: here and request.META.get("QUERY_STRING") == query
        for _title, _icon, query in page.shortcuts
    }
    items = [
        {
            "title": page.opts.verbose_name_plural,
            "icon": page.icon,
            "link": base,
            "active": here and not any(named.values()),
            "place": page.place,
        }
    ]
    return items + [
        {
            "title": title,
            "icon": icon,
            "link": f"{base}?{query}",
            "active": named[query],
            "place": page.place + 1,
        }
        for title, icon, query in page.shortcuts
    ]
