"""办理: a unit signs, contacts the citizen, answers, and its head approves."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from core.accounts.models import User
from core.audit.actions import record
from core.errors import DomainError, InvalidError, NotFoundError
from core.errors import gettext_noop as _
from hotline import policies
from hotline.actions import promises
from hotline.machines import ORDERS, TICKETS
from hotline.models import HandlingOrder, Note, NoteKind, Reply, Ticket
from hotline.queries.visibility import orders_visible_to
from hotline.rules.intake import clean_text
from hotline.states import ClockKind, OrderRole, OrderState, TicketState

TEXT_MAX = 5_000


class AssistsPendingError(DomainError):
    """The 主办 answers as a whole: first the 协办 must have answered."""

    code = "assists_pending"
    message = _("还有协办单位没有答复，主办单位暂不能提交。")


class TicketClosedError(DomainError):
    """The ticket is no longer in the units' hands."""

    code = "ticket_not_dispatched"
    message = _("这张工单已不在办理中。")


@transaction.atomic
def sign_order(
    *, order_no: str, by: User, at: datetime, expected_version: int | None = None
) -> HandlingOrder:
    """Take the order for the unit; the signer becomes its handler."""
    order = _lock(order_no, by)
    ORDERS.fire(order, "sign", by=by, at=at, expected_version=expected_version, handler=by)
    _stop(order, ClockKind.SIGN, by=by, at=at)
    promises.start_order_clock(order=order, kind=ClockKind.FIRST_CONTACT, at=at, by=by)
    _record(order, "order.sign", by=by, at=at)
    return order


@transaction.atomic
def record_first_contact(
    *, order_no: str, text: str, by: User, at: datetime, expected_version: int | None = None
) -> HandlingOrder:
    """Note that the citizen was spoken to, and what was said."""
    text = _checked_text(text, "text", _("请写明与市民联系的情况。"))
    order = _lock(order_no, by)
    ORDERS.fire(order, "record_first_contact", by=by, at=at, expected_version=expected_version)
    _stop(order, ClockKind.FIRST_CONTACT, by=by, at=at)
    _note(order, NoteKind.FIRST_CONTACT, text, by=by, at=at)
    _record(order, "order.first_contact", by=by, at=at)
    return order


@transaction.atomic
def add_progress(*, order_no: str, text: str, by: User, at: datetime) -> Note:
    """Add a progress note to an order that is being handled."""
    text = _checked_text(text, "text", _("请填写办理进展。"))
    order = _lock(order_no, by)
    policies.check_can_work_on_order(by, order)
    if order.state not in {OrderState.SIGNED, OrderState.HANDLING}:
        raise TicketClosedError
    note = _note(order, NoteKind.PROGRESS, text, by=by, at=at)
    ORDERS.announce(order, "progress", at=at)
    _record(order, "order.progress", by=by, at=at)
    return note


@transaction.atomic
def submit_answer(
    *, order_no: str, answer: str, by: User, at: datetime, expected_version: int | None = None
) -> HandlingOrder:
    """Put the answer before the head of the unit; the 主办 waits for every 协办."""
    answer = _checked_text(answer, "answer", _("请填写答复内容。"))
    order = _lock(order_no, by)
    if order.role == OrderRole.LEAD:
        _check_assists(order)
    ORDERS.fire(
        order,
        "submit_answer",
        by=by,
        at=at,
        expected_version=expected_version,
        answer=answer,
        answered_by=by,
    )
    _record(order, "order.submit_answer", by=by, at=at)
    return order


def _check_assists(order: HandlingOrder) -> None:
    pending = HandlingOrder.objects.filter(matter=order.matter_id, role=OrderRole.ASSIST).exclude(
        state__in=[OrderState.APPROVED, OrderState.TERMINATED]
    )
    waiting = list(pending.values_list("unit__name", flat=True))
    if waiting:
        raise AssistsPendingError(units=waiting)


@transaction.atomic
def approve_order(
    *, order_no: str, by: User, at: datetime, expected_version: int | None = None
) -> HandlingOrder:
    """Approve the answer. A 主办's becomes the reply to the citizen; a 协办's goes to the 主办."""
    ticket = _lock_ticket(order_no, by)
    order = _lock(order_no, by)
    ORDERS.fire(order, "approve", by=by, at=at, expected_version=expected_version)
    if order.role == OrderRole.LEAD:
        _reply(ticket, order, by=by, at=at)
    _record(order, "order.approve", by=by, at=at)
    return order


def _reply(ticket: Ticket, order: HandlingOrder, *, by: User, at: datetime) -> None:
    if ticket.state != TicketState.DISPATCHED:
        raise TicketClosedError
    Reply.objects.create(
        ticket=ticket,
        order=order,
        unit=order.unit,
        round=ticket.rounds,
        text=order.answer,
        by=by,
        at=at,
    )
    TICKETS.fire(ticket, "reply", by=by, at=at)
    promises.stop(
        subject_type=promises.TICKET, subject_id=ticket.pk, kind=ClockKind.ANSWER, at=at, by=by
    )
    promises.start_ticket_clock(ticket=ticket, kind=ClockKind.SELF_EVALUATION, at=at, by=by)


@transaction.atomic
def send_back_order(
    *, order_no: str, reason: str, by: User, at: datetime, expected_version: int | None = None
) -> HandlingOrder:
    """Return the answer to the handler with what is missing."""
    reason = clean_text(reason)
    order = _lock(order_no, by)
    ORDERS.fire(order, "send_back", by=by, at=at, expected_version=expected_version, reason=reason)
    _note(order, NoteKind.SEND_BACK, reason, by=by, at=at)
    _record(order, "order.send_back", by=by, at=at)
    return order


def terminate_orders(*, ticket: Ticket, at: datetime) -> None:
    """End every open order of a ticket whose citizen withdrew; the system's own deed."""
    orders = HandlingOrder.objects.select_for_update(of=("self",), no_key=True).select_related(
        "ticket__region", "unit"
    )
    for order in orders.filter(ticket=ticket).order_by("pk"):
        if order.state in {OrderState.APPROVED, OrderState.TERMINATED}:
            continue
        ORDERS.fire(order, "terminate", by=None, at=at, reason="市民撤回诉求")
        promises.stop_all(subject_type=promises.ORDER, subject_id=order.pk, at=at, by=None)


def reissue_orders(*, ticket: Ticket, reason: str, by: User, at: datetime) -> None:
    """Start a new round for every unit that answered; each gets the new deadline."""
    orders = HandlingOrder.objects.select_for_update(of=("self",), no_key=True).select_related(
        "ticket__region", "unit"
    )
    for order in orders.filter(ticket=ticket, state=OrderState.APPROVED).order_by("pk"):
        ORDERS.fire(order, "redo", by=by, at=at, reason=reason, due_at=ticket.answer_due_at)
        promises.start_order_clock(order=order, kind=ClockKind.SIGN, at=at, by=by)


def _lock(order_no: str, by: User) -> HandlingOrder:
    return ORDERS.lock(by=by, no=order_no, related=("ticket__region", "unit"))


def _lock_ticket(order_no: str, by: User) -> Ticket:
    """Lock the ticket behind an order the user may see. A ticket is locked before its orders."""
    order = orders_visible_to(by).filter(no=order_no).only("ticket_id").first()
    if order is None:
        raise NotFoundError
    return TICKETS.lock(by=None, pk=order.ticket_id, related=("region",))


def _stop(order: HandlingOrder, kind: ClockKind, *, by: User, at: datetime) -> None:
    promises.stop(subject_type=promises.ORDER, subject_id=order.pk, kind=kind, at=at, by=by)


def _note(order: HandlingOrder, kind: NoteKind, text: str, *, by: User, at: datetime) -> Note:
    return Note.objects.create(
        ticket_id=order.ticket_id, order=order, kind=kind, text=text, by=by, at=at
    )


def _checked_text(text: str, field: str, missing: str) -> str:
    text = clean_text(text)
    if not text:
        raise InvalidError(fields={field: [missing]})
    if len(text) > TEXT_MAX:
        words = gettext("最多 %(most)d 个字，现在有 %(now)d 个字。")
        raise InvalidError(fields={field: [words % {"most": TEXT_MAX, "now": len(text)}]})
    return text


def _record(order: HandlingOrder, action: str, *, by: User, at: datetime) -> None:
    record(action=action, by=by, at=at, subject_type=ORDERS.name, subject_id=order.no)
