"""The main job, step by step, through the actions."""

from datetime import UTC, datetime, timedelta

import pytest

from core.audit.models import AuditEntry
from core.clocks.models import Clock
from core.errors import ForbiddenError, InvalidError, NotFoundError
from core.events.models import Event
from core.transitions.actions import StaleVersionError, TransitionRefusedError
from core.transitions.models import TransitionLog
from hotline import policies
from hotline.actions import citizen, closing, handling, triage
from hotline.models import Evaluation, HandlingOrder, Ticket
from hotline.states import ClockKind, OrderState, TicketState, TriageOutcome
from tests.factories.core import OrganisationFactory, member
from tests.factories.hotline import Desk, ticket

pytestmark = pytest.mark.django_db


def running(kind: ClockKind, subject_id: int) -> list[Clock]:
    return list(Clock.objects.filter(kind=kind, subject_id=subject_id, state="running"))


class TestRegister:
    def test_opens_a_ticket_with_number_code_promise_event_and_audit(self, desk: Desk) -> None:
        made = ticket()

        assert made.no.startswith("519901202611162")
        assert len(made.query_code) == 8
        assert made.answer_due_at == running(ClockKind.ANSWER, made.pk)[0].due_at
        assert made.answer_due_at == datetime(2026, 11, 25, 16, tzinfo=UTC)
        event = Event.objects.get(subject_no=made.no)
        assert event.kind == "hotline.ticket.registered"
        assert event.scopes == ["desk:519900", "desk:519901", f"ticket:{made.no}"]
        assert AuditEntry.objects.filter(action="ticket.register", subject_id=made.no).exists()

    def test_the_same_external_id_is_the_same_ticket(self, desk: Desk) -> None:
        first = ticket(source="mayor_mailbox", external_id="A-1")

        again = ticket(source="mayor_mailbox", external_id="A-1")
        elsewhere = ticket(source="wechat", external_id="A-1")

        assert again.pk == first.pk
        assert elsewhere.pk != first.pk

    def test_names_every_broken_field(self, desk: Desk) -> None:
        with pytest.raises(InvalidError) as refusal:
            ticket(content="", title="字" * 201, region="999999", caller_phone="123", kind="rumour")

        fields = refusal.value.details["fields"]
        assert set(fields) == {"content", "title", "region", "caller.phone", "kind"}
        assert fields["title"] == ["标题最多 200 个字，现在有 201 个字。"]
        assert not Ticket.objects.exists()

    def test_control_and_direction_characters_are_dropped_and_words_stay(self, desk: Desk) -> None:
        made = ticket(content="楼道\x00灯\x07坏了\u202e<script>alert(1)</script>\n第二行😀")

        assert made.content == "楼道灯坏了<script>alert(1)</script>\n第二行😀"


class TestTriage:
    def test_each_outcome_ends_in_its_state_and_tells_the_citizen(self, desk: Desk) -> None:
        earlier = ticket()
        expected = {
            TriageOutcome.TRANSFERRED: (TicketState.TRANSFERRED, "110"),
            TriageOutcome.ANSWERED: (TicketState.ANSWERED, ""),
            TriageOutcome.REDIRECTED: (TicketState.REDIRECTED, "litigation"),
            TriageOutcome.LINKED: (TicketState.LINKED, ""),
            TriageOutcome.EXPLAINED_SECRET: (TicketState.EXPLAINED, ""),
            TriageOutcome.GUIDED: (TicketState.GUIDED, "market"),
            TriageOutcome.EXPLAINED_UNLAWFUL: (TicketState.EXPLAINED, ""),
            TriageOutcome.ABUSE: (TicketState.ABUSE, ""),
        }
        for outcome, (state, channel) in expected.items():
            made = ticket()
            decision = triage.Triage(
                outcome=outcome, reason="依据规定说明。", channel=channel, linked_no=earlier.no
            )

            done = triage.triage_ticket(
                ticket_no=made.no, triage=decision, by=desk.agent, at=desk.tick()
            )

            assert (done.state, done.triage_outcome) == (state, outcome)
            assert done.replies.get().text == "依据规定说明。"
            assert not running(ClockKind.ANSWER, made.pk)

    def test_a_redirection_without_the_right_channel_is_refused(self, desk: Desk) -> None:
        made = ticket()
        decision = triage.Triage(outcome=TriageOutcome.REDIRECTED, reason="请走法定途径")

        with pytest.raises(InvalidError) as refusal:
            triage.triage_ticket(ticket_no=made.no, triage=decision, by=desk.agent, at=desk.tick())

        assert "channel" in refusal.value.details["fields"]
        assert Ticket.objects.get(pk=made.pk).state == TicketState.REGISTERED

    def test_only_the_one_who_claimed_it_triages(self, desk: Desk) -> None:
        made = ticket()
        triage.claim_ticket(ticket_no=made.no, by=desk.agent, at=desk.tick())
        decision = triage.Triage(outcome=TriageOutcome.ANSWERED, reason="已答复")

        with pytest.raises(policies.ClaimedByAnotherError):
            triage.claim_ticket(ticket_no=made.no, by=desk.lead, at=desk.tick())
        done = triage.triage_ticket(
            ticket_no=made.no, triage=decision, by=desk.lead, at=desk.tick()
        )

        assert done.state == TicketState.ANSWERED

    def test_a_wrong_triage_can_be_undone_by_the_shift_lead(self, desk: Desk) -> None:
        made = ticket()
        decision = triage.Triage(outcome=TriageOutcome.ANSWERED, reason="已答复")
        triage.triage_ticket(ticket_no=made.no, triage=decision, by=desk.agent, at=desk.tick())

        with pytest.raises(ForbiddenError):
            triage.reopen_triage(ticket_no=made.no, reason="误判", by=desk.agent, at=desk.tick())
        back = triage.reopen_triage(ticket_no=made.no, reason="误判", by=desk.lead, at=desk.tick())

        assert back.state == TicketState.REGISTERED
        assert back.answer_due_at == made.answer_due_at

    def test_a_changed_kind_runs_the_answer_clock_anew(self, desk: Desk) -> None:
        made = ticket()

        revised = triage.revise_ticket(
            ticket_no=made.no, changes={"kind": "complaint"}, by=desk.agent, at=desk.tick()
        )

        assert revised.answer_due_at == datetime(2026, 12, 7, 16, tzinfo=UTC)
        assert len(running(ClockKind.ANSWER, made.pk)) == 1

    def test_a_second_editor_is_told_both_versions(self, desk: Desk) -> None:
        made = ticket()
        triage.revise_ticket(
            ticket_no=made.no,
            changes={"title": "甲"},
            by=desk.agent,
            at=desk.tick(),
            expected_version=0,
        )

        with pytest.raises(StaleVersionError) as refusal:
            triage.revise_ticket(
                ticket_no=made.no,
                changes={"title": "乙"},
                by=desk.lead,
                at=desk.tick(),
                expected_version=0,
            )

        assert refusal.value.details == {"expected": 0, "current": 1}
        assert Ticket.objects.get(pk=made.pk).title == "甲"


class TestDispatch:
    def test_writes_the_deadline_on_every_order(self, desk: Desk) -> None:
        made = desk.dispatched(assists=("assist-unit",))

        orders = HandlingOrder.objects.filter(ticket=made).order_by("pk")
        assert [(o.no, o.role, o.due_at) for o in orders] == [
            (f"{made.no}-01", "lead", made.answer_due_at),
            (f"{made.no}-02", "assist", made.answer_due_at),
        ]
        assert all(running(ClockKind.SIGN, order.pk) for order in orders)

    def test_never_reaches_the_accused_unit_or_what_is_under_it(self, desk: Desk) -> None:
        below = OrganisationFactory(code="below", parent=desk.unit)
        made = ticket(kind="report", accused_unit=desk.unit.code)

        for code in (desk.unit.code, below.code):
            with pytest.raises(triage.AccusedUnitError):
                triage.dispatch_ticket(
                    ticket_no=made.no,
                    dispatch=triage.Dispatch(lead=code),
                    by=desk.agent,
                    at=desk.tick(),
                )
        assert not HandlingOrder.objects.exists()

    def test_refuses_unknown_and_doubled_units(self, desk: Desk) -> None:
        made = ticket()
        for dispatch in (
            triage.Dispatch(lead="nowhere"),
            triage.Dispatch(lead=desk.unit.code, assists=("nowhere",)),
            triage.Dispatch(lead=desk.unit.code, assists=(desk.unit.code,)),
        ):
            with pytest.raises(InvalidError):
                triage.dispatch_ticket(
                    ticket_no=made.no, dispatch=dispatch, by=desk.agent, at=desk.tick()
                )
        assert Ticket.objects.get(pk=made.pk).state == TicketState.REGISTERED


class TestHandling:
    def test_the_loop_from_signature_to_reply(self, desk: Desk) -> None:
        made = desk.replied()

        assert made.state == TicketState.REPLIED
        assert made.replies.get().text == "三盏路灯已于当日修复。"
        assert not running(ClockKind.ANSWER, made.pk)
        assert running(ClockKind.SELF_EVALUATION, made.pk)
        order = desk.lead_order(made)
        moves = TransitionLog.objects.filter(subject_type="hotline.order", subject_id=order.pk)
        assert list(moves.order_by("version").values_list("transition", flat=True)) == [
            "sign",
            "record_first_contact",
            "submit_answer",
            "approve",
        ]

    def test_the_lead_waits_for_every_assisting_unit(self, desk: Desk) -> None:
        made = desk.dispatched(assists=("assist-unit",))
        order = desk.lead_order(made)
        handling.sign_order(order_no=order.no, by=desk.handler, at=desk.tick())
        handling.record_first_contact(
            order_no=order.no, text="已联系", by=desk.handler, at=desk.tick()
        )

        with pytest.raises(handling.AssistsPendingError) as refusal:
            handling.submit_answer(
                order_no=order.no, answer="已修复", by=desk.handler, at=desk.tick()
            )

        assert refusal.value.details["units"] == ["供电公司"]

    def test_nobody_approves_their_own_answer(self, desk: Desk) -> None:
        made = desk.dispatched()
        no = desk.lead_order(made).no
        handling.sign_order(order_no=no, by=desk.head, at=desk.tick())
        handling.record_first_contact(order_no=no, text="已联系", by=desk.head, at=desk.tick())
        handling.submit_answer(order_no=no, answer="已修复", by=desk.head, at=desk.tick())

        with pytest.raises(policies.FourEyesError):
            handling.approve_order(order_no=no, by=desk.head, at=desk.tick())

    def test_another_units_order_is_not_found(self, desk: Desk) -> None:
        made = desk.dispatched()

        with pytest.raises(NotFoundError):
            handling.sign_order(
                order_no=desk.lead_order(made).no, by=desk.assist_handler, at=desk.tick()
            )

    def test_an_assisting_unit_sees_the_lead_order_but_cannot_sign_it(self, desk: Desk) -> None:
        made = desk.dispatched(assists=("assist-unit",))

        with pytest.raises(ForbiddenError):
            handling.sign_order(
                order_no=desk.lead_order(made).no, by=desk.assist_handler, at=desk.tick()
            )

    def test_a_head_sends_back_with_a_reason(self, desk: Desk) -> None:
        made = desk.answered()
        no = desk.lead_order(made).no

        back = handling.send_back_order(
            order_no=no, reason="请写明修复时间", by=desk.head, at=desk.tick()
        )

        assert back.state == OrderState.HANDLING
        assert back.notes.get(kind="send_back").text == "请写明修复时间"


class TestClosing:
    def test_a_satisfied_citizen_closes_the_loop(self, desk: Desk) -> None:
        made = desk.replied()

        done = closing.evaluate_ticket(
            ticket=made,
            verdict=closing.Verdict(solved="yes", satisfaction=1),
            by=None,
            at=desk.tick(),
        )

        assert done.state == TicketState.CLOSED
        assert not Clock.objects.filter(subject_id=made.pk, state="running").exists()

    def test_solved_but_dissatisfied_goes_to_an_auditor(self, desk: Desk) -> None:
        made = desk.replied()

        done = closing.evaluate_ticket(
            ticket=made,
            verdict=closing.Verdict(solved="yes", satisfaction=4),
            by=None,
            at=desk.tick(),
        )

        assert done.state == TicketState.REVIEW

    def test_one_verdict_a_round(self, desk: Desk) -> None:
        made = desk.in_review()

        with pytest.raises(closing.AlreadyEvaluatedError):
            closing.evaluate_ticket(
                ticket=made,
                verdict=closing.Verdict(solved="yes", satisfaction=1),
                by=None,
                at=desk.tick(),
            )
        assert Evaluation.objects.count() == 1

    def test_a_redo_starts_a_new_round_with_a_new_deadline(self, desk: Desk) -> None:
        made = desk.in_review()

        again = closing.order_redo(
            ticket_no=made.no, reason="未解决", by=desk.auditor, at=desk.tick()
        )

        assert (again.state, again.rounds) == (TicketState.DISPATCHED, 2)
        order = desk.lead_order(again)
        assert (order.state, order.due_at) == (OrderState.ISSUED, again.answer_due_at)

    def test_the_second_round_can_be_replied_and_closed(self, desk: Desk) -> None:
        made = desk.in_review()
        closing.order_redo(ticket_no=made.no, reason="未解决", by=desk.auditor, at=desk.tick())
        no = desk.lead_order(made).no
        handling.sign_order(order_no=no, by=desk.handler, at=desk.tick())
        handling.record_first_contact(order_no=no, text="上门", by=desk.handler, at=desk.tick())
        handling.submit_answer(order_no=no, answer="已换新灯", by=desk.handler, at=desk.tick())
        handling.approve_order(order_no=no, by=desk.head, at=desk.tick())

        done = closing.record_callback(
            ticket_no=made.no,
            result="reached",
            by=desk.agent,
            at=desk.tick(),
            verdict=closing.Verdict(solved="yes", satisfaction=2),
        )

        assert done.state == TicketState.CLOSED
        assert done.replies.count() == 2

    def test_a_handler_may_not_call_back(self, desk: Desk) -> None:
        made = desk.replied()
        with pytest.raises(ForbiddenError):
            closing.record_callback(
                ticket_no=made.no, result="no_answer", by=desk.handler, at=desk.tick()
            )

    def test_three_unanswered_calls_close_without_a_verdict(self, desk: Desk) -> None:
        made = desk.replied()

        for _ in range(3):
            done = closing.record_callback(
                ticket_no=made.no, result="no_answer", by=desk.agent, at=desk.tick()
            )

        assert done.state == TicketState.CLOSED
        assert not done.evaluations.exists()

    def test_nobody_evaluates_before_the_answer(self, desk: Desk) -> None:
        made = desk.dispatched()

        with pytest.raises(closing.NotAnsweredYetError):
            closing.evaluate_ticket(
                ticket=made,
                verdict=closing.Verdict(solved="yes", satisfaction=1),
                by=None,
                at=desk.tick(),
            )

    def test_the_self_evaluation_clock_brings_it_to_call_back(self, desk: Desk) -> None:
        from core.clocks.actions import pop_due

        made = desk.replied()

        fired = pop_due(at=desk.now + timedelta(hours=25))

        assert fired == 1
        assert Ticket.objects.get(pk=made.pk).state == TicketState.CALLBACK_DUE
        assert running(ClockKind.CALLBACK, made.pk)


class TestCitizen:
    def test_withdrawing_ends_orders_and_clocks(self, desk: Desk) -> None:
        made = desk.dispatched(assists=("assist-unit",))

        done = citizen.withdraw_ticket(ticket=made, reason="已自行解决", by=None, at=desk.tick())

        assert done.state == TicketState.WITHDRAWN
        assert set(HandlingOrder.objects.values_list("state", flat=True)) == {"terminated"}
        assert not Clock.objects.filter(state="running").exists()

    def test_new_facts_reach_whoever_works_on_it(self, desk: Desk) -> None:
        made = desk.dispatched()

        citizen.add_supplement(ticket=made, text="昨晚又坏了一盏", by=None, at=desk.tick())

        event = Event.objects.get(kind="hotline.ticket.supplemented")
        assert f"unit:{desk.unit.pk}" in event.scopes

    def test_a_stranger_may_not_withdraw(self, desk: Desk) -> None:
        made = ticket(citizen=member("citizen"))
        stranger = member("citizen")

        with pytest.raises(ForbiddenError):
            citizen.withdraw_ticket(ticket=made, reason="恶作剧", by=stranger, at=desk.tick())
        with pytest.raises(TransitionRefusedError):
            citizen.withdraw_ticket(ticket=desk.replied(), reason="不要了", by=None, at=desk.tick())
