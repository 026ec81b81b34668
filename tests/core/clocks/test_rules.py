"""The arithmetic of clocks, against the law's cases and a clerk who counts day by day."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.clocks.rules import (
    ClockAlreadyStartedError,
    ClockAmountError,
    ClockNaiveMomentError,
    ClockNotStartedError,
    ClockNotSuspendedError,
    ClockOutOfOrderError,
    ClockReading,
    ClockRuleError,
    ClockStoppedError,
    ClockSuspendedError,
    Entry,
    fold,
)
from core.clocks.states import DAY_UNITS, ClockState, LedgerAction, Unit
from core.workdays.rules import Calendar, PeriodTooLong, is_working_day, working_days_between
from core.workdays.seed import calendar_from_package

SHANGHAI = ZoneInfo("Asia/Shanghai")
NATIONAL = calendar_from_package()
DAY = timedelta(days=1)

START, SUSPEND, RESUME = LedgerAction.START, LedgerAction.SUSPEND, LedgerAction.RESUME
EXTEND, STOP, RECOMPUTE = LedgerAction.EXTEND, LedgerAction.STOP, LedgerAction.RECOMPUTE


def on(month: int, day: int, hour: int = 10, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def midnight(month: int, day: int, *, year: int = 2026) -> datetime:
    return on(month, day, 0, year=year)


def read(
    *entries: Entry,
    unit: Unit = Unit.WORKING_DAYS,
    amount: int = 3,
    calendar: Calendar = NATIONAL,
) -> ClockReading:
    return fold(entries, unit=unit, amount=amount, calendar=calendar, tz=SHANGHAI)


def due(reading: ClockReading) -> datetime:
    assert reading.due_at is not None
    return reading.due_at


calendars = st.builds(
    lambda extra: Calendar(extra, known_until=date(2026, 12, 24), known_from=date(2026, 1, 1)),
    st.dictionaries(st.dates(date(2026, 3, 1), date(2026, 8, 31)), st.booleans(), max_size=60),
)
moments = st.datetimes(datetime(2026, 3, 1), datetime(2026, 6, 1), timezones=st.just(SHANGHAI))
gaps = st.timedeltas(timedelta(0), timedelta(days=12))


@st.composite
def ledgers(draw: st.DrawFn, *, most: int = 6) -> list[Entry]:
    """A legal ledger that ends running, with suspensions, extensions and recomputations."""
    at = draw(moments)
    entries = [Entry(START, at)]
    paused = False
    for _ in range(draw(st.integers(0, most))):
        at += draw(gaps)
        action = draw(st.sampled_from([RESUME if paused else SUSPEND, EXTEND, RECOMPUTE]))
        paused = {SUSPEND: True, RESUME: False}.get(action, paused)
        amount = draw(st.integers(1, 9)) if action == EXTEND else None
        entries.append(Entry(action, at, amount))
    if paused:
        entries.append(Entry(RESUME, at + draw(gaps)))
    return entries


def walk(entries: list[Entry], unit: Unit, amount: int, calendar: Calendar) -> date:
    """Find the due day as a clerk would who crosses out days on the wall.

    A day counts when the clock was not resting as the day began; it is due on the first worked day
    on which enough days are counted and the clock is not resting as the day ends.
    """
    whole = amount + sum(entry.amount or 0 for entry in entries)
    changes = {e.at.date(): e.action == SUSPEND for e in entries if e.action in {SUSPEND, RESUME}}
    day, counted = entries[0].at.date(), 0
    resting = changes.get(day, False)
    while counted < whole or resting or not is_working_day(day, calendar):
        day += DAY
        counts = unit == Unit.CALENDAR_DAYS or is_working_day(day, calendar)
        counted += counts and not resting
        resting = changes.get(day, resting)
    return day


class TestElapsedTime:
    @pytest.mark.parametrize(
        ("unit", "amount", "start", "end"),
        [
            (Unit.MINUTES, 15, on(11, 22, 23, 50), on(11, 23, 0, 5)),
            (Unit.MINUTES, 30, on(10, 1, 3), on(10, 1, 3, 30)),
            (Unit.HOURS, 24, on(10, 3), on(10, 4)),
            (Unit.HOURS, 0, on(10, 3), on(10, 3)),
        ],
    )
    def test_runs_through_nights_and_holidays(
        self, unit: Unit, amount: int, start: datetime, end: datetime
    ) -> None:
        reading = read(Entry(START, start), unit=unit, amount=amount)

        assert reading.due_at == end
        assert reading.due_date == end.date()
        assert not reading.provisional

    def test_adds_exactly_the_time_that_it_was_suspended(self) -> None:
        reading = read(
            Entry(START, on(11, 22, 10)),
            Entry(SUSPEND, on(11, 22, 10, 5)),
            Entry(RESUME, on(11, 22, 11)),
            unit=Unit.MINUTES,
            amount=15,
        )

        assert reading.due_at == on(11, 22, 11, 10)

    def test_counts_the_whole_minutes_left_while_suspended(self) -> None:
        reading = read(
            Entry(START, on(11, 22, 10)),
            Entry(SUSPEND, on(11, 22, 10, 5) + timedelta(seconds=30)),
            unit=Unit.MINUTES,
            amount=15,
        )

        assert (reading.due_at, reading.due_date, reading.remaining) == (None, None, 9)

    def test_counts_real_hours_where_wall_clocks_jump(self) -> None:
        zone = ZoneInfo("Europe/Berlin")
        start = datetime(2026, 3, 29, 1, 30, tzinfo=zone)

        reading = fold([Entry(START, start)], unit=Unit.HOURS, amount=2, calendar=NATIONAL, tz=zone)

        assert due(reading).astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=2)

    def test_refuses_to_leave_the_calendar(self) -> None:
        with pytest.raises(PeriodTooLong):
            read(Entry(START, on(1, 1)), unit=Unit.HOURS, amount=10**9)

    @pytest.mark.slow
    @given(moments, st.integers(0, 100), gaps, gaps)
    def test_a_suspension_before_the_due_moment_adds_its_length(
        self, start: datetime, amount: int, before: timedelta, rest: timedelta
    ) -> None:
        plain = due(read(Entry(START, start), unit=Unit.HOURS, amount=amount))
        paused = start + before

        reading = read(
            Entry(START, start),
            Entry(SUSPEND, paused),
            Entry(RESUME, paused + rest),
            unit=Unit.HOURS,
            amount=amount,
        )

        assert due(reading) == (plain + rest if paused < plain else plain)


class TestWorkingDays:
    @pytest.mark.parametrize(
        ("start", "amount", "last"),
        [
            (on(9, 30), 3, date(2026, 10, 10)),
            (on(2, 13), 20, date(2026, 3, 19)),
            (on(11, 22), 3, date(2026, 11, 25)),
            (on(11, 20, 23, 59), 3, date(2026, 11, 25)),
            (on(11, 21, 0), 3, date(2026, 11, 25)),
            (on(11, 20), 0, date(2026, 11, 20)),
            (on(11, 21), 0, date(2026, 11, 23)),
        ],
    )
    def test_is_due_at_the_midnight_after_the_last_day(
        self, start: datetime, amount: int, last: date
    ) -> None:
        reading = read(Entry(START, start), amount=amount)

        assert reading.due_date == last
        assert reading.due_at == datetime(
            last.year, last.month, last.day, tzinfo=SHANGHAI
        ) + timedelta(days=1)

    def test_the_day_of_a_moment_is_the_day_in_the_zone_of_the_clock(self) -> None:
        evening = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)

        reading = read(Entry(START, evening))

        assert reading.started_at == evening
        assert reading.started_at.date() == date(2026, 11, 23)
        assert reading.due_date == date(2026, 11, 26)

    def test_counts_what_was_left_again_after_the_day_of_resumption(self) -> None:
        reading = read(
            Entry(START, on(11, 22)), Entry(SUSPEND, on(11, 23)), Entry(RESUME, on(12, 4)), amount=5
        )

        assert reading.state == ClockState.RUNNING
        assert reading.due_at == midnight(12, 11)

    def test_says_what_is_left_and_no_due_moment_while_suspended(self) -> None:
        reading = read(Entry(START, on(11, 22)), Entry(SUSPEND, on(11, 24)), amount=5)

        assert reading.state == ClockState.SUSPENDED
        assert (reading.due_at, reading.due_date, reading.remaining) == (None, None, 3)

    def test_suspended_on_its_last_day_it_is_due_on_the_day_of_resumption(self) -> None:
        ledger = [Entry(START, on(11, 22)), Entry(SUSPEND, on(11, 25))]

        assert read(*ledger, Entry(RESUME, on(12, 2))).due_at == midnight(12, 3)
        assert read(*ledger, Entry(RESUME, on(12, 5))).due_at == midnight(12, 8)

    def test_suspended_after_it_was_due_it_stays_due_when_it_was(self) -> None:
        reading = read(
            Entry(START, on(11, 22)), Entry(SUSPEND, on(11, 26, 0)), Entry(RESUME, on(12, 2))
        )

        assert reading.due_at == midnight(11, 26)

    def test_an_extension_counts_whenever_it_is_written(self) -> None:
        pause = [Entry(SUSPEND, on(11, 24)), Entry(RESUME, on(11, 27))]
        begin = Entry(START, on(11, 22))

        before = read(begin, Entry(EXTEND, on(11, 23), 5), *pause)
        within = read(begin, pause[0], Entry(EXTEND, on(11, 25), 5), pause[1])
        after = read(begin, *pause, Entry(EXTEND, on(11, 28), 5))

        assert {before.due_at, within.due_at, after.due_at} == {midnight(12, 8)}
        assert {before.amount, within.amount, after.amount} == {8}

    def test_is_provisional_when_days_it_spent_are_not_settled(self) -> None:
        calendar = Calendar({}, known_until=date(2026, 12, 24), known_from=date(2026, 6, 10))
        ledger = [
            Entry(START, on(6, 1)),
            Entry(SUSPEND, on(6, 12)),
            Entry(RESUME, on(6, 15)),
            Entry(SUSPEND, on(6, 17)),
            Entry(RESUME, on(6, 19)),
        ]

        assert read(*ledger, amount=20, calendar=calendar).provisional
        assert not read(
            Entry(START, on(6, 9)), *ledger[1:], amount=20, calendar=calendar
        ).provisional

    def test_is_provisional_when_the_end_is_not_settled(self) -> None:
        assert read(Entry(START, on(12, 20)), amount=10).provisional
        assert not read(Entry(START, on(12, 20)), amount=4).provisional

    @pytest.mark.slow
    @given(ledgers(), st.integers(0, 20), calendars)
    def test_agrees_with_crossing_out_days(
        self, entries: list[Entry], amount: int, calendar: Calendar
    ) -> None:
        reading = read(*entries, amount=amount, calendar=calendar)

        assert reading.due_date == walk(entries, Unit.WORKING_DAYS, amount, calendar)

    @pytest.mark.slow
    @given(moments, st.integers(1, 20), gaps, gaps, calendars)
    def test_a_suspension_adds_exactly_the_working_days_suspended(
        self, start: datetime, amount: int, before: timedelta, rest: timedelta, calendar: Calendar
    ) -> None:
        begin = Entry(START, start)
        paused, resumed = start + before, start + before + rest
        plain = read(begin, amount=amount, calendar=calendar)
        while_paused = read(begin, Entry(SUSPEND, paused), amount=amount, calendar=calendar)
        assume(paused < due(plain))
        assume(while_paused.remaining or is_working_day(resumed.date(), calendar))

        reading = read(
            begin,
            Entry(SUSPEND, paused),
            Entry(RESUME, resumed),
            amount=amount,
            calendar=calendar,
        )

        assert plain.due_date is not None
        assert reading.due_date is not None
        added = working_days_between(plain.due_date, reading.due_date, calendar)
        assert added == working_days_between(paused.date(), resumed.date(), calendar)


class TestCalendarDays:
    @pytest.mark.parametrize(
        ("start", "amount", "last"),
        [
            (on(9, 20), 15, date(2026, 10, 8)),
            (on(9, 25), 15, date(2026, 10, 10)),
            (on(11, 1), 60, date(2026, 12, 31)),
        ],
    )
    def test_counts_every_day_and_moves_a_last_rest_day(
        self, start: datetime, amount: int, last: date
    ) -> None:
        reading = read(Entry(START, start), unit=Unit.CALENDAR_DAYS, amount=amount)

        assert reading.due_date == last

    def test_suspended_in_the_days_that_moved_the_end_nothing_is_left(self) -> None:
        ledger = [Entry(START, on(11, 1)), Entry(SUSPEND, on(11, 15))]
        unit = Unit.CALENDAR_DAYS

        assert read(*ledger, unit=unit, amount=13).remaining == 0
        reading = read(*ledger, Entry(RESUME, on(11, 18)), unit=unit, amount=13)
        assert reading.due_at == midnight(11, 19)

    @pytest.mark.slow
    @given(ledgers(), st.integers(0, 40), calendars)
    def test_agrees_with_crossing_out_days(
        self, entries: list[Entry], amount: int, calendar: Calendar
    ) -> None:
        reading = read(*entries, unit=Unit.CALENDAR_DAYS, amount=amount, calendar=calendar)

        assert reading.due_date == walk(entries, Unit.CALENDAR_DAYS, amount, calendar)


@pytest.mark.slow
class TestAnyLedger:
    @given(ledgers(), st.sampled_from(Unit), st.integers(0, 20), calendars)
    def test_reading_it_again_whole_equals_reading_it_line_by_line(
        self, entries: list[Entry], unit: Unit, amount: int, calendar: Calendar
    ) -> None:
        whole = read(*entries, unit=unit, amount=amount, calendar=calendar)

        for n, step in enumerate(whole.steps, start=1):
            part = read(*entries[:n], unit=unit, amount=amount, calendar=calendar)
            assert (part.due_at, part.remaining) == (step.due_at, step.remaining)
            assert part.steps == whole.steps[:n]

    @given(ledgers(), st.sampled_from(sorted(DAY_UNITS)), st.integers(0, 20), calendars)
    def test_is_never_due_on_a_rest_day_nor_off_midnight(
        self, entries: list[Entry], unit: Unit, amount: int, calendar: Calendar
    ) -> None:
        reading = read(*entries, unit=unit, amount=amount, calendar=calendar)

        assert reading.due_date is not None
        assert is_working_day(reading.due_date, calendar)
        assert due(reading).time() == datetime.min.time()

    @given(ledgers(), st.sampled_from(Unit), st.integers(0, 20), calendars)
    def test_a_later_start_is_never_due_earlier(
        self, entries: list[Entry], unit: Unit, amount: int, calendar: Calendar
    ) -> None:
        end = entries[1].at if len(entries) > 1 else entries[0].at + 9 * DAY
        room = (end - entries[0].at) // 3
        starts = [Entry(START, entries[0].at + room * i) for i in range(4)]

        ends = [
            due(read(start, *entries[1:], unit=unit, amount=amount, calendar=calendar))
            for start in starts
        ]

        assert all(a <= b for a, b in pairwise(ends))

    @given(ledgers(), st.sampled_from(Unit), st.integers(0, 20), st.integers(1, 9), calendars)
    def test_an_extension_is_never_due_earlier(
        self, entries: list[Entry], unit: Unit, amount: int, more: int, calendar: Calendar
    ) -> None:
        for n in range(1, len(entries) + 1):
            extension = Entry(EXTEND, entries[n - 1].at, more)
            longer = [*entries[:n], extension, *entries[n:]]

            ends = [
                due(read(*ledger, unit=unit, amount=amount, calendar=calendar))
                for ledger in (entries, longer)
            ]

            assert ends[0] <= ends[1]

    @given(ledgers(), st.sampled_from(sorted(DAY_UNITS)), st.integers(0, 20), calendars)
    def test_suspending_and_resuming_on_one_day_changes_nothing(
        self, entries: list[Entry], unit: Unit, amount: int, calendar: Calendar
    ) -> None:
        at = entries[-1].at
        evening = at.replace(hour=23, minute=59, second=59, microsecond=999_999)
        pause = [Entry(SUSPEND, at), Entry(RESUME, evening)]

        readings = [
            read(*ledger, unit=unit, amount=amount, calendar=calendar)
            for ledger in (entries, [*entries, *pause])
        ]

        assert readings[0].due_at == readings[1].due_at

    @given(ledgers(), st.sampled_from(Unit), st.integers(0, 20), calendars)
    def test_a_stop_and_a_recomputation_move_nothing(
        self, entries: list[Entry], unit: Unit, amount: int, calendar: Calendar
    ) -> None:
        at = entries[-1].at
        before = read(*entries, unit=unit, amount=amount, calendar=calendar)

        after = read(
            *entries,
            Entry(RECOMPUTE, at),
            Entry(STOP, at),
            unit=unit,
            amount=amount,
            calendar=calendar,
        )

        assert after.state == ClockState.STOPPED
        assert (after.due_at, after.provisional) == (before.due_at, before.provisional)


class TestRefusals:
    @pytest.mark.parametrize(
        ("entries", "error", "code"),
        [
            ([], ClockNotStartedError, "clock_not_started"),
            ([Entry(SUSPEND, on(1, 5))], ClockNotStartedError, "clock_not_started"),
            ([Entry(STOP, on(1, 5))], ClockNotStartedError, "clock_not_started"),
            ([Entry(START, on(1, 5))] * 2, ClockAlreadyStartedError, "clock_already_started"),
            (
                [Entry(START, on(1, 5)), Entry(RESUME, on(1, 6))],
                ClockNotSuspendedError,
                "clock_not_suspended",
            ),
            (
                [Entry(START, on(1, 5)), Entry(SUSPEND, on(1, 6)), Entry(SUSPEND, on(1, 7))],
                ClockSuspendedError,
                "clock_suspended",
            ),
            (
                [Entry(START, on(1, 5)), Entry(STOP, on(1, 6)), Entry(EXTEND, on(1, 7), 1)],
                ClockStoppedError,
                "clock_stopped",
            ),
            (
                [Entry(START, on(1, 5)), Entry(SUSPEND, on(1, 4))],
                ClockOutOfOrderError,
                "clock_out_of_order",
            ),
            (
                [Entry(START, datetime(2026, 1, 5))],
                ClockNaiveMomentError,
                "clock_naive_moment",
            ),
            ([Entry(START, on(1, 5), 4)], ClockAmountError, "clock_amount"),
            (
                [Entry(START, on(1, 5)), Entry(EXTEND, on(1, 6))],
                ClockAmountError,
                "clock_amount",
            ),
            (
                [Entry(START, on(1, 5)), Entry(EXTEND, on(1, 6), 0)],
                ClockAmountError,
                "clock_amount",
            ),
            (
                [Entry(START, on(1, 5)), Entry(SUSPEND, on(1, 6), 1)],
                ClockAmountError,
                "clock_amount",
            ),
        ],
    )
    def test_names_what_a_clock_cannot_do(
        self, entries: list[Entry], error: type[ClockRuleError], code: str
    ) -> None:
        with pytest.raises(error) as refusal:
            read(*entries)

        assert refusal.value.code == code
        assert refusal.value.message

    def test_refuses_a_period_below_zero(self) -> None:
        with pytest.raises(ClockAmountError):
            read(Entry(START, on(1, 5)), amount=-1)

    def test_refuses_a_due_moment_after_the_last_day_of_all(self) -> None:
        with pytest.raises(PeriodTooLong):
            read(Entry(START, on(12, 30, year=9999)), amount=1)

    def test_a_start_may_repeat_the_amount_of_the_clock(self) -> None:
        assert read(Entry(START, on(11, 22), 3)).due_at == midnight(11, 26)
