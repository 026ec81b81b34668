"""Working days as pure arithmetic on dates.

Law: a period in working days counts working days only; weekends that are worked in exchange (调休)
count, a weekend inside a holiday does not. A period in days counts every day, and only a last day
that is a rest day moves to the next working day. The day of the event is never counted
(民法典 art. 201 to 203).

A year whose notice is not out yet falls back to Saturday and Sunday off; every result that rests on
such days says ``provisional`` and is to be computed again when the notice arrives.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import accumulate

from core.errors import InvalidError
from core.errors import gettext_noop as _

_FIRST_OPEN_DECEMBER_DAY = 25
_TRUE = frozenset({"true", "1", "yes", "休"})
_FALSE = frozenset({"false", "0", "no", "班"})


class InvalidWorkday(InvalidError, ValueError):  # noqa: N818  the rule is what is named
    """A question about working days that has no answer."""

    code = "workday_invalid"
    message = _("工作日计算的参数不正确。")


class NegativePeriod(InvalidWorkday):
    """A period of less than no days."""

    code = "workday_negative_period"
    message = _("期限不能是负数。")


class PeriodTooLong(InvalidWorkday):
    """A period that ends after the last day that dates can name."""

    code = "workday_period_too_long"
    message = _("期限过长，超出可计算的日期范围。")


class BadNotice(InvalidWorkday):
    """A row of a holiday notice that cannot be read; ``details["row"]`` counts from 1."""

    code = "holiday_notice_row"
    message = _("放假安排中有一行无法识别：需要日期（如 2026-10-01）和是否休息。")


class DoubleDay(BadNotice):
    """A holiday notice that names one day twice."""

    code = "holiday_notice_double_day"
    message = _("放假安排中同一日期出现了两次。")


@dataclass(frozen=True)
class Calendar:
    """Which days are worked: the days notices name, and Saturday and Sunday off otherwise.

    ``days`` maps a day to True when it is off. ``known_from`` and ``known_until`` are the first and
    the last day (both included) that published notices settle; see :func:`settled_until`. Overlays
    and single days outside that range are obeyed, but do not make the range known.
    """

    days: Mapping[date, bool] = field(hash=False)
    known_until: date
    known_from: date

    def __post_init__(self) -> None:
        if self.known_from > self.known_until:
            raise InvalidWorkday
        object.__setattr__(self, "days", dict(self.days))

    def overlay(self, extra: Mapping[date, bool]) -> "Calendar":
        """Return this calendar with the local days of a region on top (自治州 holidays)."""
        return Calendar({**self.days, **extra}, self.known_until, self.known_from)

    def knows(self, first: date, last: date) -> bool:
        """Return whether published notices settle every day from ``first`` to ``last``."""
        return first > last or (self.known_from <= first and last <= self.known_until)

    def count_until(self, ordinal: int) -> int:
        """Return the working days from the first day of all to the day ``ordinal``, included."""
        weeks, rest = divmod(ordinal, 7)
        ordinals, sums = self._exceptions
        return weeks * 5 + min(rest, 5) + sums[bisect_right(ordinals, ordinal)]

    @cached_property
    def _exceptions(self) -> tuple[list[int], list[int]]:
        """The days that differ from their weekday, and the running sum of what they add."""
        changes = sorted(
            (day.toordinal(), -1 if is_off else 1)
            for day, is_off in self.days.items()
            if is_off != _is_weekend(day)
        )
        return [o for o, _delta in changes], [0, *accumulate(delta for _o, delta in changes)]


@dataclass(frozen=True, slots=True)
class WorkdayResult:
    """A day, and whether a notice that is not out yet may still move it."""

    date: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class NoticeDay:
    """One day named by a holiday notice."""

    date: date
    is_off: bool
    name: str


def settled_until(year: int) -> date:
    """Return the last day that the notices up to that of ``year`` settle: 24 December.

    The notice of the following year may still change the last week: it moved days from 29 December
    on in 2006, 2007, 2011, 2018, 2022 and 2023.
    """
    return date(year, 12, _FIRST_OPEN_DECEMBER_DAY - 1)


def is_working_day(day: date, calendar: Calendar) -> bool:
    """Return whether ``day`` is worked. Ask ``calendar.knows(day, day)`` how sure that is."""
    is_off = calendar.days.get(day)
    return not (_is_weekend(day) if is_off is None else is_off)


def add_working_days(start: date, n: int, calendar: Calendar) -> WorkdayResult:
    """Return the ``n``-th working day after ``start``; ``start`` itself is not counted.

    With ``n`` = 0 the answer is ``start`` where it is worked, else the next working day. Raises
    :class:`NegativePeriod` or :class:`PeriodTooLong`. Costs a binary search, whatever ``n`` is.
    """
    if n == 0:
        return roll_to_working_day(start, calendar)
    _check_period(n)
    first = start.toordinal()
    found = _first_reaching(calendar.count_until(first) + n, first, n, calendar)
    return _result(start + timedelta(days=1), found, calendar)


def add_calendar_days(start: date, n: int, calendar: Calendar) -> WorkdayResult:
    """Return the end of a period of ``n`` days: all days count, a last rest day moves on.

    ``start`` itself is not counted (民法典 art. 201, 203; 信访 periods). Raises
    :class:`NegativePeriod` or :class:`PeriodTooLong`.
    """
    _check_period(n)
    try:
        last = start + timedelta(days=n)
    except OverflowError as error:
        raise PeriodTooLong from error
    return roll_to_working_day(last, calendar)


def roll_to_working_day(day: date, calendar: Calendar) -> WorkdayResult:
    """Return ``day`` where it is worked, else the next working day (民法典 art. 203)."""
    before = day.toordinal() - 1
    found = _first_reaching(calendar.count_until(before) + 1, before, 1, calendar)
    return _result(day, found, calendar)


def working_days_between(a: date, b: date, calendar: Calendar) -> int:
    """Return the working days after ``a`` up to ``b``, included; negative when ``b`` is earlier.

    It undoes :func:`add_working_days`: between ``a`` and the ``n``-th working day after are ``n``.
    """
    return calendar.count_until(b.toordinal()) - calendar.count_until(a.toordinal())


def rest_days_between(a: date, b: date, calendar: Calendar) -> list[date]:
    """Return the days off after ``a`` and before ``b``, for telling why a period is that long."""
    ordinals = range(a.toordinal() + 1, b.toordinal())
    days = (date.fromordinal(ordinal) for ordinal in ordinals)
    return [day for day in days if not is_working_day(day, calendar)]


def parse_notice(rows: Iterable[Mapping[str, object]]) -> tuple[NoticeDay, ...]:
    """Return the days of a holiday notice in order.

    A row has ``date`` (a date, a datetime or ISO text), ``isOffDay`` (a boolean, or true/false,
    1/0, 休/班) and may have ``name``. Raises :class:`BadNotice` or :class:`DoubleDay`, with the
    number of the row.
    """
    days: dict[date, NoticeDay] = {}
    for number, row in enumerate(rows, start=1):
        day = _parse_row(row, number)
        if day.date in days:
            raise DoubleDay(row=number)
        days[day.date] = day
    return tuple(days[key] for key in sorted(days))


def _is_weekend(day: date) -> bool:
    return day.toordinal() % 7 in {6, 0}


def _check_period(n: int) -> None:
    if n < 0:
        raise NegativePeriod


def _first_reaching(target: int, low: int, n: int, calendar: Calendar) -> date:
    """Return the first day whose running count of working days is ``target``; ``low`` is below."""
    step = n + n // 2 + 4
    high = low + step
    while calendar.count_until(high) < target:
        low, high, step = high, high + step, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        if calendar.count_until(middle) < target:
            low = middle
        else:
            high = middle
    if high > date.max.toordinal():
        raise PeriodTooLong
    return date.fromordinal(high)


def _result(first: date, found: date, calendar: Calendar) -> WorkdayResult:
    return WorkdayResult(found, not calendar.knows(first, found))


def _parse_row(row: Mapping[str, object], number: int) -> NoticeDay:
    is_off = str(row.get("isOffDay", "")).strip().lower()
    if is_off not in _TRUE | _FALSE:
        raise BadNotice(row=number)
    try:
        day = _parse_date(row.get("date"))
    except ValueError as error:
        raise BadNotice(row=number) from error
    return NoticeDay(date=day, is_off=is_off in _TRUE, name=str(row.get("name", "")).strip())


def _parse_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value).strip())
