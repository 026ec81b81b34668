"""Administrative divisions: read as a tree, re-divided by a deed that keeps the old map."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.accounts.states import Role
from core.administration import rooms
from core.administration.deeds import Deed, DeedForm, Doing
from core.administration.rights import RoleModelAdmin
from core.regions.actions import Successor, open_region, replace_region
from core.regions.models import Region, RegionLevel
from core.regions.queries import list_children

KEEPERS = frozenset({Role.SYSTEM_ADMIN})
_LINE = re.compile(r"^(?P<code>[0-9]{6,12})[\s,，]+(?P<name>[^\s:：,，]+)(?:[:：](?P<parts>.*))?$")


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class OpenForm(DeedForm):
    """A new division below this one."""

    code = forms.RegexField(
        label=_("区划代码"),
        regex=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$",
        error_messages={"invalid": _("区划代码应为 6、9 或 12 位数字。")},
    )
    name = forms.CharField(label=_("名称"), max_length=60)
    on = forms.DateField(label=_("启用日期"), widget=_day_input())


class ReplaceForm(DeedForm):
    """Who takes over from when, and which parts go where."""

    on = forms.DateField(label=_("变更日期"), widget=_day_input())
    successors = forms.CharField(
        label=_("变更后的区划"),
        help_text=_(
            "每行一个：代码 名称。拆分时在冒号后列出划入的下级代码，如"
            "“519931 江南区：519901001 519901002”。只有一行时下级全部划入。"
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_successors(self) -> list[Successor]:
        """Read the lines; name the first that cannot be read."""
        lines = [line.strip() for line in self.cleaned_data["successors"].splitlines()]
        found: list[Successor] = []
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            match = _LINE.match(line)
            if match is None or len(match["code"]) not in {6, 9, 12}:
                raise forms.ValidationError(_("第 %(n)s 行无法识别。") % {"n": number})
            parts = match["parts"]
            children = re.split(r"[\s,，、]+", parts.strip()) if parts is not None else None
            found.append(Successor(code=match["code"], name=match["name"], children=children))
        if not found:
            raise forms.ValidationError(_("请至少写一个变更后的区划。"))
        return found


def _open(doing: Doing) -> Any:
    open_region(
        parent=doing.subject,
        code=doing.data["code"],
        name=doing.data["name"],
        on=doing.data["on"],
        by=doing.by,
        at=doing.at,
    )
    return _("新区划已登记。")


def _replace(doing: Doing) -> Any:
    replace_region(
        region=doing.subject,
        successors=doing.data["successors"],
        on=doing.data["on"],
        by=doing.by,
        at=doing.at,
    )
    return _("区划变更已登记。")


def _what_replacing_means(region: Region) -> list[Any]:
    parts = list_children(region=region, on=timezone.localdate()).count()
    return [
        _("“%(name)s”自变更日起停用，%(n)s 个下级区划同日划入新区划。")
        % {"name": region.name, "n": parts},
        _("此前登记的工单、机构和任职仍指向原区划，历史数据不改动。"),
        _("此操作不能撤销；如写错，需再登记一次变更。"),
    ]


@admin.register(Region)
class RegionAdmin(RoleModelAdmin):
    """Read by the system administrators of the region and by the security administrator."""

    room, place, icon = rooms.REGIONS, 10, "map"
    viewers = KEEPERS | {Role.SECURITY_ADMIN}
    region_lookups = ("path",)
    fields = ("code", "name", "full_name", "level", "parent", "starts_date", "ends_date")
    list_display = ("tree_name", "code", "level", "starts_date", "ends_date")
    list_filter = ("level",)
    search_fields = ("name", "code")
    search_help_text = _("按名称或代码查找")
    ordering = ("path", "starts_date", "id")
    sortable_by = ()
    deeds = (
        Deed(
            name="open",
            title=_("新增下级区划"),
            roles=KEEPERS,
            run=_open,
            form=OpenForm,
            fits=lambda region: region.ends_date is None and region.level != RegionLevel.COMMUNITY,
            icon="add_location",
        ),
        Deed(
            name="replace",
            title=_("变更区划"),
            roles=KEEPERS,
            run=_replace,
            form=ReplaceForm,
            consequence=_what_replacing_means,
            fits=lambda region: region.ends_date is None,
            initial=lambda region: {"successors": f"{region.code} {region.name}"},
            icon="swap_horiz",
            dangerous=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Region]:
        """Leave out the outline, which is large and never shown."""
        return super().get_queryset(request).defer("boundary")

    @admin.display(description=_("名称"), ordering="path")
    def tree_name(self, region: Region) -> str:
        """Show the name indented by its depth."""
        return format_html(
            '<span class="tree tree--{}">{}</span>', min(region.path.count("/"), 6), region.name
        )
