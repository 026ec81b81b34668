"""The sentence that says when a clock is due and why then."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clocks.rules import Entry, fold
from core.clocks.states import LedgerAction, Unit
from core.clocks.wording import (
    ClockNames,
    day_text,
    deadline_text,
    explain_steps,
    period_text,
)
from core.workdays.rules import Calendar
from core.workdays.seed import calendar_from_package, notice_days

SHANGHAI = ZoneInfo("Asia/Shanghai")
NATIONAL = calendar_from_package()
NAMES = ClockNames(
    deed="答复",
    policy="咨询类",
    days={entry.date: entry.name for entry in notice_days() if entry.is_off},
)
START, SUSPEND, RESUME = LedgerAction.START, LedgerAction.SUSPEND, LedgerAction.RESUME
EXTEND, STOP = LedgerAction.EXTEND, LedgerAction.STOP


def on(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def say(
    *entries: Entry,
    unit: Unit = Unit.WORKING_DAYS,
    amount: int = 3,
    calendar: Calendar = NATIONAL,
) -> str:
    reading = fold(entries, unit=unit, amount=amount, calendar=calendar, tz=SHANGHAI)
    return explain_steps(reading, calendar=calendar, names=NAMES)


class TestExplainSteps:
    def test_says_the_day_the_period_and_the_day_not_counted(self) -> None:
        assert say(Entry(START, on(11, 22))) == (
            "预计 11月25日（周三）前答复，咨询类为 3 个工作日；11月22日（周日）当日不计。"
        )

    def test_names_the_rest_days_on_the_way(self) -> None:
        assert say(Entry(START, on(11, 26))) == (
            "预计 12月1日（周二）前答复，咨询类为 3 个工作日；"
            "11月26日（周四）当日不计，11月28日、29日为休息日。"
        )

    def test_names_holidays_and_worked_weekends(self) -> None:
        assert say(Entry(START, on(9, 30))) == (
            "预计 10月10日（周六）前答复，咨询类为 3 个工作日；9月30日（周三）当日不计，"
            "10月1日至7日为国庆节假期，10月10日（周六）为调休工作日。"
        )

    def test_keeps_holidays_and_weekends_in_their_order(self) -> None:
        assert say(Entry(START, on(9, 18)), amount=7) == (
            "预计 9月29日（周二）前答复，咨询类为 7 个工作日；9月18日（周五）当日不计，"
            "9月19日为休息日，9月25日至27日为中秋节假期，9月20日（周日）为调休工作日。"
        )

    def test_counts_weekends_where_they_are_many(self) -> None:
        text = say(Entry(START, on(9, 1)), amount=45)

        assert "其间另有 14 个休息日不计" in text
        assert "9月25日至27日为中秋节假期，10月1日至7日为国庆节假期" in text
        assert "11月7日" not in text

    def test_only_counts_weekends_where_there_is_no_holiday(self) -> None:
        text = say(Entry(START, on(7, 1)), amount=25)

        assert text.endswith("7月1日（周三）当日不计，其间另有 10 个休息日不计。")

    def test_names_the_year_when_it_is_another_and_warns_of_a_notice_to_come(self) -> None:
        assert say(Entry(START, on(12, 24)), amount=7) == (
            "预计 2027年1月4日（周一）前答复，咨询类为 7 个工作日；12月24日（周四）当日不计，"
            "12月26日、27日、2027年1月2日、3日为休息日，相关年份的放假安排公布后，日期可能调整。"
        )

    def test_joins_a_stretch_across_months(self) -> None:
        quiet = NATIONAL.overlay({date(2026, 11, day): True for day in (30, 29, 28, 27)})

        assert "11月27日至30日为休息日" in say(Entry(START, on(11, 26)), calendar=quiet)
        across = quiet.overlay({date(2026, 12, 1): True})
        assert "11月27日至12月1日为休息日" in say(Entry(START, on(11, 26)), calendar=across)

    def test_says_what_is_left_while_suspended(self) -> None:
        assert say(Entry(START, on(11, 22)), Entry(SUSPEND, on(11, 24))) == (
            "已暂停计时，恢复后还剩 1 个工作日，咨询类为 3 个工作日；"
            "11月22日（周日）当日不计，11月24日起暂停计时。"
        )

    def test_tells_of_extensions_and_suspensions(self) -> None:
        text = say(
            Entry(START, on(11, 22)),
            Entry(SUSPEND, on(11, 24)),
            Entry(RESUME, on(11, 26)),
            Entry(EXTEND, on(11, 26), 5),
        )

        assert text.startswith("预计 12月4日（周五）前答复，咨询类为 8 个工作日；")
        assert text.endswith("11月26日延长 5 个工作日，11月24日至11月26日暂停计时。")

    def test_passes_over_a_suspension_that_changed_nothing(self) -> None:
        paused = say(
            Entry(START, on(11, 22)), Entry(SUSPEND, on(11, 24)), Entry(RESUME, on(11, 24, 18))
        )

        assert paused == say(Entry(START, on(11, 22)))

    def test_says_that_a_stopped_clock_has_ended(self) -> None:
        assert say(Entry(START, on(11, 22)), Entry(STOP, on(11, 24))) == (
            "计时已结束，咨询类为 3 个工作日；11月22日（周日）当日不计。"
        )

    def test_says_that_a_last_rest_day_moved_on(self) -> None:
        assert say(Entry(START, on(9, 20)), unit=Unit.CALENDAR_DAYS, amount=15) == (
            "预计 10月8日（周四）前答复，咨询类为 15 日；"
            "9月20日（周日）当日不计，最后一日 10月5日（周一）为休息日，顺延。"
        )

    @pytest.mark.parametrize(
        "entries",
        [
            [Entry(START, on(9, 7))],
            [Entry(START, on(9, 20)), Entry(SUSPEND, on(9, 21)), Entry(RESUME, on(9, 30))],
        ],
    )
    def test_says_nothing_of_moving_where_it_cannot_tell_or_nothing_moved(
        self, entries: list[Entry]
    ) -> None:
        assert "顺延" not in say(*entries, unit=Unit.CALENDAR_DAYS, amount=15)

    def test_gives_the_minute_where_minutes_count(self) -> None:
        assert say(Entry(START, on(11, 22)), unit=Unit.MINUTES, amount=15) == (
            "预计 11月22日（周日） 10:15 前答复，咨询类为 15 分钟。"
        )

    def test_gives_the_minutes_of_a_suspension(self) -> None:
        text = say(
            Entry(START, on(11, 22)),
            Entry(SUSPEND, on(11, 22)),
            Entry(RESUME, on(11, 22, 11)),
            unit=Unit.MINUTES,
            amount=15,
        )

        assert text == (
            "预计 11月22日（周日） 11:15 前答复，咨询类为 15 分钟；"
            "11月22日 10:00 至11月22日 11:00 暂停计时。"
        )


class TestPeriodText:
    @pytest.mark.parametrize(
        ("unit", "text"),
        [
            (Unit.MINUTES, "15 分钟"),
            (Unit.HOURS, "15 小时"),
            (Unit.CALENDAR_DAYS, "15 日"),
            (Unit.WORKING_DAYS, "15 个工作日"),
        ],
    )
    def test_names_the_unit(self, unit: Unit, text: str) -> None:
        assert period_text(15, unit) == text


class TestDayText:
    def test_names_every_day_of_the_week(self) -> None:
        monday = date(2026, 11, 23)

        texts = [day_text(monday + timedelta(days=i), 2026) for i in range(7)]

        assert texts == [
            "11月23日（周一）",
            "11月24日（周二）",
            "11月25日（周三）",
            "11月26日（周四）",
            "11月27日（周五）",
            "11月28日（周六）",
            "11月29日（周日）",
        ]


class TestDeadlineText:
    def test_ends_a_day_at_its_24th_hour(self) -> None:
        assert deadline_text(datetime(2026, 12, 3, tzinfo=UTC)) == "2026-12-02 24:00"

    def test_keeps_a_time_within_the_day(self) -> None:
        assert deadline_text(datetime(2026, 12, 3, 0, 15, tzinfo=UTC)) == "2026-12-03 00:15"

    def test_says_nothing_of_no_deadline(self) -> None:
        assert deadline_text(None) == ""
