"""The steps of the closed loop as operations on tickets and orders."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from core.accounts.models import User
from core.errors import ForbiddenError, NotFoundError
from core.http.permissions import RequiresScope
from core.http.schema import problems
from hotline.actions import citizen, closing, handling, triage
from hotline.api import serializers as shapes
from hotline.api.views import caller_of, parsed, with_details
from hotline.models import HandlingOrder, Ticket
from hotline.queries.visibility import orders_visible_to, tickets_visible_to

Step = Callable[[str, dict[str, Any], User, datetime], object]
CODES = problems(400, 401, 403, 404, 409, 415)


def _version(data: dict[str, Any]) -> int | None:
    version: int | None = data.pop("version", None)
    return version


def _own(no: str, by: User) -> Ticket:
    """Return the citizen's own ticket; staff who see it are refused, strangers find nothing."""
    ticket = tickets_visible_to(by).filter(no=no).first()
    if ticket is None or ticket.citizen_id != by.pk:
        raise ForbiddenError if ticket else NotFoundError
    return ticket


def claim(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Claim."""
    return triage.claim_ticket(ticket_no=no, by=by, at=at, expected_version=_version(data))


def release(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Release."""
    return triage.release_ticket(ticket_no=no, by=by, at=at, expected_version=_version(data))


def revise(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Revise."""
    version = _version(data)
    return triage.revise_ticket(ticket_no=no, changes=data, by=by, at=at, expected_version=version)


def decide(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Triage."""
    version = _version(data)
    return triage.triage_ticket(
        ticket_no=no, triage=triage.Triage(**data), by=by, at=at, expected_version=version
    )


def dispatch(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Dispatch."""
    version = _version(data)
    data["assists"] = tuple(data.get("assists", ()))
    return triage.dispatch_ticket(
        ticket_no=no, dispatch=triage.Dispatch(**data), by=by, at=at, expected_version=version
    )


def reopen(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Reopen."""
    return triage.reopen_triage(
        ticket_no=no, reason=data["reason"], by=by, at=at, expected_version=_version(data)
    )


def callback(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Call back."""
    version = _version(data)
    verdict = data.pop("verdict", None)
    return closing.record_callback(
        ticket_no=no,
        verdict=closing.Verdict(**verdict) if verdict else None,
        by=by,
        at=at,
        expected_version=version,
        **data,
    )


def close(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Close after review."""
    return closing.close_after_review(
        ticket_no=no, reason=data["reason"], by=by, at=at, expected_version=_version(data)
    )


def redo(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Redo."""
    return closing.order_redo(
        ticket_no=no, reason=data["reason"], by=by, at=at, expected_version=_version(data)
    )


def note(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Note."""
    return citizen.add_internal_note(ticket_no=no, text=data["text"], by=by, at=at)


def supplement(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Add facts."""
    return citizen.add_supplement(ticket=_own(no, by), text=data["text"], by=by, at=at)


def withdraw(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Withdraw."""
    return citizen.withdraw_ticket(ticket=_own(no, by), reason=data["reason"], by=by, at=at)


def evaluate(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Evaluate."""
    return closing.evaluate_ticket(
        ticket=_own(no, by), verdict=closing.Verdict(**data), by=by, at=at
    )


def sign(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Sign."""
    return handling.sign_order(order_no=no, by=by, at=at, expected_version=_version(data))


def first_contact(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """First contact."""
    return handling.record_first_contact(
        order_no=no, text=data["text"], by=by, at=at, expected_version=_version(data)
    )


def progress(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Progress."""
    return handling.add_progress(order_no=no, text=data["text"], by=by, at=at)


def answer(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Answer."""
    return handling.submit_answer(
        order_no=no, answer=data["answer"], by=by, at=at, expected_version=_version(data)
    )


def approve(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Approve."""
    return handling.approve_order(order_no=no, by=by, at=at, expected_version=_version(data))


def send_back(no: str, data: dict[str, Any], by: User, at: datetime) -> object:
    """Send back."""
    return handling.send_back_order(
        order_no=no, reason=data["reason"], by=by, at=at, expected_version=_version(data)
    )


TICKET_STEPS: dict[str, tuple[Step, type[BaseSerializer[Any]], str]] = {
    "claim": (claim, shapes.VersionInput, "受理（抢单）"),
    "release": (release, shapes.VersionInput, "放回队列"),
    "revise": (revise, shapes.ReviseInput, "更正登记内容"),
    "triage": (decide, shapes.TriageInput, "分类处理"),
    "dispatch": (dispatch, shapes.DispatchInput, "派单"),
    "reopen-triage": (reopen, shapes.ReasonInput, "撤销分类处理"),
    "callback": (callback, shapes.CallbackInput, "回访"),
    "close": (close, shapes.ReasonInput, "审核办结"),
    "redo": (redo, shapes.ReasonInput, "重新办理"),
    "note": (note, shapes.TextInput, "内部备注"),
    "supplement": (supplement, shapes.TextInput, "市民补充情况"),
    "withdraw": (withdraw, shapes.ReasonInput, "市民撤回"),
    "evaluate": (evaluate, shapes.VerdictInput, "市民评价"),
}
ORDER_STEPS: dict[str, tuple[Step, type[BaseSerializer[Any]], str]] = {
    "sign": (sign, shapes.VersionInput, "签收"),
    "first-contact": (first_contact, shapes.OrderTextInput, "首次联系"),
    "progress": (progress, shapes.TextInput, "办理进展"),
    "answer": (answer, shapes.AnswerInput, "提交答复"),
    "approve": (approve, shapes.VersionInput, "审批通过"),
    "send-back": (send_back, shapes.ReasonInput, "退回重办"),
}


def _rendered_ticket(no: str, user: User) -> dict[str, Any]:
    """Show the outcome of the caller's own step, also where it took the ticket out of sight."""
    ticket = with_details(tickets_visible_to(None), user).get(no=no)
    return dict(shapes.TicketDetail(ticket, context={"user": user}).data)


def _rendered_order(no: str, user: User) -> dict[str, Any]:
    order: HandlingOrder = orders_visible_to(user).select_related("unit", "ticket").get(no=no)
    return dict(shapes.OrderOutput(order).data)


def _view(kind: str, name: str, scope: str, render: Callable[[str, User], Any]) -> type[APIView]:
    steps, output = (
        (TICKET_STEPS, shapes.TicketDetail)
        if kind == "ticket"
        else (ORDER_STEPS, shapes.OrderOutput)
    )
    step, shape, summary = steps[name]

    @extend_schema(
        operation_id=f"{kind}s_{name.replace('-', '_')}",
        summary=summary,
        request=shape,
        responses={200: output, **CODES},
    )
    def post(self: APIView, request: Request, no: str) -> Response:
        user = caller_of(request)
        assert user is not None, "RequiresScope lets only users pass"
        data = parsed(shape, request)
        step(no, data, user, timezone.now())
        return Response(render(no, user))

    attributes = {"post": post, "permission_classes": [RequiresScope(scope)], "__doc__": summary}
    return type(f"{kind.title()}{name.title().replace('-', '')}", (APIView,), attributes)


ticket_views = {
    name: _view("ticket", name, "tickets:write", _rendered_ticket) for name in TICKET_STEPS
}
order_views = {name: _view("order", name, "orders:write", _rendered_order) for name in ORDER_STEPS}
