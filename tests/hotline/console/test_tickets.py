"""A ticket's page and what agents do there: claim, revise, triage, dispatch, note, reveal."""

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.states import Role
from core.audit.models import AuditEntry
from core.transitions.models import TransitionLog
from hotline.actions import triage
from hotline.models import HandlingOrder, Note, Ticket
from hotline.states import TriageOutcome
from tests.factories.core import OrganisationFactory, UserFactory, district, member
from tests.factories.hotline import Desk, category, ticket

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user, name: str, no: str, **data):
    return signed_in(user).post(reverse(f"console:{name}", args=[no]), data)


def page_of(user, no: str, name: str = "ticket") -> str:
    answer = signed_in(user).get(reverse(f"console:{name}", args=[no]))
    assert answer.status_code == 200
    return answer.content.decode()


def fresh(made: Ticket) -> Ticket:
    return Ticket.objects.get(pk=made.pk)


def facts_of(made: Ticket, **changes) -> dict:
    """Return what the revise form posts for a ticket that its editor has just read."""
    base = {
        "title": made.title,
        "content": made.content,
        "kind": made.kind,
        "category": made.category.code if made.category else "",
        "region": made.region.code,
        "address": made.address,
        "urgency": made.urgency,
        "accused_unit": "",
        "confidential": "",
    }
    posted = {**base, **changes, "version": made.version}
    return posted | {f"base_{name}": value for name, value in base.items()}


class TestTicketPage:
    def test_shows_the_citizens_words_the_deadline_and_why(self, desk: Desk):
        made = ticket(kind="consultation")

        page = page_of(desk.agent, made.no)

        assert made.content in page
        assert "3 个工作日" in page or "3个工作日" in page
        assert "default, not from the decree" in page

    def test_masks_the_caller(self, desk: Desk):
        made = ticket(caller_name="王小满", caller_phone="19900001234")

        page = page_of(desk.agent, made.no)

        assert "19900001234" not in page
        assert "王小满" not in page
        assert "1234" in page

    def test_escapes_what_the_citizen_wrote(self, desk: Desk):
        made = ticket(title="<script>alert(1)</script>", content="<img src=x onerror=alert(1)>")

        page = page_of(desk.agent, made.no)

        assert "<script>alert" not in page
        assert "<img src=x" not in page

    def test_lists_the_callers_earlier_tickets_for_the_desk_only(self, desk: Desk):
        earlier = ticket(title="去年的水管问题", caller_phone="199 0000 4321")
        made = desk.dispatched(caller_phone="19900004321")

        assert earlier.title in page_of(desk.agent, made.no)
        assert earlier.title not in page_of(desk.handler, made.no)

    def test_keeps_internal_notes_from_units(self, desk: Desk):
        made = desk.dispatched()
        post(desk.agent, "add_note", made.no, text="此人常来电，语气急。")

        assert "此人常来电" in page_of(desk.lead, made.no)
        assert "此人常来电" not in page_of(desk.handler, made.no)

    @pytest.mark.parametrize("confidential", [True, False])
    def test_shows_a_unit_no_informer(self, desk: Desk, confidential):
        made = desk.dispatched(
            kind="report",
            confidential=confidential,
            content="我是王小满，电话19900001234，举报无证经营。",
        )

        page = page_of(desk.handler, made.no)

        assert "19900001234" not in page
        assert "来电人" in page
        assert 'id="caller-card"' not in page

    @pytest.mark.parametrize("who", ["stranger", "citizen", "other_unit", "other_region"])
    def test_looks_absent_to_whom_it_does_not_concern(self, desk: Desk, who):
        made = desk.dispatched()
        user = {
            "citizen": UserFactory,
            "other_unit": lambda: desk.assist_handler,
            "other_region": lambda: member(Role.AGENT, region=district("519902", "南湖区")),
        }.get(who)
        client = signed_in(user()) if user else Client()

        answer = client.get(f"/console/tickets/{made.no}/")
        absent = client.get("/console/tickets/519900202601010000000/")

        assert answer.status_code == absent.status_code != 200
        assert made.title not in answer.content.decode()

    def test_says_who_works_on_it(self, desk: Desk):
        made = ticket()
        triage.claim_ticket(ticket_no=made.no, by=desk.agent, at=desk.tick())

        page = page_of(desk.lead, made.no)

        assert f"{desk.agent.get_full_name()} 正在受理这张工单" in page

    def test_stays_whole_with_very_long_text(self, desk: Desk):
        made = ticket(title="长" * 200, content="很长的内容。" * 3000)

        assert "长" * 200 in page_of(desk.agent, made.no)

    def test_costs_a_bounded_number_of_statements(self, desk: Desk, django_assert_max_num_queries):
        made = desk.replied()
        for _ in range(3):
            post(desk.agent, "add_note", made.no, text="备注")
        client = signed_in(desk.agent)
        client.get(f"/console/tickets/{made.no}/")

        with django_assert_max_num_queries(30):
            client.get(f"/console/tickets/{made.no}/")


class TestClaim:
    def test_takes_a_waiting_ticket(self, desk: Desk):
        made = ticket()

        answer = post(desk.agent, "claim", made.no, version=made.version)

        assert answer.status_code == 302
        assert fresh(made).claimed_by == desk.agent

    def test_tells_the_second_agent_who_was_faster(self, desk: Desk):
        made = ticket()
        triage.claim_ticket(ticket_no=made.no, by=desk.agent, at=desk.tick())
        other = member(Role.AGENT)

        answer = post(other, "claim", made.no, version=1)

        assert answer.status_code == 409
        assert f"已由 {desk.agent.get_full_name()} 受理" in answer.content.decode()
        assert fresh(made).claimed_by == desk.agent

    def test_gives_it_back(self, desk: Desk):
        made = ticket()
        triage.claim_ticket(ticket_no=made.no, by=desk.agent, at=desk.tick())

        post(desk.agent, "release", made.no, version=1)

        assert fresh(made).claimed_by is None


DEEDS = {
    "claim": {"version": 0},
    "release": {"version": 0},
    "triage": {"version": 0, "outcome": "answered", "reason": "已当场答复"},
    "dispatch": {"version": 0, "lead": "lead-unit"},
    "reopen": {"version": 0, "reason": "误判"},
    "callback": {"version": 0, "result": "no_answer"},
    "review": {"version": 0, "reason": "核实无误", "decision": "close"},
    "add_note": {"text": "备注"},
}
ALLOWED_ON_REGISTERED = {
    "agent": {"claim", "triage", "dispatch", "add_note"},
    "lead": {"claim", "triage", "dispatch", "add_note"},
    "auditor": set(),
    "handler": set(),
    "head": set(),
}


class TestEveryPostByHand:
    @pytest.mark.parametrize("deed", DEEDS)
    @pytest.mark.parametrize("role", ALLOWED_ON_REGISTERED)
    def test_is_refused_readably_and_changes_nothing(self, desk: Desk, deed, role):
        made = ticket()
        before = TransitionLog.objects.count()
        user = getattr(desk, role)

        answer = post(user, deed, made.no, **DEEDS[deed])

        if deed in ALLOWED_ON_REGISTERED[role]:
            assert answer.status_code == 302
            return
        assert answer.status_code in {403, 404, 409}
        assert "没有任何内容被改动" in answer.content.decode()
        assert TransitionLog.objects.count() == before
        assert (fresh(made).state, fresh(made).version) == ("registered", 0)
        assert not Note.objects.exists()

    @pytest.mark.parametrize("deed", DEEDS)
    def test_asks_a_stranger_to_sign_in(self, desk: Desk, deed):
        made = ticket()

        answer = Client().post(reverse(f"console:{deed}", args=[made.no]), DEEDS[deed])

        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/")
        assert fresh(made).version == 0

    @pytest.mark.parametrize("deed", ["claim", "triage", "dispatch", "revise"])
    def test_needs_the_csrf_token(self, desk: Desk, deed):
        made = ticket()
        client = Client(enforce_csrf_checks=True)
        client.force_login(desk.agent)

        answer = client.post(reverse(f"console:{deed}", args=[made.no]), DEEDS.get(deed, {}))

        assert answer.status_code == 403
        assert fresh(made).version == 0

    def test_leaves_a_refusal_in_the_trail(self, desk: Desk):
        made = desk.dispatched()

        post(desk.auditor, "dispatch", made.no, **DEEDS["dispatch"] | {"version": 1})

        refusal = AuditEntry.objects.get(action="request.refused")
        assert (refusal.actor_id, refusal.outcome) == (desk.auditor.pk, "refused")


class TestTriage:
    @pytest.mark.parametrize(
        ("outcome", "more", "state"),
        [
            ("transferred", {"channel": "119"}, "transferred"),
            ("answered", {}, "answered"),
            ("redirected", {"channel": "litigation"}, "redirected"),
            ("explained_secret", {}, "explained"),
            ("guided", {"channel": "market"}, "guided"),
            ("explained_unlawful", {}, "explained"),
            ("abuse", {}, "abuse"),
        ],
    )
    def test_records_each_outcome_with_its_reason(self, desk: Desk, outcome, more, state):
        made = ticket()

        answer = post(
            desk.agent, "triage", made.no, version=0, outcome=outcome, reason="说明理由", **more
        )

        assert answer.status_code == 302
        assert (fresh(made).state, fresh(made).triage_outcome) == (state, outcome)
        assert fresh(made).replies.get().text == "说明理由"

    def test_links_to_an_earlier_ticket(self, desk: Desk):
        earlier, made = ticket(), ticket()

        post(
            desk.agent,
            "triage",
            made.no,
            version=0,
            outcome="linked",
            linked_no=earlier.no,
            reason="您反映的事项正在办理",
        )

        assert fresh(made).linked_to == earlier

    @pytest.mark.parametrize(
        ("posted", "message"),
        [
            ({"outcome": "", "reason": "理由"}, "请选择受理结果。"),
            ({"outcome": "answered", "reason": ""}, "请填写告知市民的理由或答复。"),
            ({"outcome": "redirected", "reason": "理由甲"}, "请选择应当告知市民的途径"),
            ({"outcome": "transferred", "channel": "market", "reason": "理由甲"}, "转接只能选择"),
            ({"outcome": "linked", "reason": "理由甲"}, "请填写原工单编号"),
            ({"outcome": "linked", "linked_no": "1", "reason": "理由甲"}, "没有找到这个工单编号"),
            ({"outcome": "dispatched", "reason": "理由甲"}, "outcome"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, desk: Desk, posted, message):
        made = ticket()

        answer = post(desk.agent, "triage", made.no, version=0, **posted)

        page = answer.content.decode()
        assert answer.status_code == 400
        assert message in page
        assert posted["reason"] in page
        assert fresh(made).state == "registered"

    def test_offers_all_nine_outcomes(self, desk: Desk):
        page = page_of(desk.agent, ticket().no, "triage")

        for outcome in TriageOutcome:
            assert f'value="{outcome}"' in page or outcome == TriageOutcome.DISPATCHED
        assert "/dispatch/" in page

    def test_keeps_the_words_when_somebody_else_was_faster(self, desk: Desk):
        made = ticket()
        triage.claim_ticket(ticket_no=made.no, by=desk.agent, at=desk.tick())

        answer = post(
            desk.agent, "triage", made.no, version=0, outcome="answered", reason="写了很久的话"
        )

        page = answer.content.decode()
        assert answer.status_code == 409
        assert "写了很久的话" in page
        assert 'name="version" value="1"' in page
        assert fresh(made).state == "registered"

    def test_can_be_undone_by_the_shift_lead(self, desk: Desk):
        made = ticket()
        post(desk.agent, "triage", made.no, version=0, outcome="answered", reason="答复")

        refused = post(desk.agent, "reopen", made.no, version=1, reason="误判")
        done = post(desk.lead, "reopen", made.no, version=1, reason="误判")

        assert (refused.status_code, done.status_code) == (403, 302)
        assert fresh(made).state == "registered"


class TestDispatch:
    def test_sends_to_one_lead_and_several_assists(self, desk: Desk):
        third = OrganisationFactory(code="third", name="水务集团")
        made = ticket()

        answer = post(
            desk.agent,
            "dispatch",
            made.no,
            version=0,
            lead=desk.unit.code,
            assists=[desk.other.code, third.code],
            instruction="先到现场",
        )

        assert answer.status_code == 302
        orders = HandlingOrder.objects.filter(ticket=made).order_by("id")
        assert [(one.unit.code, one.role) for one in orders] == [
            ("lead-unit", "lead"),
            ("assist-unit", "assist"),
            ("third", "assist"),
        ]
        assert {one.due_at for one in orders} == {made.answer_due_at}

    def test_shows_deadline_and_proposal_with_its_reason_before_sending(self, desk: Desk):
        subject = category()
        subject.default_unit = desk.unit
        subject.save()
        made = ticket(category=subject.code)

        page = page_of(desk.agent, made.no, "dispatch")

        assert "写在承办单上的期限" in page
        assert "建议主办：住建局" in page
        assert f"分类“{subject.full_name}”的默认承办单位" in page
        assert 'name="lead" value="lead-unit" checked' in page
        assert "1 个工作日内签收" in page

    def test_says_honestly_when_it_has_no_proposal(self, desk: Desk):
        assert "给不出建议" in page_of(desk.agent, ticket().no, "dispatch")

    def test_leaves_the_accused_unit_out_and_refuses_it_by_hand(self, desk: Desk):
        made = ticket(kind="report", accused_unit=desk.unit.code)

        page = page_of(desk.agent, made.no, "dispatch")
        answer = post(desk.agent, "dispatch", made.no, version=0, lead=desk.unit.code)

        assert 'value="lead-unit"' not in page
        assert answer.status_code == 400
        assert "不能把投诉举报件派给被投诉举报的单位" in answer.content.decode()
        assert fresh(made).state == "registered"

    @pytest.mark.parametrize(
        ("posted", "message"),
        [
            ({}, "请填写主办单位。"),
            ({"lead": "nobody"}, "请选择一个主办单位"),
            ({"lead": "lead-unit", "assists": ["nobody"]}, "协办单位中有不存在"),
            ({"lead": "lead-unit", "assists": ["lead-unit"]}, "同一单位不能既主办又协办"),
        ],
    )
    def test_refuses_a_wrong_choice_and_keeps_the_instruction(self, desk: Desk, posted, message):
        made = ticket()

        answer = post(desk.agent, "dispatch", made.no, version=0, instruction="先到现场", **posted)

        page = answer.content.decode()
        assert answer.status_code == 400
        assert message in page
        assert "先到现场" in page
        assert fresh(made).state == "registered"


class TestRevise:
    def test_saves_only_what_was_changed(self, desk: Desk):
        made = ticket()

        answer = post(
            desk.agent, "revise", made.no, **facts_of(made, title="新标题", urgency="urgent")
        )

        assert answer.status_code == 302
        assert (fresh(made).title, fresh(made).urgency) == ("新标题", "urgent")
        log = TransitionLog.objects.get(transition="revise")
        assert log.data == {"fields": ["title", "urgency"]}

    def test_shows_the_second_editor_a_comparison_and_overwrites_nothing(self, desk: Desk):
        read = ticket()
        triage.revise_ticket(
            ticket_no=read.no,
            changes={"title": "先改的标题", "address": "滨江路 8 号"},
            by=desk.lead,
            at=desk.tick(),
        )

        answer = post(
            desk.agent,
            "revise",
            read.no,
            **facts_of(read, title="后改的标题", content="后改的内容"),
        )

        page = answer.content.decode()
        assert answer.status_code == 409
        assert "两人都改了" in page
        assert "只有对方改了，已采用" in page
        assert 'value="后改的标题"' in page
        assert 'value="滨江路 8 号"' in page
        assert "后改的内容" in page
        assert 'name="version" value="1"' in page
        assert (fresh(read).title, fresh(read).version) == ("先改的标题", 1)

    def test_saves_the_merge_on_the_second_press(self, desk: Desk):
        read = ticket()
        triage.revise_ticket(
            ticket_no=read.no, changes={"address": "滨江路 8 号"}, by=desk.lead, at=desk.tick()
        )
        compared = post(desk.agent, "revise", read.no, **facts_of(read, title="我的标题"))
        form = compared.context["form"]
        again = {name: form[name].value() for name in form.fields} | {"confidential": ""}
        again |= {f"base_{name}": value for name, value in compared.context["base"]}

        answer = post(desk.agent, "revise", read.no, **again)

        assert answer.status_code == 302
        assert (fresh(read).title, fresh(read).address) == ("我的标题", "滨江路 8 号")

    def test_refuses_nonsense_and_keeps_it_in_the_form(self, desk: Desk):
        made = ticket()

        answer = post(
            desk.agent, "revise", made.no, **facts_of(made, title="字" * 201, region="999999")
        )

        page = answer.content.decode()
        assert answer.status_code == 400
        assert "字" * 201 in page
        assert fresh(made).version == 0


class TestReveal:
    def test_shows_the_caller_for_a_reason(self, desk: Desk):
        made = ticket(caller_name="王小满", caller_phone="19900001234")

        answer = post(desk.agent, "reveal", made.no, reason="核实地址")

        assert answer.status_code == 200
        assert "19900001234" in answer.content.decode()
        assert "no-store" in answer.headers["Cache-Control"]

    def test_needs_a_reason(self, desk: Desk):
        made = ticket()

        answer = post(desk.agent, "reveal", made.no, reason=" ")

        assert answer.status_code == 422
        assert made.origin.caller_phone not in answer.content.decode()

    def test_is_refused_to_a_unit_when_the_citizen_asked_for_secrecy(self, desk: Desk):
        made = desk.dispatched(confidential=True)

        answer = post(desk.handler, "reveal", made.no, reason="需要联系市民")

        assert answer.status_code == 403
        assert "19900001234" not in answer.content.decode()


class TestNotes:
    def test_refuses_an_empty_one(self, desk: Desk):
        answer = post(desk.agent, "add_note", ticket().no, text="   ")

        assert answer.status_code == 400
        assert not Note.objects.exists()
