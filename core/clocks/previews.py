"""Which deadlines another calendar would move. Reads, writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch
from django.utils import timezone

from core.clocks.models import Clock, ClockEntry
from core.clocks.rules import Entry, fold
from core.clocks.states import DAY_UNITS, OPEN_STATES, LedgerAction, Unit
from core.workdays.previews import CalendarOf

MOST_CLOCKS = 2_000


@dataclass(frozen=True, slots=True)
class Move:
    """One open clock whose deadline would be another one."""

    clock: Clock
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What was looked at and what would move; ``cut`` says that more clocks are open."""

    examined: int
    moves: Sequence[Move]
    cut: bool


def preview_moves(*, calendar_of: CalendarOf) -> Preview:
    """Fold the open clocks in days, at most MOST_CLOCKS of them, by another calendar."""
    rows = Clock.objects.filter(state__in=OPEN_STATES, unit__in=DAY_UNITS)
    rows = rows.select_related("region").defer("region__boundary")
    lines = Prefetch("entries", ClockEntry.objects.order_by("number"))
    clocks = list(rows.prefetch_related(lines).order_by("id")[: MOST_CLOCKS + 1])
    cut = len(clocks) > MOST_CLOCKS
    moves = [move for clock in clocks[:MOST_CLOCKS] if (move := _move(clock, calendar_of))]
    return Preview(min(len(clocks), MOST_CLOCKS), moves, cut)


def _move(clock: Clock, calendar_of: CalendarOf) -> Move | None:
    lines = [Entry(LedgerAction(e.action), e.at, e.amount) for e in clock.entries.all()]
    reading = fold(
        lines,
        unit=Unit(clock.unit),
        amount=clock.amount,
        calendar=calendar_of(clock.region),
        tz=timezone.get_default_timezone(),
    )
    if reading.due_at == clock.due_at:
        return None
    return Move(clock, clock.due_at, reading.due_at)
