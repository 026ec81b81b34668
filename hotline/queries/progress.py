"""What a citizen may know of a ticket: where it stands in plain words, who holds it, what is next.

A ticket opens to who proves to be its citizen: number and query code, number and the phone number
given at registration, or the account that raised it. Number alone opens nothing. Every refusal is
the same NotFoundError, whether the ticket is absent or the proof is wrong.
"""

import hmac
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Organisation, User
from core.clocks.models import Clock
from core.clocks.queries import explain, list_clocks
from core.clocks.wording import day_text
from core.errors import NotFoundError
from core.transitions.models import TransitionLog
from hotline.models import (
    CallbackAttempt,
    Contact,
    HandlingOrder,
    Note,
    NoteKind,
    Reply,
    Supplement,
    Ticket,
)
from hotline.policies import can_fire_ticket
from hotline.states import (
    FINAL_TICKET_STATES,
    CallbackResult,
    ClockKind,
    MatterKind,
    OrderRole,
    OrderState,
    TicketState,
)

TICKET = "hotline.ticket"
ORDER = "hotline.order"
INPUT_MAX = 60
AWAITING_CITIZEN = (TicketState.REPLIED, TicketState.CALLBACK_DUE)
_NUMBER = re.compile(r"[0-9]{21}\Z")
_INSTANT = timedelta(microseconds=1)
_NOTHING = b"\x00" * 32

Words = str | Promise
_STATE_WORDS: dict[str, Words] = {
    TicketState.REGISTERED: gettext_lazy("已登记，等待热线工作人员受理"),
    TicketState.ANSWERED: gettext_lazy("已直接答复"),
    TicketState.TRANSFERRED: gettext_lazy("已转紧急专线"),
    TicketState.REDIRECTED: gettext_lazy("已告知应走的法定途径"),
    TicketState.LINKED: gettext_lazy("已并入您之前的同一诉求"),
    TicketState.EXPLAINED: gettext_lazy("已解释说明"),
    TicketState.GUIDED: gettext_lazy("已告知合适的办理渠道"),
    TicketState.ABUSE: gettext_lazy("已处理"),
    TicketState.DISPATCHED: gettext_lazy("承办单位正在办理"),
    TicketState.REPLIED: gettext_lazy("已答复，等您评价"),
    TicketState.CALLBACK_DUE: gettext_lazy("已答复，等待电话回访"),
    TicketState.REVIEW: gettext_lazy("您不满意，审核员正在核对"),
    TicketState.CLOSED: gettext_lazy("已办结"),
    TicketState.WITHDRAWN: gettext_lazy("您已撤回"),
}
_ORDER_WORDS: dict[str, Words] = {
    OrderState.ISSUED: gettext_lazy("已交承办单位，等待签收"),
    OrderState.ANSWERED: gettext_lazy("承办单位已有结果，正在内部审核"),
}
_TICKET_STEPS: dict[str, tuple[Words, Words]] = {
    "claim": (gettext_lazy("热线工作人员正在受理"), ""),
    "answer_directly": (gettext_lazy("已直接答复"), ""),
    "transfer": (gettext_lazy("已转紧急专线"), ""),
    "redirect": (gettext_lazy("已告知应走的法定途径"), ""),
    "link": (gettext_lazy("已并入您之前的同一诉求"), ""),
    "explain": (gettext_lazy("已解释说明"), ""),
    "guide": (gettext_lazy("已告知合适的办理渠道"), ""),
    "close_as_abuse": (gettext_lazy("已处理"), ""),
    "reopen_triage": (gettext_lazy("重新受理"), gettext_lazy("热线中心复查后决定重新受理。")),
    "reply": (gettext_lazy("已答复"), gettext_lazy("见本页“给您的答复”。")),
    "demand_callback": (gettext_lazy("转入电话回访"), ""),
    "ask_review": (gettext_lazy("转审核员核对"), gettext_lazy("因为您表示不满意或没有解决。")),
    "close": (gettext_lazy("已办结"), ""),
    "close_after_review": (gettext_lazy("核对后办结"), ""),
    "redo": (gettext_lazy("重新办理"), gettext_lazy("审核员核对后，要求承办单位重新办理。")),
    "withdraw": (gettext_lazy("您撤回了诉求"), ""),
}
_ORDER_STEPS: dict[str, Words] = {
    "sign": gettext_lazy("%(unit)s已签收"),
    "record_first_contact": gettext_lazy("%(unit)s已与您联系"),
    "submit_answer": gettext_lazy("%(unit)s已形成办理结果，正在审核"),
}
_CALLBACK_STEPS: dict[str, Words] = {
    CallbackResult.REACHED: gettext_lazy("回访电话已接通"),
    CallbackResult.DECLINED: gettext_lazy("回访电话已接通"),
    CallbackResult.LATER: gettext_lazy("已约定再次回访"),
}


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One thing that happened, in plain words."""

    at: datetime
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the city told the citizen; no unit where the ticket is confidential or a 举报."""

    unit: Organisation | None
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """A ticket as its citizen sees it. ``answer_by`` is the last day in time."""

    ticket_no: str
    title: str
    state: str
    state_text: str
    holder: str
    answer_due_at: datetime | None
    answer_by: date | None
    explanation: str
    source: str
    next_promise: str
    steps: list[TrackStep]
    replies: list[Answer]
    is_overdue: bool
    can_supplement: bool
    can_withdraw: bool
    can_evaluate: bool


def find_by_code(*, ticket_no: str, query_code: str) -> Ticket:
    """Return the ticket to who knows its number and query code; else NotFoundError.

    Blanks, dashes, case and full-width characters do not matter. The code is compared in constant
    time, also when there is no such ticket.
    """
    ticket = _by_number(ticket_no)
    given = _plain(query_code).upper().encode(errors="replace")
    expected = ticket.query_code.upper().encode() if ticket else _NOTHING
    if not hmac.compare_digest(given, expected) or ticket is None:
        raise NotFoundError
    return ticket


def find_by_phone(*, ticket_no: str, phone: str) -> Ticket:
    """Return the ticket to who knows its number and the caller's phone; else NotFoundError."""
    ticket = _by_number(ticket_no)
    given = phone_index(phone) or b""
    expected = bytes(ticket.origin.caller_phone_index or b"") if ticket else b""
    if not hmac.compare_digest(given, expected or _NOTHING) or ticket is None:
        raise NotFoundError
    return ticket


def find_by_proof(*, ticket_no: str, proof: str) -> Ticket:
    """Return the ticket to who knows its number and either its code or the caller's phone."""
    try:
        return find_by_code(ticket_no=ticket_no, query_code=proof)
    except NotFoundError:
        return find_by_phone(ticket_no=ticket_no, phone=proof)


def find_own(*, ticket_no: str, user: User) -> Ticket:
    """Return the user's own ticket; else NotFoundError."""
    ticket = _by_number(ticket_no)
    if ticket is None or ticket.citizen_id is None or ticket.citizen_id != user.pk:
        raise NotFoundError
    return ticket


def find_proven(*, ticket_no: str) -> Ticket:
    """Return a ticket whose citizen was proven earlier in this session; else NotFoundError."""
    ticket = _by_number(ticket_no)
    if ticket is None:
        raise NotFoundError
    return ticket


def list_own(*, user: User) -> QuerySet[Ticket]:
    """Return the user's own tickets; order and page are the caller's."""
    own = Ticket.objects.filter(citizen=user).select_related("region", "category")
    return own.defer("content", "search_tokens", "region__boundary")


def list_waiting_for(*, user: User) -> QuerySet[Ticket]:
    """Return the user's tickets that wait for their verdict, longest waiting first."""
    return list_own(user=user).filter(state__in=AWAITING_CITIZEN).order_by("replied_at", "id")


def list_in_progress(*, user: User) -> QuerySet[Ticket]:
    """Return the user's tickets that somebody works on, soonest promise first."""
    states = [TicketState.REGISTERED, TicketState.DISPATCHED, TicketState.REVIEW]
    return list_own(user=user).filter(state__in=states).order_by("answer_due_at", "id")


def phone_index(phone: str) -> bytes | None:
    """Return the blind index of a phone number as it was registered, or None for none."""
    given = _folded(phone)
    if not given:
        return None
    index = cast("Any", Contact._meta.get_field("caller_phone_index"))  # noqa: SLF001  Django's public API
    digest: bytes | None = index.digest(given)
    return digest


def clean_number(ticket_no: str) -> str:
    """Return the number in plain digits, or "" when it cannot be one."""
    number = _plain(ticket_no)
    return number if _NUMBER.match(number) else ""


def state_words(ticket: Ticket) -> str:
    """Return the state in plain words, from the ticket alone."""
    return str(_STATE_WORDS[ticket.state])


def last_day(due_at: datetime | None) -> date | None:
    """Return the last day in time: ``due_at`` is the first moment that is too late."""
    return timezone.localdate(due_at - _INSTANT) if due_at else None


def progress_of(ticket: Ticket, *, at: datetime) -> Progress:
    """Tell where the ticket stands at a moment; the caller has checked the proof."""
    return _Story(ticket, at).tell()


def _plain(text: str) -> str:
    return re.sub(r"[\s\-]", "", _folded(text))


def _folded(text: str) -> str:
    """Return the text in half width, cut to a sane length, with nothing that cannot be encoded."""
    readable = text[:INPUT_MAX].encode("utf-8", "replace").decode().replace("\x00", "")
    return unicodedata.normalize("NFKC", readable).strip()


def _by_number(ticket_no: str) -> Ticket | None:
    number = clean_number(ticket_no)
    if not number:
        return None
    rows = Ticket.objects.select_related("origin", "region").defer("region__boundary")
    return rows.filter(no=number).first()


class _Story:
    """Reads what happened to one ticket, once, and puts it into words."""

    def __init__(self, ticket: Ticket, at: datetime) -> None:
        self.ticket, self.at = ticket, at
        self.is_discreet = ticket.confidential or ticket.kind == MatterKind.REPORT
        self.orders = list(
            HandlingOrder.objects.filter(matter=ticket.matter_id)
            .exclude(state=OrderState.TERMINATED)
            .select_related("unit")
            .order_by("id")
        )
        self.clocks = {
            clock.kind: clock for clock in list_clocks(subject_type=TICKET, subject_ids=[ticket.pk])
        }

    def tell(self) -> Progress:
        ticket = self.ticket
        explanation = self._explanation()
        return Progress(
            ticket_no=ticket.no,
            title=ticket.title,
            state=ticket.state,
            state_text=self._state_text(),
            holder=self._holder(),
            answer_due_at=ticket.answer_due_at,
            answer_by=last_day(ticket.answer_due_at),
            explanation=explanation[0],
            source=explanation[1],
            next_promise=self._next_promise(),
            steps=self._steps(),
            replies=self._replies(),
            is_overdue=self._is_overdue(),
            can_supplement=ticket.state not in FINAL_TICKET_STATES,
            can_withdraw=can_fire_ticket(None, ticket, "withdraw"),
            can_evaluate=can_fire_ticket(None, ticket, "close"),
        )

    def _lead(self) -> HandlingOrder | None:
        return next((order for order in self.orders if order.role == OrderRole.LEAD), None)

    def _unit_name(self, order: HandlingOrder) -> str:
        if self.is_discreet:
            return _("承办单位")
        return order.unit.short_name or order.unit.name

    def _state_text(self) -> str:
        ticket, lead = self.ticket, self._lead()
        if ticket.state == TicketState.REGISTERED and ticket.claimed_by_id:
            return str(_TICKET_STEPS["claim"][0])
        if ticket.state == TicketState.DISPATCHED and lead and lead.state in _ORDER_WORDS:
            return str(_ORDER_WORDS[lead.state])
        return state_words(ticket)

    def _holder(self) -> str:
        lead = self._lead()
        if self.ticket.state in FINAL_TICKET_STATES:
            return ""
        if self.ticket.state == TicketState.DISPATCHED and lead:
            return self._unit_name(lead)
        return _("12345 热线中心")

    def _is_overdue(self) -> bool:
        due = self.ticket.answer_due_at
        waiting = self.ticket.state in {TicketState.REGISTERED, TicketState.DISPATCHED}
        return waiting and due is not None and due <= self.at

    def _explanation(self) -> tuple[str, str]:
        """Return why the answer is due on its day, and by which decree, while it is awaited."""
        clock = self.clocks.get(ClockKind.ANSWER)
        awaited = self.ticket.state in {TicketState.REGISTERED, TicketState.DISPATCHED}
        if clock is None or not awaited:
            return "", ""
        told = explain(clock)
        return told.sentence, told.source

    def _next_promise(self) -> str:
        state = self.ticket.state
        if state in {TicketState.REGISTERED, TicketState.DISPATCHED}:
            return self._answer_promise()
        if state == TicketState.REPLIED:
            return self._until(
                ClockKind.SELF_EVALUATION, _("您可以在 %s 前自己评价，之后我们会打电话回访。")
            )
        if state == TicketState.CALLBACK_DUE:
            return self._until(
                ClockKind.CALLBACK, _("我们会在 %s 前打电话回访，您也可以现在评价。")
            )
        if state == TicketState.REVIEW:
            return _("审核员会核对办理情况，决定重新办理或者办结。")
        return ""

    def _answer_promise(self) -> str:
        day = last_day(self.ticket.answer_due_at)
        if day is None:
            return ""
        words = day_text(day, timezone.localdate(self.at).year)
        if self._is_overdue():
            return _("原定 %s前答复，现在已经超过。您可以拨打热线催办。") % words
        return _("%s前答复您。") % words

    def _until(self, kind: ClockKind, sentence: str) -> str:
        clock: Clock | None = self.clocks.get(kind)
        if clock is None or clock.due_at is None:
            return ""
        last = timezone.localtime(clock.due_at - _INSTANT)
        words = day_text(last.date(), timezone.localdate(self.at).year)
        if clock.unit in {"hours", "minutes"}:
            words += f" {timezone.localtime(clock.due_at):%H:%M}"
        return sentence % words

    def _replies(self) -> list[Answer]:
        rows: Sequence[Reply] = list(self.ticket.replies.select_related("unit").order_by("id"))
        return [Answer(None if self.is_discreet else row.unit, row.text, row.at) for row in rows]

    def _steps(self) -> list[TrackStep]:
        registered = TrackStep(self.ticket.registered_at, _("已登记"))
        steps = [*self._from_log(), *self._from_notes(), *self._from_citizen(), *self._callbacks()]
        return [registered, *sorted(steps, key=lambda step: step.at)]

    def _from_log(self) -> Iterator[TrackStep]:
        units = {order.pk: order for order in self.orders}
        mine = Q(subject_type=TICKET, subject_id=self.ticket.pk)
        theirs = Q(subject_type=ORDER, subject_id__in=list(units))
        seen: set[str] = set()
        for row in TransitionLog.objects.filter(mine | theirs).order_by("id"):
            if row.subject_type == TICKET:
                yield from self._ticket_step(row, seen)
            else:
                yield from self._order_step(row, units[row.subject_id])

    def _ticket_step(self, row: TransitionLog, seen: set[str]) -> Iterator[TrackStep]:
        if row.transition == "dispatch":
            yield TrackStep(row.at, *self._dispatched())
            return
        known = _TICKET_STEPS.get(row.transition)
        if known is None or (row.transition == "claim" and "claim" in seen):
            return
        seen.add(row.transition)
        told = row.transition in {"withdraw", "close_after_review"}
        yield TrackStep(row.at, str(known[0]), row.reason if told else str(known[1]))

    def _dispatched(self) -> tuple[str, str]:
        lead = self._lead()
        if self.is_discreet or lead is None:
            return _("已交承办单位办理"), ""
        title = _("已交%s办理") % self._unit_name(lead)
        assists = [self._unit_name(order) for order in self.orders if order.pk != lead.pk]
        return title, _("协助单位：%s。") % _("、").join(assists) if assists else ""

    def _order_step(self, row: TransitionLog, order: HandlingOrder) -> Iterator[TrackStep]:
        words = _ORDER_STEPS.get(row.transition)
        if words is not None and order.role == OrderRole.LEAD:
            yield TrackStep(row.at, str(words) % {"unit": self._unit_name(order)})

    def _from_notes(self) -> Iterator[TrackStep]:
        """Say that work goes on, once a day; what was noted stays inside."""
        notes = Note.objects.filter(ticket=self.ticket, kind=NoteKind.PROGRESS).order_by("at")
        days: set[date] = set()
        for at in notes.values_list("at", flat=True):
            day = timezone.localdate(at)
            if day not in days:
                days.add(day)
                yield TrackStep(at, _("办理有新进展"))

    def _from_citizen(self) -> Iterator[TrackStep]:
        rows = Supplement.objects.filter(ticket=self.ticket).order_by("id")
        for row in rows:
            yield TrackStep(row.at, _("您补充了情况"), row.text)
        for verdict in self.ticket.evaluations.order_by("id"):
            words = _("%(solved)s，%(satisfied)s") % {
                "solved": verdict.get_solved_display(),
                "satisfied": verdict.get_satisfaction_display(),
            }
            yield TrackStep(verdict.at, _("您的评价"), words)

    def _callbacks(self) -> Iterator[TrackStep]:
        rows = CallbackAttempt.objects.filter(ticket=self.ticket).order_by("id")
        for row in rows:
            title = _CALLBACK_STEPS.get(row.result) or _("打过回访电话，没有接通")
            yield TrackStep(row.at, str(title))
