"""The hotline's main job, with everybody at a browser of their own, from the first word to the end.

A citizen at a phone, two agents, the handlers and heads of two units, an auditor: each sees on an
open page what the others do, and says what a person would say.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.accounts.models import User
from core.accounts.states import Role
from core.audit.models import AuditEntry
from core.events.models import Event
from core.transitions.models import TransitionLog
from hotline.models import Contact, Evaluation, HandlingOrder, Ticket
from hotline.states import TicketState
from tests.factories.core import district, member, policies
from tests.factories.hotline import Desk, category
from tests.journeys.browsers import Desktop
from tests.journeys.chromium import PHONE
from tests.journeys.conftest import Seat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("live_relay"),
]

TITLE = "柳荫里小区南门路灯不亮"
CONTENT = "南门外四盏路灯从上周三起全部不亮，晚上看不清台阶，昨晚有老人绊倒。请尽快修好。"
FIRST_ANSWER = "已更换四盏路灯的灯头，当晚全部点亮。"
BETTER_ANSWER = "已更换四盏路灯的灯头并修复控制箱，11 月起每周夜间巡查一次，联系人周工。"
ASSIST_ANSWER = "供电线路检测正常，故障在路灯控制箱，已把检测结果交住建局。"
SECOND_ANSWER = "经重新勘查，更换了老化电缆 120 米，四盏路灯连续三晚正常，已请您现场确认。"


def photo() -> dict[str, object]:
    """Return a small photo as a phone would hand it over."""
    image = io.BytesIO()
    Image.new("RGB", (640, 480), (32, 36, 48)).save(image, "JPEG")
    return {"name": "路灯.jpg", "mimeType": "image/jpeg", "buffer": image.getvalue()}


def name(user: User, display_name: str) -> User:
    """Call somebody by a name that the pages will show."""
    user.display_name = display_name
    user.save(update_fields=["display_name"])
    return user


@dataclass
class Crew:
    """The people of the journey, each at a browser."""

    citizen: Desktop
    agent: Desktop
    second_agent: Desktop
    third_agent: Desktop
    handler: Desktop
    head: Desktop
    assist_handler: Desktop
    assist_head: Desktop
    auditor: Desktop


@pytest.fixture
def crew(desk: Desk, seat: Seat) -> Crew:
    """Set up a small city and seat everybody."""
    policies()
    district()
    subject = category(name="路灯不亮")
    subject.keywords, subject.default_unit = ["路灯", "不亮"], desk.unit
    subject.save()
    return Crew(
        citizen=seat(None, **PHONE),
        agent=seat(name(desk.agent, "刘芳")),
        second_agent=seat(name(member(Role.AGENT), "赵明")),
        third_agent=seat(name(member(Role.AGENT), "孙洁")),
        handler=seat(name(desk.handler, "周工")),
        head=seat(name(desk.head, "陈局长")),
        assist_handler=seat(name(desk.assist_handler, "吴师傅")),
        assist_head=seat(name(desk.assist_head, "郑经理")),
        auditor=seat(name(desk.auditor, "何审核")),
    )


def press(page: Page, words: str) -> None:
    """Press the button that says exactly this."""
    page.get_by_role("button", name=words, exact=True).click()


def choose(page: Page, words: str) -> None:
    """Choose the answer that begins with these words."""
    page.get_by_role("radio", name=re.compile(f"^\\s*{words}")).check()


def said(page: Page, words: str) -> None:
    """Expect that the page says this somewhere."""
    expect(page.get_by_text(words).first).to_be_visible()


def row(page: Page, words: str) -> Locator:
    """Return the queue's row of a matter."""
    return page.locator("#rows tr", has_text=words)


def stays_open(page: Page) -> Callable[[], bool]:
    """Return a question: is this still the page that was open now, never loaded again?"""
    page.evaluate("window.openedOnce = true")
    return lambda: bool(page.evaluate("window.openedOnce === true"))


def raise_matter(page: Page, base: str) -> None:
    """Fill in the form question by question on the phone, and send it."""
    page.goto(f"{base}/")
    page.get_by_role("link", name=re.compile("我要诉求")).click()
    choose(page, "求助")
    press(page, "下一步")
    expect(page.get_by_role("heading", level=1)).to_have_text("请说说这件事")
    page.get_by_label("用一句话说是什么事").fill(TITLE)
    page.get_by_label("详细情况").fill(CONTENT)
    choose(page, "路灯不亮")
    press(page, "下一步")
    page.get_by_label("区县").select_option(label="临江区")
    page.get_by_label("具体地址").fill("滨江路 18 号柳荫里南门外")
    press(page, "下一步")
    page.locator("#upload-attachments").set_input_files(photo())  # type: ignore[arg-type]
    expect(page.locator(".upload__item")).to_contain_text("已上传")
    press(page, "下一步")
    page.get_by_label("怎么称呼您").fill("王小满")
    page.get_by_label("联系电话").fill("19900001234")
    press(page, "下一步")
    page.get_by_label("可以公开这件事和答复").check()
    press(page, "下一步")


def check_and_send(page: Page) -> tuple[str, str]:
    """Read everything once more, send it, and return number and code from the result page."""
    for words in ("求助", TITLE, CONTENT, "路灯不亮", "临江区", "路灯.jpg", "19900001234"):
        said(page, words)
    press(page, "提交诉求")
    expect(page.get_by_role("heading", level=1)).to_have_text("已收到您的诉求")
    number = "".join(page.locator("#ticket-no span").all_inner_texts())
    code = page.locator("#query-code").inner_text()
    expect(page.get_by_text("前答复您。")).to_be_visible()
    expect(page.get_by_text("为什么是这一天")).to_be_visible()
    expect(page.get_by_text(re.compile("7 个工作日"))).to_be_visible()
    return number, code


def follow(citizen: Desktop, number: str, code: str) -> Page:
    """Open the tracking page with number and code, as from another device."""
    page = citizen.page
    page.goto(f"{citizen.base}/track/")
    page.get_by_label("诉求编号").fill(number)
    page.get_by_label("查询码，或者登记时留的电话").fill(code.lower())
    press(page, "查看进度")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    return page


def now_says(page: Page, *sentences: str) -> None:
    """Reload the citizen's page and expect these sentences in it."""
    page.reload()
    for words in sentences:
        said(page, words)


def claim_against_a_rival(crew: Crew, number: str) -> None:
    """Two agents have the ticket open; one claims it, the other is told who was faster."""
    first, second = crew.agent.page, crew.second_agent.page
    row(second, TITLE).get_by_role("link").click()
    row(first, TITLE).get_by_role("link").click()
    expect(second.locator(".ticket-head .watchers")).to_contain_text("刘芳")
    press(first, "受理 c")
    said(first, "已由您受理。")
    expect(second.locator("#changed-banner")).to_be_visible()
    press(second, "受理 c")
    expect(second.get_by_role("heading", level=1)).to_contain_text("刘芳")
    said(second, "没有任何内容被改动。")
    second.get_by_role("link", name="看最新情况").click()
    said(second, "刘芳 正在受理这张工单。")
    ticket = Ticket.objects.get(no=number)
    assert (ticket.claimed_by.get_full_name(), ticket.state) == ("刘芳", TicketState.REGISTERED)


def dispatch(page: Page) -> None:
    """Send it to the proposed 主办 and one 协办, after reading the deadline and its reason."""
    page.get_by_role("link", name="派单 d").click()
    deadline = page.locator("section", has=page.get_by_role("heading", name="写在承办单上的期限"))
    expect(deadline).to_contain_text("7 个工作日")
    expect(deadline).to_contain_text("1 个工作日内签收")
    said(page, "建议主办：住建局。")
    expect(page.get_by_role("radio", name="主办 住建局")).to_be_checked()
    page.get_by_role("checkbox", name="协办 供电公司").check()
    expect(page.locator("[data-chosen]")).to_have_text("主办：住建局 · 协办：供电公司")
    page.get_by_label("派单说明").fill("请住建局牵头，供电公司配合查线路。")
    press(page, "派单")
    said(page, "已派单，承办单位现在就能看到。")


def sign(page: Page) -> None:
    """Open the order that has just appeared, and take it."""
    row(page, TITLE).get_by_role("link").click()
    press(page, "签收 a")
    said(page, "已签收，由您承办。")


def contact_first(page: Page) -> None:
    """Note the first conversation with the citizen."""
    form = page.locator("form", has=page.get_by_role("button", name="记录首次联系"))
    form.locator("textarea").fill("已电话联系王女士，约定今晚七点到现场。")
    press(page, "记录首次联系")
    said(page, "首次联系已记录。")


def note_progress(page: Page) -> None:
    """Add a step on the way."""
    form = page.locator("form", has=page.get_by_role("button", name="添加进展"))
    form.locator("textarea").fill("现场查明控制箱进水。")
    press(page, "添加进展")
    said(page, "办理进展已记录。")


def answer(page: Page, words: str) -> None:
    """Put the answer before the head of the unit."""
    form = page.locator("form", has=page.get_by_role("button", name="提交单位负责人审批"))
    form.locator("textarea").fill(words)
    press(page, "提交单位负责人审批")
    said(page, "答复已提交，等待审批。")


def open_for_approval(head: Desktop) -> Page:
    """Open the order that waits for the head."""
    page = head.open("/console/queues/approval/")
    row(page, TITLE).get_by_role("link").click()
    return page


def send_back(page: Page, reason: str) -> None:
    """Return the answer to the handler; without a reason the page says what is missing."""
    press(page, "退回修改")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    form = page.locator("form", has=page.get_by_role("button", name="退回修改"))
    form.get_by_label("理由").fill(reason)
    press(page, "退回修改")
    said(page, "已退回承办人修改。")


def call_back_dissatisfied(page: Page, number: str) -> None:
    """Call the citizen, who says that it is not solved."""
    row(page, TITLE).get_by_role("link").click()
    page.get_by_role("link", name="回访 b").click()
    said(page, BETTER_ANSWER)
    expect(page.locator("#caller-card")).to_contain_text("199****1234")
    press(page, "查看完整信息")
    expect(page.locator("#caller-card")).to_contain_text("19900001234")
    choose(page, "已接通并评价")
    choose(page, "未解决")
    choose(page, "不满意")
    page.get_by_label("市民的意见").fill("只亮了两天又灭了。")
    press(page, "保存回访结果")
    said(page, "已转审核。")
    assert Ticket.objects.get(no=number).state == TicketState.REVIEW


def order_redo(page: Page) -> None:
    """The auditor reads the verdict and orders a second round."""
    row(page, TITLE).get_by_role("link").click()
    page.get_by_role("link", name="审核 v").click()
    said(page, "只亮了两天又灭了。")
    page.get_by_label("理由", exact=True).fill("路灯修好两天又灭，应当查明原因。")
    press(page, "要求重办")
    said(page, "已要求重办，承办单位会重新签收。")


def evaluate(page: Page) -> None:
    """Say thanks online: solved, very satisfied."""
    page.get_by_role("link", name="去评价").click()
    choose(page, "已解决")
    choose(page, "非常满意")
    page.get_by_label("还想说的话").fill("这次修得很扎实。")
    press(page, "提交评价")
    expect(page.get_by_role("heading", level=1)).to_have_text("谢谢您的评价")
    said(page, "这件诉求已经办结。")


def first_round(crew: Crew) -> None:
    """Both units handle the matter; the head sends the answer back once."""
    sign(crew.assist_handler.page)
    sign(crew.handler.page)
    contact_first(crew.handler.page)
    note_progress(crew.handler.page)
    contact_first(crew.assist_handler.page)
    answer(crew.assist_handler.page, ASSIST_ANSWER)
    press(open_for_approval(crew.assist_head), "审批通过")
    said(crew.assist_head.page, "已审批，答复已交主办单位。")
    lead = crew.handler.page
    lead.reload()
    said(lead, ASSIST_ANSWER)
    answer(lead, FIRST_ANSWER)
    send_back(open_for_approval(crew.head), "请写明今后怎么管护。")
    lead.reload()
    said(lead, "请写明今后怎么管护。")
    answer(lead, BETTER_ANSWER)
    press(open_for_approval(crew.head), "审批通过")
    said(crew.head.page, "已审批，答复已告知市民。")


def second_round(crew: Crew) -> None:
    """The units take the matter up again and answer anew."""
    for person in (crew.handler, crew.assist_handler):
        sign(person.open("/console/"))
        contact_first(person.page)
    answer(crew.assist_handler.page, "电缆绝缘老化，建议整段更换。")
    press(open_for_approval(crew.assist_head), "审批通过")
    said(crew.assist_head.page, "已审批，答复已交主办单位。")
    crew.handler.page.reload()
    answer(crew.handler.page, SECOND_ANSWER)
    press(open_for_approval(crew.head), "审批通过")
    said(crew.head.page, "已审批，答复已告知市民。")


class TestMainJob:
    def test_goes_from_the_first_word_over_a_redo_to_the_citizens_verdict(
        self, crew: Crew, verify_audit: Callable[[], None]
    ) -> None:
        for person in (crew.agent, crew.second_agent, crew.handler, crew.assist_handler):
            person.open("/console/")
        untouched = stays_open(crew.agent.page)

        raise_matter(crew.citizen.page, crew.citizen.base)
        number, code = check_and_send(crew.citizen.page)

        expect(row(crew.agent.page, TITLE)).to_be_visible()
        assert untouched()
        tracked = follow(crew.citizen, number, code)
        claim_against_a_rival(crew, number)
        now_says(tracked, "热线工作人员正在受理", "12345 热线中心")
        dispatch(crew.agent.page)
        now_says(tracked, "已交住建局办理", "协助单位：供电公司。", "前答复您。")
        first_round(crew)
        now_says(tracked, "住建局已签收", "住建局已与您联系", "办理有新进展", BETTER_ANSWER)
        expect(tracked.get_by_text(FIRST_ANSWER)).to_have_count(0)
        self._close_the_loop(crew, number, tracked)
        self._check_the_books(number, verify_audit)

    def _close_the_loop(self, crew: Crew, number: str, tracked: Page) -> None:
        # The 24 hours in which the citizen may judge alone are over.
        from django.utils import timezone

        from hotline.actions.closing import demand_callback

        demand_callback(ticket_id=Ticket.objects.get(no=number).pk, at=timezone.now())
        call_back_dissatisfied(crew.third_agent.open("/console/queues/callback/"), number)
        now_says(tracked, "您不满意，审核员正在核对", "回访电话已接通")
        order_redo(crew.auditor.open("/console/queues/review/"))
        now_says(tracked, "重新办理")
        second_round(crew)
        now_says(tracked, SECOND_ANSWER)
        evaluate(tracked)
        tracked.get_by_role("link", name="查看进度").first.click()
        said(tracked, "已解决，非常满意")
        expect(tracked.get_by_role("link", name="补充情况")).to_have_count(0)

    def _check_the_books(self, number: str, verify_audit: Callable[[], None]) -> None:
        ticket = Ticket.objects.get(no=number)
        orders = HandlingOrder.objects.filter(ticket=ticket)
        log = TransitionLog.objects.filter(subject_type="hotline.ticket", subject_id=ticket.pk)
        events = Event.objects.filter(subject_no=number)

        assert (ticket.state, ticket.rounds) == (TicketState.CLOSED, 2)
        assert Contact.objects.count() == 1
        assert sorted(orders.values_list("role", flat=True)) == ["assist", "lead"]
        assert list(log.order_by("version").values_list("transition", flat=True)) == [
            "claim", "dispatch", "reply", "demand_callback", "ask_review", "redo", "reply", "close",
        ]  # fmt: skip
        fired = [f"hotline.ticket.{step}" for step in log.values_list("transition", flat=True)]
        assert set(fired) <= set(events.values_list("kind", flat=True))
        assert not events.filter(position__isnull=True).exists()
        verdicts = Evaluation.objects.filter(ticket=ticket).order_by("id")
        assert list(verdicts.values_list("solved", "satisfaction")) == [("no", 4), ("yes", 1)]
        reveals = AuditEntry.objects.filter(action="personal_data.reveal")
        assert reveals.filter(actor_id__isnull=False, reason="回访核实").exists()
        verify_audit()
