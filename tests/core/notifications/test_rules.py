"""Quiet hours and back-off on plain values."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.notifications.rules import LONGEST_DELAY, delay_after, is_quiet, next_opening

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = (22, 8)
moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC)
)
hours = st.tuples(st.integers(0, 23), st.integers(0, 23))


class TestQuietHours:
    @pytest.mark.parametrize(
        ("hour", "minute", "quiet"),
        [(21, 59, False), (22, 0, True), (0, 0, True), (7, 59, True), (8, 0, False)],
    )
    def test_are_half_open_and_cross_midnight(self, hour: int, minute: int, quiet: bool) -> None:
        at = datetime(2026, 11, 23, hour, minute, tzinfo=SHANGHAI)

        assert is_quiet(at, NIGHT) is quiet

    def test_follow_the_clock_of_shanghai_not_of_the_caller(self) -> None:
        assert is_quiet(datetime(2026, 11, 23, 15, 0, tzinfo=UTC), NIGHT)

    def test_equal_ends_mean_none(self) -> None:
        assert not is_quiet(datetime(2026, 11, 23, 3, tzinfo=SHANGHAI), (8, 8))


class TestNextOpening:
    @pytest.mark.parametrize(("day", "hour"), [(23, 23), (24, 1)])
    def test_is_the_morning_after_either_side_of_midnight(self, day: int, hour: int) -> None:
        at = datetime(2026, 11, day, hour, 30, tzinfo=SHANGHAI)

        assert next_opening(at, NIGHT) == datetime(2026, 11, 24, 8, 0, tzinfo=SHANGHAI)

    @given(at=moments, period=hours)
    def test_is_never_quiet_never_earlier_and_within_a_day(
        self, at: datetime, period: tuple[int, int]
    ) -> None:
        opening = next_opening(at, period)

        assert not is_quiet(opening, period)
        assert at <= opening <= at + timedelta(days=1)


class TestDelay:
    def test_doubles_up_to_a_limit(self) -> None:
        delays = [delay_after(attempts) for attempts in range(1, 10)]

        assert delays[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
        assert delays[-1] == LONGEST_DELAY
        assert delays == sorted(delays)
