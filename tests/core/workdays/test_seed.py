"""The seed calendar, and its agreement with the State Council notices where they can be read."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from core.workdays.rules import Calendar, is_working_day, parse_notice, settled_until
from core.workdays.seed import calendar_from_package, notice_days

DATA = os.environ.get("TONGBAN_DATA", "")
needs_data = pytest.mark.skipif(
    not (DATA and (Path(DATA) / "holidays").is_dir()),
    reason="TONGBAN_DATA does not name a folder with holidays/20xx.json",
)


class TestCalendarFromPackage:
    def test_covers_whole_years_up_to_the_last_settled_day(self) -> None:
        calendar = calendar_from_package()

        assert calendar.known_from == date(2004, 1, 1)
        assert calendar.known_until == settled_until(max(calendar.days).year)
        assert calendar.known_until >= date(2026, 12, 24)

    def test_names_every_day_in_chinese(self) -> None:
        names = {entry.name for entry in notice_days()}

        assert {"元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"} <= names
        assert not [name for name in names if name.isascii()]

    def test_lists_every_day_once_and_in_order(self) -> None:
        days = [entry.date for entry in notice_days()]

        assert days == sorted(set(days))

    @needs_data
    @pytest.mark.parametrize("year", range(2018, 2027))
    def test_agrees_with_the_notice_of_the_year(self, year: int) -> None:
        text = (Path(DATA) / "holidays" / f"{year}.json").read_text(encoding="utf-8")
        notice = {day.date: day.is_off for day in parse_notice(json.loads(text)["days"])}
        alone = Calendar(notice, date(year, 12, 31), date(year, 1, 1))
        package = calendar_from_package()

        days = [date.fromordinal(o) for o in range(date(year, 1, 1).toordinal(), _last(year))]

        assert len(notice) >= 20
        assert all(is_working_day(d, package) is is_working_day(d, alone) for d in days)
        assert all(is_working_day(d, package) is not off for d, off in notice.items())


def _last(year: int) -> int:
    return settled_until(year).toordinal() + 1
