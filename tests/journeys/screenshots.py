"""Takes the pictures of the READMEs from a running system with the demo data.

    python -m config.launch                                  # or: make run
    python -m tests.journeys.screenshots http://127.0.0.1:8000 config/screenshots

It signs in with the demo logins, raises one matter as a citizen would, and saves each picture as
``NAME.png`` with a palette of 256 colours. Give ``--password`` where the demo password was changed,
and names of pictures to take only those. Never point it at a system that real people use.
"""

import argparse
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.chromium import DESKTOP, PHONE, running_browser

PASSWORD = "rongjiang-12345"
COLOURS = 256
Picture = Callable[["Studio"], Page]


class Studio:
    """A browser for each demo person, and the address of the system."""

    def __init__(self, browser: Browser, base: str, password: str) -> None:
        self.browser, self.base, self.password = browser, base, password
        self.contexts: dict[str, BrowserContext] = {}

    def sit(self, who: str, path: str, **options: object) -> Page:
        """Open a page as a demo person, or as a stranger when ``who`` is empty."""
        key = f"{who} {sorted(options)}"
        if key not in self.contexts:
            self.contexts[key] = self.browser.new_context(**(options or DESKTOP))  # type: ignore[arg-type]
            if who:
                self._sign_in(self.contexts[key], who)
        page = self.contexts[key].new_page()
        page.goto(self.base + path)
        return page

    def _sign_in(self, context: BrowserContext, who: str) -> None:
        page = context.new_page()
        page.goto(f"{self.base}/accounts/login/")
        page.fill("#id_login", who)
        page.fill("#id_password", self.password)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(re.compile(r"^(?!.*/accounts/login/)"))
        page.close()

    def console(self, who: str, path: str) -> Page:
        """Open a console page and wait until its line is up."""
        page = self.sit(who, path)
        page.locator('#connection[data-connection="online"]').wait_for()
        return page

    def first_row(self, who: str, path: str, *, holding: str = "") -> Page:
        """Open the first row of a queue, or the first that contains the words."""
        page = self.console(who, path)
        page.locator("#rows tr", has_text=holding).first.get_by_role("link").first.click()
        page.locator('#connection[data-connection="online"]').wait_for()
        return page


def home(studio: Studio) -> Page:
    """The front page."""
    return studio.sit("", "/")


def home_of_a_citizen(studio: Studio) -> Page:
    """The front page of somebody who has signed in."""
    return studio.sit("chen_guilan", "/")


def form(studio: Studio) -> Page:
    """The form on a phone, with its suggestions while somebody types."""
    page = studio.sit("", "/hotline/new/kind/", **PHONE)
    _choose_kind(page)
    _next(page)
    _tell(page)
    page.evaluate("document.querySelector('h1').scrollIntoView()")
    return page


def _choose_kind(page: Page) -> None:
    page.get_by_role("radio", name=re.compile("^求助")).check()


def _tell(page: Page) -> None:
    page.get_by_label("用一句话说是什么事").fill("柳荫里小区南门四盏路灯不亮")
    words = "从上周三起南门外的路灯全部不亮，晚上看不清台阶，昨晚有老人绊倒。"
    page.get_by_label("详细情况").press_sequentially(words, delay=2)
    page.locator("#hints input[name=category]").first.wait_for()


def result(studio: Studio) -> Page:
    """Number, code and the promised day."""
    page = studio.sit("", "/hotline/new/kind/")
    _choose_kind(page)
    _tell(page)
    _next(page)
    page.get_by_label("区县").select_option(index=1)
    page.get_by_label("具体地址").fill("滨江路 18 号柳荫里南门外")
    _next(page)
    _next(page)
    page.get_by_label("怎么称呼您").fill("王女士")
    page.get_by_label("联系电话").fill("19900001234")
    _next(page)
    page.get_by_role("button", name="提交诉求", exact=True).click()
    page.locator("#ticket-no").wait_for()
    return page


def _next(page: Page) -> None:
    page.get_by_role("button", name="下一步", exact=True).click()
    page.wait_for_load_state()


def tracking(studio: Studio) -> Page:
    """A ticket as its citizen follows it."""
    return _follow(studio)


def tracking_phone(studio: Studio) -> Page:
    """The same on a phone."""
    return _follow(studio, **PHONE)


def tracking_elder(studio: Studio) -> Page:
    """The same in elder mode on a phone."""
    page = _follow(studio, **PHONE)
    page.goto(page.url + "?mode=elder")
    return page


def _follow(studio: Studio, **options: object) -> Page:
    page = studio.sit("chen_guilan", "/", **options)
    page.locator("main .lines__item a[href^='/track/']:not([href*=evaluate])").first.click()
    page.locator(".promise summary").click()
    return page


def queue(studio: Studio) -> Page:
    """An agent's live queue."""
    return studio.console("agent_01", "/console/")


def queue_dark(studio: Studio) -> Page:
    """The same on the night shift."""
    page = queue(studio)
    page.emulate_media(color_scheme="dark")
    return page


def ticket(studio: Studio) -> Page:
    """A ticket that waits."""
    return studio.first_row("agent_01", "/console/queues/waiting/")


def dispatch(studio: Studio) -> Page:
    """Choosing the unit."""
    page = ticket(studio)
    page.goto(page.url + "dispatch/")
    return page


def phone_desk(studio: Studio) -> Page:
    """Registering a call with the caller's earlier tickets beside it."""
    page = studio.console("agent_01", "/console/phone/")
    page.fill("#id_caller_phone", "19900001234")
    page.fill("#id_caller_name", "王女士")
    page.fill("#id_content", "来电人说路灯修好两天又灭了，南门外台阶看不清，请再派人查看。")
    page.locator("#suggestions button").first.wait_for()
    page.locator("#caller-history a").first.wait_for()
    return page


def order(studio: Studio) -> Page:
    """A unit's order: the 主办 answers."""
    return studio.first_row("handler_zjj", "/console/queues/working/", holding="主办")


def callback(studio: Studio) -> Page:
    """Calling the citizen back."""
    page = studio.first_row("agent_01", "/console/queues/callback/")
    number = page.url.rstrip("/").rsplit("/", 1)[-1]
    page.goto(f"{studio.base}/console/callbacks/{number}/")
    page.get_by_role("radio", name="已接通并评价").check()
    return page


def admin(studio: Studio) -> Page:
    """The administrators' first page."""
    return studio.sit("system_admin", "/admin/")


PICTURES: dict[str, Picture] = {
    "home": home,
    "home-signed-in": home_of_a_citizen,
    "form": form,
    "result": result,
    "tracking": tracking,
    "tracking-phone": tracking_phone,
    "tracking-elder": tracking_elder,
    "queue": queue,
    "queue-dark": queue_dark,
    "ticket": ticket,
    "dispatch": dispatch,
    "phone-desk": phone_desk,
    "order": order,
    "callback": callback,
    "admin": admin,
}


def save(page: Page, place: Path) -> None:
    """Write what is on the screen, small enough for a README."""
    page.wait_for_timeout(400)  # fonts and the last swap
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    shot.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        place, optimize=True
    )


def main(arguments: list[str]) -> int:
    """Take the pictures that were asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES])
    parser.add_argument("--password", default=PASSWORD)
    given = parser.parse_args(arguments)
    given.out_dir.mkdir(parents=True, exist_ok=True)
    with running_browser() as browser:
        studio = Studio(browser, given.base_url.rstrip("/"), given.password)
        for name in given.names or PICTURES:
            place = given.out_dir / f"{name}.png"
            save(PICTURES[name](studio), place)
            sys.stdout.write(f"{place} {place.stat().st_size // 1024} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
