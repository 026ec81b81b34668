"""The calendars that clocks count by, from the notices in the database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from core.process_cache import ProcessCache
from core.regions.models import Region
from core.workdays.models import HolidayNotice, SpecialDay
from core.workdays.rules import Calendar, settled_until

REMEMBERED_SECONDS = 10
_NOTHING_KNOWN = date.min


@dataclass(frozen=True, slots=True)
class _Book:
    """All notices at one moment, and the calendars made of them so far."""

    national: Calendar
    overlays: Mapping[str, Mapping[date, bool]]
    names: Mapping[str, Mapping[date, str]]
    made: dict[str, Calendar] = field(default_factory=dict)


def calendar_for(region: Region | None) -> Calendar:
    """Return the working-day calendar of a region, or the national one; no statement when warm.

    Overlays of the regions along the path lie on top of the national days, the inner over the
    outer. Only national notices make a year known (see ``Calendar.known_until``).
    """
    book = _book.get()
    if region is None or not book.overlays:
        return book.national
    if region.path not in book.made:
        book.made[region.path] = _with_overlays(book, region.path)
    return book.made[region.path]


def day_names_for(region: Region | None) -> dict[date, str]:
    """Return the names of the days that notices name for a region; no statement when warm."""
    path = region.path if region else ""
    names: dict[date, str] = {}
    for prefix, named in sorted(_book.get().names.items()):
        if path.startswith(prefix):
            names.update(named)
    return names


def forget() -> None:
    """Read the notices again at the next question: another process may have changed them."""
    _book.forget()


def forget_after_commit() -> None:
    """Let this process see changed notices at once; others see them within ten seconds."""
    _book.forget_after_commit()


def known_years(years: Iterable[int], *, this_year: int) -> tuple[int, int] | None:
    """Return the first and last year of the unbroken run of notices that holds ``this_year``.

    Without one, the newest run that ended before it; None when there is none. A notice behind a
    gap settles nothing: what lies in the gap is unknown.
    """
    runs: list[tuple[int, int]] = []
    for year in sorted(set(years)):
        if runs and runs[-1][1] == year - 1:
            runs[-1] = (runs[-1][0], year)
        else:
            runs.append((year, year))
    begun = [run for run in runs if run[0] <= this_year]
    return begun[-1] if begun else None


def _load() -> _Book:
    rows = SpecialDay.objects.values_list("notice__region__path", "day", "is_off", "name")
    days: dict[str, dict[date, bool]] = {}
    names: dict[str, dict[date, str]] = {}
    for path, day, is_off, name in rows.order_by("notice__year", "notice_id", "day"):
        days.setdefault(path or "", {})[day] = is_off
        names.setdefault(path or "", {})[day] = name
    years = HolidayNotice.objects.filter(region__isnull=True).values_list("year", flat=True)
    return _Book(_national(days.pop("", {}), years), days, names)


def _national(days: Mapping[date, bool], years: Iterable[int]) -> Calendar:
    known = known_years(years, this_year=timezone.localdate().year)
    if known is None:
        return Calendar(days, known_until=_NOTHING_KNOWN, known_from=_NOTHING_KNOWN)
    return Calendar(days, known_until=settled_until(known[1]), known_from=date(known[0], 1, 1))


def _with_overlays(book: _Book, path: str) -> Calendar:
    calendar = book.national
    for overlay in sorted(book.overlays):
        if path.startswith(overlay):
            calendar = calendar.overlay(book.overlays[overlay])
    return calendar


_book = ProcessCache(_load, seconds=REMEMBERED_SECONDS)
