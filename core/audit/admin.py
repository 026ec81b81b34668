"""The trail for the audit administrator: read, filtered, exported on the record."""

import csv
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.states import Role
from core.administration import rooms, vocabulary
from core.administration.deeds import Deed, DeedForm, Doing, ReasonForm
from core.administration.periods import PeriodFilter
from core.administration.rights import RoleModelAdmin
from core.audit.actions import record
from core.audit.models import AuditEntry
from core.audit.tasks import check_audit_chain

READERS = frozenset({Role.AUDIT_ADMIN})
LONGEST_EXPORT = 93
CHUNK = 2_000
BYTE_ORDER_MARK = "\ufeff"
HEADER = ("时间", "人员", "动作", "结果", "对象类型", "对象", "理由", "来源地址", "请求编号")
GROUPS = {
    "sign_in": Q(action__startswith="account.") | Q(action__startswith="second_factor."),
    "rights": Q(action__startswith="membership.") | Q(action__startswith="api_key."),
    "personal": Q(action__startswith="personal_data.") | Q(action__startswith="person."),
    "config": Q(action__regex=r"^(organisation|regions|clocks|workdays|category)\."),
}


def masked_address(address: str) -> str:
    """Return the network of an address without the machine."""
    if ":" in address:
        return f"{':'.join(address.split(':')[:3])}:…"
    head, _dot, _last = address.rpartition(".")
    return f"{head}.*" if head else ""


class GroupFilter(admin.SimpleListFilter):
    """What kind of deed."""

    title = _("类别")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the groups."""
        return [
            ("sign_in", _("登录与账号")),
            ("rights", _("授权与密钥")),
            ("personal", _("个人信息")),
            ("config", _("配置变更")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow by the name of the action."""
        condition = GROUPS.get(self.value() or "")
        return queryset.filter(condition) if condition is not None else queryset


class ExportForm(ReasonForm):
    """Which days, and why."""

    first = forms.DateField(
        label=_("起始日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=_("截止日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        """The days follow each other and are not too many."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not 0 <= (last - first).days < LONGEST_EXPORT:
            text = _("截止日期不能早于起始日期，一次最多导出 %(n)s 天。")
            self.add_error("last", text % {"n": LONGEST_EXPORT})
        return cleaned


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, value: str) -> str:
        """Return the line."""
        return value


def _cell(value: object) -> str:
    """Keep a spreadsheet from taking text for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def export_lines(*, begin: datetime, end: datetime) -> Iterator[str]:
    """Yield the trail of a period as CSV, oldest first, a chunk at a time."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(HEADER)
    rows = AuditEntry.objects.filter(at__gte=begin, at__lt=end).select_related("actor")
    last = 0
    while chunk := list(rows.filter(id__gt=last).order_by("id")[:CHUNK]):
        for row in chunk:
            yield writer.writerow([_cell(value) for value in _values(row)])
        last = chunk[-1].pk


def _values(row: AuditEntry) -> tuple[object, ...]:
    return (
        timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M:%S"),
        row.actor or "",
        row.action,
        row.get_outcome_display(),
        row.subject_type,
        row.subject_id,
        row.reason,
        masked_address(row.address),
        row.request_id,
    )


def _export(doing: Doing) -> StreamingHttpResponse:
    """Write down the export, then send it."""
    first, last = doing.data["first"], doing.data["last"]
    record(
        action="audit.exported",
        by=doing.by,
        at=doing.at,
        subject_type="audit",
        subject_id="trail",
        reason=doing.reason,
        data={"first": first.isoformat(), "last": last.isoformat()},
    )
    lines = export_lines(
        begin=timezone.make_aware(datetime.combine(first, time.min)),
        end=timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min)),
    )
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"audit-{first:%Y%m%d}-{last:%Y%m%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _check(doing: Doing) -> Any:
    user_id = doing.by.pk
    transaction.on_commit(lambda: check_audit_chain.delay(user_id=user_id), robust=True)
    return _("已开始核验，完成后结果显示在“今天”页和审计记录里。")


@admin.register(AuditEntry)
class AuditEntryAdmin(RoleModelAdmin):
    """Read only, for the whole city's audit administrator."""

    room, place, icon = rooms.AUDIT, 10, "history"
    shortcuts = ((_("登录记录"), "login", "group=sign_in"),)
    viewers = READERS
    fields = (
        "at",
        "actor",
        "action_word",
        "outcome",
        "subject_type",
        "subject_id",
        "reason",
        "data",
        "network",
        "request_id",
    )
    list_display = ("at", "actor", "action_word", "outcome", "subject", "reason", "network")
    list_filter = (PeriodFilter, GroupFilter, "outcome")
    list_select_related = ("actor",)
    search_fields = ("subject_id",)
    search_help_text = _("按用户名，或按对象查找（如 hotline.ticket:12）")
    ordering = ("-id",)
    sortable_by = ()
    deeds = (
        Deed(
            name="export",
            title=_("导出 CSV"),
            roles=READERS,
            run=_export,
            form=ExportForm,
            consequence=lambda _subject: [_("导出本身会写入审计记录；文件中的来源地址只到网段。")],
            icon="download",
            on_list=True,
        ),
        Deed(
            name="check",
            title=_("核验审计链"),
            roles=READERS,
            run=_check,
            form=DeedForm,
            consequence=lambda _subject: [
                _("逐条核对全部审计记录与封存链，数据多时需要几分钟，在后台进行，不影响使用。")
            ],
            icon="verified_user",
            on_list=True,
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Find by subject or by who did it, each over an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        kind, colon, number = term.partition(":")
        if colon:
            return queryset.filter(subject_type=kind, subject_id=number), False
        return queryset.filter(actor__username=term), False

    @admin.display(description=_("动作"))
    def action_word(self, row: AuditEntry) -> str:
        """Name the action."""
        return vocabulary.word("audit_action", row.action)

    @admin.display(description=_("对象"))
    def subject(self, row: AuditEntry) -> str:
        """Name the subject."""
        return f"{row.subject_type}:{row.subject_id}" if row.subject_type else ""

    @admin.display(description=_("来源网段"))
    def network(self, row: AuditEntry) -> str:
        """Show where from, without the machine."""
        return masked_address(row.address)


vocabulary.name(
    "audit_action",
    [
        ("account.created", _("开通账号")),
        ("account.logged_in", _("登录")),
        ("account.logged_out", _("退出登录")),
        ("account.login_failed", _("登录失败")),
        ("account.locked_out", _("登录锁定")),
        ("account.suspended", _("停用账号")),
        ("account.restored", _("恢复账号")),
        ("account.password_changed", _("修改密码")),
        ("second_factor.added", _("绑定两步验证")),
        ("second_factor.removed", _("解绑两步验证")),
        ("second_factor.cleared", _("重置两步验证")),
        ("second_factor.failed", _("两步验证失败")),
        ("membership.granted", _("授予任职")),
        ("membership.revoked", _("收回任职")),
        ("api_key.issued", _("签发密钥")),
        ("api_key.revoked", _("吊销密钥")),
        ("personal_data.reveal", _("查看个人信息明文")),
        ("person.linked", _("关联自然人")),
        ("organisation.created", _("新增机构")),
        ("organisation.changed", _("修改机构")),
        ("organisation.retired", _("停用机构")),
        ("organisation.reinstated", _("重新启用机构")),
        ("regions.open", _("新增区划")),
        ("regions.replace", _("变更区划")),
        ("clocks.policy_enacted", _("登记时限政策")),
        ("clocks.policy_withdrawn", _("撤销时限政策")),
        ("clocks.recompute", _("重算期限")),
        ("workdays.publish_notice", _("发布放假通知")),
        ("category.created", _("新增分类")),
        ("category.changed", _("修改分类")),
        ("category.imported", _("导入分类")),
        ("notification.requeue", _("重新发送消息")),
        ("request.refused", _("越权访问被拒")),
        ("audit.exported", _("导出审计记录")),
        ("audit.checked", _("核验审计链")),
    ],
)
