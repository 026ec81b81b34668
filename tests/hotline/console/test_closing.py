"""回访 and 审核 pages: two answers, four eyes, readable refusals."""

import pytest
from django.test import Client
from django.urls import reverse

from hotline.models import CallbackAttempt, Evaluation, HandlingOrder, Ticket
from tests.factories.core import Membership, Role, city
from tests.factories.hotline import Desk

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user, name: str, made: Ticket, **data):
    data = {"version": Ticket.objects.get(pk=made.pk).version, **data}
    return signed_in(user).post(reverse(f"console:{name}", args=[made.no]), data)


def state_of(made: Ticket) -> str:
    return Ticket.objects.get(pk=made.pk).state


class TestCallback:
    def test_asks_solved_and_satisfied_apart_with_one_as_best(self, desk: Desk):
        made = desk.replied()

        page = signed_in(desk.agent).get(f"/console/callbacks/{made.no}/").content.decode()

        assert "您反映的问题解决了吗" in page
        assert "您对办理过程和结果满意吗" in page
        assert page.index("非常满意") < page.index("非常不满意")
        assert 'name="satisfaction" value="1"' in page

    def test_closes_when_the_citizen_is_content(self, desk: Desk):
        made = desk.replied()

        answer = post(
            desk.agent, "callback", made, result="reached", solved="yes", satisfaction="1"
        )

        assert answer.status_code == 302
        assert state_of(made) == "closed"
        verdict = Evaluation.objects.get()
        assert (verdict.solved, verdict.satisfaction, verdict.channel) == ("yes", 1, "call_back")

    @pytest.mark.parametrize(("solved", "satisfaction"), [("yes", "4"), ("no", "1"), ("no", "5")])
    def test_sends_a_bad_verdict_to_review(self, desk: Desk, solved, satisfaction):
        made = desk.replied()

        post(
            desk.agent, "callback", made, result="reached", solved=solved, satisfaction=satisfaction
        )

        assert state_of(made) == "review"

    def test_logs_an_attempt_that_reached_nobody(self, desk: Desk):
        made = desk.replied()

        post(desk.agent, "callback", made, result="no_answer", note="响铃 60 秒")

        assert state_of(made) == "replied"
        assert CallbackAttempt.objects.get().note == "响铃 60 秒"

    def test_keeps_an_appointment(self, desk: Desk):
        made = desk.replied()

        post(desk.agent, "callback", made, result="later", next_at="2026-12-01T10:30")

        assert CallbackAttempt.objects.get().next_at.isoformat() == "2026-12-01T02:30:00+00:00"

    @pytest.mark.parametrize(
        ("posted", "message"),
        [
            ({"result": ""}, "请选择回访结果"),
            ({"result": "reached"}, "请选择问题是否解决"),
            ({"result": "reached", "solved": "yes"}, "请选择满意程度"),
            ({"result": "reached", "solved": "yes", "satisfaction": "9"}, "satisfaction"),
            ({"result": "later", "next_at": "明天"}, "next_at"),
        ],
    )
    def test_names_what_is_missing_and_keeps_the_note(self, desk: Desk, posted, message):
        made = desk.replied()

        answer = post(desk.agent, "callback", made, note="市民说晚点再打", **posted)

        page = answer.content.decode()
        assert answer.status_code == 400
        assert message in page
        assert "市民说晚点再打" in page
        assert not CallbackAttempt.objects.exists()

    def test_is_not_for_who_handled_the_matter(self, desk: Desk):
        made = desk.replied()
        Membership.objects.create(
            user=desk.handler, organisation=desk.unit, role=Role.AGENT, region=city()
        )

        page = signed_in(desk.handler).get(f"/console/callbacks/{made.no}/").content.decode()
        answer = post(desk.handler, "callback", made, result="no_answer")

        assert "您办理过这件事，不能由您回访" in page
        assert answer.status_code == 403
        assert "不能是同一人" in answer.content.decode()
        assert not CallbackAttempt.objects.exists()

    def test_waits_for_the_answer(self, desk: Desk):
        made = desk.dispatched()

        answer = post(desk.agent, "callback", made, result="no_answer")

        assert answer.status_code == 409
        assert "答复之后才能评价" in answer.content.decode()

    def test_says_so_when_somebody_else_was_faster(self, desk: Desk):
        made = desk.replied()

        answer = post(
            desk.agent,
            "callback",
            made,
            version=0,
            result="reached",
            solved="yes",
            satisfaction="2",
            comment="市民的原话",
        )

        assert answer.status_code == 409
        assert "市民的原话" in answer.content.decode()
        assert not Evaluation.objects.exists()


class TestReview:
    def test_shows_the_verdict_and_all_that_led_to_it(self, desk: Desk):
        made = desk.in_review()

        page = signed_in(desk.auditor).get(f"/console/reviews/{made.no}/").content.decode()

        for words in ("没有修好", "非常不满意", "三盏路灯已于当日修复", "办理经过"):
            assert words in page

    def test_orders_a_redo_with_a_reason(self, desk: Desk):
        made = desk.in_review()

        answer = post(desk.auditor, "review", made, decision="redo", reason="应再到现场核实。")

        assert answer.status_code == 302
        assert state_of(made) == "dispatched"
        assert HandlingOrder.objects.get(ticket=made).state == "issued"

    def test_closes_with_a_reason(self, desk: Desk):
        made = desk.in_review()

        post(desk.auditor, "review", made, decision="close", reason="已依法办理完毕。")

        assert state_of(made) == "closed"

    @pytest.mark.parametrize("decision", ["redo", "close"])
    def test_needs_a_reason(self, desk: Desk, decision):
        made = desk.in_review()

        answer = post(desk.auditor, "review", made, decision=decision, reason=" ")

        assert answer.status_code == 400
        assert state_of(made) == "review"

    @pytest.mark.parametrize("role", ["agent", "lead", "handler", "head"])
    def test_is_the_auditors_alone(self, desk: Desk, role):
        made = desk.in_review()

        answer = post(getattr(desk, role), "review", made, decision="close", reason="办结吧")

        assert answer.status_code == 403
        assert state_of(made) == "review"
