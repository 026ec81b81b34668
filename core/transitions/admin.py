"""What moved what from where to where, for the audit administrator."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.states import Role
from core.administration import rooms, vocabulary
from core.administration.rights import RoleModelAdmin
from core.personal_data.masking import redact
from core.transitions.models import TransitionLog


@admin.register(TransitionLog)
class TransitionLogAdmin(RoleModelAdmin):
    """Read only, for the whole city's audit administrator."""

    room, place, icon = rooms.AUDIT, 20, "swap_calls"
    viewers = frozenset({Role.AUDIT_ADMIN})
    fields = (
        "subject",
        "version",
        "transition",
        "source",
        "target",
        "by",
        "at",
        "redacted_reason",
    )
    list_display = ("at", "subject", "version", "transition", "source", "target", "by")
    list_filter = ("subject_type",)
    list_select_related = ("by",)
    search_fields = ("subject_id",)
    search_help_text = _("按对象查找，如 hotline.ticket:12")
    ordering = ("-id",)
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TransitionLog], search_term: str
    ) -> tuple[QuerySet[TransitionLog], bool]:
        """Find what moved one subject."""
        if not search_term:
            return queryset, False
        kind, _colon, number = search_term.strip().partition(":")
        if not (number.isascii() and number.isdigit()):
            return queryset.none(), False
        return queryset.filter(subject_type=kind, subject_id=int(number[:18])), False

    @admin.display(description=_("对象"))
    def subject(self, row: TransitionLog) -> str:
        """Name the subject."""
        return f"{vocabulary.word('subject_type', row.subject_type)} {row.subject_id}"

    @admin.display(description=_("理由（已脱敏）"))
    def redacted_reason(self, row: TransitionLog) -> str:
        """Show the reason without phones and numbers."""
        return redact(row.reason)
