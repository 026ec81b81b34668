"""Clock policies by version, and the running clocks with the reason of each deadline."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.reach import reaches_city, within_reach
from core.accounts.states import Role
from core.administration import rooms, vocabulary
from core.administration.deeds import Deed, DeedForm, Doing
from core.administration.periods import DefaultedFilter
from core.administration.rights import ReadOnlyInline, RoleModelAdmin, acting_user
from core.clocks.models import Clock, ClockEntry, ClockPolicy
from core.clocks.policies import (
    MOST_COUNTED,
    PolicyTerms,
    count_running,
    enact_policy,
    is_pending,
    withdraw_policy,
)
from core.clocks.queries import explain
from core.clocks.states import Unit
from core.clocks.wording import deadline_text, period_text
from core.regions.models import Region
from core.regions.queries import valid_on

KEEPERS = frozenset({Role.SYSTEM_ADMIN})
READERS = frozenset({Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN})
LONGEST = 3_650


class PolicyForm(DeedForm):
    """For which case how long, from when, by which decree."""

    clock_kind = forms.ChoiceField(label=_("时钟"))
    subject_kind = forms.ChoiceField(label=_("诉求类型"), required=False)
    urgency = forms.ChoiceField(label=_("紧急程度"), required=False)
    region = forms.ModelChoiceField(label=_("区域"), queryset=Region.objects.none(), required=False)
    amount = forms.IntegerField(label=_("时长"), min_value=1, max_value=LONGEST)
    unit = forms.ChoiceField(label=_("单位"), choices=Unit.choices)
    effective_date = forms.DateField(
        label=_("施行日期"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    source = forms.CharField(
        label=_("依据"),
        max_length=300,
        help_text=_("文件名称和条款；没有文件依据的，请写明“默认值，无文件依据”。"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        anything = [("", _("不限"))]
        fields: dict[str, Any] = self.fields
        fields["clock_kind"].choices = vocabulary.choices("clock_kind")
        fields["subject_kind"].choices = [*anything, *vocabulary.choices("subject_kind")]
        fields["urgency"].choices = [*anything, *vocabulary.choices("urgency")]
        actor = acting_user(self.request)
        places = Region.objects.filter(valid_on(timezone.localdate())).defer("boundary")
        fields["region"].queryset = within_reach(
            places.order_by("path"), user=actor, roles=KEEPERS, lookups=("path",)
        )
        fields["region"].required = not reaches_city(actor, KEEPERS)
        fields["region"].empty_label = (
            _("请选择") if fields["region"].required else _("不限（全市）")
        )


def _enact(doing: Doing) -> Any:
    data = doing.data
    terms = PolicyTerms(
        clock_kind=data["clock_kind"],
        subject_kind=data["subject_kind"],
        urgency=data["urgency"],
        region=data["region"],
        amount=data["amount"],
        unit=data["unit"],
        source=data["source"],
    )
    enact_policy(terms=terms, effective_date=data["effective_date"], by=doing.by, at=doing.at)
    return _("时限政策已登记。")


def _withdraw(doing: Doing) -> Any:
    withdraw_policy(policy=doing.subject, by=doing.by, at=doing.at)
    return _("时限政策已撤销。")


def _present_terms(policy: ClockPolicy | None) -> dict[str, Any]:
    tomorrow = timezone.localdate() + timedelta(days=1)
    if policy is None:
        return {"effective_date": tomorrow}
    return {
        "clock_kind": policy.clock_kind,
        "subject_kind": policy.subject_kind,
        "urgency": policy.urgency,
        "region": policy.region_id,
        "amount": policy.amount,
        "unit": policy.unit,
        "effective_date": tomorrow,
    }


def _what_a_new_version_means(policy: ClockPolicy | None) -> list[Any]:
    rules: list[Any] = [_("新政策只对施行日起开始计时的事项有效，在办事项的期限一律不变。")]
    if policy is not None:
        rules.append(
            _("按现行版本正在计时的 %(n)s 个时钟不会被移动。") % {"n": running_text(policy)}
        )
    return rules


def running_text(policy: ClockPolicy) -> str:
    """Say how many clocks run by a policy; above the bound say so."""
    running = count_running(policy)
    return f"{MOST_COUNTED}+" if running >= MOST_COUNTED else str(running)


@admin.register(ClockPolicy)
class ClockPolicyAdmin(RoleModelAdmin):
    """Policies are read here and enacted by a deed; none is edited."""

    room, place, icon = rooms.TIME, 10, "rule"
    viewers = READERS
    region_lookups = ("region__path",)
    fields = (
        "kind_word",
        "subject_word",
        "urgency_word",
        "where",
        "length",
        "effective_date",
        "source",
        "running",
    )
    list_display = (
        "kind_word",
        "subject_word",
        "urgency_word",
        "where",
        "length",
        "effective_date",
        "standing",
    )
    list_select_related = ("region",)
    search_fields = ("source",)
    search_help_text = _("按依据查找")
    ordering = ("clock_kind", "subject_kind", "urgency", "-effective_date", "id")
    sortable_by = ()
    deeds = (
        Deed(
            name="enact",
            title=_("登记时限政策"),
            roles=KEEPERS,
            run=_enact,
            form=PolicyForm,
            consequence=_what_a_new_version_means,
            initial=_present_terms,
            icon="add",
            on_list=True,
        ),
        Deed(
            name="renew",
            title=_("登记新版本"),
            roles=KEEPERS,
            run=_enact,
            form=PolicyForm,
            consequence=_what_a_new_version_means,
            initial=_present_terms,
            icon="update",
        ),
        Deed(
            name="withdraw",
            title=_("撤销尚未施行的政策"),
            roles=KEEPERS,
            run=_withdraw,
            consequence=lambda _policy: [_("撤销后，到施行日仍按现行版本计时。")],
            fits=lambda policy: is_pending(policy, timezone.localdate()),
            icon="undo",
            dangerous=True,
        ),
    )

    @admin.display(description=_("时钟"))
    def kind_word(self, policy: ClockPolicy) -> str:
        """Name the kind of clock."""
        return vocabulary.word("clock_kind", policy.clock_kind)

    @admin.display(description=_("诉求类型"))
    def subject_word(self, policy: ClockPolicy) -> Any:
        """Name the kind of subject."""
        return vocabulary.word("subject_kind", policy.subject_kind) or _("不限")

    @admin.display(description=_("紧急程度"))
    def urgency_word(self, policy: ClockPolicy) -> Any:
        """Name the urgency."""
        return vocabulary.word("urgency", policy.urgency) or _("不限")

    @admin.display(description=_("区域"))
    def where(self, policy: ClockPolicy) -> Any:
        """Name the region."""
        return policy.region or _("全市")

    @admin.display(description=_("时长"))
    def length(self, policy: ClockPolicy) -> str:
        """Say the length with its unit."""
        return period_text(policy.amount, Unit(policy.unit))

    @admin.display(description=_("施行"))
    def standing(self, policy: ClockPolicy) -> Any:
        """Say whether its day has come."""
        begun = policy.effective_date <= timezone.localdate()
        return _("已施行") if begun else _("尚未施行")

    @admin.display(description=_("正在按本版本计时（不受新版本影响）"))
    def running(self, policy: ClockPolicy) -> str:
        """Say how many clocks a new version would leave alone."""
        return running_text(policy)


class OpenFilter(DefaultedFilter):
    """Open clocks first: closed ones are history."""

    title = _("状态")
    default_word = _("计时中")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what one looks for."""
        return [("provisional", _("暂定期限")), ("overdue", _("已过期未处理")), ("all", _("全部"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Clock]) -> QuerySet[Clock]:
        """Narrow by an index each."""
        running = queryset.filter(state="running")
        if self.value() == "provisional":
            return queryset.filter(provisional=True, state__in=["running", "suspended"])
        if self.value() == "overdue":
            return running.filter(due_at__lt=timezone.now())
        return queryset if self.value() == "all" else running


class ClockEntryInline(ReadOnlyInline):
    """The ledger."""

    model = ClockEntry
    fields = ("number", "action_word", "at", "amount", "due", "by", "reason")
    readonly_fields = fields
    ordering = ("number",)
    verbose_name_plural = _("账本")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClockEntry]:
        """Bring the actors along."""
        rows: QuerySet[ClockEntry] = super().get_queryset(request)
        return rows.select_related("by")

    @admin.display(description=_("到期"))
    def due(self, entry: ClockEntry) -> str:
        """Write the end of a day as its 24:00."""
        return deadline_text(entry.due_at and timezone.localtime(entry.due_at))

    @admin.display(description=_("动作"))
    def action_word(self, entry: ClockEntry) -> str:
        """Name the kind of line."""
        return entry.get_action_display()


@admin.register(Clock)
class ClockAdmin(RoleModelAdmin):
    """Read only: deadlines move by policies, notices and the case's own steps."""

    room, place, icon = rooms.TIME, 30, "timer"
    viewers = READERS
    region_lookups = ("region__path",)
    fields = (
        "kind_word",
        "subject",
        "state",
        "started_at",
        "due",
        "why",
        "why_source",
        "provisional",
        "fired_at",
        "stopped_at",
        "where",
    )
    list_display = ("kind_word", "subject", "state", "due", "provisional", "where")
    list_select_related = ("region",)
    list_filter = (OpenFilter,)
    search_fields = ("subject_id",)
    search_help_text = _("按对象查找，如 hotline.ticket:12")
    ordering = ("due_at", "id")
    sortable_by = ()
    inlines = (ClockEntryInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clock]:
        """Leave out the outline of the region."""
        return super().get_queryset(request).defer("region__boundary")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Clock], search_term: str
    ) -> tuple[QuerySet[Clock], bool]:
        """Find the clocks of one subject."""
        kind, _colon, number = search_term.strip().partition(":")
        if not search_term:
            return queryset, False
        if not (number.isascii() and number.isdigit()):
            return queryset.none(), False
        return queryset.filter(subject_type=kind, subject_id=int(number[:18])), False

    @admin.display(description=_("时钟"))
    def kind_word(self, clock: Clock) -> str:
        """Name the kind."""
        return vocabulary.word("clock_kind", clock.kind)

    @admin.display(description=_("对象"))
    def subject(self, clock: Clock) -> str:
        """Name the subject."""
        return f"{vocabulary.word('subject_type', clock.subject_type)} {clock.subject_id}"

    @admin.display(description=_("到期"))
    def due(self, clock: Clock) -> str:
        """Write the end of a day as its 24:00."""
        return deadline_text(clock.due_at and timezone.localtime(clock.due_at))

    @admin.display(description=_("区域"))
    def where(self, clock: Clock) -> Any:
        """Name the region."""
        return clock.region or _("全市")

    @admin.display(description=_("为什么是这一天"))
    def why(self, clock: Clock) -> str:
        """Say why it is due then."""
        return explain(clock).sentence

    @admin.display(description=_("依据"))
    def why_source(self, clock: Clock) -> str:
        """Name the decree."""
        return clock.policy.source if clock.policy else ""
