"""The console in a real browser: live lists, keyboard, two editors, nothing lost."""

import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from core.accounts.models import User
from hotline.actions import closing, triage
from hotline.models import HandlingOrder, Ticket
from hotline.states import TicketState
from tests.factories.core import UserFactory
from tests.factories.hotline import Desk, category, ticket
from tests.journeys.console_browser import (
    Desktop,
    chromium,
    relay,
    running_browser,
    running_server,
    session_of,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium on this machine"),
]
Open = Callable[..., Desktop]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    allowed = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop lives in this thread
    with running_browser() as started:
        yield started
    if allowed is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def city(desk: Desk) -> Desk:
    return desk


@pytest.fixture
def sit(browser: Browser, base: str) -> Iterator[Open]:
    """Seat people at browsers; at the end none of their pages may have had an error."""
    desktops: list[Desktop] = []

    def seat(user: User, **options) -> Desktop:
        desktops.append(Desktop(browser, base, user, **options))
        return desktops[-1]

    yield seat
    troubles = [trouble for desktop in desktops for trouble in desktop.troubles]
    for desktop in desktops:
        desktop.context.close()
    assert troubles == []


class TestLiveQueue:
    def test_shows_a_new_ticket_where_it_belongs_without_reloading(self, city: Desk, sit: Open):
        ticket(title="先来的普通件")
        relay()
        page = sit(city.agent).open("/console/")

        urgent = ticket(title="后来的特急件", urgency="emergency")
        relay()

        rows = page.locator("#rows tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_have_attribute("data-no", urgent.no)
        expect(page.locator('[data-count="waiting"] [data-count-words]')).to_have_text("2")
        expect(page.locator("#live")).to_have_text("新工单 1 件", timeout=10_000)

    def test_fills_an_empty_queue(self, city: Desk, sit: Open):
        page = sit(city.agent).open("/console/")
        expect(page.get_by_text("“待受理”现在是空的")).to_be_visible()

        ticket(title="第一件")
        relay()

        expect(page.get_by_role("link", name="第一件")).to_be_visible()
        expect(page.get_by_text("“待受理”现在是空的")).to_be_hidden()

    def test_takes_out_what_another_agent_dispatched(self, city: Desk, sit: Open):
        made = ticket(title="将被派走")
        relay()
        page = sit(city.agent).open("/console/")
        expect(page.get_by_role("link", name="将被派走")).to_be_visible()

        triage.dispatch_ticket(
            ticket_no=made.no,
            dispatch=triage.Dispatch(lead=city.unit.code),
            by=city.lead,
            at=city.tick(),
        )
        relay()

        expect(page.locator("#rows tr")).to_have_count(0)

    def test_catches_up_after_the_line_was_down(self, city: Desk, sit: Open):
        desktop = sit(city.agent)
        page = desktop.open("/console/")
        desktop.context.set_offline(True)
        page.evaluate("window.dispatchEvent(new Event('offline'))")

        ticket(title="断线期间登记")
        relay()
        desktop.context.set_offline(False)
        page.reload()
        expect(page.get_by_role("link", name="断线期间登记")).to_be_visible()

    def test_reaches_the_unit_at_once(self, city: Desk, sit: Open):
        page = sit(city.handler).open("/console/")

        city.dispatched(title="派给住建局的件")
        relay()

        expect(page.get_by_role("link", name="派给住建局的件")).to_be_visible()

    def test_loads_more_rows(self, city: Desk, sit: Open, monkeypatch):
        monkeypatch.setattr("hotline.views.console.queues.PAGE_SIZE", 3)
        for n in range(5):
            ticket(title=f"第{n}件")
        page = sit(city.agent).open("/console/")
        expect(page.locator("#rows tr")).to_have_count(3)

        page.get_by_role("link", name="加载更多").click()

        expect(page.locator("#rows tr")).to_have_count(5)
        expect(page.get_by_text("已全部显示")).to_be_visible()


class TestKeyboard:
    def test_carries_a_ticket_from_the_queue_to_the_unit_without_a_mouse(
        self, city: Desk, sit: Open
    ):
        made = ticket(title="只用键盘办理")
        page = sit(city.agent).open("/console/")

        page.keyboard.press("j")
        expect(page.locator("#rows tr").first).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/tickets/{made.no}/")
        page.keyboard.press("c")
        page.get_by_text("已由您受理。").wait_for()
        page.keyboard.press("d")
        page.wait_for_url("**/dispatch/")
        page.locator("[data-unit-filter]").focus()
        page.keyboard.type("供电")
        expect(page.locator("[data-unit]:visible")).to_have_count(1)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.locator("[data-chosen]")).to_have_text("主办：供电公司")
        page.locator("#id_instruction").focus()
        page.keyboard.type("请先到现场")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        page.get_by_text("已派单").wait_for()
        order = HandlingOrder.objects.get(ticket=made)
        assert (order.unit, order.instruction) == (city.other, "请先到现场")

    def test_lists_only_what_exists_on_its_sheet(self, city: Desk, sit: Open):
        page = sit(city.agent).open("/console/")

        page.keyboard.press("?")

        sheet = page.locator("#shortcuts-sheet")
        expect(sheet).to_be_visible()
        keys = sheet.locator("kbd").all_inner_texts()
        assert {"j", "k", "Enter", "/", "n"} <= set(keys)
        assert "m" not in keys


class TestTwoPeople:
    @pytest.fixture(autouse=True)
    def _fast_heart(self, monkeypatch):
        monkeypatch.setattr("hotline.consumers.HEARTBEAT_SECONDS", 0.5)

    def test_see_each_other_on_a_ticket_and_in_the_list(self, city: Desk, sit: Open):
        made = ticket()
        first = sit(city.agent).open(f"/console/tickets/{made.no}/")
        listing = sit(city.auditor)
        second = sit(city.lead).open(f"/console/tickets/{made.no}/")

        expect(first.locator(".ticket-head [data-watcher-names]")).to_have_text(
            city.lead.get_full_name()
        )
        expect(second.locator(".ticket-head [data-watcher-names]")).to_have_text(
            city.agent.get_full_name()
        )
        page = sit(city.lead).open("/console/")
        expect(page.locator(f'#rows [data-watchers="{made.no}"]')).to_contain_text(
            city.agent.get_full_name()
        )
        first.close()
        expect(second.locator(".ticket-head .watchers")).to_be_hidden()
        assert listing.troubles == []

    def test_are_told_that_the_ticket_has_changed(self, city: Desk, sit: Open):
        made = ticket()
        page = sit(city.agent).open(f"/console/tickets/{made.no}/")

        triage.claim_ticket(ticket_no=made.no, by=city.lead, at=city.tick())
        relay()

        expect(page.locator("#changed-banner")).to_be_visible()

    def test_compare_and_merge_their_edits(self, city: Desk, sit: Open):
        made = ticket(title="原来的标题")
        first = sit(city.agent).open(f"/console/tickets/{made.no}/revise/")
        second = sit(city.lead).open(f"/console/tickets/{made.no}/revise/")
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


class TestPhoneDesk:
    def test_shows_the_caller_while_typing_and_keeps_everything_over_a_reload(
        self, city: Desk, sit: Open
    ):
        ticket(title="上次的水管问题", caller_phone="19900004321")
        page = sit(city.agent).open("/console/")
        page.keyboard.press("n")
        page.wait_for_url(re.compile(r"/console/phone/[0-9a-f-]{36}/"))

        page.fill("#id_caller_phone", "199 0000 4321")
        expect(page.locator("#caller-history")).to_contain_text("上次的水管问题")
        with page.expect_response(lambda one: "/drafts/phone-desk/" in one.url) as saved:
            page.fill("#id_content", "单元门坏了三天，没有人修。")
        page.evaluate("sessionStorage.clear()")
        page.reload()

        assert saved.value.ok
        expect(page.locator("#id_content")).to_have_value("单元门坏了三天，没有人修。")
        expect(page.locator("#id_caller_phone")).to_have_value("199 0000 4321")
        page.get_by_role("button", name="登记", exact=True).click()
        page.get_by_text("已登记，工单编号").wait_for()
        assert Ticket.objects.filter(origin__source="call").count() == 1

    def test_loses_nothing_when_the_session_expired(self, city: Desk, sit: Open, base: str):
        ticket()
        desktop = sit(city.agent)
        page = desktop.open("/console/phone/")
        address = page.url
        page.fill("#id_content", "正说到一半，登录过期了。")
        desktop.context.clear_cookies(name="sessionid")

        page.get_by_role("button", name="登记", exact=True).click()
        page.wait_for_url(re.compile("/accounts/login/"))
        desktop.context.add_cookies(
            [{"name": "sessionid", "value": session_of(city.agent), "url": base}]
        )
        page.goto(address)

        expect(page.locator("#id_content")).to_have_value("正说到一半，登录过期了。")


class TestEveryPage:
    @pytest.fixture
    def pages(self, city: Desk) -> list[tuple[User, str]]:
        subject = category()
        subject.default_unit = city.unit
        subject.save()
        waiting = ticket(
            category=subject.code, title="很长的标题" * 38, content="很长的内容。" * 500
        )
        dispatched = city.dispatched(assists=(city.other.code,))
        answered, replied, review = city.answered(), city.replied(), city.in_review()
        closing.demand_callback(ticket_id=replied.pk, at=city.tick())
        orders = [city.lead_order(one).no for one in (dispatched, answered)]
        return [
            (city.agent, "/console/"),
            (city.agent, "/console/queues/mine/"),
            (city.agent, "/console/search/"),
            (city.agent, "/console/phone/"),
            (city.agent, f"/console/tickets/{waiting.no}/"),
            (city.agent, f"/console/tickets/{waiting.no}/revise/"),
            (city.agent, f"/console/tickets/{waiting.no}/triage/"),
            (city.agent, f"/console/tickets/{waiting.no}/dispatch/"),
            (city.agent, f"/console/callbacks/{replied.no}/"),
            (city.lead, f"/console/tickets/{review.no}/"),
            (city.auditor, f"/console/reviews/{review.no}/"),
            (city.handler, "/console/"),
            (city.handler, f"/console/orders/{orders[0]}/"),
            (city.head, f"/console/orders/{orders[1]}/"),
            (city.handler, "/console/tickets/1/"),
        ]

    def test_is_accessible_by_day_and_night_and_fits_its_window(self, city: Desk, sit: Open, pages):
        found = []
        desktops = {user: sit(user) for user, _ in pages}
        for user, path in pages:
            desktop = desktops[user]
            page = desktop.open(path)
            for width, scheme in ((1440, "light"), (390, "dark")):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                wide = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
                found += [f"{path} {width}: {one}" for one in desktop.violations()]
                found += [f"{path} is wider than {width}"] if wide else []
            page.set_viewport_size({"width": 1440, "height": 900})

        assert found == []

    def test_tells_a_citizen_politely(self, city: Desk, sit: Open):
        desktop = sit(UserFactory())

        page = desktop.open("/console/", online=False)

        expect(page.get_by_text("您的账号还没有工作台的权限")).to_be_visible()
        assert desktop.violations() == []
        assert TicketState.REGISTERED == "registered"
