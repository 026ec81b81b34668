"""A real server and a real browser for the console's journeys."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.db import close_old_connections
from playwright.sync_api import Browser, Page, sync_playwright

from config.asgi import application, http_application
from core.accounts.models import User
from core.events.relay import run_once

PATIENCE = 10.0
SERIOUS = {"serious", "critical"}


def chromium() -> str | None:
    """Return the browser of this machine, or None."""
    return (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )


@contextmanager
def running_server() -> Iterator[str]:
    """Serve HTTP and sockets on a free port, on the test's own database."""
    application.application_mapping["http"] = ASGIStaticFilesHandler(http_application)
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
def running_browser() -> Iterator[Browser]:
    """Start the machine's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Desktop:
    """One person at one browser."""

    def __init__(self, browser: Browser, base: str, user: User, **options: Any) -> None:
        options = {
            "viewport": {"width": 1440, "height": 900},
            "locale": "zh-CN",
            "reduced_motion": "reduce",  # so that no colour is measured half way
            **options,
        }
        self.base = base
        self.context = browser.new_context(**options)
        self.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": base}]
        )
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.troubles.append(message.text)

    def open(self, path: str, *, online: bool = True) -> Page:
        """Open a page and wait until its socket is up."""
        self.page.goto(self.base + path)
        if online:
            self.page.locator('#connection[data-connection="online"]').wait_for()
        return self.page

    def violations(self) -> list[str]:
        """Return what axe finds serious on the present page."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['target']}" for one in found if one["impact"] in SERIOUS
        ]


def session_of(user: User) -> str:
    """Return the key of a new session of a user."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def relay() -> None:
    """Number and hint what was committed, in a thread without the browser's event loop."""

    def work() -> None:
        run_once()
        close_old_connections()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE)
