"""Forms of the console. They draw fields and carry what was typed; the domain decides."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidError
from core.regions.models import Region
from hotline.models import Category
from hotline.rules.intake import ADDRESS_MAX, CONTENT_MAX, NAME_MAX, TITLE_MAX
from hotline.states import (
    CallbackResult,
    LegalChannel,
    MatterKind,
    Satisfaction,
    Solved,
    TriageOutcome,
    Urgency,
)

Choices = list[tuple[str, Any]]
_ALIASES = {
    "caller.name": "caller_name",
    "caller.phone": "caller_phone",
    "caller.id_no": "caller_id_no",
}


class ConsoleForm(forms.Form):
    """A form whose errors may also come from the domain."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            words = _("请选择%s。") if hasattr(field, "choices") else _("请填写%s。")
            field.error_messages["required"] = str(words) % (field.label or "")

    def blame(self, error: InvalidError) -> None:
        """Put the domain's messages beside their fields; the rest goes on top."""
        self.is_valid()
        fields: Mapping[str, Iterable[str]] = error.details.get("fields") or {}
        for name, messages in fields.items():
            known = _ALIASES.get(name, name)
            for message in messages:
                self._blame_once(known if known in self.fields else None, gettext(str(message)))
        if not fields:
            self.add_error(None, gettext(str(error.message)))

    def _blame_once(self, name: str | None, message: str) -> None:
        if name is None or name not in self.errors:
            self.add_error(name, message)


class VersionForm(ConsoleForm):
    """A form that says which version of the row its reader saw."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


def region_choices(tree: Sequence[Mapping[str, Any]], city: str, name: str) -> Choices:
    """Return the picker: the city as a whole, then each district with all that lies in it."""
    choices: Choices = [(city, name)]
    for district in tree:
        choices.append((district["name"], _branch(district, ())))
    return choices


def _branch(node: Mapping[str, Any], above: tuple[str, ...]) -> list[tuple[str, str]]:
    names = (*above, node["name"])
    rows = [(node["code"], " ".join(names))]
    for child in node["children"]:
        rows += _branch(child, names)
    return rows


def category_choices(categories: Iterable[Category]) -> Choices:
    """Return the category tree for a select, grouped by its first level."""
    groups: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for category in sorted(categories, key=lambda one: one.code):
        top = category.code[:2]
        names.setdefault(top, category.name)
        groups.setdefault(top, []).append((category.code, category.full_name or category.name))
    return [("", _("暂不分类")), *((names[top], rows) for top, rows in groups.items())]


def unit_choices(units: Iterable[Any]) -> Choices:
    """Return units for a select that may stay empty."""
    return [("", _("没有指明")), *((unit.code, unit.name) for unit in units)]


def region_initial(region: Region) -> str:
    """Return the value of the region field for a row."""
    return region.code


class ReviseForm(VersionForm):
    """Correct what was registered."""

    title = forms.CharField(label=_("标题"), max_length=TITLE_MAX)
    content = forms.CharField(label=_("内容"), max_length=CONTENT_MAX, widget=_area(8))
    kind = forms.ChoiceField(label=_("诉求类型"), choices=MatterKind.choices, widget=_select())
    category = forms.ChoiceField(label=_("分类"), required=False, widget=_select())
    region = forms.ChoiceField(label=_("事发区域"), widget=_select())
    address = forms.CharField(label=_("详细地址"), required=False, max_length=ADDRESS_MAX)
    urgency = forms.ChoiceField(label=_("紧急程度"), choices=Urgency.choices, widget=_select())
    accused_unit = forms.ChoiceField(
        label=_("被投诉举报单位"),
        required=False,
        help_text=_("投诉、举报件不会派给这个单位及其下属单位。"),
        widget=_select(),
    )
    confidential = forms.BooleanField(
        label=_("市民要求保密"),
        required=False,
        help_text=_("承办单位看不到市民的姓名和电话。"),
    )

    def __init__(
        self, *args: Any, categories: Choices, regions: Choices, units: Choices, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["category"].choices = categories
        fields["region"].choices = regions
        fields["accused_unit"].choices = units


class TriageForm(VersionForm):
    """One of the eight outcomes that are not 派单."""

    outcome = forms.ChoiceField(
        label=_("受理结果"),
        choices=[row for row in TriageOutcome.choices if row[0] != TriageOutcome.DISPATCHED],
        widget=forms.RadioSelect,
    )
    channel = forms.ChoiceField(
        label=_("应当告知的途径"),
        required=False,
        choices=[("", _("请选择")), *LegalChannel.choices],
        help_text=_("转接、告知法定途径、引导其他渠道时必选。"),
        widget=_select(),
    )
    linked_no = forms.CharField(
        label=_("原工单编号"),
        required=False,
        max_length=24,
        help_text=_("重复诉求时填写。同一来电人的工单可以从下面选用。"),
    )
    reason = forms.CharField(
        label=_("告知市民的理由或答复"),
        max_length=1000,
        help_text=_("这段话会原样告知市民，请写清为什么，以及市民可以怎么办。"),
        widget=_area(5),
    )


class DispatchForm(VersionForm):
    """One 主办, any 协办; the units are drawn by the page, not by a widget."""

    lead = forms.CharField(label=_("主办单位"), max_length=40)
    assists = forms.Field(label=_("协办单位"), required=False)
    instruction = forms.CharField(
        label=_("派单说明"),
        required=False,
        max_length=1000,
        help_text=_("只给承办单位看：要核实什么、联系市民时注意什么。"),
        widget=_area(4),
    )

    def clean_assists(self) -> tuple[str, ...]:
        """Return the chosen codes without the 主办 itself."""
        chosen = self.data.getlist("assists") if hasattr(self.data, "getlist") else []
        return tuple(dict.fromkeys(code for code in chosen if code))


class ReasonForm(VersionForm):
    """A deed that wants a reason."""

    reason = forms.CharField(label=_("理由"), max_length=1000, widget=_area(3))


class RevealForm(ConsoleForm):
    """Why somebody needs to see personal data in clear."""

    reason = forms.CharField(
        label=_("查看理由"),
        max_length=200,
        help_text=_("查看会记入审计记录。"),
    )


class NoteForm(ConsoleForm):
    """A remark for colleagues."""

    text = forms.CharField(label=_("内部备注"), max_length=5000, widget=_area(3))


class PhoneDeskForm(ConsoleForm):
    """What the caller says, written down while they speak."""

    caller_phone = forms.CharField(
        label=_("联系电话"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    caller_name = forms.CharField(
        label=_("称呼"),
        required=False,
        max_length=NAME_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    content = forms.CharField(
        label=_("市民反映的内容"),
        max_length=CONTENT_MAX,
        help_text=_("按市民的原话记，不用先想标题。"),
        widget=_area(9),
    )
    title = forms.CharField(
        label=_("标题"),
        required=False,
        max_length=TITLE_MAX,
        help_text=_("不填时取内容的前 30 个字。"),
    )
    kind = forms.ChoiceField(
        label=_("诉求类型"),
        choices=MatterKind.choices,
        initial=MatterKind.HELP,
        widget=_select(),
    )
    urgency = forms.ChoiceField(
        label=_("紧急程度"),
        choices=Urgency.choices,
        initial=Urgency.ORDINARY,
        widget=_select(),
    )
    region = forms.ChoiceField(label=_("事发区域"), widget=_select())
    address = forms.CharField(label=_("详细地址"), required=False, max_length=ADDRESS_MAX)
    category = forms.ChoiceField(label=_("分类"), required=False, widget=_select())
    accused_unit = forms.ChoiceField(label=_("被投诉举报单位"), required=False, widget=_select())
    confidential = forms.BooleanField(
        label=_("市民要求保密"),
        required=False,
        help_text=_("承办单位看不到市民的姓名和电话。"),
    )
    publishable = forms.BooleanField(
        label=_("市民同意公开处理结果"),
        required=False,
        help_text=_("公开前会隐去个人信息。"),
    )

    def __init__(
        self, *args: Any, categories: Choices, regions: Choices, units: Choices, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["category"].choices = categories
        fields["region"].choices = regions
        fields["accused_unit"].choices = units


class FirstContactForm(VersionForm):
    """What was said when the handler first spoke with the citizen."""

    text = forms.CharField(
        label=_("首次联系情况"),
        max_length=5000,
        help_text=_("何时、怎样联系的市民，约定了什么。"),
        widget=_area(4),
    )


class ProgressForm(ConsoleForm):
    """A step on the way."""

    text = forms.CharField(label=_("办理进展"), max_length=5000, widget=_area(3))


class AnswerForm(VersionForm):
    """The unit's answer."""

    answer = forms.CharField(
        label=_("答复内容"),
        max_length=5000,
        help_text=_("逐项回应市民的诉求，写明查明的情况、处理结果和依据。"),
        widget=_area(9),
    )


class CallbackForm(VersionForm):
    """One call-back attempt; the two verdicts are asked when somebody was reached."""

    result = forms.ChoiceField(
        label=_("回访结果"), choices=CallbackResult.choices, widget=forms.RadioSelect
    )
    solved = forms.ChoiceField(
        label=_("您反映的问题解决了吗？"),
        required=False,
        choices=Solved.choices,
        widget=forms.RadioSelect,
    )
    satisfaction = forms.TypedChoiceField(
        label=_("您对办理过程和结果满意吗？"),
        required=False,
        choices=Satisfaction.choices,
        coerce=int,
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=_("市民的意见"), required=False, max_length=1000, widget=_area(3)
    )
    next_at = forms.DateTimeField(
        label=_("约定再次回访的时间"),
        required=False,
        help_text=_("结果为“约定再次回访”时填写。"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    note = forms.CharField(label=_("备注"), required=False, max_length=500, widget=_area(2))
