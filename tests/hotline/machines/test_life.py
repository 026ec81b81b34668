"""Whatever people do to a ticket and its orders, in whatever order, these truths hold."""

from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from core.accounts.models import User
from core.clocks.actions import pop_due
from core.clocks.models import Clock
from core.errors import DomainError
from core.process_cache import forget_everything
from core.transitions.models import TransitionLog
from hotline.actions import citizen, closing, handling, triage
from hotline.models import HandlingOrder, Ticket
from hotline.queries.categories import forget_categories
from hotline.states import (
    FINAL_TICKET_STATES,
    WAITING_ORDER_STATES,
    CallbackResult,
    ClockKind,
    OrderState,
    Satisfaction,
    Solved,
    TicketState,
    Urgency,
)
from tests.hotline.machines.scenes import ORDER_DEEDS, REASON, TRIAGE, World

OPEN = ("running", "suspended")
STAFF = ("agent", "lead", "auditor", "handler", "head", "assist_handler", "assist_head", "owner")
RIGHT = {"reopen": "lead", "send_back": "head", "close_after_review": "auditor", "redo": "auditor"}
ALIVE = sorted(set(TicketState) - FINAL_TICKET_STATES)
DEEDS = [
    *("hold", "release", "revise", "decide", "dispatch", "reopen", "step", "step", "step"),
    *("send_back", "evaluate", "call_back", "close_after_review", "redo", "withdraw"),
]
VERDICTS = [
    closing.Verdict(solved=solved, satisfaction=level)
    for solved in Solved.values
    for level in Satisfaction.values
]


class Life(RuleBasedStateMachine):
    """Three tickets in the hands of eight people who press whatever button they like."""

    seen: ClassVar[set[tuple[str, int]]] = set()

    def __init__(self) -> None:
        super().__init__()
        forget_everything()
        forget_categories()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.world = World()
        self.tickets: list[Ticket] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @initialize(states=st.lists(st.sampled_from(ALIVE), min_size=3, max_size=3))
    def begin(self, states: list[str]) -> None:
        self.tickets = [self.world.ticket_in(state) for state in states]

    @rule(
        index=st.integers(0, 2),
        deed=st.sampled_from(DEEDS),
        who=st.none() | st.sampled_from(STAFF),
        pick=st.integers(0, 99),
    )
    def somebody_does_something(self, index: int, deed: str, who: str | None, pick: int) -> None:
        """``who`` None is the right person for it; ``pick`` chooses among what can be chosen."""
        made = Ticket.objects.get(pk=self.tickets[index].pk)
        by = getattr(self.world, who or RIGHT.get(deed, "agent"))
        try:
            with transaction.atomic():
                getattr(self, f"do_{deed}")(made, by, who is None, pick)
        except DomainError:
            return
        self.seen.update(Ticket.objects.filter(pk=made.pk).values_list("state", "rounds"))

    @rule(hours=st.integers(1, 24 * 12))
    def time_passes(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)
        pop_due(at=self.world.now)

    def do_hold(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        version = made.version + pick % 2
        at = self.world.tick()
        triage.claim_ticket(ticket_no=made.no, by=by, at=at, expected_version=version)

    def do_release(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        triage.release_ticket(ticket_no=made.no, by=by, at=self.world.tick())

    def do_revise(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        changes = {"urgency": Urgency.values[pick % 3], "title": "改过的标题"}
        triage.revise_ticket(ticket_no=made.no, changes=changes, by=by, at=self.world.tick())

    def do_decide(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        chosen = TRIAGE[sorted(TRIAGE)[pick % len(TRIAGE)]]
        decision = triage.Triage(reason=REASON, linked_no=self.world.earlier.no, **chosen)
        triage.triage_ticket(ticket_no=made.no, triage=decision, by=by, at=self.world.tick())

    def do_dispatch(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        assists = (self.world.other.code,) if pick % 2 else ()
        order = triage.Dispatch(lead=self.world.unit.code, assists=assists)
        triage.dispatch_ticket(ticket_no=made.no, dispatch=order, by=by, at=self.world.tick())

    def do_reopen(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        triage.reopen_triage(ticket_no=made.no, reason=REASON, by=by, at=self.world.tick())

    def do_step(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        """Take an order of the ticket one step further."""
        orders = list(made.orders.order_by("id"))
        if not orders:
            return
        order = orders[pick % len(orders)]
        person = "head" if order.state == OrderState.ANSWERED else "handler"
        if right:
            by = getattr(self.world, person if order.role == "lead" else f"assist_{person}")
        name = _NEXT.get(order.state, "approve")
        ORDER_DEEDS[name](self.world, order, by, self.world.tick())

    def do_send_back(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        no, at = f"{made.no}-01", self.world.tick()
        handling.send_back_order(order_no=no, reason=REASON, by=by, at=at)

    def do_evaluate(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        """The citizen, by account or by query code."""
        verdict = VERDICTS[pick % len(VERDICTS)]
        owner = self.world.owner if pick % 2 else None
        closing.evaluate_ticket(ticket=made, verdict=verdict, by=owner, at=self.world.tick())

    def do_call_back(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        result = CallbackResult.values[pick % len(CallbackResult)]
        verdict = VERDICTS[pick % len(VERDICTS)] if result == CallbackResult.REACHED else None
        at = self.world.tick()
        closing.record_callback(ticket_no=made.no, result=result, verdict=verdict, by=by, at=at)

    def do_close_after_review(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        closing.close_after_review(ticket_no=made.no, reason=REASON, by=by, at=self.world.tick())

    def do_redo(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        closing.order_redo(ticket_no=made.no, reason=REASON, by=by, at=self.world.tick())

    def do_withdraw(self, made: Ticket, by: User, right: bool, pick: int) -> None:
        """Citizens rarely do."""
        if pick % 4 == 0:
            citizen.withdraw_ticket(ticket=made, reason=REASON, by=None, at=self.world.tick())

    @invariant()
    def versions_follow_the_log(self) -> None:
        for kind, model in (("hotline.ticket", Ticket), ("hotline.order", HandlingOrder)):
            for row in model.objects.all():
                log = TransitionLog.objects.filter(subject_type=kind, subject_id=row.pk)
                steps = list(log.order_by("version").values_list("version", "source", "target"))
                assert [step[0] for step in steps] == list(range(1, row.version + 1))
                ends = [step[2] for step in steps]
                assert [step[1] for step in steps][1:] == ends[:-1]
                assert row.state == (
                    ends[-1] if ends else type(row)._meta.get_field("state").default
                )

    @invariant()
    def what_is_over_has_no_open_clock(self) -> None:
        over = Ticket.objects.filter(state__in=FINAL_TICKET_STATES)
        done = HandlingOrder.objects.exclude(state__in=WAITING_ORDER_STATES)
        open_ = Clock.objects.filter(state__in=OPEN)
        assert not open_.filter(
            subject_type="hotline.ticket", subject_id__in=over.values("pk")
        ).exists()
        assert not open_.filter(
            subject_type="hotline.order", subject_id__in=done.values("pk")
        ).exists()

    @invariant()
    def the_answer_clock_runs_exactly_while_the_answer_is_owed(self) -> None:
        for made in Ticket.objects.all():
            clock = Clock.objects.filter(
                subject_type="hotline.ticket", subject_id=made.pk, kind=ClockKind.ANSWER
            ).latest("pk")
            owed = made.state in {TicketState.REGISTERED, TicketState.DISPATCHED}
            assert (clock.state in OPEN) is (owed and clock.state != "fired")
            if owed:
                assert made.answer_due_at == clock.due_at

    @invariant()
    def a_matter_has_one_lead_and_its_open_orders_share_the_deadline(self) -> None:
        for made in Ticket.objects.all():
            orders = list(made.orders.exclude(state=OrderState.TERMINATED))
            leads = [order for order in orders if order.role == "lead"]
            was_dispatched = made.rounds > 0 and made.state != TicketState.WITHDRAWN
            assert len(leads) == (1 if was_dispatched else 0)
            for order in orders:
                if order.state in WAITING_ORDER_STATES:
                    assert order.due_at == made.answer_due_at

    @invariant()
    def replies_and_verdicts_never_outnumber_the_rounds(self) -> None:
        for made in Ticket.objects.all():
            assert made.replies.filter(order__isnull=False).count() <= made.rounds
            assert made.evaluations.count() <= made.rounds
            answered = made.state in {TicketState.REPLIED, TicketState.CALLBACK_DUE}
            if answered:
                assert made.replies.filter(order__isnull=False, round=made.rounds).count() == 1
                assert not made.evaluations.filter(round=made.rounds).exists()


_NEXT = {
    OrderState.ISSUED: "sign",
    OrderState.SIGNED: "record_first_contact",
    OrderState.HANDLING: "submit_answer",
}


@pytest.mark.slow
@pytest.mark.django_db
def test_the_truths_hold_in_every_life() -> None:
    Life.seen.clear()

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

    reached = {state for state, _ in Life.seen}
    assert reached >= {"dispatched", "review", "closed", "withdrawn"}
    assert max(rounds for _, rounds in Life.seen) > 1
