"""Working days: the law's cases, and arithmetic that cannot contradict itself."""

import pickle
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.workdays.rules import (
    BadNotice,
    Calendar,
    DoubleDay,
    InvalidWorkday,
    NegativePeriod,
    NoticeDay,
    PeriodTooLong,
    add_calendar_days,
    add_working_days,
    is_working_day,
    parse_notice,
    rest_days_between,
    roll_to_working_day,
    settled_until,
    working_days_between,
)
from core.workdays.seed import calendar_from_package

NATIONAL = calendar_from_package()
DAY = timedelta(days=1)

days = st.dates(date(2003, 6, 1), date(2030, 12, 31))
calendars = st.builds(
    lambda extra, begin, length: Calendar(
        extra, known_until=begin + timedelta(days=length), known_from=begin
    ),
    st.dictionaries(st.dates(date(2025, 1, 1), date(2026, 12, 31)), st.booleans(), max_size=60),
    st.dates(date(2025, 1, 1), date(2025, 6, 1)),
    st.integers(0, 600),
)
near = st.dates(date(2024, 12, 1), date(2027, 2, 1))


def walk(start: date, n: int, calendar: Calendar) -> date:
    """Count day by day, as a clerk with a wall calendar would."""
    day = start
    while n:
        day += DAY
        n -= is_working_day(day, calendar)
    return day


class TestIsWorkingDay:
    @pytest.mark.parametrize(
        ("day", "worked"),
        [
            (date(2026, 9, 30), True),
            (date(2026, 10, 1), False),
            (date(2026, 10, 4), False),
            (date(2026, 10, 10), True),
            (date(2026, 10, 11), False),
            (date(2026, 2, 14), True),
            (date(2026, 2, 21), False),
            (date(2025, 1, 26), True),
        ],
    )
    def test_obeys_notices_before_weekdays(self, day: date, worked: bool) -> None:
        assert is_working_day(day, NATIONAL) is worked

    def test_falls_back_to_weekends_beyond_the_notices(self) -> None:
        assert is_working_day(date(2031, 10, 1), NATIONAL)
        assert not is_working_day(date(2031, 10, 4), NATIONAL)


class TestAddWorkingDays:
    @pytest.mark.parametrize(
        ("start", "n", "end"),
        [
            (date(2026, 9, 30), 3, date(2026, 10, 10)),
            (date(2026, 2, 13), 5, date(2026, 2, 27)),
            (date(2026, 2, 13), 20, date(2026, 3, 19)),
            (date(2026, 4, 30), 5, date(2026, 5, 11)),
            (date(2026, 9, 18), 7, date(2026, 9, 29)),
            (date(2025, 9, 30), 3, date(2025, 10, 11)),
            (date(2026, 1, 1), 2, date(2026, 1, 5)),
            (date(2026, 10, 10), 1, date(2026, 10, 12)),
            (date(2026, 9, 21), 15, date(2026, 10, 19)),
        ],
    )
    def test_gives_the_dates_of_the_law(self, start: date, n: int, end: date) -> None:
        result = add_working_days(start, n, NATIONAL)

        assert result.date == end
        assert not result.provisional

    @pytest.mark.parametrize(
        ("start", "end"),
        [(date(2026, 9, 30), date(2026, 9, 30)), (date(2026, 10, 1), date(2026, 10, 8))],
    )
    def test_no_days_end_on_the_day_itself_or_the_next_worked_one(
        self, start: date, end: date
    ) -> None:
        assert add_working_days(start, 0, NATIONAL).date == end

    def test_refuses_less_than_no_days(self) -> None:
        with pytest.raises(NegativePeriod) as refusal:
            add_working_days(date(2026, 1, 1), -1, NATIONAL)

        assert refusal.value.code == "workday_negative_period"

    @pytest.mark.parametrize(
        ("start", "n"), [(date(9999, 12, 30), 2), (date(2026, 1, 1), 10**18), (date.max, 1)]
    )
    def test_refuses_to_leave_the_calendar(self, start: date, n: int) -> None:
        with pytest.raises(PeriodTooLong) as refusal:
            add_working_days(start, n, NATIONAL)

        assert refusal.value.code == "workday_period_too_long"

    def test_reaches_the_very_last_day(self) -> None:
        assert add_working_days(date(9999, 12, 30), 1, NATIONAL).date == date.max

    def test_agrees_with_ten_thousand_days_counted_one_by_one(self) -> None:
        start = date(2004, 1, 1)

        assert add_working_days(start, 10_000, NATIONAL).date == walk(start, 10_000, NATIONAL)

    @pytest.mark.parametrize(
        ("start", "n", "provisional"),
        [
            (date(2026, 12, 21), 3, False),
            (date(2026, 12, 21), 4, True),
            (date(2026, 12, 24), 1, True),
            (date(2027, 3, 1), 1, True),
            (date(2003, 12, 30), 1, True),
            (date(2003, 12, 31), 1, False),
            (date(2026, 12, 24), 0, False),
        ],
    )
    def test_is_provisional_as_soon_as_one_counted_day_is_not_settled(
        self, start: date, n: int, provisional: bool
    ) -> None:
        assert add_working_days(start, n, NATIONAL).provisional is provisional

    @pytest.mark.slow
    @given(near, st.integers(1, 200), calendars)
    def test_agrees_with_counting_day_by_day(self, start: date, n: int, calendar: Calendar) -> None:
        result = add_working_days(start, n, calendar)

        counted = [start + DAY * i for i in range(1, (result.date - start).days + 1)]
        unknown = [d for d in counted if not calendar.known_from <= d <= calendar.known_until]
        assert result.date == walk(start, n, calendar)
        assert result.provisional == bool(unknown)

    @pytest.mark.slow
    @given(near, st.integers(0, 200), calendars)
    def test_never_ends_on_a_rest_day_and_never_before_a_shorter_period(
        self, start: date, n: int, calendar: Calendar
    ) -> None:
        ends = [add_working_days(start, k, calendar).date for k in (n, n + 1)]

        assert all(is_working_day(end, calendar) for end in ends)
        assert start <= ends[0] <= ends[1]

    @pytest.mark.slow
    @given(near, st.integers(0, 60), calendars)
    def test_a_later_start_never_ends_earlier(
        self, start: date, n: int, calendar: Calendar
    ) -> None:
        ends = [add_working_days(start + DAY * i, n, calendar).date for i in range(8)]

        assert all(a <= b for a, b in pairwise(ends))


class TestWorkingDaysBetween:
    def test_counts_the_last_day_and_not_the_first(self) -> None:
        assert working_days_between(date(2026, 9, 30), date(2026, 10, 10), NATIONAL) == 3
        assert working_days_between(date(2026, 9, 30), date(2026, 9, 30), NATIONAL) == 0

    def test_is_negative_backwards(self) -> None:
        assert working_days_between(date(2026, 10, 10), date(2026, 9, 30), NATIONAL) == -3

    @pytest.mark.slow
    @given(near, st.integers(1, 200), calendars)
    def test_undoes_adding(self, start: date, n: int, calendar: Calendar) -> None:
        end = add_working_days(start, n, calendar).date

        assert working_days_between(start, end, calendar) == n

    @pytest.mark.slow
    @given(near, near, near, calendars)
    def test_adds_up_over_a_day_in_between(
        self, a: date, b: date, c: date, calendar: Calendar
    ) -> None:
        parts = working_days_between(a, b, calendar) + working_days_between(b, c, calendar)

        assert parts == working_days_between(a, c, calendar)


class TestRollToWorkingDay:
    @pytest.mark.parametrize(
        ("day", "end"),
        [
            (date(2026, 10, 10), date(2026, 10, 10)),
            (date(2026, 10, 3), date(2026, 10, 8)),
            (date(2026, 2, 15), date(2026, 2, 24)),
        ],
    )
    def test_moves_a_rest_day_to_the_next_working_day(self, day: date, end: date) -> None:
        assert roll_to_working_day(day, NATIONAL).date == end

    def test_is_provisional_where_the_day_or_its_successor_is_not_settled(self) -> None:
        assert roll_to_working_day(date(2027, 1, 1), NATIONAL).provisional
        assert not roll_to_working_day(date(2026, 12, 19), NATIONAL).provisional


class TestAddCalendarDays:
    @pytest.mark.parametrize(
        ("start", "n", "end"),
        [
            (date(2026, 9, 20), 15, date(2026, 10, 8)),
            (date(2026, 9, 25), 15, date(2026, 10, 10)),
            (date(2026, 11, 1), 60, date(2026, 12, 31)),
            (date(2026, 11, 22), 0, date(2026, 11, 23)),
        ],
    )
    def test_counts_every_day_and_moves_only_the_last(self, start: date, n: int, end: date) -> None:
        assert add_calendar_days(start, n, NATIONAL).date == end

    def test_only_the_last_day_has_to_be_settled(self) -> None:
        assert not add_calendar_days(date(2003, 12, 1), 60, NATIONAL).provisional
        assert add_calendar_days(date(2026, 11, 1), 60, NATIONAL).provisional

    def test_refuses_less_than_no_days(self) -> None:
        with pytest.raises(NegativePeriod):
            add_calendar_days(date(2026, 1, 1), -1, NATIONAL)

    @pytest.mark.parametrize("n", [3_000_000, 10**18])
    def test_refuses_to_leave_the_calendar(self, n: int) -> None:
        with pytest.raises(PeriodTooLong):
            add_calendar_days(date(2026, 1, 1), n, NATIONAL)

    @pytest.mark.slow
    @given(near, st.integers(0, 200), calendars)
    def test_ends_on_the_first_worked_day_from_the_last_on(
        self, start: date, n: int, calendar: Calendar
    ) -> None:
        end = add_calendar_days(start, n, calendar).date
        last = start + n * DAY

        assert is_working_day(end, calendar)
        assert not any(is_working_day(last + DAY * i, calendar) for i in range((end - last).days))


class TestRestDaysBetween:
    def test_lists_the_days_off_strictly_between(self) -> None:
        found = rest_days_between(date(2026, 10, 7), date(2026, 10, 18), NATIONAL)

        assert found == [date(2026, 10, 11), date(2026, 10, 17)]


class TestCalendar:
    def test_an_overlay_adds_local_holidays_and_leaves_the_original_alone(self) -> None:
        local = NATIONAL.overlay({date(2026, 11, 20): True, date(2026, 11, 21): False})

        assert add_working_days(date(2026, 11, 19), 1, local).date == date(2026, 11, 21)
        assert add_working_days(date(2026, 11, 19), 1, NATIONAL).date == date(2026, 11, 20)
        assert (local.known_from, local.known_until) == (NATIONAL.known_from, NATIONAL.known_until)

    def test_an_overlay_wins_over_the_notice(self) -> None:
        local = NATIONAL.overlay({date(2026, 10, 1): False})

        assert is_working_day(date(2026, 10, 1), local)

    def test_does_not_follow_later_changes_of_the_mapping_it_was_made_from(self) -> None:
        source = {date(2026, 11, 20): True}
        calendar = Calendar(source, date(2026, 12, 31), date(2026, 1, 1))

        source[date(2026, 11, 20)] = False

        assert not is_working_day(date(2026, 11, 20), calendar)

    def test_refuses_to_end_before_it_begins(self) -> None:
        with pytest.raises(InvalidWorkday) as refusal:
            Calendar({}, known_until=date(2026, 1, 1), known_from=date(2026, 1, 2))

        assert refusal.value.code == "workday_invalid"

    def test_survives_a_cache(self) -> None:
        add_working_days(date(2026, 9, 30), 3, NATIONAL)

        copy = pickle.loads(pickle.dumps(NATIONAL))

        assert copy == NATIONAL
        assert hash(copy) == hash(NATIONAL)
        assert add_working_days(date(2026, 9, 30), 3, copy).date == date(2026, 10, 10)


class TestSettledUntil:
    def test_leaves_the_last_week_to_the_following_notice(self) -> None:
        assert settled_until(2026) == date(2026, 12, 24)


class TestParseNotice:
    def test_reads_rows_in_any_order_and_spelling(self) -> None:
        rows: list[dict[str, object]] = [
            {"date": " 2026-10-10 ", "isOffDay": False, "name": "国庆节"},
            {"date": date(2026, 10, 1), "isOffDay": "休", "name": " 国庆节 "},
            {"date": datetime(2026, 10, 2, 8), "isOffDay": "TRUE"},
        ]

        assert parse_notice(rows) == (
            NoticeDay(date(2026, 10, 1), True, "国庆节"),
            NoticeDay(date(2026, 10, 2), True, ""),
            NoticeDay(date(2026, 10, 10), False, "国庆节"),
        )

    @pytest.mark.parametrize(
        "row",
        [
            {},
            {"date": "2026-10-01"},
            {"date": "2026-10-01", "isOffDay": "maybe"},
            {"date": "2026-02-30", "isOffDay": True},
            {"date": None, "isOffDay": True},
            {"isOffDay": True},
        ],
    )
    def test_refuses_a_row_by_its_number(self, row: dict[str, object]) -> None:
        with pytest.raises(BadNotice) as refusal:
            parse_notice([{"date": "2026-01-01", "isOffDay": True}, row])

        assert refusal.value.code == "holiday_notice_row"
        assert refusal.value.details == {"row": 2}

    def test_refuses_a_day_named_twice(self) -> None:
        with pytest.raises(DoubleDay) as refusal:
            parse_notice([{"date": "2026-01-01", "isOffDay": off} for off in (True, False)])

        assert refusal.value.code == "holiday_notice_double_day"
        assert refusal.value.details == {"row": 2}
