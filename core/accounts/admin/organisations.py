"""Units as a tree, with codes that check themselves."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from core.accounts import organisations as actions
from core.accounts.models import Membership, Organisation
from core.accounts.states import Role
from core.administration import consequences, rooms
from core.administration.deeds import Deed, Doing, ReasonForm
from core.administration.rights import RefusableForm, RoleModelAdmin, acting_user
from core.identifiers.rules import InvalidIdentifier, check_uscc

KEEPERS = frozenset({Role.SYSTEM_ADMIN})
READERS = frozenset({Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})


class OrganisationForm(RefusableForm):
    """One unit."""

    code = forms.RegexField(
        label=_("代码"),
        regex=r"^[A-Za-z0-9_-]+$",
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        error_messages={"invalid": _("代码只能由字母、数字、下划线和短横线组成。")},
    )

    class Meta:
        model = Organisation
        fields = (
            "code",
            "name",
            "short_name",
            "kind",
            "parent",
            "region",
            "uscc",
            "phone",
            "legal_duties",
        )

    def clean_uscc(self) -> str:
        """Check the code's digits (GB 32100) and return its one spelling."""
        raw: str = self.cleaned_data["uscc"]
        try:
            return check_uscc(raw).code if raw else ""
        except InvalidIdentifier as error:
            raise forms.ValidationError(gettext(str(error.message))) from error


def _retire(doing: Doing) -> Any:
    actions.retire_organisation(
        organisation=doing.subject, reason=doing.reason, by=doing.by, at=doing.at
    )
    return _("已停用。")


def _reinstate(doing: Doing) -> Any:
    actions.reinstate_organisation(
        organisation=doing.subject, reason=doing.reason, by=doing.by, at=doing.at
    )
    return _("已重新启用。")


def _what_retiring_means(organisation: Organisation) -> list[Any]:
    now = timezone.now()
    people = Membership.objects.filter(organisation=organisation).exclude(ends_at__lte=now).count()
    return [
        _("停用后不能再向“%(name)s”派单，也不能再向它授予任职。") % {"name": organisation},
        _("现有 %(n)s 项任职不受影响，需要时请安全管理员另行收回。") % {"n": people},
        *consequences.sentences("retire_organisation", organisation),
    ]


@admin.register(Organisation)
class OrganisationAdmin(RoleModelAdmin):
    """System administrators keep the units of their region; the other two read."""

    room, place, icon = rooms.PEOPLE, 10, "account_tree"
    form = OrganisationForm
    viewers = READERS
    adders = KEEPERS
    changers = KEEPERS
    region_lookups = ("region__path",)
    list_display = ("tree_name", "code", "kind", "region", "uscc", "is_active")
    list_display_links = ("tree_name",)
    list_filter = ("kind", "is_active")
    list_select_related = ("region",)
    search_fields = ("name", "short_name", "code", "uscc")
    search_help_text = _("按名称、代码或统一社会信用代码查找")
    autocomplete_fields = ("parent", "region")
    ordering = ("path", "id")
    sortable_by = ()
    deeds = (
        Deed(
            name="retire",
            title=_("停用机构"),
            roles=KEEPERS,
            run=_retire,
            form=ReasonForm,
            consequence=_what_retiring_means,
            fits=lambda unit: unit.is_active,
            icon="block",
            dangerous=True,
        ),
        Deed(
            name="reinstate",
            title=_("重新启用"),
            roles=KEEPERS,
            run=_reinstate,
            form=ReasonForm,
            consequence=lambda unit: [_("启用后可以再次向它派单和授予任职。")],
            fits=lambda unit: not unit.is_active,
            icon="check_circle",
        ),
    )

    @admin.display(description=_("名称"), ordering="path")
    def tree_name(self, organisation: Organisation) -> str:
        """Show the name indented by its depth, and say the level to those who do not see it."""
        level = organisation.path.count("/") or 1
        return format_html(
            '<span class="tree tree--{}"><span class="sr-only">{}</span>{}</span>',
            min(level, 6),
            _("第 %(level)s 级：") % {"level": level} if level > 1 else "",
            organisation.name,
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        """Leave out the region's outline, which is large and never shown."""
        return super().get_queryset(request).defer("region__boundary")

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Enter or change through the domain's action."""
        actions.save_organisation(
            organisation=obj, changed=form.changed_data, by=acting_user(request), at=timezone.now()
        )
