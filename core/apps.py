"""The shared kernel as one Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Everything that all four apps would miss."""

    name = "core"
    verbose_name = "基础"

    def ready(self) -> None:
        """Have deadlines follow the calendar, and unfinished work follow its owner."""
        from django.contrib.auth import user_logged_in

        from core.accounts import audit_log, policies, sign_in
        from core.accounts.models import Person
        from core.attachments.actions import adopt_uploads
        from core.clocks.tasks import ask_for_recompute
        from core.drafts.actions import adopt_drafts
        from core.holders.login import adopt_on_login, adopt_with
        from core.http import schema
        from core.personal_data.actions import allow_reveal
        from core.workdays.actions import on_calendar_changed

        schema.install()
        audit_log.connect()
        sign_in.close_side_doors()
        allow_reveal(Person, policies.check_can_reveal_person)
        on_calendar_changed(ask_for_recompute)
        adopt_with(adopt_drafts)
        adopt_with(adopt_uploads)
        user_logged_in.connect(adopt_on_login, dispatch_uid="core.holders")
