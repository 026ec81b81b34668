"""The shared kernel as one Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Everything that all four apps would miss."""

    name = "core"
    verbose_name = "基础"

    def ready(self) -> None:
        """Have deadlines follow the calendar."""
        from core.clocks.tasks import ask_for_recompute
        from core.workdays.actions import on_calendar_changed

        on_calendar_changed(ask_for_recompute)
