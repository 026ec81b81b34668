"""The arithmetic of clocks: a due moment follows from the ledger alone.

Minutes and hours run day and night. In the day units

- the day of the event is not counted, and the period ends at 24:00 of its last day (民法典
  art. 201, 203): ``due_at`` is the midnight that follows, and a moment is in time while it is
  before ``due_at`` (half-open). In ``calendar_days`` all days count and a last rest day moves on;
- a suspension is counted in whole days, never by shifting hours: what was left on the day of the
  suspension (that day is spent) is counted again from the day of resumption (that day is not
  counted). Suspending and resuming on one day changes nothing. If nothing was left, the clock is
  due on the day of resumption, or on the next working day where that is a rest day;
- a clock that was past due when it was suspended stays due when it was.

An extension makes the whole period longer, whenever it is written. A later start never gives an
earlier due, nor does an extension; a day unit is never due on a rest day.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core.clocks.states import DAY_UNITS, ClockState, LedgerAction, Unit
from core.errors import DomainError
from core.errors import gettext_noop as _
from core.workdays.rules import (
    Calendar,
    PeriodTooLong,
    WorkdayResult,
    add_calendar_days,
    add_working_days,
    working_days_between,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1) // _MICROSECOND
_HOUR = timedelta(hours=1) // _MICROSECOND


class ClockRuleError(DomainError, ValueError):
    """A ledger that says something a clock cannot do."""

    code = "clock_invalid"
    message = _("计时记录不正确。")


class ClockNotStartedError(ClockRuleError):
    """Something happens to a clock before it started, or the ledger is empty."""

    code = "clock_not_started"
    message = _("计时尚未起算。")


class ClockAlreadyStartedError(ClockRuleError):
    """A second start."""

    code = "clock_already_started"
    message = _("计时已经起算，不能再次起算。")


class ClockSuspendedError(ClockRuleError):
    """A second suspension inside the first."""

    code = "clock_suspended"
    message = _("计时已经暂停，不能再次暂停。")


class ClockNotSuspendedError(ClockRuleError):
    """A resumption without a suspension."""

    code = "clock_not_suspended"
    message = _("计时没有暂停，不能恢复。")


class ClockStoppedError(ClockRuleError):
    """Anything after the stop."""

    code = "clock_stopped"
    message = _("计时已经停止，不能再变更。")


class ClockOutOfOrderError(ClockRuleError):
    """A line of the ledger that lies before the line above it."""

    code = "clock_out_of_order"
    message = _("计时记录的时间早于上一条记录。")


class ClockNaiveMomentError(ClockRuleError):
    """A moment without a time zone."""

    code = "clock_naive_moment"
    message = _("计时记录的时间缺少时区。")


class ClockAmountError(ClockRuleError):
    """A period below zero, an extension by nothing, or an amount where none belongs."""

    code = "clock_amount"
    message = _("时限数量不正确：期限不能为负数，延长的数量应大于零。")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. Only an extension needs an ``amount``; a start may repeat its own."""

    action: LedgerAction
    at: datetime
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one line of the ledger led to; ``due_at`` is None while suspended."""

    action: LedgerAction
    at: datetime
    amount: int | None
    due_at: datetime | None
    remaining: int | None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """How a clock stands after its ledger.

    ``due_at`` is None while the clock is suspended; a stopped clock keeps the due moment it had, so
    that one can tell whether it was kept. ``amount`` is the whole period, extensions included.
    ``provisional`` says that a holiday notice which is not out yet may move the due day.
    """

    state: ClockState
    due_at: datetime | None
    provisional: bool
    steps: tuple[Step, ...]
    unit: Unit
    amount: int

    @property
    def started_at(self) -> datetime:
        """The moment of the start, in the zone of the clock."""
        return self.steps[0].at

    @property
    def due_date(self) -> date | None:
        """The last day that is in time: in day units the day before the midnight ``due_at``."""
        if self.due_at is None:
            return None
        if self.unit in DAY_UNITS:
            return (self.due_at - _MICROSECOND).date()
        return self.due_at.date()

    @property
    def remaining(self) -> int | None:
        """The whole units left of a suspended clock, else None."""
        return self.steps[-1].remaining


def fold(
    entries: Iterable[Entry], *, unit: Unit, amount: int, calendar: Calendar, tz: tzinfo
) -> ClockReading:
    """Derive how a clock of ``amount`` ``unit`` stands from its ledger, oldest line first.

    Moments come back in ``tz``, the zone whose midnights count. A ``recompute`` line changes
    nothing by itself: it records that the calendar was another one before. Raises a
    :class:`ClockRuleError` with its code where the ledger is not possible, and
    :class:`core.workdays.rules.PeriodTooLong` where it leaves the calendar.
    """
    if amount < 0:
        raise ClockAmountError
    tally = _Tally(_scale(unit, calendar, tz), amount)
    for entry in entries:
        _check_entry(entry, tally)
        _APPLY[entry.action](tally, entry)
        tally.note(entry, tz)
    if tally.state is None:
        raise ClockNotStartedError
    steps = tuple(tally.steps)
    return ClockReading(tally.state, steps[-1].due_at, tally.provisional, steps, unit, tally.whole)


class _Scale(ABC):
    """Places on the time line as whole numbers, and how a period lies on it."""

    size = 1

    @abstractmethod
    def place(self, at: datetime) -> int:
        """The place of a moment."""

    @abstractmethod
    def end(self, anchor: int, length: int) -> tuple[int, bool]:
        """The first place that is too late for a period from ``anchor``, and if provisional."""

    @abstractmethod
    def spent(self, a: int, b: int) -> tuple[int, bool]:
        """How much of a period passes from ``a`` to ``b``, and if that is provisional."""

    @abstractmethod
    def moment(self, end: int) -> datetime:
        """The due moment for a place that :meth:`end` gave."""


class _Elapsed(_Scale):
    """Minutes or hours, in microseconds: nothing ever interrupts them."""

    def __init__(self, size: int, tz: tzinfo) -> None:
        self.size = size
        self.tz = tz

    def place(self, at: datetime) -> int:
        return (at - _EPOCH) // _MICROSECOND

    def end(self, anchor: int, length: int) -> tuple[int, bool]:
        return anchor + length, False

    def spent(self, a: int, b: int) -> tuple[int, bool]:
        return b - a, False

    def moment(self, end: int) -> datetime:
        try:
            return (_EPOCH + end * _MICROSECOND).astimezone(self.tz)
        except OverflowError as error:
            raise PeriodTooLong from error


class _Days(_Scale):
    """Days by their ordinal, in the zone whose midnights count."""

    def __init__(self, calendar: Calendar, tz: tzinfo) -> None:
        self.calendar = calendar
        self.tz = tz

    def place(self, at: datetime) -> int:
        return at.astimezone(self.tz).toordinal()

    def end(self, anchor: int, length: int) -> tuple[int, bool]:
        last = self.last(date.fromordinal(anchor), length)
        return last.date.toordinal() + 1, last.provisional

    def moment(self, end: int) -> datetime:
        if end > date.max.toordinal():
            raise PeriodTooLong
        return datetime.combine(date.fromordinal(end), time.min, self.tz)

    @abstractmethod
    def last(self, start: date, length: int) -> WorkdayResult:
        """The last day of a period."""


class _CalendarDays(_Days):
    """All days count; a last rest day moves on."""

    def last(self, start: date, length: int) -> WorkdayResult:
        return add_calendar_days(start, length, self.calendar)

    def spent(self, a: int, b: int) -> tuple[int, bool]:
        return b - a, False


class _WorkingDays(_Days):
    """Only working days count."""

    def last(self, start: date, length: int) -> WorkdayResult:
        return add_working_days(start, length, self.calendar)

    def spent(self, a: int, b: int) -> tuple[int, bool]:
        first, last = date.fromordinal(a), date.fromordinal(b)
        known = self.calendar.knows(date.fromordinal(a + 1), last)
        return working_days_between(first, last, self.calendar), not known


def _scale(unit: Unit, calendar: Calendar, tz: tzinfo) -> _Scale:
    if unit == Unit.WORKING_DAYS:
        return _WorkingDays(calendar, tz)
    if unit == Unit.CALENDAR_DAYS:
        return _CalendarDays(calendar, tz)
    return _Elapsed(_MINUTE if unit == Unit.MINUTES else _HOUR, tz)


class _Tally:
    """A clock while its ledger is read: where it began, the whole period, and its suspensions."""

    def __init__(self, scale: _Scale, whole: int) -> None:
        self.scale = scale
        self.whole = whole
        self.state: ClockState | None = None
        self.began = self.anchor = self.length = self.end = 0
        self.paused: int | None = None
        self.pauses: list[tuple[int, int]] = []
        self.provisional = False
        self.steps: list[Step] = []

    def start(self, entry: Entry) -> None:
        if self.state is not None:
            raise ClockAlreadyStartedError
        if entry.amount not in {None, self.whole}:
            raise ClockAmountError
        self.state = ClockState.RUNNING
        self.began = self.scale.place(entry.at)
        self.aim()

    def suspend(self, entry: Entry) -> None:
        if self.paused is not None:
            raise ClockSuspendedError
        self.state = ClockState.SUSPENDED
        self.paused = self.scale.place(entry.at)

    def resume(self, entry: Entry) -> None:
        if self.paused is None:
            raise ClockNotSuspendedError
        self.state = ClockState.RUNNING
        self.pauses.append((self.paused, self.scale.place(entry.at)))
        self.paused = None
        self.aim()

    def extend(self, entry: Entry) -> None:
        if entry.amount is None or entry.amount <= 0:
            raise ClockAmountError
        self.whole += entry.amount
        self.aim()

    def stop(self, _entry: Entry) -> None:
        self.state = ClockState.STOPPED

    def recompute(self, _entry: Entry) -> None:
        """Nothing moves: the whole ledger is always read by the calendar of today."""

    def aim(self) -> None:
        """Lay the whole period from the start, broken by each suspension that it reaches."""
        self.anchor, self.length = self.began, self.whole * self.scale.size
        self.end, end_unsure = self.scale.end(self.anchor, self.length)
        spent_unsure = False
        for paused, resumed in self.pauses:
            if paused < self.end:
                left, unsure = self.left(paused)
                spent_unsure = spent_unsure or unsure
                self.anchor, self.length = resumed, left
                self.end, end_unsure = self.scale.end(resumed, left)
        self.provisional = spent_unsure or end_unsure

    def left(self, paused: int) -> tuple[int, bool]:
        """What is left at a pause: never below nothing, where a rest day had moved the end."""
        spent, unsure = self.scale.spent(self.anchor, paused)
        return max(self.length - spent, 0), unsure

    def note(self, entry: Entry, tz: tzinfo) -> None:
        """Write down for the explanation where a line led."""
        due_at = left = None
        if self.paused is None:
            due_at = self.scale.moment(self.end)
        else:
            left = self.left(self.paused)[0] // self.scale.size
        self.steps.append(Step(entry.action, entry.at.astimezone(tz), entry.amount, due_at, left))


_APPLY: dict[LedgerAction, Callable[[_Tally, Entry], None]] = {
    LedgerAction.START: _Tally.start,
    LedgerAction.SUSPEND: _Tally.suspend,
    LedgerAction.RESUME: _Tally.resume,
    LedgerAction.EXTEND: _Tally.extend,
    LedgerAction.STOP: _Tally.stop,
    LedgerAction.RECOMPUTE: _Tally.recompute,
}
_TAKES_AMOUNT = frozenset({LedgerAction.START, LedgerAction.EXTEND})


def _check_entry(entry: Entry, tally: _Tally) -> None:
    if entry.at.tzinfo is None:
        raise ClockNaiveMomentError
    if tally.state is None and entry.action != LedgerAction.START:
        raise ClockNotStartedError
    if tally.state == ClockState.STOPPED:
        raise ClockStoppedError
    if tally.steps and entry.at < tally.steps[-1].at:
        raise ClockOutOfOrderError
    if entry.amount is not None and entry.action not in _TAKES_AMOUNT:
        raise ClockAmountError
