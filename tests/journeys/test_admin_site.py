"""The admin site in a real browser: no violation of its policy, no serious finding, by keyboard."""

import pytest
from playwright.sync_api import expect

from core.accounts.states import Role
from tests.factories.admin import populate
from tests.factories.core import OrganisationFactory, member
from tests.journeys.conftest import Seat

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    Role.SYSTEM_ADMIN: (
        "/admin/",
        "/admin/core/organisation/",
        "/admin/core/organisation/add/",
        "/admin/hotline/category/",
        "/admin/hotline/category/do/import/",
        "/admin/core/clockpolicy/do/enact/",
        "/admin/core/holidaynotice/do/publish/",
        "/admin/core/clock/?open=all",
        "/admin/hotline/ticket/",
        "/admin/hotline/ticket/?q=nothing-like-this",
    ),
    Role.SECURITY_ADMIN: (
        "/admin/",
        "/admin/core/user/",
        "/admin/core/person/",
        "/admin/core/apikey/do/issue/",
    ),
    Role.AUDIT_ADMIN: (
        "/admin/",
        "/admin/core/auditentry/?period=all",
        "/admin/core/auditentry/do/export/",
    ),
}


class TestPages:
    @pytest.mark.parametrize("role", PAGES)
    def test_pass_axe_and_fit_every_width(self, seat: Seat, role: Role) -> None:
        populate()
        desktop = seat(member(role))

        for path in PAGES[role]:
            for width in (1440, 1024, 390):
                desktop.page.set_viewport_size({"width": width, "height": 900})
                desktop.open(path, online=False)
                expect(desktop.page.locator("h1")).to_be_visible()
                assert not desktop.is_too_wide(), (path, width)
            assert desktop.violations() == [], path

    def test_dark_pages_hold_their_contrast(self, seat: Seat) -> None:
        populate()
        desktop = seat(member(Role.SYSTEM_ADMIN), color_scheme="dark")

        for path in PAGES[Role.SYSTEM_ADMIN]:
            desktop.open(path, online=False)
            assert desktop.violations() == [], path


class TestByKeyboard:
    def test_a_unit_is_taken_out_of_use_without_a_mouse(self, seat: Seat) -> None:
        unit = OrganisationFactory(code="old-unit", name="老单位")
        desktop = seat(member(Role.SYSTEM_ADMIN))
        page = desktop.open(f"/admin/core/organisation/{unit.pk}/change/", online=False)

        page.get_by_role("link", name="停用机构").focus()
        page.keyboard.press("Enter")
        page.get_by_label("理由").focus()
        page.keyboard.type("职能并入其他单位")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.get_by_role("status")).to_contain_text("已停用")

    def test_the_menu_opens_and_closes_on_a_phone(self, seat: Seat) -> None:
        desktop = seat(member(Role.AUDIT_ADMIN))
        desktop.page.set_viewport_size({"width": 390, "height": 800})
        page = desktop.open("/admin/", online=False)
        menu = page.get_by_role("button", name="菜单")

        menu.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="登录记录")).to_be_visible()
        page.keyboard.press("Escape")

        expect(page.get_by_role("link", name="登录记录")).to_be_hidden()
        expect(menu).to_be_focused()

    def test_a_filter_is_a_list_of_links(self, seat: Seat) -> None:
        OrganisationFactory(code="gone", name="已停用单位", is_active=False)
        page = seat(member(Role.SYSTEM_ADMIN)).open("/admin/core/organisation/", online=False)

        page.locator("summary", has_text="启用").focus()
        page.keyboard.press("Enter")
        page.get_by_role("link", name="否", exact=True).focus()
        page.keyboard.press("Enter")

        expect(page.get_by_role("link", name="已停用单位")).to_be_visible()
