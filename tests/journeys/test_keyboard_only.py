"""The core of the main job with the keys alone: no pointer is ever moved or pressed.

After each step the focus is visible and where a person would go on, after an error on its summary.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.accounts.models import User
from hotline.models import Evaluation, HandlingOrder, Ticket
from hotline.states import OrderState, TicketState
from tests.factories.core import district, policies
from tests.factories.hotline import Desk
from tests.journeys.browsers import Desktop
from tests.journeys.conftest import Seat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("live_relay"),
]
TITLE = "五号楼门禁坏了"
CONTENT = "五号楼门禁坏了四天，谁都能进，老人很担心，请派人来修。"
ANSWER = "门禁主板已更换，现场试用正常，物业每周检查一次。"
STOPS_MAX = 120
FOCUS = """() => {
  const one = document.activeElement;
  const none = {tag: "body", type: "", name: "", value: "", words: "", seen: false};
  if (!one || one === document.body) return none;
  const marks = [one, one.closest("label, .upload")].filter(Boolean);
  const ringed = marks.some((mark) => {
    const look = getComputedStyle(mark);
    return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
  });
  const box = marks.at(-1).getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const labels = [...(one.labels ?? [])].map((label) => label.textContent).join(" ");
  const words = (labels || one.textContent || "").trim().replace(/\\s+/g, " ");
  const {type = "", name = "", value = ""} = one;
  return {tag: one.tagName.toLowerCase(), type, name, value, words, seen: ringed && inside};
}"""
Stop = dict[str, str]


class Keys:
    """Hands that only press keys, and eyes on where the focus is."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def focus(self) -> Stop:
        """Return where the focus is."""
        stop: Stop = self.page.evaluate(FOCUS)
        return stop

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def say(self, words: str) -> None:
        self.page.keyboard.type(words)

    def go_to(self, wanted: Callable[[Stop], bool]) -> Stop:
        """Press Tab until the focus is where we want it; it must be visible at every stop."""
        for _ in range(STOPS_MAX):
            stop = self.focus()
            assert stop["seen"] or stop["tag"] in {"body", "main"}, f"focus is not visible: {stop}"
            if wanted(stop):
                return stop
            self.press("Tab")
        raise AssertionError(f"Tab never came there, but to {self.focus()}")

    def go_to_field(self, name: str) -> None:
        """Go to the input with this name."""
        self.go_to(lambda stop: stop["name"] == name)

    def go_to_button(self, words: str) -> None:
        """Go to the button that says this."""
        self.go_to(lambda stop: stop["tag"] == "button" and stop["words"] == words)

    def go_to_link(self, words: str) -> None:
        """Go to the link that says this."""
        self.go_to(lambda stop: stop["tag"] == "a" and words in stop["words"])

    def choose(self, name: str, value: str) -> None:
        """Choose among radio buttons with the arrows."""
        self.go_to_field(name)
        if not self.page.locator(f"input[name={name}]:checked").count():
            self.press("Space")
        for _ in range(12):
            if self.focus()["value"] == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {value}")

    def push(self, words: str) -> None:
        """Go to a button and press it with Enter."""
        self.go_to_button(words)
        self.press("Enter")

    def heading(self, words: str) -> None:
        """Expect this page, its keys ready: scripts run when the page has been read."""
        self.page.wait_for_load_state()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words)

    def told(self, words: str) -> None:
        """Expect that the page says this."""
        expect(self.page.get_by_text(words).first).to_be_visible()


@pytest.fixture
def open_console(seat: Seat) -> Callable[[User], Keys]:
    """Sit down at the console, hands on the keys."""
    return lambda user: Keys(seat(user).open("/console/"))


def raise_matter(desktop: Desktop) -> str:
    """Fill in the form on a wide screen, once with an error, and return the number."""
    keys = Keys(desktop.open("/", online=False))
    keys.go_to_link("我要诉求")
    keys.press("Enter")
    keys.page.wait_for_url("**/hotline/new/kind/")
    keys.push("下一步")
    expect(keys.page.locator("[data-error-summary]")).to_be_focused()
    keys.choose("kind", "help")
    keys.go_to_field("title")
    keys.say(TITLE)
    keys.press("Tab")
    keys.say(CONTENT)
    keys.push("下一步")
    keys.heading("发生在哪里？")
    keys.go_to_field("district")
    keys.press("ArrowDown")
    keys.push("下一步")
    keys.heading("有照片或文件吗？")
    keys.push("下一步")
    keys.heading("怎么联系您？")
    keys.go_to_field("phone")
    keys.say("19900001234")
    keys.push("下一步")
    keys.heading("检查一遍，然后提交")
    keys.push("提交诉求")
    keys.heading("已收到您的诉求")
    return Ticket.objects.get().no


def claim_and_dispatch(keys: Keys) -> None:
    """From the live list by shortcuts to the unit, once without a unit."""
    expect(keys.page.locator("#rows tr")).to_have_count(1)
    keys.press("j")
    assert TITLE in keys.focus()["words"]
    keys.press("Enter")
    keys.heading(TITLE)
    keys.press("c")
    keys.told("已由您受理。")
    keys.press("d")
    keys.heading("派单")
    keys.push("派单")
    expect(keys.page.locator("[data-error-summary]")).to_be_focused()
    keys.go_to(lambda stop: stop["type"] == "search" and "找单位" in stop["words"])
    keys.say("住建")
    keys.go_to_field("lead")
    keys.press("Space")
    expect(keys.page.locator("[data-chosen]")).to_have_text("主办：住建局")
    keys.go_to_field("instruction")
    keys.say("请当天到场。")
    keys.push("派单")
    keys.told("已派单，承办单位现在就能看到。")


def sign_and_answer(keys: Keys) -> None:
    """Take the order, note the first contact, answer."""
    expect(keys.page.locator("#rows tr")).to_have_count(1)
    keys.press("j")
    keys.press("Enter")
    keys.heading(TITLE)
    keys.press("a")
    keys.told("已签收，由您承办。")
    keys.push("记录首次联系")
    expect(keys.page.locator("[data-error-summary]")).to_be_focused()
    keys.go_to_field("text")
    keys.say("已电话联系，约定下午到场。")
    keys.push("记录首次联系")
    keys.told("首次联系已记录。")
    keys.go_to_field("answer")
    keys.say(ANSWER)
    keys.push("提交单位负责人审批")
    keys.told("答复已提交，等待审批。")


def approve(keys: Keys) -> None:
    """Open the order that waits and approve it."""
    keys.go_to_link("待审批")
    keys.press("Enter")
    keys.heading("待审批")
    keys.press("j")
    keys.press("Enter")
    keys.heading(TITLE)
    keys.push("审批通过")
    keys.told("已审批，答复已告知市民。")


def evaluate(desktop: Desktop, number: str) -> None:
    """Find the matter with number and code, read the answer, judge."""
    keys = Keys(desktop.open("/track/", online=False))
    keys.go_to_field("ticket_no")
    keys.say(number)
    keys.press("Tab")
    keys.say("WRONG234")
    keys.press("Enter")
    expect(keys.page.locator("[data-error-summary]")).to_be_focused()
    keys.go_to_field("proof")
    keys.say(Ticket.objects.get().query_code)
    keys.press("Enter")
    keys.heading(TITLE)
    keys.told(ANSWER)
    keys.go_to_link("去评价")
    keys.press("Enter")
    keys.heading("评价办理情况")
    keys.choose("solved", "yes")
    keys.choose("satisfaction", "2")
    keys.push("提交评价")
    keys.heading("谢谢您的评价")


class TestKeysAlone:
    def test_carry_the_main_job_from_the_citizen_to_the_verdict(
        self, desk: Desk, seat: Seat, open_console: Callable[[User], Keys]
    ) -> None:
        policies()
        district()
        citizen = seat()
        agent, handler = open_console(desk.agent), open_console(desk.handler)

        number = raise_matter(citizen)
        claim_and_dispatch(agent)
        sign_and_answer(handler)
        approve(open_console(desk.head))
        evaluate(seat(), number)

        ticket = Ticket.objects.get(no=number)
        order = HandlingOrder.objects.get(ticket=ticket)
        verdict = Evaluation.objects.get(ticket=ticket)
        assert (ticket.title, ticket.content, ticket.state) == (TITLE, CONTENT, TicketState.CLOSED)
        assert ticket.claimed_by == desk.agent
        assert (order.state, order.handler, order.answer) == (
            OrderState.APPROVED,
            desk.handler,
            ANSWER,
        )
        assert order.instruction == "请当天到场。"
        assert (verdict.solved, verdict.satisfaction) == ("yes", 2)
