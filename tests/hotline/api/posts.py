"""Every step endpoint with a body that fits, and who may use it in which state."""

from dataclasses import dataclass, field
from typing import Any

from core.accounts.states import UNIT_ROLES, Role
from hotline.states import (
    FINAL_TICKET_STATES,
    ORDER_TRANSITIONS,
    TICKET_TRANSITIONS,
    OrderState,
    TicketState,
)

TRIAGERS = frozenset({Role.AGENT, Role.SHIFT_LEAD, Role.DISPATCHER})
OWNER = frozenset({Role.CITIZEN})
WAITING = frozenset({TicketState.REPLIED, TicketState.CALLBACK_DUE})
VERDICT = {"solved": "yes", "satisfaction": 1}


@dataclass(frozen=True)
class Post:
    """One endpoint: what is posted, by whom it is accepted and in which states of its subject."""

    body: dict[str, Any]
    roles: frozenset[Role]
    states: frozenset[str]
    refused: dict[Role, int] = field(default_factory=dict)


def _of_ticket(name: str, **body: Any) -> Post:
    rule = TICKET_TRANSITIONS[name]
    return Post(body, rule.roles, rule.sources)


def _of_order(name: str, **body: Any) -> Post:
    rule = ORDER_TRANSITIONS[name]
    return Post(body, rule.roles, rule.sources)


TICKET_POSTS: dict[str, Post] = {
    "claim": _of_ticket("claim"),
    "release": _of_ticket("release"),
    "revise": _of_ticket("revise", title="改过的标题"),
    "triage": _of_ticket("answer_directly", outcome="answered", reason="依据规定说明。"),
    "dispatch": _of_ticket("dispatch", lead="lead-unit", assists=["assist-unit"]),
    "reopen-triage": _of_ticket("reopen_triage", reason="误判"),
    "callback": Post({"result": "no_answer"}, frozenset({Role.AGENT, Role.SHIFT_LEAD}), WAITING),
    "close": _of_ticket("close_after_review", reason="核实无误"),
    "redo": _of_ticket("redo", reason="没有修好"),
    "note": Post({"text": "请留意"}, TRIAGERS, frozenset(TicketState)),
    "supplement": Post({"text": "又坏了"}, OWNER, frozenset(TicketState) - FINAL_TICKET_STATES),
    "withdraw": _of_ticket("withdraw", reason="已自行解决"),
    "evaluate": Post(VERDICT, OWNER, WAITING),
}
ORDER_POSTS: dict[str, Post] = {
    "sign": _of_order("sign"),
    "first-contact": _of_order("record_first_contact", text="已电话联系"),
    "progress": Post(
        {"text": "正在修"}, UNIT_ROLES, frozenset({OrderState.SIGNED, OrderState.HANDLING})
    ),
    "answer": _of_order("submit_answer", answer="已修复"),
    "approve": _of_order("approve"),
    "send-back": _of_order("send_back", reason="请写明时间"),
}
