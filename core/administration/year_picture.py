"""A year as twelve small tables: what is off, what is worked, in words and not by colour alone."""

from calendar import Calendar as Months
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import dateformat
from django.utils.translation import gettext as _

_MONDAY_FIRST = Months(firstweekday=0)


@dataclass(frozen=True, slots=True)
class Day:
    """One cell: ``mark`` is 休 or 班 on days that differ from their weekday."""

    day: date
    inside: bool
    tone: str
    mark: str
    words: str


@dataclass(frozen=True, slots=True)
class Month:
    """One table."""

    title: str
    weeks: list[list[Day]]


def year_picture(*, year: int, days: Mapping[date, bool], names: Mapping[date, str]) -> list[Month]:
    """Return the months of a year with the named days marked."""
    return [
        Month(
            dateformat.format(date(year, month, 1), _("Y年n月")),
            [
                [_cell(day, month, days, names) for day in week]
                for week in _MONDAY_FIRST.monthdatescalendar(year, month)
            ],
        )
        for month in range(1, 13)
    ]


def _cell(day: date, month: int, days: Mapping[date, bool], names: Mapping[date, str]) -> Day:
    if day.month != month:
        return Day(day, inside=False, tone="", mark="", words="")
    is_off = days.get(day)
    if is_off is None:
        tone = "rest" if day.isoweekday() in {6, 7} else ""
        return Day(day, inside=True, tone=tone, mark="", words="")
    name = names.get(day, "")
    mark = _("休") if is_off else _("班")
    return Day(day, inside=True, tone="off" if is_off else "worked", mark=mark, words=name)
