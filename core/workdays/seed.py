"""The holiday notices of the State Council as the ``chinesecalendar`` package records them."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from chinese_calendar import constants

from core.workdays.rules import Calendar, NoticeDay, settled_until

_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利 70 周年纪念日",
}


@cache
def notice_days() -> tuple[NoticeDay, ...]:
    """Return every day that the package names, in order, with the holiday's Chinese name."""
    off = _days(constants.holidays, is_off=True)
    worked = _days(constants.workdays, is_off=False)
    return tuple(sorted(off + worked, key=lambda entry: entry.date))


@cache
def calendar_from_package() -> Calendar:
    """Return the national calendar for the years the package knows.

    It begins with the package's first year and ends on the last day that its last notice settles,
    not on 31 December (see :func:`core.workdays.rules.settled_until`).
    """
    days = {entry.date: entry.is_off for entry in notice_days()}
    return Calendar(
        days, known_until=settled_until(max(days).year), known_from=date(min(days).year, 1, 1)
    )


def _days(names: Mapping[date, str], *, is_off: bool) -> list[NoticeDay]:
    return [NoticeDay(day, is_off, _NAMES.get(name, name)) for day, name in names.items()]
