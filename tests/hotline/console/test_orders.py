"""承办单 pages: sign, first contact, progress, answer, approval; by the unit and nobody else."""

import pytest
from django.test import Client
from django.urls import reverse

from core.drafts.actions import save_draft
from core.drafts.queries import load_draft
from core.transitions.models import TransitionLog
from hotline.actions import handling
from hotline.models import HandlingOrder, Note, Reply, Ticket
from hotline.views.console.orders import ANSWER_DRAFT
from tests.factories.hotline import Desk

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user, name: str, order: HandlingOrder, **data):
    return signed_in(user).post(reverse(f"console:{name}", args=[order.no]), data)


def page_of(user, order: HandlingOrder) -> str:
    answer = signed_in(user).get(reverse("console:order", args=[order.no]))
    assert answer.status_code == 200
    return answer.content.decode()


def fresh(order: HandlingOrder) -> HandlingOrder:
    return HandlingOrder.objects.get(pk=order.pk)


@pytest.fixture
def order(desk: Desk) -> HandlingOrder:
    return desk.lead_order(desk.dispatched())


class TestTheWholeWay:
    def test_goes_from_signing_to_the_reply_by_forms_alone(self, desk: Desk, order):
        steps = [
            (desk.handler, "sign", {}),
            (desk.handler, "first_contact", {"text": "已电话联系，约定下午到场。"}),
            (desk.handler, "progress", {"text": "已派抢修班。"}),
            (desk.handler, "answer", {"answer": "三盏路灯已修复。"}),
            (desk.head, "send_back", {"reason": "请写明修复时间。"}),
            (desk.handler, "answer", {"answer": "三盏路灯已于当日 17 时修复。"}),
            (desk.head, "approve", {}),
        ]

        codes = [
            post(user, name, order, version=fresh(order).version, **data).status_code
            for user, name, data in steps
        ]

        assert codes == [302] * len(steps)
        assert fresh(order).state == "approved"
        assert Reply.objects.get().text == "三盏路灯已于当日 17 时修复。"
        assert Ticket.objects.get().state == "replied"
        page = page_of(desk.handler, order)
        assert "请写明修复时间。" in page
        assert "已派抢修班。" in page


class TestRights:
    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("sign", {}),
            ("first_contact", {"text": "已联系"}),
            ("progress", {"text": "进展"}),
            ("answer", {"answer": "答复"}),
            ("approve", {}),
            ("send_back", {"reason": "退回"}),
        ],
    )
    @pytest.mark.parametrize("role", ["assist_handler", "assist_head", "agent", "auditor"])
    def test_nobody_outside_the_unit_does_anything(self, desk: Desk, order, name, data, role):
        before = TransitionLog.objects.count()

        answer = post(getattr(desk, role), name, order, version=0, **data)

        assert answer.status_code in {403, 404, 409}
        assert "没有任何内容被改动" in answer.content.decode()
        assert TransitionLog.objects.count() == before
        assert (fresh(order).state, fresh(order).version) == ("issued", 0)
        assert not Note.objects.exists()

    def test_another_unit_cannot_tell_that_it_exists(self, desk: Desk, order):
        client = signed_in(desk.assist_handler)

        hidden = client.get(f"/console/orders/{order.no}/")
        absent = client.get("/console/orders/519900202601010000000-01/")

        assert hidden.status_code == absent.status_code == 404

    @pytest.mark.parametrize("name", ["first_contact", "answer", "approve", "send_back"])
    def test_steps_out_of_order_are_refused_readably(self, desk: Desk, order, name):
        data = {"text": "x", "answer": "x", "reason": "x", "version": 0}

        answer = post(desk.head, name, order, **data)

        assert answer.status_code == 409
        assert "当前状态不能执行此操作" in answer.content.decode()
        assert fresh(order).state == "issued"

    def test_the_author_does_not_approve_their_own_answer(self, desk: Desk, order):
        for name, data in (
            ("sign", {}),
            ("first_contact", {"text": "已联系"}),
            ("answer", {"answer": "已修复"}),
        ):
            post(desk.head, name, order, version=fresh(order).version, **data)

        answer = post(desk.head, "approve", order, version=fresh(order).version)

        assert answer.status_code == 403
        assert "办理人与审批、回访人不能是同一人" in answer.content.decode()
        assert "要由另一位负责人审批" in page_of(desk.head, order)


class TestAssists:
    @pytest.fixture
    def joint(self, desk: Desk):
        made = desk.dispatched(assists=(desk.other.code,))
        assist = HandlingOrder.objects.get(ticket=made, role="assist")
        lead = desk.lead_order(made)
        for one, by in ((lead, desk.handler), (assist, desk.assist_handler)):
            handling.sign_order(order_no=one.no, by=by, at=desk.tick())
            handling.record_first_contact(order_no=one.no, text="联系", by=by, at=desk.tick())
        return lead, assist

    def test_the_lead_is_told_whom_it_waits_for_and_cannot_submit(self, desk: Desk, joint):
        lead, _ = joint

        page = page_of(desk.handler, lead)
        answer = post(desk.handler, "answer", lead, version=2, answer="写好的长长答复")

        assert "还在等协办单位答复：供电公司" in page
        assert answer.status_code == 409
        assert "还有协办单位没有答复" in answer.content.decode()
        assert fresh(lead).state == "handling"

    def test_the_assists_answer_is_shown_to_the_lead(self, desk: Desk, joint):
        lead, assist = joint
        handling.submit_answer(
            order_no=assist.no, answer="线路已检修。", by=desk.assist_handler, at=desk.tick()
        )
        handling.approve_order(order_no=assist.no, by=desk.assist_head, at=desk.tick())

        page = page_of(desk.handler, lead)

        assert "线路已检修。" in page
        assert "还在等协办单位答复" not in page
        assert not Reply.objects.exists()


class TestForms:
    def test_keeps_the_answer_when_somebody_else_was_faster(self, desk: Desk, order):
        for name, data in (("sign", {}), ("first_contact", {"text": "已联系"})):
            post(desk.handler, name, order, version=fresh(order).version, **data)

        answer = post(desk.handler, "answer", order, version=0, answer="写了很久的答复")

        page = answer.content.decode()
        assert answer.status_code == 409
        assert "写了很久的答复" in page
        assert "别人更新了这条记录" in page
        assert fresh(order).state == "handling"

    @pytest.mark.parametrize(
        ("name", "data", "message"),
        [
            ("first_contact", {"text": " "}, "请填写首次联系情况"),
            ("progress", {"text": ""}, "请填写办理进展"),
            ("progress", {"text": "字" * 5001}, "5000"),
        ],
    )
    def test_names_the_field_and_the_rule(self, desk: Desk, order, name, data, message):
        post(desk.handler, "sign", order, version=0)

        answer = post(desk.handler, name, order, version=1, **data)

        assert answer.status_code == 400
        assert message in answer.content.decode()
        assert not Note.objects.exists()

    def test_brings_back_the_answer_that_was_being_typed(self, desk: Desk, order):
        for name, data in (("sign", {}), ("first_contact", {"text": "已联系"})):
            post(desk.handler, name, order, version=fresh(order).version, **data)
        save_draft(
            form=ANSWER_DRAFT,
            key=order.no,
            user=desk.handler,
            content={"fields": {"answer": "写到一半的答复"}},
            at=desk.tick(),
        )

        page = page_of(desk.handler, order)
        post(desk.handler, "answer", order, version=2, answer="写完的答复")

        assert "写到一半的答复" in page
        assert load_draft(form=ANSWER_DRAFT, key=order.no, user=desk.handler) is None
        assert fresh(order).answer == "写完的答复"
