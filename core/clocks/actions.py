"""Starting, suspending, resuming, extending, stopping and recomputing clocks, and firing them.

Every action locks the clock row first, appends one line to the ledger and stores what the whole
ledger gives by the calendar of today. So ``state``, ``due_at`` and ``provisional`` of a row are
always those of ``rules.fold``; only ``fired`` (a running clock whose due moment was handled) is
not in the ledger. All run inside the caller's transaction.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from core.accounts.models import User
from core.audit.actions import record
from core.clocks import registry
from core.clocks.models import Clock, ClockEntry, ClockPolicy
from core.clocks.queries import find_policy, fold_ledger
from core.clocks.rules import ClockReading
from core.clocks.states import DAY_UNITS, OPEN_STATES, ClockState, LedgerAction
from core.errors import DomainError
from core.errors import gettext_noop as _
from core.inserts import save_new
from core.regions.models import Region
from core.workdays.queries import forget as forget_calendars

YIELD_AFTER = "250ms"
"""How long a scheduler waits for a row that somebody else holds before it gives way. It is far
below PostgreSQL's deadlock_timeout (1 s), so in a tie the scheduler retreats, not the request."""
BATCH = 500
ROUNDS = 3
_OPEN_ONCE = "clock_one_open_per_kind"
_log = logging.getLogger(__name__)


class ClockAlreadyOpenError(DomainError):
    """A subject has at most one open clock of a kind."""

    code = "clock_already_open"
    message = _("该事项已有同类时限正在计时。")


@dataclass(frozen=True, slots=True)
class Moved:
    """A deadline that a new calendar moved."""

    clock: Clock
    before: datetime | None

    @property
    def after(self) -> datetime | None:
        """Where it is now."""
        return self.clock.due_at


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a recomputation did; ``left`` are clocks that others held: try again later."""

    examined: int
    moved: Sequence[Moved]
    left: int


def start(
    *,
    subject_type: str,
    subject_id: int,
    kind: str,
    policy: ClockPolicy,
    region: Region | None,
    at: datetime,
    by: User | None = None,
    clock_id: int | None = None,
) -> Clock:
    """Start a clock of the length that the policy gives; two INSERTs, nothing else when warm.

    Inside ``core.inserts.together`` the caller gives the clock's id, taken from its sequence.
    The length is copied: a later policy, or a change of this one, never moves the clock. Raises
    ClockAlreadyOpenError, after which the caller's transaction can only be rolled back.
    """
    clock = Clock(
        pk=clock_id,
        subject_type=subject_type,
        subject_id=subject_id,
        kind=kind,
        unit=policy.unit,
        amount=policy.amount,
        policy=policy,
        region=region,
        started_at=at,
    )
    entry = ClockEntry(
        clock=clock, number=1, action=LedgerAction.START, amount=policy.amount, at=at, by=by
    )
    reading = fold_ledger(clock, [entry])
    _take(clock, reading)
    entry.due_at = reading.due_at
    with _open_once(), transaction.atomic(savepoint=False):
        save_new(clock)
        entry.clock = clock
        save_new(entry)
    return clock


def start_for(
    *,
    subject_type: str,
    subject_id: int,
    kind: str,
    subject_kind: str,
    urgency: str,
    region: Region | None,
    at: datetime,
    by: User | None = None,
) -> Clock:
    """Find the policy in force on the local day of ``at`` and start; raises NoPolicyError too."""
    policy = find_policy(
        clock_kind=kind,
        subject_kind=subject_kind,
        urgency=urgency,
        region=region,
        on=timezone.localdate(at),
    )
    return start(
        subject_type=subject_type,
        subject_id=subject_id,
        kind=kind,
        policy=policy,
        region=region,
        at=at,
        by=by,
    )


def suspend(*, clock: Clock, reason: str, at: datetime, by: User | None = None) -> Clock:
    """Let the clock rest. Raises a ClockRuleError where the ledger forbids it."""
    return _append(clock, LedgerAction.SUSPEND, at=at, by=by, reason=reason)


def resume(*, clock: Clock, at: datetime, by: User | None = None, reason: str = "") -> Clock:
    """Let the clock run on with what was left when it was suspended."""
    return _append(clock, LedgerAction.RESUME, at=at, by=by, reason=reason)


def extend(
    *, clock: Clock, amount: int, reason: str, at: datetime, by: User | None = None
) -> Clock:
    """Add ``amount`` of the clock's own unit; a fired clock runs again when that is enough."""
    return _append(clock, LedgerAction.EXTEND, at=at, by=by, amount=amount, reason=reason)


def stop(*, clock: Clock, at: datetime, by: User | None = None, reason: str = "") -> Clock:
    """End the clock, running, suspended or fired; it keeps the due moment that it had."""
    return _append(clock, LedgerAction.STOP, at=at, by=by, reason=reason)


@transaction.atomic
def recompute(*, clock: Clock, at: datetime, by: User | None = None) -> Clock:
    """Store what the ledger gives by the calendar of today; write a line only if that moved."""
    locked = _lock(clock.pk)
    _recompute_locked(locked, at=at, by=by)
    return locked


def recompute_provisional(*, at: datetime, by: User | None = None) -> Recomputed:
    """Recompute the open clocks that wait for a holiday notice; what moved is audited."""
    waiting = Clock.objects.filter(provisional=True, state__in=OPEN_STATES)
    return _recompute_many(waiting, at=at, by=by)


def recompute_open(*, at: datetime, by: User | None = None) -> Recomputed:
    """Recompute every open clock in days, as a changed or local notice needs; audited likewise."""
    counted_in_days = Clock.objects.filter(state__in=OPEN_STATES, unit__in=DAY_UNITS)
    return _recompute_many(counted_in_days, at=at, by=by)


def pop_due(*, at: datetime, limit: int = 100, handlers: registry.Handlers | None = None) -> int:
    """Fire up to ``limit`` clocks that are due, in due order, and return how many fired.

    Each has its own transaction: the row is taken with SKIP LOCKED, its handler runs, the state
    becomes ``fired``. So a clock fires exactly once however many schedulers run, and one whose
    scheduler dies fires in the next round. A clock whose handler fails is logged and stays due;
    it is passed over for the rest of this call, so it holds up no other.
    """
    known = registry.handlers() if handlers is None else handlers
    fired = 0
    failed: list[int] = []
    while fired < limit:
        with transaction.atomic():
            clock = _take_due(at, failed)
            if clock is None:
                break
            fired += _try_to_fire(clock, known, at, failed)
    return fired


def _take_due(at: datetime, failed: Sequence[int]) -> Clock | None:
    """Lock the first due clock that nobody else holds."""
    due = Clock.objects.filter(state=ClockState.RUNNING, due_at__lte=at)
    if failed:
        due = due.exclude(pk__in=failed)
    return due.select_for_update(skip_locked=True).order_by("due_at", "id").first()


def _try_to_fire(
    clock: Clock, handlers: registry.Handlers, at: datetime, failed: list[int]
) -> bool:
    """Fire one clock behind a savepoint; note it as failed when its handler raises."""
    try:
        with transaction.atomic():
            _fire(clock, handlers, at)
    except Exception:  # noqa: BLE001  a handler may fail in any way, the scheduler goes on
        failed.append(clock.pk)
        _log.exception("clock %s did not fire, it stays due", clock.pk)
        return False
    return True


def _fire(clock: Clock, handlers: registry.Handlers, at: datetime) -> None:
    clock.state, clock.fired_at = ClockState.FIRED, at
    clock.save(update_fields=["state", "fired_at"])
    registration = handlers.get((clock.subject_type, clock.kind))
    if registration is not None:
        _give_way()
        registration.due(clock, at)


def _give_way() -> None:
    """Wait only shortly for locks in this transaction: a request in progress goes first."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{YIELD_AFTER}'")


def _recompute_many(queryset: QuerySet[Clock], *, at: datetime, by: User | None) -> Recomputed:
    """Find what would move without locking, then move each in a transaction of its own."""
    forget_calendars()
    examined = 0
    moved: list[Moved] = []
    waiting: list[int] = []
    for batch in _batches(queryset):
        examined += len(batch)
        waiting += _would_move(batch)
    for _round in range(ROUNDS):
        waiting, more = _move_each(waiting, at=at, by=by)
        moved += more
    if moved or waiting:
        record(
            action="clocks.recompute",
            by=by,
            at=at,
            subject_type="core.clock",
            data={"examined": examined, "moved": len(moved), "left": len(waiting)},
        )
    return Recomputed(examined, moved, len(waiting))


def _batches(queryset: QuerySet[Clock]) -> Iterator[list[Clock]]:
    """Yield the clocks with their ledgers, BATCH at a time, in the order of their ids."""
    rows = queryset.select_related("region").defer("region__boundary")
    rows = rows.prefetch_related(Prefetch("entries", ClockEntry.objects.order_by("number")))
    last = 0
    while batch := list(rows.filter(id__gt=last).order_by("id")[:BATCH]):
        yield batch
        last = batch[-1].pk


def _would_move(batch: Sequence[Clock]) -> list[int]:
    return [clock.pk for clock in batch if _differs(clock, fold_ledger(clock, clock.entries.all()))]


def _move_each(
    clock_ids: Sequence[int], *, at: datetime, by: User | None
) -> tuple[list[int], list[Moved]]:
    """Return the ids of clocks that somebody else held, and what moved."""
    held: list[int] = []
    moved: list[Moved] = []
    for clock_id in clock_ids:
        try:
            with transaction.atomic():
                _give_way()
                change = _recompute_locked(_lock(clock_id), at=at, by=by)
        except OperationalError:
            _log.warning("clock %s is held by somebody else", clock_id)
            held.append(clock_id)
        else:
            moved += [change] if change else []
    return held, moved


def _recompute_locked(clock: Clock, *, at: datetime, by: User | None) -> Moved | None:
    entries = list(clock.entries.order_by("number"))
    reading = fold_ledger(clock, entries)
    if clock.state not in OPEN_STATES or not _differs(clock, reading):
        return None
    before = clock.due_at
    line = _line(clock, entries, LedgerAction.RECOMPUTE, at=max(at, entries[-1].at), by=by)
    _write(clock, reading, line)
    return Moved(clock, before)


def _differs(clock: Clock, reading: ClockReading) -> bool:
    return (clock.due_at, clock.provisional) != (reading.due_at, reading.provisional)


@transaction.atomic
def _append(
    clock: Clock,
    action: LedgerAction,
    *,
    at: datetime,
    by: User | None,
    reason: str,
    amount: int | None = None,
) -> Clock:
    """Add a line to the ledger and store what follows; return the locked row."""
    locked = _lock(clock.pk)
    entries = list(locked.entries.order_by("number"))
    line = _line(locked, entries, action, at=at, by=by, amount=amount, reason=reason)
    with _open_once():
        _write(locked, fold_ledger(locked, [*entries, line]), line)
    return locked


def _lock(clock_id: int) -> Clock:
    clocks = Clock.objects.select_for_update(of=("self",)).select_related("region")
    return clocks.defer("region__boundary").get(pk=clock_id)


def _line(
    clock: Clock,
    entries: Sequence[ClockEntry],
    action: LedgerAction,
    *,
    at: datetime,
    by: User | None,
    amount: int | None = None,
    reason: str = "",
) -> ClockEntry:
    return ClockEntry(
        clock=clock,
        number=entries[-1].number + 1,
        action=action,
        amount=amount,
        at=at,
        by=by,
        reason=reason,
    )


def _write(clock: Clock, reading: ClockReading, line: ClockEntry) -> None:
    """Store the line and the reading; tell who keeps a copy of the deadline that it moved."""
    before = clock.due_at
    line.due_at = reading.due_at
    line.save(force_insert=True)
    _take(clock, reading)
    if line.action == LedgerAction.STOP:
        clock.stopped_at = line.at
    clock.save(update_fields=["state", "due_at", "provisional", "fired_at", "stopped_at"])
    if clock.due_at != before and line.action != LedgerAction.STOP:
        registration = registry.handlers().get((clock.subject_type, clock.kind))
        if registration is not None and registration.moved is not None:
            registration.moved(clock, line.at)


def _take(clock: Clock, reading: ClockReading) -> None:
    """Copy a reading onto the row. A clock whose due moment was handled stays fired."""
    clock.state, clock.due_at = reading.state, reading.due_at
    clock.provisional = reading.provisional
    if clock.fired_at is None or reading.state != ClockState.RUNNING:
        return
    if reading.due_at is not None and reading.due_at <= clock.fired_at:
        clock.state = ClockState.FIRED
    else:
        clock.fired_at = None


@contextmanager
def _open_once() -> Iterator[None]:
    """Turn the database's refusal of a second open clock into a domain error."""
    try:
        yield
    except IntegrityError as error:
        if _OPEN_ONCE in str(error):
            raise ClockAlreadyOpenError from error
        raise
