"""Whatever people do to a ticket and its orders, in whatever order, these truths hold."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

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
)
from tests.hotline.machines.scenes import REASON, TRIAGE, World

OPEN = ("running", "suspended")
STAFF = ("agent", "lead", "auditor", "handler", "head", "assist_handler", "assist_head", "owner")
ALIVE = sorted(set(TicketState) - FINAL_TICKET_STATES)
people = st.sampled_from(STAFF)


class Life(RuleBasedStateMachine):
    """Two tickets in the hands of eight people who press whatever button they like."""

    tickets = Bundle("tickets")
    seen: ClassVar[set[tuple[str, int]]] = set()

    def __init__(self) -> None:
        super().__init__()
        forget_everything()
        forget_categories()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.world = World()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def try_to(self, deed: Any, **arguments: Any) -> None:
        """Do it, or be refused; anything else than a refusal is a bug."""
        try:
            with transaction.atomic():
                deed(at=self.world.tick(), **arguments)
        except DomainError:
            return
        rows = Ticket.objects.exclude(pk=self.world.earlier.pk)
        self.seen.update(rows.values_list("state", "rounds"))

    @initialize(target=tickets, state=st.sampled_from(ALIVE))
    def first(self, state: str) -> int:
        return self.world.ticket_in(state).pk

    @rule(target=tickets, state=st.sampled_from(TicketState.values))
    def another(self, state: str) -> int:
        return self.world.ticket_in(state).pk

    @rule(which=tickets, who=people, hold=st.booleans(), stale=st.booleans())
    def hold(self, which: int, who: str, hold: bool, stale: bool) -> None:
        made = Ticket.objects.get(pk=which)
        self.try_to(
            triage.claim_ticket if hold else triage.release_ticket,
            ticket_no=made.no,
            by=getattr(self.world, who),
            expected_version=made.version + 1 if stale else None,
        )

    @rule(which=tickets, who=people, urgency=st.sampled_from(["ordinary", "urgent", "emergency"]))
    def revise(self, which: int, who: str, urgency: str) -> None:
        made = Ticket.objects.get(pk=which)
        changes = {"urgency": urgency, "title": "改过的标题"}
        by = getattr(self.world, who)
        self.try_to(triage.revise_ticket, ticket_no=made.no, changes=changes, by=by)

    @rule(which=tickets, who=people, name=st.sampled_from(sorted(TRIAGE)))
    def decide(self, which: int, who: str, name: str) -> None:
        made = Ticket.objects.get(pk=which)
        linked = self.world.earlier.no
        decision = triage.Triage(reason=REASON, linked_no=linked, **TRIAGE[name])
        by = getattr(self.world, who)
        self.try_to(triage.triage_ticket, ticket_no=made.no, triage=decision, by=by)

    @rule(which=tickets, who=people)
    def reopen(self, which: int, who: str) -> None:
        made = Ticket.objects.get(pk=which)
        by = getattr(self.world, who)
        self.try_to(triage.reopen_triage, ticket_no=made.no, reason=REASON, by=by)

    @rule(which=tickets, who=st.sampled_from(["agent", "lead", "head"]), assisted=st.booleans())
    def dispatch(self, which: int, who: str, assisted: bool) -> None:
        made, world = Ticket.objects.get(pk=which), self.world
        assists = (world.other.code,) if assisted else ()
        order = triage.Dispatch(lead=world.unit.code, assists=assists)
        by = getattr(world, who)
        self.try_to(triage.dispatch_ticket, ticket_no=made.no, dispatch=order, by=by)

    @rule(which=tickets, index=st.sampled_from(["01", "02"]), who=people, skip=st.booleans())
    def step(self, which: int, index: str, who: str, skip: bool) -> None:
        """Take an order one step further; ``who`` may be the wrong person for it."""
        no = f"{Ticket.objects.get(pk=which).no}-{index}"
        order = HandlingOrder.objects.filter(no=no).first()
        if order is not None:
            self._next(order, getattr(self.world, who if skip else self._right(order)))

    def _right(self, order: HandlingOrder) -> str:
        person = "head" if order.state == OrderState.ANSWERED else "handler"
        return person if order.role == "lead" else f"assist_{person}"

    def _next(self, order: HandlingOrder, by: Any) -> None:
        if order.state == OrderState.ISSUED:
            self.try_to(handling.sign_order, order_no=order.no, by=by)
        elif order.state == OrderState.SIGNED:
            self.try_to(handling.record_first_contact, order_no=order.no, text="已联系", by=by)
        elif order.state == OrderState.HANDLING:
            self.try_to(handling.submit_answer, order_no=order.no, answer="已修复", by=by)
        else:
            self.try_to(handling.approve_order, order_no=order.no, by=by)

    @rule(which=tickets, who=people)
    def send_back(self, which: int, who: str) -> None:
        no = f"{Ticket.objects.get(pk=which).no}-01"
        by = getattr(self.world, who)
        self.try_to(handling.send_back_order, order_no=no, reason=REASON, by=by)

    @rule(
        which=tickets,
        solved=st.sampled_from(Solved.values),
        level=st.sampled_from(Satisfaction.values),
        known=st.booleans(),
    )
    def evaluate(self, which: int, solved: str, level: int, known: bool) -> None:
        verdict = closing.Verdict(solved=solved, satisfaction=level)
        by = self.world.owner if known else None
        made = Ticket.objects.get(pk=which)
        self.try_to(closing.evaluate_ticket, ticket=made, verdict=verdict, by=by)

    @rule(which=tickets, who=people, result=st.sampled_from(CallbackResult.values))
    def call_back(self, which: int, who: str, result: str) -> None:
        verdict = closing.Verdict(solved="no", satisfaction=4) if result == "reached" else None
        no = Ticket.objects.get(pk=which).no
        by = getattr(self.world, who)
        self.try_to(closing.record_callback, ticket_no=no, result=result, verdict=verdict, by=by)

    @rule(which=tickets, who=people, again=st.booleans())
    def review(self, which: int, who: str, again: bool) -> None:
        deed = closing.order_redo if again else closing.close_after_review
        no = Ticket.objects.get(pk=which).no
        self.try_to(deed, ticket_no=no, reason=REASON, by=getattr(self.world, who))

    @rule(which=tickets, days=st.integers(0, 3))
    def withdraw(self, which: int, days: int) -> None:
        if days == 0:
            made = Ticket.objects.get(pk=which)
            self.try_to(citizen.withdraw_ticket, ticket=made, reason=REASON, by=None)

    @rule(hours=st.integers(1, 24 * 12))
    def time_passes(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)
        pop_due(at=self.world.now)

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


@pytest.mark.slow
@pytest.mark.django_db
def test_the_truths_hold_in_every_life() -> None:
    Life.seen.clear()

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

    reached = {state for state, _ in Life.seen}
    assert reached >= {"dispatched", "review", "closed", "withdrawn"}
    assert max(rounds for _, rounds in Life.seen) > 1
