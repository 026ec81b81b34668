"""Rendered documents, for seeing what failed."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.accounts.states import Role
from core.administration import rooms, vocabulary
from core.administration.rights import RoleModelAdmin
from core.documents.models import Document


@admin.register(Document)
class DocumentAdmin(RoleModelAdmin):
    """Read only, and never the file: whoever asked for it opens it on their own page."""

    room, place, icon = rooms.MESSAGES, 30, "description"
    viewers = frozenset({Role.SYSTEM_ADMIN})
    fields = ("kind", "subject", "requested_by", "state", "error", "created_at", "ready_at")
    list_display = ("kind", "subject", "requested_by", "state", "error", "created_at")
    list_filter = ("state",)
    list_select_related = ("requested_by",)
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description=_("对象"))
    def subject(self, row: Document) -> str:
        """Name the subject."""
        return f"{vocabulary.word('subject_type', row.subject_type)} {row.subject_id}"
