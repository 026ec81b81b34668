"""诉求分类: the tree, and its table in and out."""

import csv
import io
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from core.accounts.models import Organisation
from core.accounts.states import Role
from core.administration.deeds import Deed, DeedForm, Doing, ReasonForm
from core.administration.rights import RefusableForm, RoleModelAdmin, acting_user
from hotline.actions.categories import import_categories, save_category, switch_category
from hotline.admin import rooms
from hotline.models import Category
from hotline.rules.category_rows import (
    COLUMNS,
    BadRow,
    CategoryRow,
    NoTableError,
    compare,
    read_table,
)
from hotline.states import MatterKind

KEEPERS = frozenset({Role.SYSTEM_ADMIN})
LARGEST_FILE = 512 * 1024
ENCODINGS = ("utf-8-sig", "gb18030")
FIELD_WORDS = {
    "name": _("名称"),
    "keywords": _("关键词"),
    "kind": _("默认类型"),
    "unit": _("默认承办单位"),
    "external_code": _("外部代码"),
    "standard": _("所依标准"),
    "is_active": _("启用"),
}


class CategoryForm(RefusableForm):
    """One category; its place in the tree follows from its code."""

    code = forms.RegexField(
        label=_("代码"),
        regex=r"^([0-9]{2}){1,3}$",
        widget=UnfoldAdminTextInputWidget,
        help_text=_("每级两位数字，前缀即上级；启用后不能修改。"),
        error_messages={"invalid": _("代码应为 2、4 或 6 位数字。")},
    )

    class Meta:
        model = Category
        fields = (
            "code",
            "name",
            "keywords",
            "default_kind",
            "default_unit",
            "external_code",
            "standard",
        )


class TableForm(DeedForm):
    """A file, or the table itself; after the preview the table is in the box."""

    file = forms.FileField(
        label=_("CSV 文件"),
        required=False,
        help_text=_("UTF-8 或 GB18030 编码，不超过 512 KB；可先导出一份照着改。"),
    )
    text = forms.CharField(
        label=_("或粘贴表格内容"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    rows: list[CategoryRow]
    bad: list[BadRow]

    def clean_file(self) -> str:
        """Read the file as text."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(_("文件超过 512 KB。"))
        content = file.read()
        for encoding in ENCODINGS:
            try:
                return str(content.decode(encoding))
            except UnicodeDecodeError:
                continue
        raise forms.ValidationError(_("无法识别文件编码，请另存为 UTF-8 后再导入。"))

    def clean(self) -> dict[str, Any]:
        """Read the table; put what the file held into the box, where it can be corrected."""
        cleaned: dict[str, Any] = super().clean() or {}
        text = cleaned.get("file") or cleaned.get("text") or ""
        cleaned["file"], cleaned["text"] = "", text
        if self.errors:
            return cleaned
        if not text.strip():
            self.add_error(None, _("请选择文件或粘贴表格内容。"))
            return cleaned
        typed = cast("QueryDict", self.data).copy()
        typed["text"] = text
        self.data = typed
        try:
            self.rows, self.bad = _read(text)
        except NoTableError as error:
            self.add_error(None, str(error))
        return cleaned


def _read(text: str) -> tuple[list[CategoryRow], list[BadRow]]:
    units = Organisation.objects.filter(is_active=True).values_list("code", flat=True)
    kinds = {str(label): value for value, label in MatterKind.choices}
    return read_table(text, kinds=kinds, units=units, present=present_rows())


def present_rows() -> dict[str, CategoryRow]:
    """Return every category as a table row, by code."""
    rows = Category.objects.select_related("default_unit").order_by("code")
    return {
        row.code: CategoryRow(
            code=row.code,
            name=row.name,
            keywords=tuple(row.keywords),
            kind=row.default_kind,
            unit=row.default_unit.code if row.default_unit else "",
            external_code=row.external_code,
            standard=row.standard,
            is_active=row.is_active,
        )
        for row in rows
    }


def _preview(doing: Doing) -> dict[str, Any]:
    rows, bad = _read(doing.data["text"])
    difference = compare(wanted=rows, present=present_rows())
    changed = [
        (row, [(FIELD_WORDS.get(one.field, one.field), one) for one in changes])
        for row, changes in difference.changed
    ]
    return {"difference": difference, "changed": changed, "bad_rows": bad, "columns": COLUMNS}


def _import(doing: Doing) -> Any:
    rows, bad = _read(doing.data["text"])
    difference = compare(wanted=rows, present=present_rows())
    wanted = [*difference.added, *(row for row, _changes in difference.changed)]
    done = import_categories(rows=wanted, by=doing.by, at=doing.at)
    text = _("已导入 %(done)s 行，%(same)s 行没有变化，%(bad)s 行有误未导入。")
    return text % {"done": done, "same": difference.unchanged, "bad": len(bad)}


def _export(doing: Doing) -> HttpResponse:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in present_rows().values():
        kind = str(MatterKind(row.kind).label) if row.kind else ""
        active = "是" if row.is_active else "否"
        words = " ".join(row.keywords)
        writer.writerow(
            [row.code, row.name, words, kind, row.unit, row.external_code, row.standard, active]
        )
    answer = HttpResponse("\ufeff" + buffer.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="categories.csv"'
    return answer


def _switch(doing: Doing) -> Any:
    category = switch_category(
        category=doing.subject, reason=doing.reason, by=doing.by, at=doing.at
    )
    return _("分类已启用。") if category.is_active else _("分类已停用。")


def _what_switching_means(category: Category) -> list[Any]:
    below = Category.objects.filter(code__startswith=category.code).count() - 1
    if category.is_active:
        return [
            _("停用后新工单不能再选“%(name)s”，它的 %(n)s 个下级分类一并停用。")
            % {"name": category, "n": below},
            _("已经归入这些分类的工单和统计不受影响。"),
        ]
    return [_("重新启用“%(name)s”和它的 %(n)s 个下级分类。") % {"name": category, "n": below}]


@admin.register(Category)
class CategoryAdmin(RoleModelAdmin):
    """Kept by the whole city's system administrator."""

    room, place, icon = rooms.CATEGORIES, 10, "category"
    form = CategoryForm
    adders = KEEPERS
    changers = KEEPERS
    list_display = ("tree_name", "code", "default_kind", "default_unit", "words", "is_active")
    list_display_links = ("tree_name",)
    list_filter = ("is_active", "default_kind")
    list_select_related = ("default_unit",)
    search_fields = ("code", "name")
    search_help_text = _("按代码或名称查找")
    autocomplete_fields = ("default_unit",)
    ordering = ("code",)
    sortable_by = ()
    deeds = (
        Deed(
            name="import",
            title=_("导入 CSV"),
            roles=KEEPERS,
            run=_import,
            form=TableForm,
            consequence=lambda _subject: [
                _("先显示会新增和修改什么，确认后才写入；表中没有的分类保持不变。"),
                _("有误的行不会导入，会列出行号和原因。"),
            ],
            preview=_preview,
            preview_template="admin/category_preview.html",
            icon="upload",
            on_list=True,
            button=_("确认导入"),
        ),
        Deed(
            name="export",
            title=_("导出 CSV"),
            roles=KEEPERS,
            run=_export,
            consequence=lambda _subject: [_("导出全部分类，可修改后再导入。")],
            icon="download",
            on_list=True,
        ),
        Deed(
            name="switch",
            title=_("停用或启用"),
            roles=KEEPERS,
            run=_switch,
            form=ReasonForm,
            consequence=_what_switching_means,
            icon="toggle_on",
            dangerous=True,
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A code is given once."""
        return ("code",) if obj else ()

    @admin.display(description=_("名称"))
    def tree_name(self, category: Category) -> str:
        """Show the name indented by its depth."""
        return format_html(
            '<span class="tree tree--{}">{}</span>', len(category.code) // 2, category.name
        )

    @admin.display(description=_("关键词"))
    def words(self, category: Category) -> str:
        """Show the first keywords."""
        return " ".join(category.keywords[:5])

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Enter or change through the domain's action."""
        save_category(
            category=obj, changed=form.changed_data, by=acting_user(request), at=timezone.now()
        )
