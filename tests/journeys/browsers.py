"""A live server, people at real browsers, and what a page must never do.

One server (HTTP, sockets and static files) runs in the suite's own process on the test database;
the relay runs beside it in a thread, so that an open console hears of what others do.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.db import close_old_connections
from playwright.sync_api import Browser, ConsoleMessage, Page, Response

from core.accounts.models import User
from core.events.relay import run_once
from tests.journeys.chromium import DESKTOP

PATIENCE = 10.0
RELAY_PAUSE = 0.05
SERIOUS = {"serious", "critical"}
REFUSED = 400
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}
PARTS_OF_A_PAGE = {"script", "stylesheet", "image", "font"}
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.effectiveDirective} refuses ${event.blockedURI || "inline"}`);
});
"""


def carried_through(application: Any) -> Any:
    """Finish what a browser no longer waits for, as the site's own server does.

    A request that Django cancels half way would leave its connection to the database open.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        async def hear() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                await asyncio.Future()
            return message

        await application(scope, hear, send)

    return serve


@contextmanager
def running_server() -> Iterator[str]:
    """Serve HTTP and sockets on a free port, on the test's own database."""
    from config.asgi import application, http_application

    pages = carried_through(ASGIStaticFilesHandler(http_application))
    application.application_mapping["http"] = pages
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(application, port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        threading.Event().wait(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


@contextmanager
def running_relay() -> Iterator[None]:
    """Number and hint what is committed, all the time, as the relay process does."""
    finished = threading.Event()
    failures: list[Exception] = []

    def work() -> None:
        try:
            while not finished.wait(RELAY_PAUSE):
                run_once()
        except Exception as error:  # noqa: BLE001  raised in the test's own thread below
            failures.append(error)
        finally:
            close_old_connections()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join(PATIENCE)
    assert not failures, failures


def in_thread(work: Callable[[], Any]) -> None:
    """Run something without the browser's event loop around it."""

    def run() -> None:
        work()
        close_old_connections()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)


def relay() -> None:
    """Number and hint once what was committed."""
    in_thread(run_once)


class Desktop:
    """One person at one browser; without a user a citizen who has not signed in."""

    def __init__(self, browser: Browser, base: str, user: User | None, **options: Any) -> None:
        self.base = base
        self.context = browser.new_context(**{**DESKTOP, **options})
        self.context.set_default_timeout(PATIENCE * 1000)
        self.context.add_init_script(REPORT_VIOLATIONS)
        if user is not None:
            self.sign_in(user)
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("response", self._note_missing)

    def sign_in(self, user: User) -> None:
        """Give the browser a session of the user."""
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_of(user)}
        self.context.add_cookies([{**cookie, "url": self.base}])

    def lose_session(self) -> None:
        """Let the session be over, as after eight hours."""
        self.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)

    def _note(self, message: ConsoleMessage) -> None:
        # A refused page (403, 404, 409, 422) and a line that is down are the server's answers, not
        # faults of the page's scripts.
        expected = ("Failed to load resource", "WebSocket connection to")
        if message.type == "error" and not message.text.startswith(expected):
            self.troubles.append(f"{self.page.url}: {message.text}")

    def _note_missing(self, response: Response) -> None:
        if response.status >= REFUSED and response.request.resource_type in PARTS_OF_A_PAGE:
            self.troubles.append(f"{self.page.url}: {response.status} {response.url}")

    def open(self, path: str, *, online: bool = True) -> Page:
        """Open a page and, where there is a socket, wait until it is up."""
        self.page.goto(self.base + path)
        if online:
            self.page.locator('#connection[data-connection="online"]').wait_for()
        return self.page

    def violations(self) -> list[str]:
        """Return what axe finds serious on the present page."""
        found = Axe().run(self.page, options=ONLY_VIOLATIONS).response["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['target']}" for one in found if one["impact"] in SERIOUS
        ]

    def is_too_wide(self) -> bool:
        """Tell whether the page must be scrolled sideways."""
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        )


def session_of(user: User) -> str:
    """Return the key of a new session of a user."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
