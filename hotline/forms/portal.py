"""Forms of the portal. They draw fields and carry what was typed; the domain decides."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidError
from hotline.actions.citizen import SUPPLEMENT_MAX
from hotline.rules.intake import CONTENT_MAX
from hotline.states import MatterKind, Satisfaction, Solved

Choices = Iterable[tuple[str, Any]]

KINDS: Choices = [
    (MatterKind.HELP, _("求助")),
    (MatterKind.COMPLAINT, _("投诉")),
    (MatterKind.CONSULTATION, _("咨询")),
    (MatterKind.SUGGESTION, _("建议")),
    (MatterKind.REPORT, _("举报")),
    (MatterKind.PRAISE, _("表扬")),
]
KIND_EXAMPLES = {
    MatterKind.HELP: _("遇到困难请政府帮忙，例如：楼下路灯坏了、电梯停了没人修"),
    MatterKind.COMPLAINT: _("对服务或管理不满意，例如：物业乱收费、半夜施工太吵"),
    MatterKind.CONSULTATION: _("问政策、问办法，例如：异地看病怎么报销"),
    MatterKind.SUGGESTION: _("有更好的主意，例如：公交站加个座椅"),
    MatterKind.REPORT: _("检举违法违规的行为，例如：偷排污水。您的身份会保密"),
    MatterKind.PRAISE: _("感谢帮过您的单位或工作人员"),
}
WITHDRAWAL_REASONS: Choices = [
    ("solved", _("问题已经解决了")),
    ("mistake", _("填错了，想重新提交")),
    ("other_way", _("我已经通过别的办法处理")),
    ("other", _("其他原因")),
]


class WordsField(forms.CharField):
    """Text as it was typed: the domain cleans it, measures it and says what is wrong."""

    def __init__(self, *, required: bool = False, **kwargs: Any) -> None:
        super().__init__(required=required, strip=False, **kwargs)
        self.validators = []

    def validate(self, value: Any) -> None:
        """Take anything."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Never let the browser cut off what is too long."""
        return {}


class CodeField(forms.ChoiceField):
    """A code from a list; the domain knows which codes exist."""

    def validate(self, value: Any) -> None:
        """Take any code, and none."""


class PortalForm(forms.Form):
    """A form whose errors come from the domain."""

    def blame(self, problems: Mapping[str, Iterable[str]]) -> None:
        """Put each message beside its field; a field that is not here goes on top."""
        self.is_valid()
        for name, messages in problems.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, gettext(str(message)))

    def blame_error(self, error: InvalidError) -> None:
        """Put a domain error where it belongs."""
        fields = error.details.get("fields") or {}
        self.blame(fields or {"": [str(error.message)]})


def _code_field(label: Any, **kwargs: Any) -> CodeField:
    return CodeField(label=label, required=False, choices=[("", _("请选择"))], **kwargs)


class MatterForm(PortalForm):
    """Every question of the form; a page keeps only its own fields."""

    kind = CodeField(
        label=_("您要反映的是哪一类"),
        choices=KINDS,
        widget=forms.RadioSelect,
        required=True,
        help_text=_("拿不准也没关系，选最接近的一个，工作人员会核对。"),
    )
    title = WordsField(
        label=_("用一句话说是什么事"),
        help_text=_("例如：幸福里小区东门三盏路灯不亮。不写的话，会取详细情况的开头。"),
    )
    content = WordsField(
        label=_("详细情况"),
        help_text=_("什么时候、在哪里、发生了什么、希望怎么解决。不要写身份证号和银行卡号。"),
        max_length=CONTENT_MAX,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    category = WordsField(label=_("分类"), widget=forms.HiddenInput)
    district = _code_field(_("区县"))
    street = _code_field(_("街道或乡镇"))
    community = _code_field(_("社区或村"))
    address = WordsField(
        label=_("具体地址"), help_text=_("例如：滨江路 18 号幸福里小区东门外。写得越准，越快找到。")
    )
    lng = WordsField(widget=forms.HiddenInput)
    lat = WordsField(widget=forms.HiddenInput)
    accused_unit = _code_field(
        _("您投诉或举报的是不是政府单位"),
        help_text=_("是的话请选出这个单位。您的诉求不会转给它自己办理。不是或者不清楚，可以不选。"),
    )
    name = WordsField(
        label=_("怎么称呼您"),
        help_text=_("例如：王女士。"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = WordsField(
        label=_("联系电话"),
        help_text=_("承办单位用它与您核实情况，我们用它回访。手机号，或者区号-固定电话。"),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    confidential = forms.BooleanField(
        label=_("请为我保密"),
        help_text=_("承办单位看不到您的姓名和电话，由热线中心与您联系。办理可能会慢一些。"),
        required=False,
    )
    publishable = forms.BooleanField(
        label=_("可以公开这件事和答复"),
        help_text=_(
            "让有同样问题的人看到。公开前会去掉电话、证件号码、车牌等信息，不公开您是谁。"
            "举报和要求保密的诉求不会公开。"
        ),
        required=False,
    )

    def __init__(self, *, names: Iterable[str], anonymous_allowed: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        wanted = set(names)
        self.fields = {name: f for name, f in self.fields.items() if name in wanted}
        for name in ("content", "district", "phone"):
            if name in self.fields:
                self.fields[name].required = not (name == "phone" and anonymous_allowed)
        if anonymous_allowed and "phone" in self.fields:
            self.fields["phone"].help_text = _(
                "举报可以不留电话。留了才能告诉您结果，也才能向您核实线索。"
            )

    def offer(self, options: Mapping[str, Choices]) -> None:
        """Fill the lists; what was chosen stays even when it is no longer offered."""
        for name, choices in options.items():
            if name in self.fields:
                field = self.fields[name]
                assert isinstance(field, forms.ChoiceField)
                field.choices = [("", _BLANKS[name]), *choices]


_BLANKS = {
    "district": _("请选择区县"),
    "street": _("不清楚，先不选"),
    "community": _("不清楚，先不选"),
    "accused_unit": _("不是政府单位，或者不清楚"),
}


class LookupForm(PortalForm):
    """Number and proof."""

    ticket_no = WordsField(
        label=_("诉求编号"),
        required=True,
        help_text=_("21 位数字，提交成功的页面和短信里有。"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    proof = WordsField(
        label=_("查询码，或者登记时留的电话"),
        required=True,
        help_text=_("查询码是 8 位字母和数字，大小写都可以。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


class SupplementForm(PortalForm):
    """New facts."""

    text = WordsField(
        label=_("要补充的情况"),
        required=True,
        help_text=_("新发生的事、新的线索，或者更正之前写错的地方。"),
        max_length=SUPPLEMENT_MAX,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class WithdrawForm(PortalForm):
    """Why the demand is taken back."""

    reason = CodeField(label=_("为什么撤回"), choices=WITHDRAWAL_REASONS, widget=forms.RadioSelect)
    note = WordsField(label=_("补充说明"), help_text=_("不超过 200 字。"))

    def reason_in_words(self) -> str:
        """Return the chosen reason with the note, or "" when nothing was chosen."""
        known = {code: str(words) for code, words in WITHDRAWAL_REASONS}
        chosen = known.get(str(self.data.get("reason", "")), "")
        note = str(self.data.get("note", "")).replace("\x00", "").strip()[:200]
        return f"{chosen}：{note}" if chosen and note else chosen


class EvaluateForm(PortalForm):
    """Two answers, never one."""

    solved = CodeField(label=_("问题解决了吗"), choices=Solved, widget=forms.RadioSelect)
    satisfaction = CodeField(
        label=_("对办理过程满意吗"),
        choices=Satisfaction,
        widget=forms.RadioSelect,
        help_text=_("问题没有解决，也可能对态度和速度满意；反过来也一样。所以分开问。"),
    )
    comment = WordsField(
        label=_("还想说的话"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    @property
    def level(self) -> int:
        """Return the chosen level, 0 for none."""
        given = str(self.data.get("satisfaction", ""))
        return int(given) if given in {"1", "2", "3", "4", "5"} else 0
