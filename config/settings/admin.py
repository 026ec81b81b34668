"""The look of the admin site. Titles and pages are callables, so that they are translated late."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "core.administration.navigation.site_title",
    "SITE_HEADER": "core.administration.navigation.site_title",
    "SITE_SUBHEADER": "core.administration.navigation.site_subtitle",
    "SITE_URL": "/",
    "SITE_SYMBOL": "account_balance",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "core.administration.navigation.mark"}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "STYLES": ["core.administration.navigation.style"],
    "DASHBOARD_CALLBACK": "core.administration.today.add_today",
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": "core.administration.navigation.sidebar",
    },
    "ACCOUNT": {"navigation": "core.administration.navigation.account_links"},
}
