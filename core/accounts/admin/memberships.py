"""Appointments: who holds which role where, and taking one back."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.actions import revoke_membership
from core.accounts.models import Membership
from core.accounts.states import Role
from core.administration import rooms
from core.administration.deeds import Deed, Doing
from core.administration.rights import RoleModelAdmin

SECURITY = frozenset({Role.SECURITY_ADMIN})


def _revoke(doing: Doing) -> Any:
    revoke_membership(membership=doing.subject, by=doing.by, at=doing.at)
    return _("任职已收回。")


def _what_revoking_means(membership: Membership) -> list[Any]:
    return [
        _("收回后，%(user)s 立即失去“%(role)s”在%(region)s的权限。")
        % {
            "user": membership.user,
            "role": membership.get_role_display(),
            "region": membership.region,
        },
        _("其经手的记录保留；正在办理的事项仍在原处，请本单位另行安排人员。"),
    ]


@admin.register(Membership)
class MembershipAdmin(RoleModelAdmin):
    """Read by the system administrator, given and taken by the security administrator."""

    room, place, icon = rooms.PEOPLE, 30, "badge"
    viewers = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})
    region_lookups = ("region__path",)
    fields = ("user", "role", "organisation", "region", "starts_at", "ends_at")
    list_display = ("user", "role", "organisation", "region", "starts_at", "ends_at")
    list_filter = ("role",)
    list_select_related = ("user", "organisation", "region")
    search_fields = ("user__username", "organisation__name")
    search_help_text = _("按用户名或机构名称查找")
    ordering = ("-id",)
    sortable_by = ("ends_at",)
    deeds = (
        Deed(
            name="revoke",
            title=_("收回任职"),
            roles=SECURITY,
            run=_revoke,
            consequence=_what_revoking_means,
            fits=lambda row: row.ends_at is None or row.ends_at > timezone.now(),
            icon="person_remove",
            dangerous=True,
        ),
    )

    def deed_done_url(self, subject: Membership) -> str:
        """Return to the account."""
        return reverse("admin:core_user_change", args=[subject.user_id])
