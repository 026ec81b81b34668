"""Twenty real connections fire one transition on one row: one wins, its effects are there once."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from core.accounts.models import User
from core.accounts.states import Role
from core.errors import DomainError
from core.events.models import Event
from core.transitions.models import TransitionLog
from hotline.actions import citizen, closing, handling, triage
from hotline.models import HandlingOrder, Ticket
from hotline.states import (
    ORDER_TRANSITIONS,
    TICKET_TRANSITIONS,
    OrderState,
    TicketState,
    TriageOutcome,
)
from tests.core.transitions.rivals import RIVALS, race, winners
from tests.factories.core import member
from tests.hotline.machines.scenes import GOOD, ORDER_DEEDS, REASON, TICKET_DEEDS, World, row_counts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ACTORS: dict[str, Role] = {
    **dict.fromkeys(TICKET_TRANSITIONS, Role.AGENT),
    "reopen_triage": Role.SHIFT_LEAD,
    "reply": Role.UNIT_HEAD,
    "close_after_review": Role.AUDITOR,
    "redo": Role.AUDITOR,
    "withdraw": Role.CITIZEN,
}
ORDER_ACTORS: dict[str, Role | None] = {
    "sign": Role.HANDLER,
    "record_first_contact": Role.HANDLER,
    "submit_answer": Role.HANDLER,
    "approve": Role.UNIT_HEAD,
    "send_back": Role.UNIT_HEAD,
    "redo": Role.AUDITOR,
    "terminate": None,
}


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return a world that other connections can see."""
    return World()


def source_of(name: str, rule: Any) -> str:
    """Return a state from which the transition goes."""
    return TicketState.DISPATCHED if name == "reply" else max(rule.sources)


def crowd(world: World, role: Role | None, rivals: int = RIVALS) -> list[User | None]:
    """Return so many people who may do it; for the citizen and the system there is only one."""
    if role is None:
        return [None] * rivals
    if role == Role.CITIZEN:
        return [world.owner] * rivals
    unit = world.unit if role in {Role.HANDLER, Role.UNIT_HEAD} else None
    return [member(role, unit=unit) for _ in range(rivals)]


def gain(deed: Callable[[], object]) -> dict[str, int]:
    """Do it and return by how many rows each table grew."""
    before = row_counts()
    deed()
    after = row_counts()
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def raced(deeds: list[Callable[[], object]]) -> Callable[[], list[Any]]:
    """Return the race as a deed that insists on one winner."""

    def run() -> list[Any]:
        outcomes = race(deeds)
        losers = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
        assert len(winners(outcomes)) == 1, losers[:3]
        assert {loser.status for loser in losers} <= {403, 404, 409}
        return outcomes

    return run


def logged(subject_type: str, subject: Any, after_version: int) -> list[tuple[int, str]]:
    """Return (version, transition) of what moved the row since."""
    rows = TransitionLog.objects.filter(
        subject_type=subject_type, subject_id=subject.pk, version__gt=after_version
    )
    return list(rows.order_by("version").values_list("version", "transition"))


class TestTickets:
    @pytest.mark.parametrize("name", TICKET_TRANSITIONS)
    def test_one_of_twenty_wins_and_its_effects_are_there_once(
        self, world: World, name: str
    ) -> None:
        state = source_of(name, TICKET_TRANSITIONS[name])
        alone, contested = world.ticket_in(state), world.ticket_in(state)
        role = None if name == "demand_callback" else ACTORS[name]
        people = crowd(world, role)
        if name == "release":
            people = [people[0]] * RIVALS
            Ticket.objects.filter(state=state).update(claimed_by=people[0])
        deed, at = TICKET_DEEDS[name], world.tick()
        wanted = gain(partial(deed, world, alone, people[0], at))
        events = Event.objects.filter(kind=f"hotline.ticket.{name}", subject_no=contested.no)

        got = gain(raced([partial(deed, world, contested, by, at) for by in people]))

        assert got == wanted
        assert logged("hotline.ticket", contested, contested.version) == [
            (contested.version + 1, name)
        ]
        assert Ticket.objects.get(pk=contested.pk).version == contested.version + 1
        assert events.count() == 1

    def test_twenty_different_decisions_on_one_ticket_leave_one(self, world: World) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        agents = crowd(world, Role.AGENT)
        names = ["dispatch", "answer_directly", "link", "close_as_abuse"]
        at = world.tick()
        deeds = [
            partial(TICKET_DEEDS[name], world, made, agent, at)
            for agent, name in zip(agents, names * RIVALS, strict=False)
        ]

        raced(deeds)()

        [(version, winner)] = logged("hotline.ticket", made, 0)
        after = Ticket.objects.get(pk=made.pk)
        assert (version, after.state) == (1, TICKET_TRANSITIONS[winner].target)
        assert after.orders.count() == (2 if winner == "dispatch" else 0)
        assert after.replies.count() == (0 if winner == "dispatch" else 1)


class TestOrders:
    @pytest.mark.parametrize("name", ORDER_TRANSITIONS)
    def test_one_of_twenty_wins_and_its_effects_are_there_once(
        self, world: World, name: str
    ) -> None:
        state = max(ORDER_TRANSITIONS[name].sources)
        alone, contested = world.order_in(state), world.order_in(state)
        people = crowd(world, ORDER_ACTORS[name])
        deed, at = ORDER_DEEDS[name], world.tick()
        wanted = gain(partial(deed, world, alone, people[0], at))
        events = Event.objects.filter(kind=f"hotline.order.{name}", subject_no=contested.no)
        before = events.count()

        got = gain(raced([partial(deed, world, contested, by, at) for by in people]))

        assert got == wanted
        assert logged("hotline.order", contested, contested.version) == [
            (contested.version + 1, name)
        ]
        assert events.count() == before + 1


class TestUnlikeDeedsAtOnce:
    """What locks a ticket and its orders in whatever order must not wait in a ring."""

    @pytest.mark.parametrize("round_", range(3))
    def test_approval_and_withdrawal_leave_one_outcome(self, world: World, round_: int) -> None:
        order = world.order_in(OrderState.ANSWERED)
        made = Ticket.objects.get(pk=order.ticket_id)
        at = timezone.now()

        outcomes = race(
            [
                partial(handling.approve_order, order_no=order.no, by=world.head, at=at),
                partial(citizen.withdraw_ticket, ticket=made, reason=REASON, by=world.owner, at=at),
            ]
            * 4
        )

        after = Ticket.objects.get(pk=made.pk)
        assert len(winners(outcomes)) == 1
        assert (after.state, after.orders.get().state, after.replies.count()) in {
            ("replied", "approved", 1),
            ("withdrawn", "terminated", 0),
        }

    @pytest.mark.parametrize("round_", range(3))
    def test_notes_and_withdrawal_do_not_block_each_other(self, world: World, round_: int) -> None:
        order = world.order_in(OrderState.SIGNED)
        made = Ticket.objects.get(pk=order.ticket_id)
        at = timezone.now()
        contact = partial(
            handling.record_first_contact, order_no=order.no, text="已联系", by=world.handler, at=at
        )
        progress = partial(
            handling.add_progress, order_no=order.no, text="到场", by=world.handler, at=at
        )
        withdraw = partial(citizen.withdraw_ticket, ticket=made, reason=REASON, by=None, at=at)
        supplement = partial(citizen.add_supplement, ticket=made, text="还有", by=None, at=at)

        race([contact, progress, progress, supplement, withdraw, progress, contact, supplement])

        assert Ticket.objects.get(pk=made.pk).state == TicketState.WITHDRAWN
        assert HandlingOrder.objects.get(pk=order.pk).state == OrderState.TERMINATED

    def test_two_verdicts_at_once_are_one(self, world: World) -> None:
        made = world.ticket_in(TicketState.CALLBACK_DUE)
        at = timezone.now()
        online = partial(closing.evaluate_ticket, ticket=made, verdict=GOOD, by=world.owner, at=at)
        by_phone = partial(
            closing.record_callback,
            ticket_no=made.no,
            result="reached",
            verdict=GOOD,
            by=world.agent,
            at=at,
        )

        outcomes = race([online, by_phone] * 5)

        after = Ticket.objects.get(pk=made.pk)
        assert len(winners(outcomes)) == 1
        assert (after.state, after.evaluations.count()) == (TicketState.CLOSED, 1)
        assert after.callbacks.count() == (after.evaluations.get().channel == "call_back")

    def test_two_leads_for_one_matter_are_one(self, world: World) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        at = timezone.now()
        to_one = partial(
            triage.dispatch_ticket,
            ticket_no=made.no,
            dispatch=triage.Dispatch(lead=world.unit.code),
            by=world.agent,
            at=at,
        )
        to_other = partial(to_one, dispatch=triage.Dispatch(lead=world.other.code), by=world.lead)

        outcomes = race([to_one, to_other] * 5)

        assert len(winners(outcomes)) == 1
        assert made.orders.filter(role="lead").count() == 1
        assert Ticket.objects.get(pk=made.pk).triage_outcome == TriageOutcome.DISPATCHED
