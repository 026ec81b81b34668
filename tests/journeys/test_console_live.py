"""The console in a real browser: live lists, keyboard, two people at one ticket."""

import re

import pytest
from playwright.sync_api import expect

from hotline.actions import triage
from hotline.models import HandlingOrder, Ticket
from tests.factories.hotline import Desk, ticket
from tests.journeys.browsers import relay
from tests.journeys.conftest import Seat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def city(desk: Desk) -> Desk:
    return desk


class TestLiveQueue:
    def test_shows_a_new_ticket_where_it_belongs_without_reloading(self, city: Desk, seat: Seat):
        ticket(title="先来的普通件")
        relay()
        page = seat(city.agent).open("/console/")

        urgent = ticket(title="后来的特急件", urgency="emergency")
        relay()

        rows = page.locator("#rows tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_have_attribute("data-no", urgent.no)
        expect(page.locator('[data-count="waiting"] [data-count-words]')).to_have_text("2")
        expect(page.locator("#live")).to_have_text("新工单 1 件", timeout=10_000)

    def test_fills_an_empty_queue(self, city: Desk, seat: Seat):
        page = seat(city.agent).open("/console/")
        expect(page.get_by_text("“待受理”现在是空的")).to_be_visible()

        ticket(title="第一件")
        relay()

        expect(page.get_by_role("link", name="第一件")).to_be_visible()
        expect(page.get_by_text("“待受理”现在是空的")).to_be_hidden()

    def test_takes_out_what_another_agent_dispatched(self, city: Desk, seat: Seat):
        made = ticket(title="将被派走")
        relay()
        page = seat(city.agent).open("/console/")
        expect(page.get_by_role("link", name="将被派走")).to_be_visible()

        triage.dispatch_ticket(
            ticket_no=made.no,
            dispatch=triage.Dispatch(lead=city.unit.code),
            by=city.lead,
            at=city.tick(),
        )
        relay()

        expect(page.locator("#rows tr")).to_have_count(0)

    def test_reaches_the_unit_at_once(self, city: Desk, seat: Seat):
        page = seat(city.handler).open("/console/")

        city.dispatched(title="派给住建局的件")
        relay()

        expect(page.get_by_role("link", name="派给住建局的件")).to_be_visible()

    def test_loads_more_rows(self, city: Desk, seat: Seat, monkeypatch):
        monkeypatch.setattr("hotline.views.console.queues.PAGE_SIZE", 3)
        for n in range(5):
            ticket(title=f"第{n}件")
        page = seat(city.agent).open("/console/")
        expect(page.locator("#rows tr")).to_have_count(3)

        page.get_by_role("link", name="加载更多").click()

        expect(page.locator("#rows tr")).to_have_count(5)
        expect(page.get_by_text("已全部显示")).to_be_visible()


class TestKeyboard:
    def test_carries_a_ticket_from_the_queue_to_the_unit_without_a_mouse(
        self, city: Desk, seat: Seat
    ):
        made = ticket(title="只用键盘办理")
        page = seat(city.agent).open("/console/")

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

    def test_lists_only_what_exists_on_its_sheet(self, city: Desk, seat: Seat):
        page = seat(city.agent).open("/console/")

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

    def test_see_each_other_on_a_ticket_and_in_the_list(self, city: Desk, seat: Seat):
        made = ticket()
        first = seat(city.agent).open(f"/console/tickets/{made.no}/")
        listing = seat(city.auditor)
        second = seat(city.lead).open(f"/console/tickets/{made.no}/")

        expect(first.locator(".ticket-head [data-watcher-names]")).to_have_text(
            city.lead.get_full_name()
        )
        expect(second.locator(".ticket-head [data-watcher-names]")).to_have_text(
            city.agent.get_full_name()
        )
        page = seat(city.lead).open("/console/")
        expect(page.locator(f'#rows [data-watchers="{made.no}"]')).to_contain_text(
            city.agent.get_full_name()
        )
        first.close()
        expect(second.locator(".ticket-head .watchers")).to_be_hidden()
        assert listing.troubles == []

    def test_are_told_that_the_ticket_has_changed(self, city: Desk, seat: Seat):
        made = ticket()
        page = seat(city.agent).open(f"/console/tickets/{made.no}/")

        triage.claim_ticket(ticket_no=made.no, by=city.lead, at=city.tick())
        relay()

        expect(page.locator("#changed-banner")).to_be_visible()


class TestPhoneDesk:
    def test_shows_the_caller_while_typing_and_keeps_everything_over_a_reload(
        self, city: Desk, seat: Seat
    ):
        ticket(title="上次的水管问题", caller_phone="19900004321")
        page = seat(city.agent).open("/console/")
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
