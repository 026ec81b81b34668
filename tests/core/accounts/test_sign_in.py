"""Signing in: password, lock-out, one-time code, passkey; and what the trail keeps of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.test import AsyncClient, Client
from django.urls import reverse

from core.accounts import second_factor
from core.accounts.models import User
from core.accounts.states import Role
from core.audit.models import AuditEntry, Outcome
from tests.core.accounts.authenticator import Passkey
from tests.factories.core import UserFactory, member

PASSWORD = "Tongban-test-2026"
LOGIN = "/accounts/login/"


@pytest.fixture
def _still() -> Iterator[None]:
    """Stop the clock, so that a code does not run out between making and typing it."""
    with time_machine.travel(datetime.now(tz=UTC), tick=False):
        yield


def sign_in(client: Client, user: User | str, password: str = PASSWORD, **extra: Any) -> Any:
    name = user if isinstance(user, str) else user.username
    return client.post(LOGIN, {"login": name, "password": password}, **extra)


def prove(client: Client, **extra: Any) -> None:
    """Say the password again, as every change of a factor asks."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD}, **extra)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.mark.django_db
class TestPassword:
    @pytest.mark.parametrize(
        ("role", "room"),
        [
            (None, "/my/"),
            (Role.AGENT, "/console/"),
            (Role.HANDLER, "/console/"),
            (Role.UNIT_HEAD, "/console/"),
            (Role.AUDITOR, "/console/"),
            (Role.COMMUNITY_WORKER, "/admin/"),
            (Role.SECURITY_ADMIN, "/admin/"),
        ],
    )
    def test_leads_to_the_room_of_the_role(
        self, client: Client, role: Role | None, room: str
    ) -> None:
        user = member(role) if role else UserFactory()

        response = sign_in(client, user)

        assert (response.status_code, response.url) == (302, "/accounts/landing/")
        assert client.get("/accounts/landing/").url == room

    def test_goes_back_where_one_wanted_to_be(self, client: Client) -> None:
        response = sign_in(client, UserFactory(), QUERY_STRING="next=/page/fine/")

        assert response.url == "/page/fine/"

    def test_never_leads_to_another_site(self, client: Client) -> None:
        response = sign_in(client, UserFactory(), QUERY_STRING="next=https://evil.example/")

        assert response.url == "/accounts/landing/"

    def test_says_in_chinese_that_it_was_wrong(self, client: Client) -> None:
        response = sign_in(client, UserFactory(), "wrong")

        assert response.status_code == 200
        assert "用户名或密码不正确" in response.content.decode()
        assert "sessionid" not in response.cookies

    def test_makes_a_fresh_session(self, client: Client) -> None:
        client.get("/i18n/")
        session = client.session
        session["planted"] = True
        session.save()
        before = session.session_key

        sign_in(client, UserFactory())

        assert client.session.session_key != before

    def test_change_ends_the_other_sessions(self, client: Client) -> None:
        user, other = UserFactory(), Client()
        sign_in(client, user)
        sign_in(other, user)

        client.post(
            "/accounts/password/change/",
            {"oldpassword": PASSWORD, "password1": "Neu-sicher-77", "password2": "Neu-sicher-77"},
        )

        assert client.get("/accounts/landing/").url == "/my/"
        assert other.get("/accounts/landing/").url.startswith(LOGIN)
        assert "account.password_changed" in actions()

    def test_is_nothing_for_accounts_that_are_closed(self, client: Client) -> None:
        user = UserFactory(is_active=False)

        sign_in(client, user)

        assert client.get("/accounts/landing/").url.startswith(LOGIN)

    def test_leaves_a_trail(self, client: Client) -> None:
        user = UserFactory()

        sign_in(client, user, "wrong", REMOTE_ADDR="203.0.113.4")
        sign_in(client, user, REMOTE_ADDR="203.0.113.4")
        client.post("/accounts/logout/")

        assert actions() == ["account.login_failed", "account.logged_in", "account.logged_out"]
        failed, done, _out = AuditEntry.objects.order_by("id")
        assert (failed.outcome, failed.actor, failed.subject_id) == (
            Outcome.REFUSED,
            None,
            str(user.pk),
        )
        assert (done.actor, done.address) == (user, "203.0.113.4")

    def test_keeps_out_of_the_trail_what_strangers_type(self, client: Client) -> None:
        sign_in(client, "13912345678", "wrong")

        entry = AuditEntry.objects.get()
        assert (entry.action, entry.subject_id, entry.data) == ("account.login_failed", "", {})

    def test_is_the_only_door_to_the_admin_site(self, client: Client) -> None:
        response = client.get("/admin/login/?next=/admin/")

        assert response.status_code == 302
        assert response.url.startswith(LOGIN)


@pytest.mark.django_db
class TestSignUp:
    def test_makes_a_citizen(self, client: Client) -> None:
        response = client.post(
            "/accounts/signup/",
            {"username": "wang_min", "password1": "Ein-Satz-2026", "password2": "Ein-Satz-2026"},
        )

        user = User.objects.get(username="wang_min")
        assert response.url == "/accounts/landing/"
        assert client.get("/accounts/landing/").url == "/my/"
        assert not user.is_staff
        assert not user.memberships.exists()
        assert "account.signed_up" in actions()

    def test_cannot_bring_rights_along(self, client: Client) -> None:
        form = {"username": "eve", "password1": "Ein-Satz-2026", "password2": "Ein-Satz-2026"}

        client.post("/accounts/signup/", {**form, "is_staff": "on", "is_superuser": "on"})

        user = User.objects.get(username="eve")
        assert (user.is_staff, user.is_superuser) == (False, False)


@pytest.mark.django_db
class TestLockOut:
    def test_follows_five_wrong_passwords(self, client: Client) -> None:
        user = UserFactory()
        for _ in range(5):
            assert sign_in(client, user, "wrong").status_code == 200

        response = sign_in(client, user)  # the right one, too late

        assert response.status_code == 429
        assert "<h1>操作太频繁，请稍等</h1>" in response.content.decode()
        assert client.get("/accounts/landing/").url.startswith(LOGIN)
        assert actions()[-1] == "account.locked_out"
        assert AuditEntry.objects.last().subject_id == str(user.pk)

    def test_holds_from_every_address_for_the_name(self, client: Client) -> None:
        user = UserFactory()
        for last in range(5):
            sign_in(client, user, "wrong", REMOTE_ADDR=f"203.0.113.{last}")

        assert sign_in(client, user, REMOTE_ADDR="198.51.100.1").status_code == 429

    def test_holds_for_every_name_from_the_address(self, client: Client) -> None:
        for number in range(10):
            sign_in(client, f"nobody{number}", "wrong", REMOTE_ADDR="203.0.113.8")
        user = UserFactory()

        assert sign_in(client, user, REMOTE_ADDR="203.0.113.8").status_code == 429
        assert sign_in(client, user, REMOTE_ADDR="203.0.113.9").status_code == 302

    def test_believes_the_proxy_about_the_address(self, client: Client, settings: Any) -> None:
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
        for number in range(10):
            sign_in(client, f"nobody{number}", "x", HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.8")
        user = UserFactory()

        assert sign_in(client, user, HTTP_X_FORWARDED_FOR="7.7.7.7, 203.0.113.8").status_code == 429

    def test_is_not_the_only_limit(self, client: Client) -> None:
        for _ in range(20):
            assert client.post("/accounts/signup/", {}).status_code == 200

        response = client.post("/accounts/signup/", {})

        assert response.status_code == 429
        assert "操作太频繁" in response.content.decode()

    @pytest.mark.slow
    def test_is_known_to_every_process(self, client: Client) -> None:
        user = UserFactory()
        for _ in range(5):
            sign_in(client, user, "wrong")
        asks = (
            "import django; django.setup()\n"
            "from django.conf import settings\n"
            "settings.ALLOWED_HOSTS.append('testserver')\n"
            "from django.test import RequestFactory\n"
            "from core.accounts.adapter import AccountAdapter, LockedOutError\n"
            "from core.accounts import adapter\n"
            "adapter.record_lock_out = lambda request, username: None\n"
            "request = RequestFactory().post('/', REMOTE_ADDR='198.51.100.77')\n"
            "try: AccountAdapter(request).pre_authenticate(request, username='%s')\n"
            "except LockedOutError: print('locked')\n"
        )

        answer = subprocess.run(
            [sys.executable, "-c", asks % user.username],
            capture_output=True,
            text=True,
            check=False,
            cwd=django_settings.BASE_DIR,
        )

        assert answer.stdout.strip() == "locked", answer.stderr


@pytest.mark.django_db
@pytest.mark.usefixtures("_still")
class TestOneTimeCode:
    def activate(self, client: Client) -> str:
        prove(client)
        page = client.get("/accounts/2fa/totp/activate/")
        secret: str = page.context["form"].secret
        client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
        return secret

    def test_is_asked_for_once_it_is_set_up(
        self, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        user = member(Role.AGENT)
        sign_in(client, user)
        with django_capture_on_commit_callbacks(execute=True):
            secret = self.activate(client)
        client.post("/accounts/logout/")

        response = sign_in(client, user)
        halfway = client.get("/accounts/landing/").url
        wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
        done = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})

        assert response.url == "/accounts/2fa/authenticate/"
        assert halfway.startswith(LOGIN)
        assert wrong.status_code == 200
        assert done.url == "/accounts/landing/"
        assert client.get("/accounts/landing/").url == "/console/"
        trail = actions()
        assert "second_factor.added" in trail
        assert trail.index("second_factor.failed") < len(trail) - 1
        assert trail[-1] == "account.logged_in"

    def test_opens_only_once(self, client: Client) -> None:
        user = UserFactory()
        sign_in(client, user)
        secret = self.activate(client)
        code = code_of(secret)
        first, second = Client(), Client()
        sign_in(first, user)
        sign_in(second, user)

        first.post("/accounts/2fa/authenticate/", {"code": code})
        second.post("/accounts/2fa/authenticate/", {"code": code})

        assert first.get("/accounts/landing/").url == "/my/"
        assert second.get("/accounts/landing/").url.startswith(LOGIN)

    def test_is_kept_encrypted(self, client: Client) -> None:
        sign_in(client, UserFactory())

        secret = self.activate(client)

        stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
        assert secret not in stored
        assert second_factor.SecondFactorAdapter().decrypt(stored) == secret

    def test_survives_a_new_key(self, client: Client, settings: Any) -> None:
        sign_in(client, UserFactory())
        secret = self.activate(client)
        old = settings.PERSONAL_DATA_KEYS
        settings.PERSONAL_DATA_KEYS = f"t2:{'B' * 43}=,{old}"

        changed = second_factor.encrypt_secrets_anew()
        again = second_factor.encrypt_secrets_anew()

        settings.PERSONAL_DATA_KEYS = f"t2:{'B' * 43}="
        stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
        assert (changed, again) == (2, 0)  # the code and the recovery codes
        assert second_factor.SecondFactorAdapter().decrypt(stored) == secret


@pytest.mark.django_db
@pytest.mark.usefixtures("_still")
class TestStaffSecondFactor:
    @pytest.fixture(autouse=True)
    def _required(self, settings: Any) -> None:
        settings.STAFF_MFA_REQUIRED = True

    def test_comes_before_any_work(self, client: Client) -> None:
        sign_in(client, member(Role.AGENT))

        page = client.get("/page/fine/")
        script = client.get("/page/fine/", headers={"Accept": "application/json"})
        api = client.get("/api/read/")
        fragment = client.get("/page/fine/", headers={"HX-Request": "true"})

        assert page.url == reverse("mfa_index")
        assert (script.status_code, script.json()["code"]) == (403, "second_factor_required")
        assert api.json()["code"] == "second_factor_required"
        assert fragment.status_code == 403
        assert client.get(reverse("mfa_index")).status_code == 200

    def test_lets_work_begin_once_it_is_there(self, client: Client) -> None:
        sign_in(client, member(Role.AGENT))

        TestOneTimeCode().activate(client)

        assert client.get("/page/fine/").content == b"fine standard"

    def test_is_due_again_when_it_was_removed(self, client: Client) -> None:
        sign_in(client, member(Role.AGENT))
        TestOneTimeCode().activate(client)

        client.post("/accounts/2fa/totp/deactivate/")

        assert client.get("/page/fine/").status_code == 302
        assert "second_factor.removed" in actions()

    @pytest.mark.slow
    @pytest.mark.django_db(transaction=True)  # its thread has a connection of its own
    async def test_comes_first_under_asgi_too(self, async_client: AsyncClient) -> None:
        agent = await sync_to_async(member)(Role.AGENT)
        form = {"login": agent.username, "password": PASSWORD}
        await async_client.post(LOGIN, form)

        held = await async_client.get("/page-async/fine/")
        async_client.cookies.clear()
        free = await async_client.get("/page-async/fine/")

        assert (held.status_code, held.url) == (302, reverse("mfa_index"))
        assert free.content == b"fine standard"

    def test_is_not_asked_of_citizens(self, client: Client) -> None:
        sign_in(client, UserFactory())

        assert client.get("/page/fine/").status_code == 200

    def test_is_asked_by_setting_alone(self, client: Client, settings: Any) -> None:
        settings.STAFF_MFA_REQUIRED = False
        sign_in(client, member(Role.AGENT))

        assert client.get("/page/fine/").status_code == 200

    def test_costs_strangers_nothing(self, client: Client, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            client.get("/page/fine/")


@pytest.mark.django_db
class TestPasskey:
    HOST = {"HTTP_HOST": "localhost"}
    ORIGIN = "http://localhost"

    def passkey(self, client: Client) -> Passkey:
        key = Passkey(origin=self.ORIGIN, rp_id="localhost")
        prove(client, **self.HOST)
        page = client.get("/accounts/2fa/webauthn/add/", **self.HOST)
        answer = key.register(page.context["js_data"]["creation_options"])
        form = {"name": "手机", "credential": answer, "passwordless": "on"}
        made = client.post("/accounts/2fa/webauthn/add/", form, **self.HOST)
        assert made.status_code == 302, made.context["form"].errors
        return key

    def options(self, client: Client) -> dict[str, Any]:
        asked = client.get(
            "/accounts/2fa/webauthn/login/", HTTP_ACCEPT="application/json", **self.HOST
        )
        options: dict[str, Any] = asked.json()["request_options"]
        return options

    def present(self, client: Client, answer: str) -> Any:
        return client.post("/accounts/2fa/webauthn/login/", {"credential": answer}, **self.HOST)

    def test_signs_in_without_a_password(self, client: Client, settings: Any) -> None:
        settings.STAFF_MFA_REQUIRED = True
        user = member(Role.SHIFT_LEAD)
        sign_in(client, user, **self.HOST)
        key = self.passkey(client)
        device = Client()

        response = self.present(device, key.sign(self.options(device)))

        assert response.url == "/accounts/landing/"
        assert device.get("/accounts/landing/", **self.HOST).url == "/console/"
        assert device.get("/page/fine/", **self.HOST).status_code == 200

    def test_is_a_second_factor_to_the_password(self, client: Client) -> None:
        user = member(Role.AGENT)
        sign_in(client, user, **self.HOST)
        key = self.passkey(client)
        device = Client()

        sign_in(device, user, **self.HOST)
        page = device.get("/accounts/2fa/authenticate/", **self.HOST)
        options = page.context["js_data"]["request_options"]
        device.post("/accounts/2fa/authenticate/", {"credential": key.sign(options)}, **self.HOST)

        assert device.get("/accounts/landing/", **self.HOST).url == "/console/"

    def test_is_worth_nothing_on_another_site(self, client: Client) -> None:
        sign_in(client, member(Role.AGENT), **self.HOST)
        key = self.passkey(client)
        device = Client()

        self.present(device, key.sign(self.options(device), origin="http://1ocalhost"))

        assert device.get("/accounts/landing/", **self.HOST).url.startswith(LOGIN)

    def test_answers_one_question_only(self, client: Client) -> None:
        sign_in(client, member(Role.AGENT), **self.HOST)
        key = self.passkey(client)
        device = Client()
        old = key.sign(self.options(device))

        self.options(device)
        self.present(device, old)

        assert device.get("/accounts/landing/", **self.HOST).url.startswith(LOGIN)

    def test_of_another_device_opens_nothing(self, client: Client) -> None:
        sign_in(client, member(Role.AGENT), **self.HOST)
        key = self.passkey(client)
        stranger = Passkey(origin=self.ORIGIN, rp_id="localhost")
        stranger.credential_id, stranger.user_handle = key.credential_id, key.user_handle
        device = Client()

        self.present(device, stranger.sign(self.options(device)))

        assert device.get("/accounts/landing/", **self.HOST).url.startswith(LOGIN)
