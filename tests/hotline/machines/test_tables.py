"""The full role × state × transition tables, through the actions: what the table does not allow
is refused and changes nothing."""

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from core.accounts.models import User
from core.accounts.states import Role
from core.errors import DomainError
from hotline.models import HandlingOrder, Ticket
from hotline.states import ORDER_TRANSITIONS, TICKET_TRANSITIONS, OrderState, TicketState
from tests.hotline.machines.scenes import (
    ORDER_DEEDS,
    TICKET_DEEDS,
    Deed,
    World,
    fingerprint,
    sees_order,
    sees_ticket,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
DONE = "done"


def attempt(
    world: World, deed: Deed, subject: Any, by: User | None, before: str
) -> tuple[str, int, bool]:
    """Do it, tell how it ended, what the row became and whether anything changed; undo it.

    What is refused has undone itself: the caller compares the fingerprint once at the end.
    """
    try:
        with transaction.atomic():
            deed(world, subject, by, world.now)
            changed = fingerprint() != before
            after = type(subject).objects.get(pk=subject.pk)
            transaction.set_rollback(True)
    except DomainError as error:
        return f"{error.status}:{subject.state}", subject.version, False
    return f"{DONE}:{after.state}", after.version, changed


def expected(rule: Any, subject: Any, *, role: Role, sees: bool) -> str:
    """Read the table: 404 for who may not know of it, 403 for a wrong role, 409 for the state."""
    if not sees:
        return f"404:{subject.state}"
    if role not in rule.roles:
        return f"403:{subject.state}"
    if subject.state not in rule.sources:
        return f"409:{subject.state}"
    return f"{DONE}:{rule.target}"


def releasing(deed: Deed) -> Deed:
    """Only what somebody has can be given back: let the person have it, whoever that is."""

    def claimed(world: World, made: Ticket, by: User | None, at: datetime) -> object:
        with transaction.atomic():
            Ticket.objects.filter(pk=made.pk).update(claimed_by=by)
            return deed(world, made, by, at)

    return claimed


class TestTickets:
    @pytest.mark.parametrize("state", TicketState.values)
    def test_each_role_does_what_the_table_allows_and_nothing_else(
        self, world: World, state: str
    ) -> None:
        made = world.ticket_in(state)
        deeds = TICKET_DEEDS | {"release": releasing(TICKET_DEEDS["release"])}
        wrong, before = [], fingerprint()

        for name, rule in TICKET_TRANSITIONS.items():
            for role, person in world.people.items():
                sees = sees_ticket(role, state) or (name == "withdraw")
                wanted = expected(rule, made, role=role, sees=sees)
                if name == "reply":
                    wanted = reply_expected(wanted, role, state)
                if (name, role) in VERDICTS and state not in rule.sources:
                    wanted = f"409:{state}"
                got, version, changed = attempt(world, deeds[name], made, person, before)
                moved = got.startswith(DONE)
                if (got, changed, version > made.version) != (wanted, moved, moved):
                    wrong.append((name, role, got, wanted, changed))

        assert wrong == []
        assert fingerprint() == before

    @pytest.mark.parametrize("state", TicketState.values)
    def test_who_proved_the_query_code_does_what_the_citizen_may(
        self, world: World, state: str
    ) -> None:
        made = world.ticket_in(state)
        wrong, before = [], fingerprint()

        for name in ("withdraw", "ask_review", "close"):
            rule = TICKET_TRANSITIONS[name]
            wanted = f"{DONE}:{rule.target}" if state in rule.sources else f"409:{state}"
            got, _, changed = attempt(world, TICKET_DEEDS[name], made, None, before)
            if (got, changed) != (wanted, got.startswith(DONE)):
                wrong.append((name, got, wanted))

        assert wrong == []
        assert fingerprint() == before


VERDICTS = {("ask_review", Role.CITIZEN), ("close", Role.CITIZEN)}


def reply_expected(wanted: str, role: Role, state: str) -> str:
    """A reply is sent by approving the lead order, which the citizen cannot know of."""
    no_order = state not in {
        TicketState.DISPATCHED,
        TicketState.REPLIED,
        TicketState.CALLBACK_DUE,
        TicketState.REVIEW,
        TicketState.CLOSED,
        TicketState.WITHDRAWN,
    }
    return f"404:{state}" if role == Role.CITIZEN or no_order else wanted


class TestOrders:
    @pytest.mark.parametrize("state", OrderState.values)
    def test_each_role_does_what_the_table_allows_and_nothing_else(
        self, world: World, state: str
    ) -> None:
        order = world.order_in(state)
        wrong, before = [], fingerprint()

        for name, rule in ORDER_TRANSITIONS.items():
            for role, person in world.people.items():
                wanted = expected(rule, order, role=role, sees=sees_order(role))
                got, version, changed = attempt(world, ORDER_DEEDS[name], order, person, before)
                moved = got.startswith(DONE)
                if (got, changed, version > order.version) != (wanted, moved, moved):
                    wrong.append((name, role, got, wanted, changed))

        assert wrong == []
        assert fingerprint() == before

    @pytest.mark.parametrize("state", OrderState.values)
    def test_the_system_ends_what_is_open_and_does_nothing_else(
        self, world: World, state: str
    ) -> None:
        order = world.order_in(state)
        before = fingerprint()

        for name, rule in ORDER_TRANSITIONS.items():
            allowed = not rule.roles and state in rule.sources
            if name not in {"terminate", "redo"}:
                continue

            got, _, changed = attempt(world, ORDER_DEEDS[name], order, None, before)

            assert got.startswith(DONE) is allowed
            assert changed is allowed
        assert fingerprint() == before

    def test_a_neighbouring_unit_sees_the_order_but_moves_nothing(self, world: World) -> None:
        for state in (OrderState.ISSUED, OrderState.ANSWERED):
            order = world.order_in(state)
            HandlingOrder.objects.create(
                no=f"{order.no}x",
                ticket=order.ticket,
                matter_id=order.matter_id,
                unit=world.other,
                role="assist",
                issued_at=world.now,
            )
            before = fingerprint()
            for name in ("sign", "approve", "send_back"):
                for person in (world.assist_handler, world.assist_head):
                    got, _, changed = attempt(world, ORDER_DEEDS[name], order, person, before)

                    assert (got, changed) == (f"403:{state}", False)
            assert fingerprint() == before


class TestTheTablesThemselves:
    def test_every_transition_has_a_deed_and_every_state_a_way_to_it(self) -> None:
        assert set(TICKET_DEEDS) == set(TICKET_TRANSITIONS)
        assert set(ORDER_DEEDS) == set(ORDER_TRANSITIONS)
