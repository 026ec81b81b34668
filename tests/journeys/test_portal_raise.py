"""The portal in a real browser: keyboard only, without script, on a phone, after a lost session."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.accounts.states import OrganisationKind
from core.attachments.models import Attachment
from hotline.models import Category, Ticket
from hotline.states import TicketState
from tests.factories.core import (
    OrganisationFactory,
    RegionFactory,
    UserFactory,
    district,
    policies,
)
from tests.factories.hotline import Desk, ticket
from tests.journeys.browsers import SERIOUS, session_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
WIDE = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
TITLE, CONTENT = "三号楼电梯停运", "楼上住着坐轮椅的老人，电梯停了四天，下不了楼。"


@pytest.fixture(autouse=True)
def _city(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    policies()
    street = RegionFactory(
        code="519901001", name="滨江街道", full_name="蓉江市临江区滨江街道", parent=district()
    )
    RegionFactory(code="519901001002", name="汀兰社区", parent=street)
    unit = OrganisationFactory(code="ZJJ", name="住建局", kind=OrganisationKind.DEPARTMENT)
    Category.objects.create(
        code="010103", name="电梯运行", keywords=["电梯"], default_unit=unit, full_name="电梯运行"
    )


class Visitor:
    """One person at one browser; troubles are script errors and breaches of the policy."""

    def __init__(self, browser: Browser, base: str, **options: Any) -> None:
        self.base = base
        self.context: BrowserContext = browser.new_context(locale="zh-CN", **options)
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.troubles.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def violations(self) -> list[str]:
        """Return what axe finds serious on the present page."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['target']}" for one in found if one["impact"] in SERIOUS
        ]


@pytest.fixture
def visit(browser: Browser, base: str) -> Iterator[Any]:
    visitors: list[Visitor] = []

    def arrive(**options: Any) -> Visitor:
        visitors.append(Visitor(browser, base, **(options or WIDE)))
        return visitors[-1]

    yield arrive
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    for visitor in visitors:
        visitor.context.close()
    assert troubles == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "电梯照片.png"
    Image.new("RGB", (40, 30), "grey").save(path)
    return path


def go_on(page: Page) -> None:
    """Press the page's main button."""
    page.locator("main form.ask button[value=next]").click()


def step_of(page: Page) -> Any:
    """Return the heading."""
    return page.locator("h1")


class TestKeyboardOnly:
    def test_the_whole_form_needs_no_mouse(self, visit: Any, photo: Path) -> None:
        page = visit().open("/hotline/new/")
        keys = page.keyboard

        _tab_to(page, "kind")
        keys.press("Space")
        _tab_to(page, "title")
        keys.type(TITLE)
        _tab_to(page, "content")
        keys.type(CONTENT)
        _press_next(page)
        expect(step_of(page)).to_have_text("发生在哪里？")
        _tab_to(page, "district")
        keys.press("ArrowDown")
        expect(page.locator("#id_street option")).to_have_count(2)
        _tab_to(page, "street")
        keys.press("ArrowDown")
        expect(page.locator("#id_community option")).to_have_count(2)
        _tab_to(page, "address")
        keys.type("滨江路 18 号")
        _press_next(page)
        expect(step_of(page)).to_have_text("有照片或文件吗？")
        _press_next(page)
        expect(step_of(page)).to_have_text("怎么联系您？")
        _tab_to(page, "phone")
        keys.type("19900001234")
        _press_next(page)
        expect(step_of(page)).to_have_text("检查一遍，然后提交")
        page.locator("main button[type=submit]").focus()
        keys.press("Enter")

        expect(step_of(page)).to_have_text("已收到您的诉求")
        made = Ticket.objects.select_related("region").get()
        assert (made.title, made.region.code) == (TITLE, "519901001")
        assert made.query_code in page.inner_text("#query-code")
        assert made.query_code not in page.url


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the input with this name has the focus."""
    for _ in range(60):
        if page.evaluate("document.activeElement.name") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {name}")


def _press_next(page: Page) -> None:
    for _ in range(60):
        if page.evaluate("document.activeElement.value") == "next":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


class TestWithoutScript:
    def test_the_whole_form_works(self, visit: Any, photo: Path) -> None:
        page = visit(**WIDE, java_script_enabled=False).open("/hotline/new/")

        page.check("input[name=kind][value=help]")
        page.fill("#id_content", CONTENT)
        go_on(page)
        page.select_option("#id_district", "519901")
        page.click("button[value=regions]")
        page.select_option("#id_street", "519901001")
        go_on(page)
        page.set_input_files("input[type=file]", photo)
        page.click("button[value=upload]")
        assert "电梯照片.png" in page.inner_text("main")
        go_on(page)
        page.fill("#id_phone", "19900001234")
        go_on(page)
        page.click("main button[type=submit]")

        made = Ticket.objects.select_related("region").get()
        assert made.no in page.inner_text("#ticket-no")
        assert made.title == CONTENT[:30]
        assert made.region.code == "519901001"
        assert Attachment.objects.get().subject_id == made.pk

    def test_a_verdict_works(self, visit: Any) -> None:
        made = Desk().replied()
        page = visit(**WIDE, java_script_enabled=False).open("/track/")

        page.fill("#id_ticket_no", made.no)
        page.fill("#id_proof", made.query_code)
        page.click("main button[type=submit]")
        page.click("text=去评价")
        page.check("input[name=solved][value=yes]")
        page.check("input[name=satisfaction][value='1']")
        page.click("text=提交评价")

        assert "谢谢您的评价" in page.inner_text("h1")
        assert Ticket.objects.get().state == TicketState.CLOSED


class TestPhone:
    def test_asks_one_question_a_page_and_ends_with_a_ticket(self, visit: Any, photo: Path) -> None:
        page = visit(**PHONE).open("/hotline/new/")

        page.check("input[name=kind][value=complaint]")
        go_on(page)
        page.fill("#id_content", CONTENT)
        go_on(page)
        page.select_option("#id_district", "519901")
        go_on(page)
        expect(step_of(page)).to_have_text("涉及哪个单位？")
        page.select_option("#id_accused_unit", "ZJJ")
        go_on(page)
        page.set_input_files("input[type=file]", photo)
        expect(page.locator(".upload__item[data-state=done]")).to_have_count(1)
        page.reload()
        expect(page.locator(".upload__item[data-state=done]")).to_have_count(1)
        go_on(page)
        page.fill("#id_phone", "１９９００００１２３４")
        go_on(page)
        page.check("#id_confidential")
        go_on(page)
        page.click("main button[type=submit].button--primary")

        expect(step_of(page)).to_have_text("已收到您的诉求")
        made = Ticket.objects.select_related("accused_unit").get()
        assert made.confidential
        assert made.accused_unit is not None
        assert made.accused_unit.code == "ZJJ"
        assert Attachment.objects.get().subject_id == made.pk

    def test_no_page_is_wider_than_the_screen(self, visit: Any) -> None:
        made = ticket(title="长" * 200, content="Aa" * 9000, address="w" * 200)
        visitor = visit(**PHONE)
        page = visitor.open("/track/")
        page.fill("#id_ticket_no", made.no)
        page.fill("#id_proof", made.query_code)
        page.click("main button[type=submit]")

        for path in ("", "supplement/", "withdraw/"):
            visitor.open(f"/track/{made.no}/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for path in ("/", "/search/?q=电梯", "/hotline/new/", "/track/", "/privacy/"):
            visitor.open(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


class TestNothingIsLost:
    def test_what_is_typed_is_saved_and_there_after_closing_the_page(self, visit: Any) -> None:
        visitor = visit()
        page = visitor.open("/hotline/new/")

        page.check("input[name=kind][value=help]")
        page.fill("#id_content", CONTENT)
        expect(page.locator("[data-autosave-state]")).to_have_text(re.compile("已保存"))
        page.close()
        again = visitor.context.new_page()
        again.goto(f"{visitor.base}/hotline/new/")

        expect(again.locator("#id_content")).to_have_value(CONTENT)
        expect(again.locator("input[name=kind][value=help]")).to_be_checked()

    def test_an_error_keeps_every_word_and_takes_the_focus(self, visit: Any) -> None:
        page = visit().open("/hotline/new/")

        page.fill("#id_title", TITLE)
        go_on(page)

        expect(page.locator("[data-error-summary]")).to_be_focused()
        expect(page.locator("#id_title")).to_have_value(TITLE)
        page.click("[data-error-summary] a >> nth=0")
        assert page.evaluate("document.activeElement.closest('fieldset, .field').id") == "id_kind"

    def test_a_lost_session_asks_to_sign_in_and_goes_on(self, visit: Any) -> None:
        alice = UserFactory()
        visitor = visit()
        cookie = {"name": "sessionid", "value": session_of(alice), "url": visitor.base}
        visitor.context.add_cookies([cookie])
        page = visitor.open("/hotline/new/")
        page.check("input[name=kind][value=help]")
        page.fill("#id_content", CONTENT)
        go_on(page)
        visitor.context.clear_cookies(name="sessionid")

        page.select_option("#id_district", "519901")
        go_on(page)
        page.fill("input[name=login]", alice.username)
        page.fill("input[name=password]", "Tongban-test-2026")
        page.click("form button[type=submit]:has-text('登录') >> nth=0")
        page.wait_for_url("**/hotline/new/where/")
        expect(page.locator("#id_district")).to_have_value("519901")
        page.goto(f"{visitor.base}/hotline/new/check/")

        expect(page.locator("main")).to_contain_text(CONTENT)

    def test_starting_over_clears_the_browser_too(self, visit: Any) -> None:
        visitor = visit()
        page = visitor.open("/hotline/new/")
        page.check("input[name=kind][value=help]")
        page.fill("#id_content", CONTENT)
        go_on(page)
        visitor.open("/hotline/new/")

        page.click("text=清空，重新填写")
        page.click("main >> text=重新填写")

        expect(page.locator("#id_content")).to_have_value("")
        assert page.evaluate("Object.keys(sessionStorage).filter(k => k.includes('kind'))") == []

    def test_a_double_click_registers_once(self, visit: Any) -> None:
        page = visit().open("/hotline/new/")
        page.check("input[name=kind][value=help]")
        page.fill("#id_content", CONTENT)
        go_on(page)
        page.select_option("#id_district", "519901")
        go_on(page)
        go_on(page)
        page.fill("#id_phone", "19900001234")
        go_on(page)

        page.dblclick("main button[type=submit]")
        expect(step_of(page)).to_have_text("已收到您的诉求")
        page.reload()
        expect(step_of(page)).to_have_text("已收到您的诉求")
        page.go_back()
        page.reload()

        assert Ticket.objects.count() == 1


class TestHints:
    def test_appear_while_typing_and_a_choice_is_kept(self, visit: Any) -> None:
        page = visit().open("/hotline/new/")

        page.check("input[name=kind][value=help]")
        page.locator("#id_content").press_sequentially("三号楼的电梯又停了")
        option = page.locator("#hints input[value='010103']")
        expect(option).to_be_visible()
        expect(page.locator("#hints-status")).to_contain_text("1 个可能的分类")
        option.check()
        page.locator("#id_content").press_sequentially("，请派人来修")
        expect(page.locator("#hints")).to_contain_text("您选的")
        go_on(page)
        page.goto(page.url.replace("where", "check"))

        expect(page.locator("main")).to_contain_text("电梯运行")


class TestAxe:
    def test_the_form_has_no_serious_finding(self, visit: Any) -> None:
        visitor = visit()
        found: dict[str, list[str]] = {}
        page = visitor.open("/hotline/new/")
        go_on(page)
        found["errors"] = visitor.violations()
        page.check("input[name=kind][value=complaint]")
        page.locator("#id_content").press_sequentially("电梯停了，楼下起火")
        expect(page.locator("#hints .notice--error")).to_be_visible()
        found["hints"] = visitor.violations()
        go_on(page)
        page.click("summary")
        found["where"] = visitor.violations()
        page.select_option("#id_district", "519901")
        go_on(page)
        found["evidence"] = visitor.violations()
        go_on(page)
        found["contact"] = visitor.violations()
        page.fill("#id_phone", "19900001234")
        go_on(page)
        found["check"] = visitor.violations()
        page.click("main button[type=submit]")
        found["done"] = visitor.violations()

        assert {name: bad for name, bad in found.items() if bad} == {}
        assert "已收到" in page.inner_text("h1")
