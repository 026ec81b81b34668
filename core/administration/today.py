"""The first page: what each of the three administrators has to look at today.

Every question is bounded: no count runs over a long table.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import ApiKey, Membership, User
from core.accounts.queries import has_role
from core.accounts.reach import reaches_city, within_reach
from core.accounts.second_factor import KINDS
from core.accounts.states import Role
from core.administration import vocabulary
from core.administration.charts import Chart, bar_chart
from core.administration.rights import acting_user
from core.audit.checking import last_check
from core.audit.models import AuditEntry, AuditHead, AuditSeal, Outcome
from core.clocks.models import Clock
from core.clocks.states import OPEN_STATES
from core.documents.models import Document, DocumentState
from core.notifications.queries import list_dead_letters
from core.workdays.models import HolidayNotice

MOST = 100
SHOWN = 8
SOON = timedelta(days=30)
DAY = timedelta(hours=24)
SEAL_PATIENCE = timedelta(minutes=10)
NOTICE_MONTH = 11
"""The State Council has published the next year's notice in October or November of late."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a card, leading to the row."""

    text: str
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to look at. ``tone`` is ok, look or act; the word beside it says the same."""

    title: str
    tone: str
    text: str
    rows: Sequence[Row] = field(default_factory=tuple)
    url: str = ""
    link: str = ""
    chart: Chart | None = None

    @property
    def tone_word(self) -> str:
        """Return the tone in words."""
        return {"ok": _("正常"), "look": _("请留意"), "act": _("需要处理")}[self.tone]


Maker = Callable[[User, datetime], Card | None]
_makers: list[tuple[Role, Maker]] = []


def card(role: Role, maker: Maker) -> None:
    """Have a card shown to a role; apps above the kernel add theirs."""
    if (role, maker) not in _makers:
        _makers.append((role, maker))


def add_today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Put the cards of the asker's roles on the first page."""
    user, now = acting_user(request), timezone.now()
    makers = [maker for role, maker in _makers if has_role(user, role)]
    cards = [made for maker in makers if (made := maker(user, now)) is not None]
    order = ("act", "look", "ok")
    context["cards"] = sorted(cards, key=lambda one: order.index(one.tone))
    context["now"] = now
    return context


def bounded(rows: QuerySet[Any]) -> tuple[int, str]:
    """Count at most MOST rows; return the number and how to say it."""
    count = rows[: MOST + 1].count()
    return count, f"{MOST}+" if count > MOST else str(count)


# The system administrator ------------------------------------------------------------------------

SYSTEM = frozenset({Role.SYSTEM_ADMIN})


def _provisional(user: User, now: datetime) -> Card:
    rows = Clock.objects.filter(provisional=True, state__in=OPEN_STATES)
    rows = within_reach(rows, user=user, roles=SYSTEM, lookups=("region__path",))
    count, text = bounded(rows)
    return Card(
        title=_("暂定期限"),
        tone="look" if count else "ok",
        text=_("%(n)s 个期限跨入尚无放假通知的日期，通知发布后自动重算。") % {"n": text}
        if count
        else _("没有暂定期限。"),
        url=reverse("admin:core_clock_changelist") + "?open=provisional",
        link=_("查看时钟"),
    )


def _next_notice(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, SYSTEM):
        return None
    today = timezone.localdate(now)
    year = today.year + 1
    there = HolidayNotice.objects.filter(year=year, region__isnull=True).exists()
    late = today.month >= NOTICE_MONTH
    missing = _("%(year)s 年放假通知还没有录入。国务院办公厅一般在十月至十二月发布。") % {
        "year": year
    }
    return Card(
        title=_("明年放假通知"),
        tone="ok" if there or not late else "act",
        text=_("%(year)s 年放假通知已录入。") % {"year": year} if there else missing,
        url=reverse("admin:core_holidaynotice_do_publish"),
        link="" if there else _("发布放假通知"),
    )


def _dead_letters(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, SYSTEM):
        return None
    count, text = bounded(list_dead_letters())
    return Card(
        title=_("发送失败的消息"),
        tone="act" if count else "ok",
        text=_("%(n)s 条消息多次尝试后仍未送出。") % {"n": text}
        if count
        else _("没有失败的消息。"),
        url=reverse("admin:core_notification_changelist") + "?state__exact=dead",
        link=_("逐条处理") if count else "",
    )


def _failed_documents(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, SYSTEM):
        return None
    count, text = bounded(Document.objects.filter(state=DocumentState.FAILED))
    return Card(
        title=_("生成失败的文书"),
        tone="act" if count else "ok",
        text=_("%(n)s 份文书生成失败。") % {"n": text} if count else _("没有失败的文书。"),
        url=reverse("admin:core_document_changelist") + "?state__exact=failed",
        link=_("查看原因") if count else "",
    )


# The security administrator ----------------------------------------------------------------------

SECURITY = frozenset({Role.SECURITY_ADMIN})


def _in_force(now: datetime) -> Q:
    begun = Q(starts_at__isnull=True) | Q(starts_at__lte=now)
    return begun & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))


def _held(user: User, now: datetime) -> QuerySet[Membership]:
    rows = Membership.objects.filter(_in_force(now))
    return within_reach(rows, user=user, roles=SECURITY, lookups=("region__path",))


def _user_url(user_id: int) -> str:
    return reverse("admin:core_user_change", args=[user_id])


def _locked_out(user: User, now: datetime) -> Card:
    refused = AuditEntry.objects.filter(at__gte=now - DAY, action="account.locked_out")
    ids = list(refused.exclude(subject_id="").values_list("subject_id", flat=True)[: MOST * 10])
    times = Counter(ids)
    known = User.objects.filter(pk__in=[int(key) for key in times if key.isdigit()])
    if not reaches_city(user, SECURITY):
        known = known.filter(pk__in=_held(user, now).values("user"))
    rows = [
        Row(one.username, _("锁定 %(n)s 次") % {"n": times[str(one.pk)]}, _user_url(one.pk))
        for one in known.order_by("username")[:SHOWN]
    ]
    return Card(
        title=_("24 小时内被锁定的账号"),
        tone="act" if rows else "ok",
        text=_("密码连续输错，已暂时拒绝登录。请核实是本人忘记密码还是有人试探。")
        if rows
        else _("没有账号被锁定。"),
        rows=rows,
    )


def _without_factor(user: User, now: datetime) -> Card:
    factors = Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=KINDS)
    held = _held(user, now).filter(user=OuterRef("pk"))
    staff = User.objects.filter(Exists(held), ~Exists(factors), is_active=True)
    count, text = bounded(staff)
    rows = [Row(one.username, "", _user_url(one.pk)) for one in staff.order_by("username")[:SHOWN]]
    return Card(
        title=_("未绑定两步验证的工作人员"),
        tone="look" if count else "ok",
        text=_("%(n)s 个工作账号只有密码保护。") % {"n": text} if count else _("全部已绑定。"),
        rows=rows,
        url=reverse("admin:core_user_changelist"),
        link=_("全部账号"),
    )


def _ending(user: User, now: datetime) -> Card:
    ending = _held(user, now).filter(ends_at__lte=now + SOON).select_related("user", "organisation")
    rows = [
        Row(
            f"{one.user.username} · {one.get_role_display()}",
            _("%(day)s 到期") % {"day": f"{timezone.localtime(one.ends_at):%m-%d}"},
            reverse("admin:core_membership_change", args=[one.pk]),
        )
        for one in ending.order_by("ends_at", "id")[:SHOWN]
    ]
    return Card(
        title=_("30 天内到期的任职"),
        tone="look" if rows else "ok",
        text=_("到期后自动失去权限，需要延续的请提前办理。") if rows else _("没有即将到期的任职。"),
        rows=rows,
    )


def _expiring_keys(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, SECURITY):
        return None
    keys = ApiKey.objects.filter(
        revoked_at__isnull=True, expires_at__gt=now, expires_at__lte=now + SOON
    )
    rows = [
        Row(
            f"{one.prefix}… · {one.label}",
            _("%(day)s 到期") % {"day": f"{timezone.localtime(one.expires_at):%m-%d}"},
            reverse("admin:core_apikey_change", args=[one.pk]),
        )
        for one in keys.order_by("expires_at", "id")[:SHOWN]
    ]
    return Card(
        title=_("30 天内到期的接口密钥"),
        tone="look" if rows else "ok",
        text=_("到期后对接系统将无法访问，请通知对方更换。") if rows else _("没有即将到期的密钥。"),
        rows=rows,
    )


# The audit administrator --------------------------------------------------------------------------

AUDIT = frozenset({Role.AUDIT_ADMIN})
TRAIL = "admin:core_auditentry_changelist"


def _seal(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, AUDIT):
        return None
    head = AuditHead.objects.first()
    due = AuditEntry.objects.filter(at__lt=now - SEAL_PATIENCE).order_by("-at", "-id").first()
    behind = due is not None and not AuditSeal.objects.filter(entry_id=due.pk).exists()
    if head is None:
        text = _("审计链还没有封存过。")
    else:
        moment = timezone.localtime(head.sealed_at)
        text = _("最近一次封存 %(at)s，共 %(n)s 条。") % {
            "at": f"{moment:%m-%d %H:%M}",
            "n": head.position,
        }
    if behind:
        text += _("有十分钟前的记录仍未封存，请检查后台任务。")
    return Card(_("审计链封存"), "act" if behind else "ok", text)


def _checked(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, AUDIT):
        return None
    check = last_check()
    url = reverse("admin:core_auditentry_do_check")
    if check is None:
        return Card(_("审计链核验"), "look", _("还没有核验过。"), url=url, link=_("开始核验"))
    moment = f"{timezone.localtime(check.at):%m-%d %H:%M}"
    if not check.flaws:
        text = _("%(at)s 核验，未发现问题。") % {"at": moment}
        return Card(_("审计链核验"), "ok", text, url=url, link=_("再次核验"))
    rows = [Row(kind, str(count)) for kind, count in sorted(check.kinds.items())]
    text = _("%(at)s 核验，发现 %(n)s 处问题，请立即调查。") % {"at": moment, "n": check.flaws}
    return Card(_("审计链核验"), "act", text, rows, url=url, link=_("再次核验"))


def _refusals(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, AUDIT):
        return None
    refused = AuditEntry.objects.filter(at__gte=now - DAY, outcome=Outcome.REFUSED)
    moments = list(refused.values_list("action", "at").order_by("-at")[:5_000])
    actions = Counter(action for action, _at in moments)
    rows = [
        Row(vocabulary.word("audit_action", action), _("%(n)s 次") % {"n": count})
        for action, count in actions.most_common(SHOWN)
    ]
    return Card(
        title=_("24 小时内的拒绝"),
        tone="look" if rows else "ok",
        text=_("权限不足、登录失败等被系统拒绝的操作。") if rows else _("没有被拒绝的操作。"),
        rows=rows,
        url=reverse(TRAIL) + "?period=1&outcome__exact=refused",
        link=_("查看明细") if rows else "",
        chart=_by_hour([at for _action, at in moments], now) if rows else None,
    )


def _by_hour(moments: Sequence[datetime], now: datetime) -> Chart:
    hours = Counter(int((now - at).total_seconds() // 3600) for at in moments)
    values = [
        (f"{timezone.localtime(now - timedelta(hours=back)):%H}", hours.get(back, 0))
        for back in range(23, -1, -1)
    ]
    return bar_chart(title=_("每小时被拒绝的次数"), values=values, label_every=4)


def _reveals(user: User, now: datetime) -> Card | None:
    if not reaches_city(user, AUDIT):
        return None
    shown = AuditEntry.objects.filter(at__gte=now - DAY, action="personal_data.reveal")
    counted = (
        shown.values("actor__username").annotate(n=Count("id")).order_by("-n", "actor__username")
    )
    rows = [
        Row(one["actor__username"] or "—", _("%(n)s 次") % {"n": one["n"]})
        for one in counted[:SHOWN]
    ]
    return Card(
        title=_("24 小时内查看个人信息明文"),
        tone="look" if rows else "ok",
        text=_("每次查看都写明了理由。") if rows else _("没有人查看过明文。"),
        rows=rows,
        url=reverse(TRAIL) + "?period=1&group=personal",
        link=_("查看理由") if rows else "",
    )


for _role, _kernel_makers in (
    (Role.SYSTEM_ADMIN, (_provisional, _next_notice, _dead_letters, _failed_documents)),
    (Role.SECURITY_ADMIN, (_locked_out, _without_factor, _ending, _expiring_keys)),
    (Role.AUDIT_ADMIN, (_seal, _checked, _refusals, _reveals)),
):
    for _maker in _kernel_makers:
        card(_role, _maker)
