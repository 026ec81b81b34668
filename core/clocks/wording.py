"""Why a clock is due when it is, in plain words (Chinese; other languages by gettext)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.clocks.rules import ClockReading, Step
from core.clocks.states import DAY_UNITS, ClockState, LedgerAction, Unit
from core.workdays.rules import Calendar, rest_days_between

_MOST_GROUPS = 4
_PAIR = 2
_FRIDAY = 5
_DAY = timedelta(days=1)
_WEEKDAYS = (
    gettext_lazy("周一"),
    gettext_lazy("周二"),
    gettext_lazy("周三"),
    gettext_lazy("周四"),
    gettext_lazy("周五"),
    gettext_lazy("周六"),
    gettext_lazy("周日"),
)


@dataclass(frozen=True, slots=True)
class ClockNames:
    """What the sentence calls things: ``deed`` is what is promised (答复), ``policy`` why (咨询类).

    ``days`` names the days off of holiday notices (国庆节), so that they are not just rest days.
    """

    deed: str
    policy: str
    days: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Neighbouring days off with the same name."""

    first: date
    last: date
    name: str


def explain_steps(reading: ClockReading, *, calendar: Calendar, names: ClockNames) -> str:
    """Return one sentence that says when the clock is due and why then.

    Such as 预计 11月25日（周三）前答复，咨询类为 3 个工作日；11月22日（周日）当日不计。 In the day
    units "by a day" means until 24:00 of it. Rest days that made the way longer, weekends that are
    worked, suspensions, extensions and a notice still missing are named; many single weekends
    become one number.
    """
    details = _extensions(reading) + _pauses(reading)
    if reading.unit in DAY_UNITS:
        start = reading.started_at.date()
        details = [
            _("%(day)s当日不计") % {"day": day_text(start, start.year)},
            *_days_on_the_way(reading, calendar, names.days),
            *details,
        ]
    if reading.provisional:
        details.append(_("相关年份的放假安排公布后，日期可能调整"))
    promise = _promise(reading, names)
    text = _("；").join([promise, _("，").join(details)]) if details else promise
    return text + _("。")


def day_text(day: date, current_year: int) -> str:
    """Return 11月25日（周三）, with the year in front where it is not the current one."""
    values = {"date": _date_text(day, current_year), "weekday": _WEEKDAYS[day.weekday()]}
    return _("%(date)s（%(weekday)s）") % values


def period_text(amount: int, unit: Unit) -> str:
    """Return 3 个工作日, 15 日, 30 分钟 or 2 小时."""
    texts = {
        Unit.MINUTES: ngettext("%(amount)d 分钟", "%(amount)d 分钟", amount),
        Unit.HOURS: ngettext("%(amount)d 小时", "%(amount)d 小时", amount),
        Unit.CALENDAR_DAYS: ngettext("%(amount)d 日", "%(amount)d 日", amount),
        Unit.WORKING_DAYS: ngettext("%(amount)d 个工作日", "%(amount)d 个工作日", amount),
    }
    return texts[unit] % {"amount": amount}


def _promise(reading: ClockReading, names: ClockNames) -> str:
    values = {
        "deed": names.deed,
        "policy": names.policy,
        "period": period_text(reading.amount, reading.unit),
    }
    if reading.state == ClockState.STOPPED:
        return _("计时已结束，%(policy)s为 %(period)s") % values
    if reading.due_at is None or reading.due_date is None:
        left = period_text(reading.remaining or 0, reading.unit)
        return _("已暂停计时，恢复后还剩 %(left)s，%(policy)s为 %(period)s") % {
            **values,
            "left": left,
        }
    due = day_text(reading.due_date, reading.started_at.year)
    if reading.unit in DAY_UNITS:
        return _("预计 %(due)s前%(deed)s，%(policy)s为 %(period)s") % {**values, "due": due}
    values |= {"due": due, "time": f"{reading.due_at:%H:%M}"}
    return _("预计 %(due)s %(time)s 前%(deed)s，%(policy)s为 %(period)s") % values


def _days_on_the_way(
    reading: ClockReading, calendar: Calendar, names: Mapping[date, str]
) -> list[str]:
    start, due = reading.started_at.date(), reading.due_date
    if due is None:
        return []
    if reading.unit == Unit.CALENDAR_DAYS:
        return _moved_end(reading, start, due)
    rest = rest_days_between(start, due, calendar)
    return _rest(rest, names, start.year) + _worked_weekends(start, due, calendar)


def _moved_end(reading: ClockReading, start: date, due: date) -> list[str]:
    """Say that a last rest day moved on; after a suspension the sum is told by its own clause."""
    last = start + timedelta(days=reading.amount)
    if last == due or any(step.action == LedgerAction.RESUME for step in reading.steps):
        return []
    return [_("最后一日 %(day)s为休息日，顺延") % {"day": day_text(last, start.year)}]


def _rest(days: list[date], names: Mapping[date, str], year: int) -> list[str]:
    """Name the days off in their order; too many weekends are only counted, at the end."""
    stretches = _group(days, names)
    plain = [stretch for stretch in stretches if not stretch.name]
    if len(plain) > _MOST_GROUPS:
        total = sum((stretch.last - stretch.first).days + 1 for stretch in plain)
        named = [_holiday(stretch, year) for stretch in stretches if stretch.name]
        counted = ngettext(
            "其间另有 %(total)d 个休息日不计", "其间另有 %(total)d 个休息日不计", total
        )
        return [*named, counted % {"total": total}]
    clauses = []
    for is_named, run in groupby(stretches, key=lambda stretch: bool(stretch.name)):
        if is_named:
            clauses += [_holiday(stretch, year) for stretch in run]
        else:
            spans = _("、").join(_span(stretch, year) for stretch in run)
            clauses.append(_("%(days)s为休息日") % {"days": spans})
    return clauses


def _holiday(stretch: _Stretch, year: int) -> str:
    values = {"days": _span(stretch, year), "name": stretch.name}
    return _("%(days)s为%(name)s假期") % values


def _group(days: Iterable[date], names: Mapping[date, str]) -> list[_Stretch]:
    stretches: list[_Stretch] = []
    for day in days:
        name = names.get(day, "")
        if stretches and (stretches[-1].last + _DAY, stretches[-1].name) == (day, name):
            stretches[-1] = _Stretch(stretches[-1].first, day, name)
        else:
            stretches.append(_Stretch(day, day, name))
    return stretches


def _worked_weekends(start: date, due: date, calendar: Calendar) -> list[str]:
    marked = (day for day, is_off in calendar.days.items() if not is_off and start < day <= due)
    worked = sorted(day for day in marked if day.isoweekday() > _FRIDAY)
    if not worked:
        return []
    texts = _("、").join(day_text(day, start.year) for day in worked)
    return [_("%(days)s为调休工作日") % {"days": texts}]


def _pauses(reading: ClockReading) -> list[str]:
    clauses = []
    began: Step | None = None
    for step in reading.steps:
        if step.action == LedgerAction.SUSPEND:
            began = step
        elif step.action == LedgerAction.RESUME and began is not None:
            clauses += _pause(reading, began.at, step.at)
            began = None
    if began is not None:
        values = {"begin": _moment_text(reading, began.at)}
        clauses.append(_("%(begin)s起暂停计时") % values)
    return clauses


def _pause(reading: ClockReading, begin: datetime, end: datetime) -> list[str]:
    if reading.unit in DAY_UNITS and begin.date() == end.date():
        return []
    values = {"begin": _moment_text(reading, begin), "end": _moment_text(reading, end)}
    return [_("%(begin)s至%(end)s暂停计时") % values]


def _extensions(reading: ClockReading) -> list[str]:
    return [
        _("%(day)s延长 %(period)s")
        % {
            "day": _date_text(step.at.date(), reading.started_at.year),
            "period": period_text(step.amount or 0, reading.unit),
        }
        for step in reading.steps
        if step.action == LedgerAction.EXTEND
    ]


def _moment_text(reading: ClockReading, at: datetime) -> str:
    day = _date_text(at.date(), reading.started_at.year)
    if reading.unit in DAY_UNITS:
        return day
    return _("%(day)s %(time)s ") % {"day": day, "time": f"{at:%H:%M}"}


def _span(stretch: _Stretch, year: int) -> str:
    first = _date_text(stretch.first, year)
    length = (stretch.last - stretch.first).days + 1
    if length == 1:
        return first
    last = _date_text(stretch.last, stretch.first.year)
    if (stretch.first.year, stretch.first.month) == (stretch.last.year, stretch.last.month):
        last = dateformat.format(stretch.last, _("j日"))
    text = _("%(first)s、%(last)s") if length == _PAIR else _("%(first)s至%(last)s")
    return text % {"first": first, "last": last}


def _date_text(day: date, current_year: int) -> str:
    return dateformat.format(day, _("n月j日") if day.year == current_year else _("Y年n月j日"))


def deadline_text(due_at: datetime | None) -> str:
    """Write a local due time as people read it: the end of a day is its 24:00, not the next day.

    An empty string for no deadline.
    """
    if due_at is None:
        return ""
    if due_at.time() == time.min:
        return f"{due_at - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{due_at:%Y-%m-%d %H:%M}"
