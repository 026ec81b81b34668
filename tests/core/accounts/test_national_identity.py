"""Signing in through a real OpenID provider: a server on a port that speaks the protocol."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.db import connection
from django.test import Client

from core.accounts.actions import link_person
from core.accounts.identity import (
    IdentityIncompleteError,
    IdentityTakenError,
    VerifiedIdentity,
    bind_identity,
    read_claims,
)
from core.accounts.models import Person, User
from core.accounts.states import Role
from core.audit.models import AuditEntry
from tests.core.accounts.provider import Subject, running_provider
from tests.core.accounts.test_sign_in import PASSWORD, sign_in
from tests.factories.core import EPOCH, UserFactory, member

pytestmark = [
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
]
ID_NO = "519901195203140262"
OTHER_ID_NO = "519902200309211284"
PHONE = "+8619900000101"
BEGIN = "/accounts/oidc/national-identity/login/"
CLAIMS = {
    "name": "陈桂兰",
    "phone_number": "19900000101",
    "id_number": ID_NO,
    "email": "c@x.example",
}
SUBJECTS = [
    Subject(sub="s-chen", claims=CLAIMS),
    Subject(sub="s-chen-renewed", claims=CLAIMS),
    Subject(sub="s-luo", claims={**CLAIMS, "name": "罗晓雨", "id_number": OTHER_ID_NO}),
    Subject(sub="s-no-id", claims={"name": "无名", "phone_number": "19900000101"}),
    Subject(sub="s-bad-id", claims={**CLAIMS, "id_number": "519901195203140263"}),
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider of our own for the tests of this file."""
    with running_provider(SUBJECTS) as address:
        yield address


@pytest.fixture(autouse=True)
def _connected(issuer: str, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            **settings.SOCIALACCOUNT_PROVIDERS["openid_connect"],
            "APPS": [
                {
                    "provider_id": "national-identity",
                    "name": "统一身份认证",
                    "client_id": "tongban",
                    "secret": "s3cret",
                    "settings": {
                        "server_url": issuer,
                        "oauth_pkce_enabled": True,
                        "fetch_userinfo": True,
                        "scope": ["openid", "profile", "phone", "email"],
                    },
                }
            ],
        }
    }


def begin(client: Client, **extra: str) -> str:
    """Leave for the provider; return the address that the browser is sent to."""
    response = client.post(BEGIN, extra)
    assert response.status_code == 302
    url: str = response.url
    return url


def approve(url: str, subject: str) -> str:
    """Sign in at the provider as this person; return the way back."""
    answer = httpx.post(url, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"].removeprefix("http://testserver")


def enter(client: Client, subject: str = "s-chen", **extra: str) -> Any:
    return client.get(approve(begin(client, **extra), subject))


def changed(url: str, **parameters: str) -> str:
    """Return the address with other parameters; an empty one is left out."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    query.update(parameters)
    kept = {name: value for name, value in query.items() if value}
    return f"{url.partition('?')[0]}?{urlencode(kept)}"


def inside(client: Client) -> bool:
    """Tell whether somebody is signed in."""
    return not client.get("/accounts/landing/").url.startswith("/accounts/login/")


@pytest.mark.django_db
class TestSigningIn:
    def test_asks_with_state_nonce_and_proof_key(self, client: Client, issuer: str) -> None:
        url = begin(client)

        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{issuer}/oauth2/authorize?")  # found by discovery
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert len(query["code_challenge"]) == 43
        assert min(len(query["state"]), len(query["nonce"])) >= 16
        assert begin(client) != url

    def test_makes_a_verified_citizen(self, client: Client) -> None:
        response = enter(client)

        assert response.url == "/accounts/landing/"
        assert client.get("/accounts/landing/").url == "/my/"
        person = Person.objects.get()
        assert (person.name, person.id_no, person.phone) == ("陈桂兰", ID_NO, PHONE)
        assert person.verified_by == "national-identity"
        assert person.verified_at is not None
        assert (person.user.display_name, person.user.email) == ("陈桂兰", "")
        assert not person.user.has_usable_password()
        assert AuditEntry.objects.filter(action="person.verified", actor=person.user).exists()

    def test_finds_the_same_person_again(self, client: Client) -> None:
        enter(client)
        user = User.objects.get()

        device = Client()
        enter(device)

        assert inside(device)
        assert User.objects.get() == user
        assert Person.objects.count() == SocialAccount.objects.count() == 1

    def test_finds_the_same_person_under_a_new_number_at_the_provider(self, client: Client) -> None:
        enter(client)

        device = Client()
        enter(device, "s-chen-renewed")

        assert inside(device)
        assert User.objects.count() == Person.objects.count() == 1

    def test_keeps_people_apart_who_share_a_phone_and_an_email(self, client: Client) -> None:
        enter(client)

        enter(Client(), "s-luo")

        assert User.objects.count() == Person.objects.count() == 2

    def test_never_finds_an_account_by_email(self, client: Client) -> None:
        other = UserFactory(email="c@x.example")

        enter(client)

        assert User.objects.exclude(pk=other.pk).count() == 1
        assert not Person.objects.filter(user=other).exists()

    def test_keeps_no_personal_data_in_clear(self, client: Client) -> None:
        enter(client)

        with connection.cursor() as cursor:
            cursor.execute("SELECT extra_data::text FROM socialaccount_socialaccount")
            stored = cursor.fetchone()[0]
        assert ID_NO not in stored
        assert "19900000101" not in stored
        assert "陈桂兰" not in stored

    def test_leads_staff_to_their_room(self, client: Client) -> None:
        agent = member(Role.AGENT)
        identity = VerifiedIdentity("陈桂兰", "", ID_NO, "counter")
        bind_identity(user=agent, identity=identity, at=EPOCH)

        enter(client)

        assert client.get("/accounts/landing/").url == "/console/"
        assert User.objects.count() == 1


@pytest.mark.django_db
class TestForgedAnswers:
    def refused(self, client: Client, back: str, *, status: int = 401) -> None:
        response = client.get(back)

        assert response.status_code == status
        assert not inside(client)
        assert not User.objects.exists()

    def test_with_another_state_are_refused(self, client: Client) -> None:
        back = approve(begin(client), "s-chen")

        self.refused(client, changed(back, state="A" * 16))

    def test_without_a_state_are_refused(self, client: Client) -> None:
        back = approve(begin(client), "s-chen")

        self.refused(client, changed(back, state=""))

    def test_for_another_browser_are_refused(self, client: Client) -> None:
        back = approve(begin(Client()), "s-chen")

        self.refused(client, back)

    def test_with_another_nonce_are_refused(self, client: Client) -> None:
        url = changed(begin(client), nonce="somebody-elses-question")

        self.refused(client, approve(url, "s-chen"), status=403)

    def test_for_another_proof_key_are_refused(self, client: Client) -> None:
        url = changed(begin(client), code_challenge="x" * 43)

        self.refused(client, approve(url, "s-chen"))

    def test_are_refused_the_second_time(self, client: Client) -> None:
        back = approve(begin(client), "s-chen")
        client.get(back)
        client.post("/accounts/logout/")

        client.get(back)

        assert not inside(client)

    def test_without_a_valid_id_number_are_refused_in_chinese(self, client: Client) -> None:
        for subject in ("s-no-id", "s-bad-id"):
            response = enter(client, subject)

            assert response.status_code == 409
            assert "没有返回有效的姓名和身份证号" in response.content.decode()
        assert not User.objects.exists()

    def test_that_come_too_late_leave_nothing_behind(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back = approve(begin(client), "s-chen")

        def taken(**_arguments: Any) -> None:
            raise IdentityTakenError

        monkeypatch.setattr("core.accounts.adapter.bind_identity", taken)

        self.refused(client, back, status=403)
        assert not SocialAccount.objects.exists()

    def test_that_the_person_cancelled_say_so(self, client: Client) -> None:
        url = begin(client)
        state = parse_qs(urlsplit(url).query)["state"][0]

        client.get(
            f"/accounts/oidc/national-identity/login/callback/?error=access_denied&state={state}"
        )

        assert not inside(client)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_makes_one_account_of_two_first_visits_at_once(self) -> None:
        clients = [Client() for _ in range(4)]
        subjects = ["s-chen", "s-chen-renewed"] * 2
        ways_back = [
            approve(begin(client), subject)
            for client, subject in zip(clients, subjects, strict=True)
        ]
        start = threading.Barrier(len(clients))

        def arrive(client: Client, back: str) -> int:
            start.wait(30)
            try:
                return client.get(back).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(clients)) as pool:
            codes = list(pool.map(arrive, clients, ways_back))

        assert set(codes) <= {302, 403}
        assert 302 in codes
        assert Person.objects.get().id_no == ID_NO
        assert User.objects.count() == 1


@pytest.mark.django_db
class TestConnecting:
    def test_proves_who_an_account_belongs_to(self, client: Client) -> None:
        user = UserFactory()
        link_person(user=user, name="陈阿姨", phone="19900000101", by=user, at=EPOCH)
        sign_in(client, user, PASSWORD)

        enter(client, process="connect")

        person = Person.objects.get(user=user)
        assert (person.name, person.id_no) == ("陈桂兰", ID_NO)
        assert person.verified_at is not None
        assert SocialAccount.objects.get().user == user

    def test_refuses_an_identity_of_another_account(self, client: Client) -> None:
        enter(Client())
        user = UserFactory()
        sign_in(client, user, PASSWORD)

        response = enter(client, "s-chen-renewed", process="connect")

        assert response.status_code == 409
        assert "已绑定其他账号" in response.content.decode()
        assert not SocialAccount.objects.filter(user=user).exists()

    def test_refuses_a_second_identity_for_one_account(self, client: Client) -> None:
        enter(client)

        response = enter(client, "s-luo", process="connect")

        assert response.status_code == 409
        assert Person.objects.get().id_no == ID_NO


@pytest.mark.django_db
class TestBindIdentity:
    IDENTITY = VerifiedIdentity("陈桂兰", PHONE, ID_NO, "national-identity")

    def test_takes_an_unproven_id_number_from_whoever_typed_it(self) -> None:
        thief, owner = UserFactory(), UserFactory()
        claimed = Person.objects.create(user=thief, name="冒用者", id_no=ID_NO)

        bind_identity(user=owner, identity=self.IDENTITY, at=EPOCH)

        claimed.refresh_from_db()
        assert claimed.id_no == ""
        assert Person.objects.get(user=owner).id_no == ID_NO
        entry = AuditEntry.objects.get(action="person.id_withdrawn")
        assert entry.subject_id == str(claimed.pk)

    def test_takes_over_what_was_recorded_by_phone(self) -> None:
        recorded = Person.objects.create(name="陈", phone="19900000101", id_no=ID_NO)
        owner = UserFactory()

        person = bind_identity(user=owner, identity=self.IDENTITY, at=EPOCH)

        assert person == recorded
        assert Person.objects.get().user == owner

    def test_leaves_a_record_with_another_phone_alone(self) -> None:
        recorded = Person.objects.create(name="陈", phone="19900009999", id_no=ID_NO)

        person = bind_identity(user=UserFactory(), identity=self.IDENTITY, at=EPOCH)

        recorded.refresh_from_db()
        assert person != recorded
        assert (recorded.user, recorded.id_no) == (None, "")

    def test_refuses_a_proven_identity_of_somebody_else(self) -> None:
        bind_identity(user=UserFactory(), identity=self.IDENTITY, at=EPOCH)

        with pytest.raises(IdentityTakenError):
            bind_identity(user=UserFactory(), identity=self.IDENTITY, at=EPOCH)


class TestReadClaims:
    def test_maps_other_names(self) -> None:
        claims = {"xm": " 陈桂兰 ", "sfzh": ID_NO.lower(), "sj": "199-0000-0101"}
        names = {"name": "xm", "id_no": "sfzh", "phone": "sj"}

        identity = read_claims(claims, names=names, source="省平台", at=EPOCH)

        assert identity == VerifiedIdentity("陈桂兰", PHONE, ID_NO, "省平台")

    def test_leaves_out_a_phone_that_is_none(self) -> None:
        claims = {**CLAIMS, "phone_number": "12"}

        assert read_claims(claims, names={}, source="x", at=EPOCH).phone == ""

    @pytest.mark.parametrize("spoil", [{"name": ""}, {"id_number": None}, {"id_number": 5}])
    def test_refuses_a_nobody(self, spoil: dict[str, Any]) -> None:
        with pytest.raises(IdentityIncompleteError):
            read_claims({**CLAIMS, **spoil}, names={}, source="x", at=EPOCH)

    def test_has_ids_that_are_made_up(self) -> None:
        assert re.match("5199", ID_NO)  # 蓉江市 does not exist
