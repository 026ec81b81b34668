"""A passkey in a real browser: added once, and then nobody types a password any more.

Chromium's own virtual authenticator stands for the finger on the reader.
"""

import pytest
from playwright.sync_api import CDPSession, expect

from core.accounts.states import Role
from tests.factories.core import member
from tests.journeys.browsers import Desktop
from tests.journeys.conftest import Seat

PASSWORD = "rongjiang-Passkey-1"
FINGER = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def desktop(seat: Seat, base: str) -> Desktop:
    """Sit down at a browser that knows the site by a name: passkeys are bound to names."""
    desktop = seat()
    desktop.base = base.replace("127.0.0.1", "localhost")
    return desktop


def put_finger_reader(desktop: Desktop) -> CDPSession:
    """Give the browser an authenticator."""
    session = desktop.context.new_cdp_session(desktop.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": FINGER})
    return session


class TestPasskey:
    def test_is_added_with_a_name_and_then_signs_in_alone(self, desktop: Desktop) -> None:
        agent = member(Role.AGENT)
        agent.set_password(PASSWORD)
        agent.save(update_fields=["password"])
        put_finger_reader(desktop)
        page = desktop.open("/accounts/login/", online=False)
        page.locator("input[name=login]").fill(agent.username)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url("**/console/**")

        desktop.open("/accounts/2fa/webauthn/add/", online=False)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.locator("input[name=name]").fill("值班电脑")
        page.locator("input[name=passwordless]").check()
        page.locator("#mfa_webauthn_add, main button[type=submit]").first.click()
        page.wait_for_url(lambda url: "add" not in url)
        desktop.open("/accounts/2fa/webauthn/", online=False)
        expect(page.get_by_text("值班电脑").first).to_be_visible()

        desktop.lose_session()
        desktop.open("/accounts/login/?next=/console/", online=False)
        page.locator("#passkey_login").click()

        page.wait_for_url("**/console/**")
        expect(page.locator("#connection")).to_have_attribute("data-connection", "online")
