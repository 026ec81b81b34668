"""The shared kernel as one Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Everything that all four apps would miss."""

    name = "core"
    verbose_name = "基础"
