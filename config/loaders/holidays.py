"""The national holiday notices of the years that the calendar package knows."""

from collections import defaultdict
from datetime import date, datetime
from importlib.metadata import version

from django.db import transaction
from django.utils.translation import gettext as _

from config.loaders.outcome import Loaded
from core.workdays.actions import announce_change, enter_notice
from core.workdays.models import HolidayNotice
from core.workdays.rules import NoticeDay, settled_until
from core.workdays.seed import notice_days


@transaction.atomic
def load_holidays(*, at: datetime) -> Loaded:
    """Enter one national notice a year, except for years that have one already."""
    present = set(HolidayNotice.objects.filter(region__isnull=True).values_list("year", flat=True))
    years = _by_year()
    missing = sorted(set(years) - present)
    for year in missing:
        enter_notice(year=year, days=years[year], source=_source(year), region=None, by=None, at=at)
    if missing:
        announce_change(at=at)
    return Loaded(_("节假日安排"), len(missing), len(present))


def _by_year() -> dict[int, list[NoticeDay]]:
    """Give each day to the notice that named it: the last week of a year is the next one's."""
    days = notice_days()
    last_year = max(day.date for day in days).year
    years: dict[int, list[NoticeDay]] = defaultdict(list)
    for day in days:
        years[min(_notice_year(day.date), last_year)].append(day)
    return years


def _notice_year(day: date) -> int:
    return day.year + 1 if day > settled_until(day.year) else day.year


def _source(year: int) -> str:
    return (
        f"国务院办公厅关于{year}年部分节假日安排的通知"
        f"（据 chinesecalendar {version('chinesecalendar')} 整理）"
    )
