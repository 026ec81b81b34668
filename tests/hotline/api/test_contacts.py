"""POST contacts: what is taken, what is refused with the field and the rule, and once only."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.accounts.states import Role
from core.audit.models import AuditEntry
from core.events.models import Event
from hotline.models import Contact, Ticket
from tests.factories.core import OrganisationFactory, city, district, member, policies
from tests.factories.hotline import category
from tests.hotline.api.conftest import ROOT

GOOD: dict[str, Any] = {
    "title": "小区门口路灯不亮",
    "content": "小区东门外三盏路灯一周不亮，晚上老人出行不便。",
    "region": "519901",
}
URL = f"{ROOT}contacts"


@pytest.fixture
def place(db: None) -> None:
    """Set up what a contact refers to."""
    district()
    category()
    policies()


@pytest.fixture
def place_for_all(transactional_db: None) -> None:
    """Set it up where other connections see it."""
    district()
    policies()


@pytest.fixture(autouse=True)
def _no_limits(settings: Any) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {}}


def post(client: APIClient | None = None, **changes: Any) -> Any:
    body = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return (client or APIClient()).post(URL, body, format="json")


@pytest.mark.django_db
@pytest.mark.usefixtures("place")
class TestTaken:
    def test_answers_with_number_code_and_promise(self) -> None:
        answer = post()

        made = Ticket.objects.get()
        assert answer.status_code == 201
        assert answer.json() == {
            "ticket_no": made.no,
            "query_code": made.query_code,
            "state": "registered",
            "received_at": timezone.localtime(made.received_at).isoformat(),
            "answer_due_at": timezone.localtime(made.answer_due_at).isoformat(),
        }
        assert made.citizen is None
        assert Event.objects.get(kind="hotline.ticket.registered").subject_no == made.no

    def test_keeps_every_field(self, with_key: Callable[..., APIClient]) -> None:
        OrganisationFactory(code="accused", name="某单位")
        desk = member(Role.AGENT)

        answer = post(
            with_key(desk),
            source="mayor_mailbox",
            external_id="MB-1",
            caller={"name": "王小满", "phone": "19900001234", "id_no": "110101199003070038"},
            address="青竹巷 7 号",
            location={"lng": "104.066541", "lat": "30.572269"},
            kind="complaint",
            category="030502",
            urgency="urgent",
            confidential=True,
            publishable=True,
            accused_unit="accused",
            received_at="2026-11-16T09:00:00+08:00",
        )

        assert answer.status_code == 201, answer.json()
        made = Ticket.objects.select_related("origin", "category", "accused_unit").get()
        caller = made.origin
        assert (caller.caller_name, caller.caller_phone) == ("王小满", "19900001234")
        assert (caller.caller_id_no, caller.external_id) == ("110101199003070038", "MB-1")
        assert (caller.registered_by, made.citizen) == (desk, None)
        assert (made.kind, made.urgency, made.confidential) == ("complaint", "urgent", True)
        assert (str(made.lng), str(made.lat)) == ("104.066541", "30.572269")
        assert made.received_at.isoformat() == "2026-11-16T01:00:00+00:00"
        assert made.category is not None
        assert made.accused_unit is not None

    def test_belongs_to_the_citizen_who_is_signed_in(
        self, signed_in: Callable[..., APIClient]
    ) -> None:
        owner = member(Role.CITIZEN)

        assert post(signed_in(owner)).status_code == 201

        made = Ticket.objects.select_related("origin").get()
        assert (made.citizen, made.origin.user, made.origin.registered_by) == (owner, owner, None)
        assert AuditEntry.objects.get(action="ticket.register").actor == owner

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("路灯\x07坏\u202e了", "路灯坏了"),
            ("路灯坏了😀👨‍👩‍👧", "路灯坏了😀👨‍👩‍👧"),
            ("路灯１２３坏了，Ａ栋", "路灯１２３坏了，Ａ栋"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("'; DROP TABLE hotline_ticket; --", "'; DROP TABLE hotline_ticket; --"),
            ("{{ 7*7 }} ${7*7} %s %(x)s {0}", "{{ 7*7 }} ${7*7} %s %(x)s {0}"),
            ("一\r\n二\r三\t四", "一\n二\n三\t四"),
            ("e\u0301", "é"),
        ],
    )
    def test_keeps_the_citizens_words(self, typed: str, kept: str) -> None:
        assert post(content=typed).status_code == 201

        assert Ticket.objects.get().content == kept

    @pytest.mark.parametrize(
        "phone", ["１９９００００１２３４", "+86 199-0000-1234", "0519 8888 1234"]
    )
    def test_takes_phones_as_people_write_them(self, phone: str) -> None:
        assert post(caller={"phone": phone}).status_code == 201

    def test_makes_a_title_from_the_content(self) -> None:
        assert post(title=...).status_code == 201

        assert Ticket.objects.get().title == GOOD["content"][:30]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"title": "字" * 201}, "title"),
    ({"title": ["不是", "文字"]}, "title"),
    ({"title": {"a": 1}}, "title"),
    ({"title": "零\x00字节"}, "title"),
    ({"content": ...}, "content"),
    ({"content": ""}, "content"),
    ({"content": "   \n"}, "content"),
    ({"content": "\u202e\u200e"}, "content"),
    ({"content": None}, "content"),
    ({"content": "字" * 20_001}, "content"),
    ({"content": "字" * 100_001}, "content"),
    ({"content": "零\x00字节"}, "content"),
    ({"region": ...}, "region"),
    ({"region": "999999"}, "region"),
    ({"region": "５１９９０１"}, "region"),
    ({"region": "5" * 500}, "region"),
    ({"region": True}, "region"),
    ({"kind": "rumour"}, "kind"),
    ({"kind": None}, "kind"),
    ({"urgency": "yesterday"}, "urgency"),
    ({"source": "pigeon"}, "source"),
    ({"category": "999999"}, "category"),
    ({"category": "1234567"}, "category"),
    ({"accused_unit": "nobody"}, "accused_unit"),
    ({"address": "路" * 201}, "address"),
    ({"confidential": "也许"}, "confidential"),
    ({"publishable": 7}, "publishable"),
    ({"external_id": "x" * 121}, "external_id"),
    ({"caller": "王小满"}, "caller.non_field_errors"),
    ({"caller": {"name": "王" * 61}}, "caller.name"),
    ({"caller": {"phone": "123"}}, "caller.phone"),
    ({"caller": {"phone": "打给我"}}, "caller.phone"),
    ({"caller": {"phone": "1" * 61}}, "caller.phone"),
    ({"caller": {"id_no": "110101900307003"}}, "caller.id_no"),
    ({"caller": {"id_no": "110101199003070039"}}, "caller.id_no"),
    ({"caller": {"id_no": "110101209903070038"}}, "caller.id_no"),
    ({"location": {"lng": 104}}, "location.lat"),
    ({"location": {"lng": 0, "lat": 0}}, "location"),
    ({"location": {"lng": 1e308, "lat": 30}}, "location.lng"),
    ({"location": {"lng": "NaN", "lat": "30"}}, "location.lng"),
    ({"location": [104, 30]}, "location.non_field_errors"),
    ({"received_at": "昨天"}, "received_at"),
    ({"received_at": "2026-02-30T00:00:00+08:00"}, "received_at"),
    ({"received_at": "1899-01-01T00:00:00+08:00"}, "received_at"),
    ({"received_at": 10**30}, "received_at"),
    ({"attachments": ["not-a-token"]}, "attachments.0"),
    ({"attachments": ["00000000-0000-4000-8000-000000000000"] * 13}, "attachments"),
    ({"attachments": "x"}, "attachments"),
]


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


@pytest.mark.django_db
@pytest.mark.usefixtures("place")
class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "field"), BAD, ids=[f"{field}-{n}" for n, (_, field) in enumerate(BAD)]
    )
    def test_names_the_field_and_the_rule_in_chinese(
        self, changes: dict[str, Any], field: str
    ) -> None:
        answer = post(**changes)

        body = answer.json()
        assert (answer.status_code, body["code"]) == (400, "invalid"), body
        assert list(body["fields"]) == [field]
        assert has_chinese(body["message"])
        assert all(has_chinese(text) for text in body["fields"][field]), body["fields"]
        assert not Contact.objects.exists()

    def test_a_moment_in_the_future(self) -> None:
        answer = post(received_at=(timezone.now() + timedelta(hours=1)).isoformat())

        assert answer.status_code == 400
        assert answer.json()["fields"] == {"received_at": ["收到时间不能晚于现在。"]}

    def test_tells_every_broken_field_at_once(self) -> None:
        answer = post(content="", kind="rumour", region="0" * 13)

        assert set(answer.json()["fields"]) == {"content", "kind", "region"}

    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            (b'{"title": "x"', "malformed_json"),
            (b"", "invalid"),
            (b"\xff\xfe\x00", "malformed_json"),
            (b"[" * 50_000, "malformed_json"),
            (b'{"content": ' + b"9" * 5_000 + b"}", "malformed_json"),
            (b"[]", "invalid"),
            (b'"text"', "invalid"),
            (b"null", "invalid"),
            (b"NaN", "malformed_json"),
        ],
        ids=["cut", "empty", "binary", "deep", "huge-number", "list", "text", "null", "nan"],
    )
    def test_broken_json(self, raw: bytes, code: str) -> None:
        answer = APIClient().post(URL, raw, content_type="application/json")

        assert (answer.status_code, answer.json()["code"]) == (400, code), answer.json()
        assert has_chinese(answer.json()["message"])
        assert not Contact.objects.exists()

    @pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "image/png"])
    def test_another_content_type(self, kind: str) -> None:
        answer = APIClient().post(URL, b"title=x", content_type=kind)

        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    def test_a_body_of_more_than_two_megabytes(self) -> None:
        raw = json.dumps({**GOOD, "content": "a" * (2 * 1024 * 1024)}).encode()

        answer = APIClient().post(URL, raw, content_type="application/json")

        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert has_chinese(answer.json()["message"])

    def test_a_stale_key_and_a_key_without_the_scope(
        self, with_key: Callable[..., APIClient]
    ) -> None:
        wrong = APIClient()
        wrong.credentials(HTTP_AUTHORIZATION="Bearer tb_0000000000_nothing")

        assert post(wrong).status_code == 401
        assert post(with_key(member(Role.AGENT), "tickets:read")).status_code == 403
        assert not Contact.objects.exists()

    def test_an_unknown_region_of_a_known_city(self) -> None:
        city()

        assert "没有这个区域" in post(region="519999").json()["fields"]["region"][0]


@pytest.mark.django_db
@pytest.mark.usefixtures("place")
class TestIdempotencyKey:
    def test_the_same_body_is_the_same_ticket(self) -> None:
        client = APIClient(HTTP_IDEMPOTENCY_KEY="k-1")

        first, second = post(client), post(client)

        assert first.status_code == second.status_code == 201
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert Ticket.objects.count() == 1

    def test_another_body_is_a_conflict(self) -> None:
        client = APIClient(HTTP_IDEMPOTENCY_KEY="k-1")
        post(client)

        answer = post(client, title="另一件事")

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")
        assert Ticket.objects.count() == 1

    def test_a_refused_body_leaves_the_key_free(self) -> None:
        client = APIClient(HTTP_IDEMPOTENCY_KEY="k-1")

        assert post(client, region="999999").status_code == 400
        assert post(client).status_code == 201

    def test_keys_of_different_people_are_apart(self, with_key: Callable[..., APIClient]) -> None:
        for person in (member(Role.AGENT), member(Role.AGENT)):
            client = with_key(person)
            assert (
                client.post(URL, GOOD, format="json", HTTP_IDEMPOTENCY_KEY="k").status_code == 201
            )

        assert Ticket.objects.count() == 2


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestBothAtOnce:
    def test_over_real_connections_it_is_one_ticket(
        self, live_server: Any, place_for_all: None
    ) -> None:
        raw = json.dumps(GOOD).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": "both-at-once"}

        def send(_number: int) -> tuple[int, str]:
            request = Request(f"{live_server.url}{URL}", data=raw, headers=headers)
            with urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, range(8)))

        assert len(set(answers)) == 1
        assert answers[0][0] == 201
        assert Ticket.objects.get().no == json.loads(answers[0][1])["ticket_no"]

    def test_an_external_id_sent_twice_at_once_is_one_ticket(
        self, live_server: Any, place_for_all: None, with_key: Callable[..., APIClient]
    ) -> None:
        raw = json.dumps({**GOOD, "source": "wechat", "external_id": "W-9"}).encode()
        client = with_key(member(Role.AGENT))
        headers = {
            "Content-Type": "application/json",
            "Authorization": client._credentials["HTTP_AUTHORIZATION"],
        }

        def send(_number: int) -> tuple[int, str]:
            request = Request(f"{live_server.url}{URL}", data=raw, headers=headers)
            with urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, range(8)))

        assert len(set(answers)) == 1
        assert Ticket.objects.count() == Contact.objects.count() == 1
