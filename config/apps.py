"""The composition root as a Django app: it owns the loaders and the city's start-up checks."""

from django.apps import AppConfig


class CityConfig(AppConfig):
    """Carries the management commands that load reference and demo data."""

    name = "config"
    label = "city"
    verbose_name = "城市配置"

    def ready(self) -> None:
        """Bind tasks to the city's broker in every process that sends them."""
        from config.celery import app

        app.set_default()
