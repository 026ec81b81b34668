"""Which policy applies, which clock runs, and why it is due then."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from core.clocks import registry
from core.clocks.models import Clock, ClockEntry, ClockPolicy
from core.clocks.rules import ClockReading, Entry, fold
from core.clocks.states import OPEN_STATES, LedgerAction, Unit
from core.clocks.wording import ClockNames, explain_steps
from core.errors import DomainError, NotFoundError
from core.errors import gettext_noop as _
from core.process_cache import ProcessCache
from core.regions.models import Region
from core.workdays.queries import calendar_for, day_names_for

REMEMBERED_SECONDS = 10


class NoPolicyError(DomainError):
    """No policy gives this clock a length. A city must have one: see ``load_reference``."""

    code = "no_clock_policy"
    message = _("没有适用的时限政策，请先在后台维护时限政策。")


class NoOpenClockError(NotFoundError):
    """No clock of this kind is open on the subject."""

    code = "no_open_clock"
    message = _("没有正在计时的时限。")


def _load_policies() -> dict[str, list[ClockPolicy]]:
    policies: dict[str, list[ClockPolicy]] = {}
    rows = ClockPolicy.objects.select_related("region").defer("region__boundary")
    for policy in rows.order_by("id"):
        policies.setdefault(policy.clock_kind, []).append(policy)
    return policies


_policies = ProcessCache(_load_policies, seconds=REMEMBERED_SECONDS)


def forget_policies_after_commit() -> None:
    """Let this process see changed policies at once; others see them within ten seconds."""
    _policies.forget_after_commit()


def find_policy(
    *, clock_kind: str, subject_kind: str, urgency: str, region: Region | None, on: date
) -> ClockPolicy:
    """Return the policy in force on a day, or raise NoPolicyError; no statement when warm.

    Among the policies that fit and are in force, the most specific one wins, compared in this
    order: the nearest region over an outer one over any; the same urgency over any; the same
    kind of subject over any; at last the later effective date. So a newer general policy never
    replaces an older special one. The row is shared: read it, never change it.
    """
    path = region.path if region else ""
    fitting = [
        policy
        for policy in _policies.get().get(clock_kind, ())
        if policy.effective_date <= on and _fits(policy, subject_kind, urgency, path)
    ]
    if not fitting:
        raise NoPolicyError(clock_kind=clock_kind, subject_kind=subject_kind, on=on.isoformat())
    return max(fitting, key=_precedence)


def _fits(policy: ClockPolicy, subject_kind: str, urgency: str, path: str) -> bool:
    return (
        policy.subject_kind in {"", subject_kind}
        and policy.urgency in {"", urgency}
        and (policy.region is None or path.startswith(policy.region.path))
    )


def _precedence(policy: ClockPolicy) -> tuple[int, bool, bool, date]:
    nearness = len(policy.region.path) if policy.region else 0
    return nearness, bool(policy.urgency), bool(policy.subject_kind), policy.effective_date


def get_open_clock(*, subject_type: str, subject_id: int, kind: str) -> Clock:
    """Return the one clock of this kind that runs or is suspended, or raise NoOpenClockError."""
    clock = Clock.objects.filter(
        subject_type=subject_type, subject_id=subject_id, kind=kind, state__in=OPEN_STATES
    ).first()
    if clock is None:
        raise NoOpenClockError
    return clock


def list_clocks(*, subject_type: str, subject_ids: Sequence[int]) -> list[Clock]:
    """Return every clock of some subjects with its policy, oldest first."""
    clocks = Clock.objects.filter(subject_type=subject_type, subject_id__in=subject_ids)
    return list(clocks.select_related("policy").order_by("id"))


def fold_ledger(clock: Clock, entries: Iterable[ClockEntry]) -> ClockReading:
    """Return what a clock's ledger gives by the calendar of today; no statement when warm."""
    lines = [Entry(LedgerAction(line.action), line.at, line.amount) for line in entries]
    return fold(
        lines,
        unit=Unit(clock.unit),
        amount=clock.amount,
        calendar=calendar_for(clock.region),
        tz=timezone.get_default_timezone(),
    )


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a clock is due when it is.

    ``sentence`` is for everybody, ``source`` names the decree behind the length (or says that it
    is only a default), ``provisional`` that a notice not out yet may move the day.
    """

    sentence: str
    source: str
    due_at: datetime | None
    provisional: bool


def explain(clock: Clock) -> Explanation:
    """Say in words when the clock is due and why then; one statement for the ledger.

    Two more where ``region`` and ``policy`` were not selected with the clock.
    """
    reading = fold_ledger(clock, clock.entries.order_by("number"))
    policy = clock.policy
    words = registry.words()
    sentence = explain_steps(
        reading,
        calendar=calendar_for(clock.region),
        names=ClockNames(
            deed=words.deed(clock.kind),
            policy=words.policy(policy.subject_kind if policy else ""),
            days=day_names_for(clock.region),
        ),
    )
    source = policy.source if policy else ""
    return Explanation(sentence, source, reading.due_at, reading.provisional)
