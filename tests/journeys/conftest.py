"""One live server, one browser, and people who sit down at it."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import Browser

from core.accounts.models import User
from tests.factories.hotline import Desk
from tests.journeys.browsers import Desktop, in_thread, running_relay, running_server
from tests.journeys.chromium import chromium, running_browser

Seat = Callable[..., Desktop]


@pytest.fixture(scope="session")
def base(django_db_setup: None) -> Iterator[str]:
    """Serve the whole site to every journey of this run."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; closed after the module, because no other event loop can run meanwhile."""
    if chromium() is None:
        pytest.skip("there is no Chromium on this machine")
    allowed = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop lives in this thread
    try:
        with running_browser() as started:
            yield started
            connections.close_all()  # beside a running loop Django keeps connections of their own
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        if allowed is not None:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = allowed


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """One of each role at the hotline and at two units, for the server to see."""
    return Desk()


@pytest.fixture
def live_relay(transactional_db: None) -> Iterator[None]:
    """Carry news to the open consoles while the test runs."""
    with running_relay():
        yield


@pytest.fixture
def seat(browser: Browser, base: str, transactional_db: None) -> Iterator[Seat]:
    """Seat people at browsers; at the end none of their pages may have had an error."""
    desktops: list[Desktop] = []

    def sit_down(user: User | None = None, **options: object) -> Desktop:
        desktops.append(Desktop(browser, base, user, **options))
        return desktops[-1]

    yield sit_down
    troubles = [trouble for desktop in desktops for trouble in desktop.troubles]
    for desktop in desktops:
        desktop.context.close()
    assert troubles == []


@pytest.fixture
def verify_audit() -> Callable[[], None]:
    """Check the whole audit trail as the command does: it raises at any flaw."""
    return lambda: in_thread(lambda: call_command("verify_audit"))
