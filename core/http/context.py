"""What every template knows about the city. No queries."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

from core.errors import gettext_noop

# The demonstration city has an English name in the catalogue; another city keeps its own.
DEMONSTRATION_CITY = gettext_noop("蓉江市")


def city(request: HttpRequest) -> dict[str, Any]:
    """Return names, the hotline's number, the reading mode and the map tiles."""
    return {
        "city_name": gettext(settings.CITY_NAME),
        "hotline_number": settings.HOTLINE_NUMBER,
        "elder_mode": getattr(request, "reading_mode", "standard") == "elder",
        "map_tile_url": settings.MAP_TILE_URL,
    }
