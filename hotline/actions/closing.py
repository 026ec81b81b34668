"""回访, 评价 and 审核: the loop closes with the citizen's verdict, or without one for a reason."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from core.accounts.models import User
from core.audit.actions import record
from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _
from hotline import policies
from hotline.actions import promises
from hotline.actions.handling import reissue_orders
from hotline.machines import TICKETS
from hotline.models import CallbackAttempt, Evaluation, EvaluationChannel, Ticket
from hotline.rules.intake import clean_text
from hotline.states import CallbackResult, ClockKind, Satisfaction, Solved, TicketState

AWAITING_VERDICT = frozenset({TicketState.REPLIED, TicketState.CALLBACK_DUE})
UNREACHED_LIMIT = 3
NOTE_MAX = 500
COMMENT_MAX = 1_000


class AlreadyEvaluatedError(DomainError):
    """One verdict a round (一事一评)."""

    code = "already_evaluated"
    message = _("这次办理已经评价过了，谢谢您。")


class NotAnsweredYetError(DomainError):
    """There is nothing to evaluate before the answer."""

    code = "not_answered_yet"
    message = _("答复之后才能评价。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Solved? and satisfied? are two answers; satisfaction 1 is best (GB/T 39046 A.8)."""

    solved: str
    satisfaction: int
    comment: str = ""


@transaction.atomic
def demand_callback(*, ticket_id: int, at: datetime) -> None:
    """The self-evaluation period is over: a person calls back. Fired by the clock."""
    ticket = TICKETS.lock(by=None, pk=ticket_id, related=("region",))
    if ticket.state != TicketState.REPLIED:
        return
    TICKETS.fire(ticket, "demand_callback", by=None, at=at)
    promises.start_ticket_clock(ticket=ticket, kind=ClockKind.CALLBACK, at=at, by=None)


@transaction.atomic
def record_callback(
    *,
    ticket_no: str,
    result: str,
    by: User,
    at: datetime,
    note: str = "",
    verdict: Verdict | None = None,
    next_at: datetime | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """Log one call-back attempt; a reached citizen's verdict closes or sends to review.

    After UNREACHED_LIMIT failed attempts, or when the citizen declines, the ticket closes without
    a verdict: it counts as not evaluated, never as satisfied.
    """
    _check_attempt(result, note, verdict)
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    policies.check_can_call_back(by, ticket)
    if ticket.state not in AWAITING_VERDICT:
        raise NotAnsweredYetError
    CallbackAttempt.objects.create(
        ticket=ticket,
        round=ticket.rounds,
        result=result,
        note=clean_text(note),
        next_at=next_at,
        by=by,
        at=at,
    )
    record(action="ticket.callback", by=by, at=at, subject_type=TICKETS.name, subject_id=ticket.no)
    if verdict is not None:
        return _conclude(ticket, verdict, EvaluationChannel.CALL_BACK, by, at, expected_version)
    if result == CallbackResult.DECLINED or _unreached(ticket) >= UNREACHED_LIMIT:
        return _close(ticket, by=by, at=at, expected_version=expected_version)
    TICKETS.announce(ticket, "callback_attempted", at=at)
    return ticket


def _check_attempt(result: str, note: str, verdict: Verdict | None) -> None:
    errors: dict[str, list[str]] = {}
    if result not in CallbackResult.values:
        errors["result"] = [_("请选择回访结果。")]
    if len(note) > NOTE_MAX:
        errors["note"] = [gettext("备注最多 %(most)d 个字。") % {"most": NOTE_MAX}]
    if result == CallbackResult.REACHED and verdict is None:
        errors["satisfaction"] = [_("接通后请记录是否解决和满意度。")]
    if result != CallbackResult.REACHED and verdict is not None:
        errors["result"] = [_("没有接通就没有评价，请核对回访结果。")]
    if errors:
        raise InvalidError(fields=errors)


def _unreached(ticket: Ticket) -> int:
    return ticket.callbacks.filter(
        round=ticket.rounds,
        result__in=[
            CallbackResult.NO_ANSWER,
            CallbackResult.BUSY,
            CallbackResult.WRONG_NUMBER,
        ],
    ).count()


@transaction.atomic
def evaluate_ticket(*, ticket: Ticket, verdict: Verdict, by: User | None, at: datetime) -> Ticket:
    """Take the citizen's own verdict online. The caller proved to be the citizen: it is theirs
    by account (``by``), or they gave number and query code (``by`` None)."""
    ticket = TICKETS.lock(by=None, pk=ticket.pk, related=("region",))
    if ticket.state not in AWAITING_VERDICT:
        done = ticket.evaluations.filter(round=ticket.rounds).exists()
        raise AlreadyEvaluatedError if done else NotAnsweredYetError
    return _conclude(ticket, verdict, EvaluationChannel.ONLINE, by, at, None)


def _conclude(
    ticket: Ticket,
    verdict: Verdict,
    channel: EvaluationChannel,
    by: User | None,
    at: datetime,
    expected_version: int | None,
) -> Ticket:
    evaluation = _save_evaluation(ticket, verdict, channel, by, at)
    if not evaluation.is_bad:
        return _close(ticket, by=by, at=at, expected_version=expected_version)
    TICKETS.fire(ticket, "ask_review", by=by, at=at, expected_version=expected_version)
    _stop_waiting(ticket, by=by, at=at)
    return ticket


def _save_evaluation(
    ticket: Ticket,
    verdict: Verdict,
    channel: EvaluationChannel,
    by: User | None,
    at: datetime,
) -> Evaluation:
    errors: dict[str, list[str]] = {}
    if verdict.solved not in Solved.values:
        errors["solved"] = [_("请选择问题是否解决。")]
    if verdict.satisfaction not in Satisfaction.values:
        errors["satisfaction"] = [_("请选择满意程度（1 为非常满意，5 为非常不满意）。")]
    if len(verdict.comment) > COMMENT_MAX:
        errors["comment"] = [gettext("意见最多 %(most)d 个字。") % {"most": COMMENT_MAX}]
    if errors:
        raise InvalidError(fields=errors)
    try:
        with transaction.atomic():
            return Evaluation.objects.create(
                ticket=ticket,
                round=ticket.rounds,
                solved=verdict.solved,
                satisfaction=verdict.satisfaction,
                comment=clean_text(verdict.comment),
                channel=channel,
                by=by,
                at=at,
            )
    except IntegrityError as error:
        raise AlreadyEvaluatedError from error


def _close(
    ticket: Ticket, *, by: User | None, at: datetime, expected_version: int | None
) -> Ticket:
    TICKETS.fire(ticket, "close", by=by, at=at, expected_version=expected_version)
    _stop_waiting(ticket, by=by, at=at)
    return ticket


def _stop_waiting(ticket: Ticket, *, by: User | None, at: datetime) -> None:
    promises.stop_all(subject_type=promises.TICKET, subject_id=ticket.pk, at=at, by=by)


@transaction.atomic
def close_after_review(
    *, ticket_no: str, reason: str, by: User, at: datetime, expected_version: int | None = None
) -> Ticket:
    """The auditor found the handling lawful and complete; the reason is told to the citizen."""
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    TICKETS.fire(
        ticket,
        "close_after_review",
        by=by,
        at=at,
        expected_version=expected_version,
        reason=clean_text(reason),
    )
    record(action="ticket.review", by=by, at=at, subject_type=TICKETS.name, subject_id=ticket.no)
    return ticket


@transaction.atomic
def order_redo(
    *, ticket_no: str, reason: str, by: User, at: datetime, expected_version: int | None = None
) -> Ticket:
    """Send the matter to its units once more, with a new deadline and a new round."""
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    reason = clean_text(reason)
    TICKETS.fire(ticket, "redo", by=by, at=at, expected_version=expected_version, reason=reason)
    promises.restart_answer_clock(ticket=ticket, at=at, by=by)
    ticket.save(update_fields=["answer_due_at"])
    reissue_orders(ticket=ticket, reason=reason, by=by, at=at)
    record(action="ticket.redo", by=by, at=at, subject_type=TICKETS.name, subject_id=ticket.no)
    return ticket
