"""The composition root as a Django app: it owns the loaders and the city's start-up checks."""

from django.apps import AppConfig


class CityConfig(AppConfig):
    """Carries the management commands that load reference and demo data."""

    name = "config"
    label = "city"
    verbose_name = "城市配置"
