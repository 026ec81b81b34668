"""Bad lines and long days: what arrives while the line is down, and what was typed meanwhile."""

import re
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from playwright.sync_api import Page, WebSocketRoute, expect

from core.events.hints import group_name
from hotline.models import HandlingOrder, Ticket
from hotline.queries.visibility import scopes_visible_to
from hotline.states import TicketState
from tests.factories.core import UserFactory, district, policies
from tests.factories.hotline import Desk, ticket
from tests.journeys.browsers import Desktop, in_thread
from tests.journeys.conftest import Seat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("live_relay"),
]
PASSWORD = "Tongban-test-2026"


class Line:
    """The socket of one browser, which can be cut and mended."""

    def __init__(self, desktop: Desktop) -> None:
        self.desktop, self.is_down = desktop, False
        self.open: list[WebSocketRoute] = []
        desktop.context.route_web_socket(re.compile("/ws/console/"), self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        if self.is_down:
            route.close(code=1012)
            return
        route.connect_to_server()
        self.open.append(route)

    def cut(self) -> None:
        """No page is reached any more, and the socket is gone."""
        self.is_down = True
        self.desktop.context.set_offline(True)
        for route in self.open:
            route.close(code=1012)
        self.open.clear()

    def mend(self) -> None:
        """Everything is reached again; the browser says so to the page."""
        self.is_down = False
        self.desktop.context.set_offline(False)


def numbers(page: Page) -> list[str]:
    """Return the numbers in the queue, as often as they stand there."""
    shown: list[str] = page.locator("#rows tr").evaluate_all("rows => rows.map(r => r.dataset.no)")
    return shown


def end_sockets_of(desk: Desk) -> None:
    """Let the server's side of the agents' sockets die: nobody there understands this message."""
    group = group_name(scopes_visible_to(desk.agent)[0])
    layer = get_channel_layer()
    in_thread(lambda: async_to_sync(layer.group_send)(group, {"type": "no.such.message"}))


def type_on(page: Page, words: str) -> None:
    """Go on where the content ends."""
    page.locator("#id_content").press("Control+End")
    page.keyboard.type(words)


def sign_in_again(page: Page, username: str) -> None:
    """Sign in at the page that asks for it."""
    page.wait_for_url(re.compile("/accounts/login/"))
    page.fill("#id_login", username)
    page.fill("#id_password", PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"^(?!.*/accounts/login/)"))


class TestLine:
    def test_that_was_cut_loses_nothing_and_shows_nothing_twice(
        self, desk: Desk, seat: Seat
    ) -> None:
        desktop = seat(desk.agent)
        line = Line(desktop)
        first = ticket(title="断线之前")
        page = desktop.open("/console/")
        expect(page.locator("#rows tr")).to_have_count(1)
        banner = page.locator("#offline-banner")
        expect(banner).to_be_hidden()

        line.cut()
        expect(banner).to_be_visible()
        expect(page.locator("#connection")).to_have_attribute("data-connection", "offline")
        missed = [ticket(title=f"断线期间第 {n} 件") for n in range(1, 4)]
        expect(page.locator("#rows tr")).to_have_count(1)
        line.mend()

        expect(page.locator("#rows tr")).to_have_count(4)
        expect(banner).to_be_hidden()
        expect(page.locator("#connection")).to_have_attribute("data-connection", "online")
        assert sorted(numbers(page)) == sorted(made.no for made in [first, *missed])
        after = ticket(title="恢复之后")
        expect(page.locator(f'#rows tr[data-no="{after.no}"]')).to_have_count(1)
        expect(page.locator("#rows tr")).to_have_count(5)
        expect(page.locator('[data-count="waiting"] [data-count-words]')).to_have_text("5")

    def test_that_the_server_ends_comes_back_by_itself(self, desk: Desk, seat: Seat) -> None:
        page = seat(desk.agent).open("/console/")
        opened: list[str] = []
        page.on("websocket", lambda socket: opened.append(socket.url))

        with page.expect_event("websocket"):
            end_sockets_of(desk)
        made = ticket(title="服务器重启后")

        expect(page.locator(f'#rows tr[data-no="{made.no}"]')).to_have_count(1)
        expect(page.locator('#connection[data-connection="online"]')).to_be_visible()
        assert numbers(page) == [made.no]
        assert opened

    def test_takes_out_what_was_done_by_others_meanwhile(
        self, desk: Desk, seat: Seat, dispatch: Callable[[Ticket], None]
    ) -> None:
        gone, stays = ticket(title="断线期间被派走"), ticket(title="一直在这里")
        desktop = seat(desk.agent)
        line = Line(desktop)
        page = desktop.open("/console/")
        expect(page.locator("#rows tr")).to_have_count(2)

        line.cut()
        expect(page.locator("#offline-banner")).to_be_visible()
        dispatch(gone)
        line.mend()

        expect(page.locator("#rows tr")).to_have_count(1)
        assert numbers(page) == [stays.no]

    def test_that_fails_while_a_row_is_fetched_gets_the_row_later(
        self, desk: Desk, seat: Seat
    ) -> None:
        page = seat(desk.agent).open("/console/")
        expect(page.locator("[data-queue-empty]")).to_be_visible()
        page.route("**/rows/?*", lambda route: route.abort(), times=1)

        made = ticket(title="第一次没取到")

        expect(page.locator(f'#rows tr[data-no="{made.no}"]')).to_have_count(1)


class TestWords:
    def test_of_a_call_survive_a_cut_line_a_reload_and_an_expired_session(
        self, desk: Desk, seat: Seat
    ) -> None:
        policies()
        district()
        desktop = seat(desk.agent)
        page = desktop.open("/console/phone/")
        address = page.url
        with page.expect_response(re.compile("/drafts/phone-desk/")):
            page.fill("#id_content", "三单元漏水，")
        desktop.context.set_offline(True)
        type_on(page, "已经滴到二楼。")
        expect(page.locator("[data-autosave-state]")).to_have_attribute("data-state", "failed")
        desktop.context.set_offline(False)
        page.reload()
        expect(page.locator("#id_content")).to_have_value("三单元漏水，已经滴到二楼。")

        desktop.lose_session()
        type_on(page, "请尽快派人。")
        page.get_by_role("button", name="登记", exact=True).click()
        sign_in_again(page, desk.agent.username)
        page.goto(address)

        expect(page.locator("#id_content")).to_have_value("三单元漏水，已经滴到二楼。请尽快派人。")
        page.get_by_role("button", name="登记", exact=True).click()
        page.get_by_text("已登记，工单编号").wait_for()
        assert Ticket.objects.get().content == "三单元漏水，已经滴到二楼。请尽快派人。"

    def test_of_a_citizen_survive_an_expired_session(self, desk: Desk, seat: Seat) -> None:
        policies()
        district()
        citizen = UserFactory(username="wang", display_name="王小满")
        desktop = seat(citizen)
        page = desktop.open("/hotline/new/kind/", online=False)
        page.get_by_role("radio", name=re.compile("^求助")).check()
        page.get_by_label("详细情况").fill("楼下的消防通道被三辆车堵死。")
        desktop.lose_session()
        page.get_by_role("button", name="下一步", exact=True).click()

        expect(page.get_by_text("登录已过期，请重新登录。")).to_be_visible()
        sign_in_again(page, citizen.username)

        page.goto(f"{desktop.base}/hotline/new/kind/")
        expect(page.get_by_label("详细情况")).to_have_value("楼下的消防通道被三辆车堵死。")
        expect(page.get_by_role("radio", name=re.compile("^求助"))).to_be_checked()

    def test_of_the_second_of_two_editors_are_compared_and_merged(
        self, desk: Desk, seat: Seat
    ) -> None:
        made = ticket(title="原来的标题")
        first = seat(desk.agent).open(f"/console/tickets/{made.no}/revise/")
        second = seat(desk.lead).open(f"/console/tickets/{made.no}/revise/")
        second.fill("#id_title", "值班长改的标题")
        second.fill("#id_address", "滨江路 8 号")
        second.get_by_role("button", name="保存修改").click()
        second.get_by_text("修改已保存。").wait_for()

        first.fill("#id_title", "话务员改的标题")
        first.get_by_role("button", name="保存修改").click()

        expect(first.get_by_text("您修改期间，别人也更新了这张工单")).to_be_visible()
        expect(first.locator(".difference--conflict")).to_contain_text("值班长改的标题")
        assert Ticket.objects.get(pk=made.pk).title == "值班长改的标题"
        first.get_by_role("button", name="改用对方的").click()
        expect(first.locator("#id_title")).to_have_value("值班长改的标题")
        first.fill("#id_title", "商量好的标题")
        first.get_by_role("button", name="保存合并后的内容").click()
        first.get_by_text("修改已保存。").wait_for()
        saved = Ticket.objects.get(pk=made.pk)
        assert (saved.title, saved.address) == ("商量好的标题", "滨江路 8 号")

    def test_of_the_second_of_two_dispatchers_stay_on_the_page(
        self, desk: Desk, seat: Seat
    ) -> None:
        made = ticket()
        path = f"/console/tickets/{made.no}/dispatch/"
        first, second = seat(desk.agent).open(path), seat(desk.lead).open(path)
        second.get_by_label("派单说明").fill("请带备用灯头。")
        second.get_by_role("radio", name="主办 供电公司").check()
        first.get_by_role("radio", name="主办 住建局").check()
        first.get_by_role("button", name="派单", exact=True).click()
        first.get_by_text("已派单，承办单位现在就能看到。").wait_for()

        second.get_by_role("button", name="派单", exact=True).click()

        expect(second.get_by_text("别人更新了这条记录，所以还没有提交")).to_be_visible()
        expect(second.get_by_label("派单说明")).to_have_value("请带备用灯头。")
        order = HandlingOrder.objects.get(ticket=made)
        assert order.unit == desk.unit
        assert Ticket.objects.get().state == TicketState.DISPATCHED


@pytest.fixture
def dispatch(desk: Desk) -> Callable[[Ticket], None]:
    """Have a colleague send a ticket to the unit."""
    from hotline.actions import triage

    def send(made: Ticket) -> None:
        triage.dispatch_ticket(
            ticket_no=made.no,
            dispatch=triage.Dispatch(lead=desk.unit.code),
            by=desk.lead,
            at=desk.tick(),
        )

    return send
