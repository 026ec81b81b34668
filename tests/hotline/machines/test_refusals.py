"""Refusals of the actions that no table shows; each changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.accounts.states import Role
from core.clocks.actions import pop_due
from core.errors import DomainError, ForbiddenError, InvalidError
from hotline import policies
from hotline.actions import closing, handling, triage
from hotline.models import Ticket
from hotline.states import TicketState
from tests.factories.core import district, member
from tests.factories.hotline import ticket
from tests.hotline.machines.scenes import BAD, GOOD, REASON, World, fingerprint

pytestmark = pytest.mark.django_db


def refused(kind: type[DomainError], deed: Callable[..., object], **arguments: Any) -> DomainError:
    """Do it, insist on the refusal and on nothing being changed, and return it."""
    before = fingerprint()
    with pytest.raises(kind) as refusal:
        deed(**arguments)
    assert fingerprint() == before
    return refusal.value


class TestTriage:
    def test_nobody_gives_back_what_nobody_has(self, world: World) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        arguments = {"ticket_no": made.no, "at": world.tick()}

        refused(triage.NotClaimedError, triage.release_ticket, by=world.agent, **arguments)
        refused(ForbiddenError, triage.release_ticket, by=world.auditor, **arguments)

    def test_a_second_click_on_claim_changes_nothing(self, world: World) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        triage.claim_ticket(ticket_no=made.no, by=world.agent, at=world.tick())
        before = fingerprint()

        again = triage.claim_ticket(ticket_no=made.no, by=world.agent, at=world.tick())

        assert (again.claimed_by, again.version) == (world.agent, 1)
        assert fingerprint() == before

    def test_who_had_it_cannot_claim_it_once_it_is_done(self, world: World) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        triage.claim_ticket(ticket_no=made.no, by=world.agent, at=world.tick())
        triage.triage_ticket(
            ticket_no=made.no,
            triage=triage.Triage(outcome="answered", reason=REASON),
            by=world.agent,
            at=world.tick(),
        )

        refusal = refused(
            DomainError, triage.claim_ticket, ticket_no=made.no, by=world.agent, at=world.tick()
        )
        assert refusal.code == "transition_not_allowed"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({}, None),
            ({"title": ""}, "title"),
            ({"title": "字" * 201}, "title"),
            ({"content": "\u202e"}, "content"),
            ({"region": "999999"}, "region"),
            ({"category": "999999"}, "category"),
            ({"accused_unit": "nobody"}, "accused_unit"),
            ({"state": "closed"}, "state"),
            ({"version": 99}, "version"),
            ({"claimed_by": 1}, "claimed_by"),
        ],
    )
    def test_a_revision_names_what_is_wrong(
        self, world: World, changes: dict[str, Any], field: str | None
    ) -> None:
        made = world.ticket_in(TicketState.REGISTERED)

        refusal = refused(
            InvalidError,
            triage.revise_ticket,
            ticket_no=made.no,
            changes=changes,
            by=world.agent,
            at=world.tick(),
        )
        assert list(refusal.details.get("fields", {})) == ([field] if field else [])

    def test_a_ticket_is_not_linked_to_itself_or_to_a_hidden_one(self, world: World) -> None:
        made = world.ticket_in(TicketState.REGISTERED)

        for number in (made.no, "9" * 21):
            decision = triage.Triage(outcome="linked", reason=REASON, linked_no=number)
            refusal = refused(
                InvalidError,
                triage.triage_ticket,
                ticket_no=made.no,
                triage=decision,
                by=world.agent,
                at=world.tick(),
            )
            assert list(refusal.details["fields"]) == ["linked_no"]


class TestClosing:
    def test_who_handled_it_neither_calls_back_nor_reviews(self, world: World) -> None:
        made = world.ticket_in(TicketState.CALLBACK_DUE)
        reviewed = world.ticket_in(TicketState.REVIEW)
        for role in (Role.AGENT, Role.AUDITOR):
            world.handler.memberships.create(
                role=role,
                organisation=world.agent.memberships.get().organisation,
                region=world.agent.memberships.get().region,
            )
        world.handler.__dict__.pop("_kept_memberships", None)

        refused(
            policies.FourEyesError,
            closing.record_callback,
            ticket_no=made.no,
            result="reached",
            verdict=GOOD,
            by=world.handler,
            at=world.tick(),
        )
        for deed in (closing.close_after_review, closing.order_redo):
            refused(
                policies.FourEyesError,
                deed,
                ticket_no=reviewed.no,
                reason=REASON,
                by=world.handler,
                at=world.tick(),
            )

    def test_who_approved_the_answer_does_not_call_back(self, world: World) -> None:
        made = world.ticket_in(TicketState.CALLBACK_DUE)
        place = world.agent.memberships.get()
        world.head.memberships.create(
            role=Role.AGENT, organisation=place.organisation, region=place.region
        )
        world.head.__dict__.pop("_kept_memberships", None)

        refused(
            policies.FourEyesError,
            closing.record_callback,
            ticket_no=made.no,
            result="reached",
            verdict=GOOD,
            by=world.head,
            at=world.tick(),
        )

    def test_who_handled_their_own_matter_does_not_rate_it(self, world: World) -> None:
        made = world.replied(citizen=world.handler)

        refused(
            policies.FourEyesError,
            closing.evaluate_ticket,
            ticket=made,
            verdict=GOOD,
            by=world.handler,
            at=world.tick(),
        )

    def test_a_verdict_needs_a_citizen_on_the_line(self, world: World) -> None:
        made = world.ticket_in(TicketState.CALLBACK_DUE)

        for result, verdict, field in (
            ("no_answer", GOOD, "result"),
            ("reached", None, "satisfaction"),
        ):
            refusal = refused(
                InvalidError,
                closing.record_callback,
                ticket_no=made.no,
                result=result,
                verdict=verdict,
                by=world.agent,
                at=world.tick(),
            )
            assert list(refusal.details["fields"]) == [field]

    @pytest.mark.parametrize(
        ("verdict", "field"),
        [
            (closing.Verdict(solved="maybe", satisfaction=1), "solved"),
            (closing.Verdict(solved="yes", satisfaction=0), "satisfaction"),
            (closing.Verdict(solved="yes", satisfaction=6), "satisfaction"),
            (closing.Verdict(solved="yes", satisfaction=1, comment="字" * 1001), "comment"),
        ],
    )
    def test_a_verdict_names_what_is_wrong(
        self, world: World, verdict: closing.Verdict, field: str
    ) -> None:
        made = world.ticket_in(TicketState.REPLIED)

        refusal = refused(
            InvalidError,
            closing.evaluate_ticket,
            ticket=made,
            verdict=verdict,
            by=world.owner,
            at=world.tick(),
        )
        assert list(refusal.details["fields"]) == [field]

    def test_an_overdue_ticket_can_be_answered_and_redone(self, world: World) -> None:
        made = world.answered(citizen=world.owner)
        world.now += timedelta(days=30)
        pop_due(at=world.now)
        handling.approve_order(order_no=f"{made.no}-01", by=world.head, at=world.tick())
        closing.evaluate_ticket(ticket=made, verdict=BAD, by=world.owner, at=world.tick())

        again = closing.order_redo(
            ticket_no=made.no, reason=REASON, by=world.auditor, at=world.tick()
        )

        assert (again.state, again.rounds) == (TicketState.DISPATCHED, 2)
        assert again.answer_due_at is not None
        assert again.answer_due_at > world.now


class TestScopes:
    def test_a_shift_lead_of_another_district_overrules_nobody(self, world: World) -> None:
        made = ticket()
        triage.claim_ticket(ticket_no=made.no, by=world.agent, at=world.tick())
        outsider = member(Role.SHIFT_LEAD, region=district("519902", "青屏区"))
        insider = member(Role.SHIFT_LEAD, region=district())
        decision = triage.Triage(outcome="answered", reason=REASON)
        arguments = {"ticket_no": made.no, "triage": decision, "at": world.tick()}

        refusal = refused(DomainError, triage.triage_ticket, by=outsider, **arguments)
        done = triage.triage_ticket(by=insider, **arguments)

        assert refusal.status == 404
        assert Ticket.objects.get(pk=done.pk).state == TicketState.ANSWERED
