"""The console's queues: which work waits for whom, in which order, and how much of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.accounts.queries import roles_of, units_of
from core.accounts.states import CENTRE_ROLES, UNIT_ROLES, Role
from core.errors import NotFoundError
from hotline.models import HandlingOrder, Ticket
from hotline.queries.visibility import orders_visible_to, tickets_visible_to
from hotline.states import (
    FINAL_TICKET_STATES,
    MatterKind,
    OrderState,
    TicketState,
    Urgency,
)

COUNT_LIMIT = 100
CONSOLE_ROLES = CENTRE_ROLES | UNIT_ROLES
TRIAGE_ROLES = frozenset({Role.AGENT, Role.SHIFT_LEAD, Role.DISPATCHER})
CALLBACK_ROLES = frozenset({Role.AGENT, Role.SHIFT_LEAD})


@dataclass(frozen=True, slots=True)
class Queue:
    """One list of work. ``holds`` is "ticket" or "order"; ``order`` ends with the unique key."""

    key: str
    title: str | Promise
    icon: str
    roles: frozenset[Role]
    order: tuple[str, ...]
    empty: str | Promise
    holds: str = "ticket"


_OLDEST = ("received_at", "id")
_DUE = ("queue_due_at", "id")
_URGENT = ("priority", "received_at", "id")
QUEUES: dict[str, Queue] = {
    queue.key: queue
    for queue in (
        Queue(
            "waiting",
            _("待受理"),
            "inbox",
            TRIAGE_ROLES | {Role.SUPERVISOR},
            _URGENT,
            _("新的诉求登记后会立刻出现在这里，不用刷新。"),
        ),
        Queue(
            "mine",
            _("我的受理"),
            "user-check",
            TRIAGE_ROLES,
            _URGENT,
            _("您受理的工单会出现在这里，直到派单或给出受理结果。"),
        ),
        Queue(
            "callback",
            _("待回访"),
            "phone-call",
            CALLBACK_ROLES | {Role.SUPERVISOR},
            _OLDEST,
            _("市民没有自助评价的工单，在自助评价期满后会出现在这里。"),
        ),
        Queue(
            "review",
            _("待审核"),
            "scale",
            frozenset({Role.AUDITOR, Role.SHIFT_LEAD, Role.SUPERVISOR}),
            _OLDEST,
            _("市民不满意或没有解决的工单会出现在这里，由审核员决定重办或办结。"),
        ),
        Queue(
            "handling",
            _("办理中"),
            "hourglass",
            CENTRE_ROLES,
            _DUE,
            _("派给承办单位、还没有答复的工单会出现在这里。"),
        ),
        Queue(
            "overdue",
            _("已超期"),
            "circle-alert",
            CENTRE_ROLES,
            _DUE,
            _("超过答复期限还没有答复的工单会出现在这里。"),
        ),
        Queue(
            "closed",
            _("已办结"),
            "circle-check",
            CENTRE_ROLES,
            ("-received_at", "-id"),
            _("办结、撤回和直接给出受理结果的工单会出现在这里。"),
        ),
        Queue(
            "to-sign",
            _("待签收"),
            "bell",
            UNIT_ROLES,
            _DUE,
            _("热线中心派给您单位的承办单会立刻出现在这里，不用刷新。"),
            holds="order",
        ),
        Queue(
            "working",
            _("办理中"),
            "hourglass",
            UNIT_ROLES,
            _DUE,
            _("签收后的承办单会出现在这里，按期限先后排列。"),
            holds="order",
        ),
        Queue(
            "approval",
            _("待审批"),
            "badge-check",
            UNIT_ROLES,
            _DUE,
            _("提交了答复的承办单会出现在这里，等单位负责人审批。"),
            holds="order",
        ),
        Queue(
            "done",
            _("已办结"),
            "circle-check",
            UNIT_ROLES,
            ("-issued_at", "-id"),
            _("审批通过或终止的承办单会出现在这里。"),
            holds="order",
        ),
    )
}
_FIRST: tuple[tuple[Role, str], ...] = (
    (Role.AGENT, "waiting"),
    (Role.DISPATCHER, "waiting"),
    (Role.SHIFT_LEAD, "waiting"),
    (Role.AUDITOR, "review"),
    (Role.SUPERVISOR, "overdue"),
    (Role.UNIT_HEAD, "approval"),
    (Role.HANDLER, "to-sign"),
)
_TICKET_STATES: dict[str, frozenset[str]] = {
    "waiting": frozenset({TicketState.REGISTERED}),
    "mine": frozenset({TicketState.REGISTERED}),
    "callback": frozenset({TicketState.CALLBACK_DUE}),
    "review": frozenset({TicketState.REVIEW}),
    "handling": frozenset({TicketState.DISPATCHED}),
    "overdue": frozenset({TicketState.REGISTERED, TicketState.DISPATCHED}),
    "closed": frozenset(FINAL_TICKET_STATES),
}
_ORDER_STATES: dict[str, frozenset[str]] = {
    "to-sign": frozenset({OrderState.ISSUED}),
    "working": frozenset({OrderState.SIGNED, OrderState.HANDLING}),
    "approval": frozenset({OrderState.ANSWERED}),
    "done": frozenset({OrderState.APPROVED, OrderState.TERMINATED}),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; empty means all. An unknown word counts as empty."""

    kind: str = ""
    urgency: str = ""
    region: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Filters":
        """Take the filters from query parameters."""
        kind, urgency = given.get("kind", ""), given.get("urgency", "")
        region = given.get("region", "")
        return cls(
            kind=kind if kind in MatterKind.values else "",
            urgency=urgency if urgency in Urgency.values else "",
            region=region if region.isascii() and region.isdigit() else "",
        )

    def conditions(self, prefix: str = "") -> dict[str, str]:
        """Return the conditions on tickets, or on what points to one by ``prefix``."""
        found = {}
        if self.kind:
            found[f"{prefix}kind"] = self.kind
        if self.urgency:
            found[f"{prefix}urgency"] = self.urgency
        if self.region:
            found[f"{prefix}region__path__contains"] = f"{self.region}/"
        return found

    def __bool__(self) -> bool:
        return bool(self.kind or self.urgency or self.region)


def queues_of(user: User) -> list[Queue]:
    """Return the queues that the user's roles give, in the order of the menu."""
    roles = roles_of(user)
    return [queue for queue in QUEUES.values() if queue.roles & roles]


def first_queue_of(user: User) -> Queue:
    """Return the queue a user starts with; raises NotFoundError for who has none."""
    roles = roles_of(user)
    for role, key in _FIRST:
        if role in roles:
            return QUEUES[key]
    raise NotFoundError


def get_queue(*, key: str, user: User) -> Queue:
    """Return a queue of the user's, or raise NotFoundError."""
    queue = QUEUES.get(key)
    if queue is None or not queue.roles & roles_of(user):
        raise NotFoundError
    return queue


def list_queue(
    *, queue: Queue, user: User, at: datetime, filters: Filters = Filters()
) -> QuerySet[Any]:
    """Return the rows of a queue that the user may see, with what a row of the list shows."""
    if queue.holds == "order":
        orders = _orders_in(queue.key, user).filter(**filters.conditions("ticket__"))
        return orders.select_related("ticket__region", "ticket__category", "unit", "handler").defer(
            "answer", "ticket__content", "ticket__search_tokens", "ticket__region__boundary"
        )
    tickets = _tickets_in(queue.key, user, at).filter(**filters.conditions())
    return tickets.select_related("region", "category", "claimed_by").defer(
        "content", "search_tokens", "region__boundary"
    )


def _tickets_in(key: str, user: User, at: datetime) -> QuerySet[Ticket]:
    rows = tickets_visible_to(user).filter(**_states(_TICKET_STATES[key]))
    if key == "mine":
        rows = rows.filter(claimed_by=user)
    if key == "overdue":
        rows = rows.filter(answer_due_at__lte=at)
    return rows


def _orders_in(key: str, user: User) -> QuerySet[HandlingOrder]:
    rows = orders_visible_to(user).filter(unit__in=units_of(user, UNIT_ROLES))
    return rows.filter(**_states(_ORDER_STATES[key]))


def _states(states: frozenset[str]) -> dict[str, Any]:
    """One state is compared by equality, so that its partial index serves the order."""
    return {"state": next(iter(states))} if len(states) == 1 else {"state__in": sorted(states)}


def count_queues(*, user: User, at: datetime) -> dict[str, int]:
    """Return how much waits in each queue, never counting past COUNT_LIMIT, in one statement.

    The closed queues are not counted: nobody waits there.
    """
    parts: list[QuerySet[Any, Any]] = []
    for queue in queues_of(user):
        if queue.key in {"closed", "done"}:
            continue
        rows: QuerySet[Any] = (
            _orders_in(queue.key, user)
            if queue.holds == "order"
            else _tickets_in(queue.key, user, at)
        )
        named = rows.annotate(queue=Value(queue.key, output_field=CharField()))
        parts.append(named.order_by().values_list("queue", flat=True)[:COUNT_LIMIT])
    if not parts:
        return {}
    everything = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return dict(Counter(everything))


def count_words(count: int) -> str:
    """Return 7, or 99+ for what was not counted to its end."""
    return str(count) if count < COUNT_LIMIT else f"{COUNT_LIMIT - 1}+"


def order_marks(row: Ticket | HandlingOrder, order: Sequence[str]) -> list[str]:
    """Return what a row is sorted by as comparable texts, for the page's script."""
    marks = []
    for name in order:
        value = getattr(row, name.lstrip("-"))
        if isinstance(value, datetime):
            marks.append(f"{value.timestamp():017.6f}")
        else:
            marks.append(f"{value:019d}")
    return marks
