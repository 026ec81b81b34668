"""Tickets and orders in every state, one person for every role, and every transition as a deed."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection, transaction

from core.accounts.models import User
from core.accounts.states import CENTRE_ROLES, UNIT_ROLES, Role
from hotline.actions import citizen, closing, handling, triage
from hotline.actions.closing import Verdict
from hotline.machines import ORDERS, TICKETS
from hotline.models import HandlingOrder, Ticket
from hotline.states import OrderState, TicketState
from tests.factories.core import UserFactory, member
from tests.factories.hotline import Desk, ticket

REASON = "依据规定说明。"
GOOD = Verdict(solved="yes", satisfaction=1)
BAD = Verdict(solved="no", satisfaction=5, comment="没有修好")
TRIAGE: dict[str, dict[str, str]] = {
    "answer_directly": {"outcome": "answered"},
    "transfer": {"outcome": "transferred", "channel": "110"},
    "redirect": {"outcome": "redirected", "channel": "litigation"},
    "link": {"outcome": "linked"},
    "explain": {"outcome": "explained_secret"},
    "guide": {"outcome": "guided", "channel": "market"},
    "close_as_abuse": {"outcome": "abuse"},
}
Deed = Callable[["World", Any, User | None, datetime], object]
WATCHED = (
    "hotline_contact",
    "hotline_matter",
    "hotline_ticket",
    "hotline_handlingorder",
    "hotline_note",
    "hotline_supplement",
    "hotline_reply",
    "hotline_callbackattempt",
    "hotline_evaluation",
    "core_clock",
    "core_clockentry",
    "core_transitionlog",
    "core_event",
)


class World(Desk):
    """The desk, the citizen whose tickets these are, and one person in each role."""

    def __init__(self) -> None:
        super().__init__()
        self.owner: User = UserFactory(username="owner")
        self.earlier = ticket(at=self.tick())

    @cached_property
    def people(self) -> dict[Role, User]:
        """One person in each role; the citizen is the owner."""
        return {role: self._person(role) for role in Role}

    def _person(self, role: Role) -> User:
        if role == Role.CITIZEN:
            return self.owner
        return member(role, unit=self.unit if role in UNIT_ROLES else None)

    def ticket_in(self, state: str) -> Ticket:
        """Return a ticket of the owner's in this state."""
        made = _BUILDERS[state](self)
        assert made.state == state
        return Ticket.objects.get(pk=made.pk)

    def order_in(self, state: str) -> HandlingOrder:
        """Return the lead order of a ticket of the owner's, in this state."""
        found = _ORDER_BUILDERS[state](self)
        assert found.state == state
        return found

    def triaged(self, transition: str) -> Ticket:
        """Return a ticket that was triaged by this transition."""
        made = ticket(at=self.tick(), citizen=self.owner)
        TICKET_DEEDS[transition](self, made, self.agent, self.tick())
        return Ticket.objects.get(pk=made.pk)

    def stage(self, step: int, **changes: Any) -> HandlingOrder:
        """Return the order of a dispatched ticket, taken so many steps further."""
        made = self.dispatched(citizen=self.owner, **changes)
        for name in ("sign", "record_first_contact", "submit_answer")[:step]:
            ORDER_DEEDS[name](self, self.lead_order(made), self.handler, self.tick())
        return self.lead_order(made)

    def withdrawn(self) -> Ticket:
        """Return a ticket that its citizen took back after it was dispatched."""
        made = self.dispatched(citizen=self.owner)
        return citizen.withdraw_ticket(ticket=made, reason=REASON, by=self.owner, at=self.tick())

    def callback_due(self) -> Ticket:
        """Return a ticket that waits for a call-back."""
        made = self.replied(citizen=self.owner)
        closing.demand_callback(ticket_id=made.pk, at=self.tick())
        return Ticket.objects.get(pk=made.pk)

    def closed(self) -> Ticket:
        """Return a ticket that the citizen was satisfied with."""
        made = self.replied(citizen=self.owner)
        return closing.evaluate_ticket(ticket=made, verdict=GOOD, by=self.owner, at=self.tick())


_BUILDERS: dict[str, Callable[[World], Ticket]] = {
    TicketState.REGISTERED: lambda w: ticket(at=w.tick(), citizen=w.owner),
    TicketState.ANSWERED: lambda w: w.triaged("answer_directly"),
    TicketState.TRANSFERRED: lambda w: w.triaged("transfer"),
    TicketState.REDIRECTED: lambda w: w.triaged("redirect"),
    TicketState.LINKED: lambda w: w.triaged("link"),
    TicketState.EXPLAINED: lambda w: w.triaged("explain"),
    TicketState.GUIDED: lambda w: w.triaged("guide"),
    TicketState.ABUSE: lambda w: w.triaged("close_as_abuse"),
    TicketState.DISPATCHED: lambda w: w.answered(citizen=w.owner),
    TicketState.REPLIED: lambda w: w.replied(citizen=w.owner),
    TicketState.CALLBACK_DUE: lambda w: w.callback_due(),
    TicketState.REVIEW: lambda w: w.in_review(citizen=w.owner),
    TicketState.CLOSED: lambda w: w.closed(),
    TicketState.WITHDRAWN: lambda w: w.withdrawn(),
}
_ORDER_BUILDERS: dict[str, Callable[[World], HandlingOrder]] = {
    OrderState.ISSUED: lambda w: w.stage(0),
    OrderState.SIGNED: lambda w: w.stage(1),
    OrderState.HANDLING: lambda w: w.stage(2),
    OrderState.ANSWERED: lambda w: w.stage(3),
    OrderState.APPROVED: lambda w: w.lead_order(w.in_review(citizen=w.owner)),
    OrderState.TERMINATED: lambda w: w.lead_order(w.withdrawn()),
}


def _decided(transition: str) -> Deed:
    def deed(world: World, made: Ticket, by: User | None, at: datetime) -> object:
        decision = triage.Triage(reason=REASON, linked_no=world.earlier.no, **TRIAGE[transition])
        return triage.triage_ticket(ticket_no=made.no, triage=decision, by=by, at=at)

    return deed


def _judged(verdict: Verdict) -> Deed:
    """The citizen says it online, staff hear it on the telephone."""

    def deed(world: World, made: Ticket, by: User | None, at: datetime) -> object:
        if by is None or by.pk == made.citizen_id:
            return closing.evaluate_ticket(ticket=made, verdict=verdict, by=by, at=at)
        return closing.record_callback(
            ticket_no=made.no, result="reached", verdict=verdict, by=by, at=at
        )

    return deed


def _at_the_gate(machine: Any, transition: str, **arguments: Any) -> Deed:
    """What only the system does, or does along with something else."""

    @transaction.atomic
    def deed(world: World, made: Any, by: User | None, at: datetime) -> object:
        subject = machine.lock(by=by, pk=made.pk)
        return machine.fire(subject, transition, by=by, at=at, **arguments)

    return deed


TICKET_DEEDS: dict[str, Deed] = {
    "claim": lambda w, t, by, at: triage.claim_ticket(ticket_no=t.no, by=by, at=at),
    "release": lambda w, t, by, at: triage.release_ticket(ticket_no=t.no, by=by, at=at),
    "revise": lambda w, t, by, at: triage.revise_ticket(
        ticket_no=t.no, changes={"title": "改过的标题"}, by=by, at=at, expected_version=t.version
    ),
    **{name: _decided(name) for name in TRIAGE},
    "dispatch": lambda w, t, by, at: triage.dispatch_ticket(
        ticket_no=t.no,
        dispatch=triage.Dispatch(lead=w.unit.code, assists=(w.other.code,)),
        by=by,
        at=at,
    ),
    "reopen_triage": lambda w, t, by, at: triage.reopen_triage(
        ticket_no=t.no, reason=REASON, by=by, at=at
    ),
    "reply": lambda w, t, by, at: handling.approve_order(order_no=f"{t.no}-01", by=by, at=at),
    "demand_callback": _at_the_gate(TICKETS, "demand_callback"),
    "ask_review": _judged(BAD),
    "close": _judged(GOOD),
    "close_after_review": lambda w, t, by, at: closing.close_after_review(
        ticket_no=t.no, reason=REASON, by=by, at=at
    ),
    "redo": lambda w, t, by, at: closing.order_redo(ticket_no=t.no, reason=REASON, by=by, at=at),
    "withdraw": lambda w, t, by, at: citizen.withdraw_ticket(ticket=t, reason=REASON, by=by, at=at),
}
ORDER_DEEDS: dict[str, Deed] = {
    "sign": lambda w, o, by, at: handling.sign_order(order_no=o.no, by=by, at=at),
    "record_first_contact": lambda w, o, by, at: handling.record_first_contact(
        order_no=o.no, text="已电话联系市民。", by=by, at=at
    ),
    "submit_answer": lambda w, o, by, at: handling.submit_answer(
        order_no=o.no, answer="三盏路灯已于当日修复。", by=by, at=at
    ),
    "approve": lambda w, o, by, at: handling.approve_order(order_no=o.no, by=by, at=at),
    "send_back": lambda w, o, by, at: handling.send_back_order(
        order_no=o.no, reason=REASON, by=by, at=at
    ),
    "redo": _at_the_gate(ORDERS, "redo", reason=REASON, due_at=None),
    "terminate": _at_the_gate(ORDERS, "terminate", reason=REASON),
}


def sees_ticket(role: Role, state: str) -> bool:
    """Tell whether the person in this role may know of the owner's ticket in this state."""
    with_orders = state in {
        TicketState.DISPATCHED,
        TicketState.REPLIED,
        TicketState.CALLBACK_DUE,
        TicketState.REVIEW,
        TicketState.CLOSED,
        TicketState.WITHDRAWN,
    }
    return role in CENTRE_ROLES | {Role.CITIZEN} or (role in UNIT_ROLES and with_orders)


def sees_order(role: Role) -> bool:
    """Tell whether the person in this role may know of the lead order."""
    return role in CENTRE_ROLES | UNIT_ROLES


def fingerprint() -> str:
    """Return one line that differs whenever any row of the hotline, a clock, log or event does."""
    parts = [
        f"(SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t.id), '')) FROM {name} AS t)"
        for name in WATCHED
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT concat_ws(' ', " + ", ".join(parts) + ")")
        return str(cursor.fetchone()[0])


def row_counts() -> dict[str, int]:
    """Return how many rows each watched table and the audit trail hold."""
    tables = [*WATCHED, "core_auditentry"]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{t}', count(*) FROM {t}" for t in tables))
        return dict(cursor.fetchall())
