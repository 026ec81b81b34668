"""The hotline's clocks: which one runs between which steps."""

from datetime import datetime

from django.utils import timezone

from core.accounts.models import User
from core.clocks import actions as clocks
from core.clocks.models import Clock
from core.clocks.queries import find_policy
from core.regions.models import Region
from hotline.models import HandlingOrder, Ticket
from hotline.states import ClockKind

TICKET = "hotline.ticket"
ORDER = "hotline.order"


def start_answer_clock(
    *,
    ticket_id: int,
    kind: str,
    urgency: str,
    region: Region,
    at: datetime,
    by: User | None,
    clock_id: int | None = None,
) -> Clock:
    """Start the clock that the citizen is promised; its length is the policy's of that day."""
    policy = find_policy(
        clock_kind=ClockKind.ANSWER,
        subject_kind=kind,
        urgency=urgency,
        region=region,
        on=timezone.localdate(at),
    )
    return clocks.start(
        subject_type=TICKET,
        subject_id=ticket_id,
        kind=ClockKind.ANSWER,
        policy=policy,
        region=region,
        at=at,
        by=by,
        clock_id=clock_id,
    )


def restart_answer_clock(*, ticket: Ticket, at: datetime, by: User | None) -> None:
    """Run a new answer clock from ``at`` and write its due time on the ticket."""
    stop(subject_type=TICKET, subject_id=ticket.pk, kind=ClockKind.ANSWER, at=at, by=by)
    clock = start_answer_clock(
        ticket_id=ticket.pk,
        kind=ticket.kind,
        urgency=ticket.urgency,
        region=ticket.region,
        at=at,
        by=by,
    )
    ticket.answer_due_at = clock.due_at


def start_ticket_clock(*, ticket: Ticket, kind: ClockKind, at: datetime, by: User | None) -> None:
    """Start another clock of a ticket."""
    _start(TICKET, ticket.pk, ticket, kind, at, by)


def start_order_clock(
    *, order: HandlingOrder, kind: ClockKind, at: datetime, by: User | None
) -> None:
    """Start a clock of a handling order."""
    _start(ORDER, order.pk, order.ticket, kind, at, by)


def _start(
    subject_type: str,
    subject_id: int,
    ticket: Ticket,
    kind: ClockKind,
    at: datetime,
    by: User | None,
) -> None:
    policy = find_policy(
        clock_kind=kind,
        subject_kind=ticket.kind,
        urgency=ticket.urgency,
        region=ticket.region,
        on=timezone.localdate(at),
    )
    clocks.start(
        subject_type=subject_type,
        subject_id=subject_id,
        kind=kind,
        policy=policy,
        region=ticket.region,
        at=at,
        by=by,
    )


def stop(
    *, subject_type: str, subject_id: int, kind: ClockKind, at: datetime, by: User | None
) -> None:
    """Stop the running clock of that kind, if there is one; a fired clock stays as it is."""
    clock = Clock.objects.filter(
        subject_type=subject_type,
        subject_id=subject_id,
        kind=kind,
        state__in=["running", "suspended"],
    ).first()
    if clock is not None:
        clocks.stop(clock=clock, at=at, by=by)


def stop_all(*, subject_type: str, subject_id: int, at: datetime, by: User | None) -> None:
    """Stop every running clock of a subject."""
    running = Clock.objects.filter(
        subject_type=subject_type, subject_id=subject_id, state__in=["running", "suspended"]
    )
    for clock in running:
        clocks.stop(clock=clock, at=at, by=by)
