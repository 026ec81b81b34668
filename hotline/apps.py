"""12345 and every online complaint platform in one pool."""

from django.apps import AppConfig


class HotlineConfig(AppConfig):
    """网络理政."""

    name = "hotline"
    verbose_name = "12345 热线"

    def ready(self) -> None:
        """Subscribe to clocks and events, offer documents."""
        from hotline import documents, subscriptions

        subscriptions.connect()
        documents.connect()
