"""The calendar as it would be with a notice that is not entered yet. Reads, writes nothing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from django.utils import timezone

from core.regions.models import Region
from core.workdays.models import HolidayNotice, SpecialDay
from core.workdays.queries import calendar_for, known_years
from core.workdays.rules import Calendar, NoticeDay, settled_until

CalendarOf = Callable[[Region | None], Calendar]


def calendar_with(*, year: int, region: Region | None, days: Sequence[NoticeDay]) -> CalendarOf:
    """Return what ``calendar_for`` would answer after these days replaced the year's notice.

    A regional notice is laid over the present calendar of its region; where inner regions have
    overlays of their own for the same days, the real calendar lets those win.
    """
    wanted = {day.date: day.is_off for day in days}
    if region is not None:
        place = region
        return _remembering(lambda where: _local(where, place, wanted))
    dropped = SpecialDay.objects.filter(notice__year=year, notice__region__isnull=True)
    national = _national(year, set(dropped.values_list("day", flat=True)), wanted)
    return _remembering(lambda where: _laid_over(where, national))


def _remembering(calendar_of: CalendarOf) -> CalendarOf:
    """Make each region's calendar once."""
    made: dict[str, Calendar] = {}

    def answer(where: Region | None) -> Calendar:
        path = where.path if where else ""
        if path not in made:
            made[path] = calendar_of(where)
        return made[path]

    return answer


def _national(year: int, dropped: set[date], wanted: Mapping[date, bool]) -> Calendar:
    present = calendar_for(None)
    kept = {day: off for day, off in present.days.items() if day not in dropped}
    years = HolidayNotice.objects.filter(region__isnull=True).values_list("year", flat=True)
    known = known_years([*years, year], this_year=timezone.localdate().year)
    if known is None:
        return Calendar(
            {**kept, **wanted}, known_until=present.known_until, known_from=present.known_from
        )
    return Calendar(
        {**kept, **wanted}, known_until=settled_until(known[1]), known_from=date(known[0], 1, 1)
    )


def _laid_over(where: Region | None, national: Calendar) -> Calendar:
    """Lay what a region's calendar has beyond the national one over the new national one."""
    before, local = calendar_for(None), calendar_for(where)
    own = {day: off for day, off in local.days.items() if before.days.get(day) != off}
    return national.overlay(own) if own else national


def _local(where: Region | None, place: Region, wanted: Mapping[date, bool]) -> Calendar:
    calendar = calendar_for(where)
    inside = where is not None and where.path.startswith(place.path)
    return calendar.overlay(wanted) if inside else calendar
