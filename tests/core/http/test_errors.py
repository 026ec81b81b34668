"""Every error, in each of its three forms."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import AsyncClient, Client, RequestFactory
from django.urls import resolve

from core.accounts.states import Role
from core.audit.models import AuditEntry, Outcome
from core.http.errors import flatten
from core.http.views import forbidden
from tests.factories.core import UserFactory, member

CHINESE = pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("domain", 409, "refused"),
        ("missing", 404, "not_found"),
        ("forbidden", 403, "forbidden"),
        ("invalid", 400, "invalid"),
        ("stale", 409, "stale_version"),
        ("http404", 404, "not_found"),
        ("denied", 403, "forbidden"),
        ("suspicious", 400, "bad_request"),
        ("throttled", 429, "throttled"),
        ("teapot", 500, "cannot"),
    ],
)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.django_db
class TestApiErrors:
    @CHINESE
    def test_have_one_shape(self, client: Client, what: str, status: int, code: str) -> None:
        response = client.get(f"/api/raise/{what}/")

        assert response.status_code == status
        assert response.json()["code"] == code
        assert is_chinese(response.json()["message"]) or what == "teapot"

    def test_tell_both_versions_of_a_stale_edit(self, client: Client) -> None:
        response = client.get("/api/raise/stale/")

        assert (response.json()["expected"], response.json()["current"]) == (3, 5)

    def test_speak_english_to_whom_asks_for_it(self, client: Client) -> None:
        response = client.get("/api/raise/missing/", headers={"Accept-Language": "en"})

        assert response.json()["code"] == "not_found"
        assert response.headers["Content-Language"] == "en"

    def test_flatten_the_fields_of_an_invalid_body(self, client: Client) -> None:
        body = {"title": "标题比五个字长", "caller": {"phone": "1" * 12}, "files": [1, "x"]}

        response = client.post("/api/matters/", body, content_type="application/json")

        assert response.status_code == 400
        assert response.json()["code"] == "invalid"
        fields = response.json()["fields"]
        assert set(fields) == {"title", "caller.phone", "files.1"}
        assert all(is_chinese(text) for texts in fields.values() for text in texts)

    def test_say_when_to_come_back(self, client: Client) -> None:
        response = client.get("/api/raise/throttled/")

        assert response.json()["retry_after"] == 13
        assert response.headers["Retry-After"] == "13"

    def test_tell_nothing_of_a_bug(self) -> None:
        client = Client(raise_request_exception=False)

        response = client.get("/api/raise/bug/")

        assert response.status_code == 500
        assert response.json()["code"] == "server_error"
        assert b"secret" not in response.content
        assert set(response.json()) == {"code", "message"}

    def test_cover_addresses_that_do_not_exist(self, client: Client) -> None:
        response = client.get("/api/nowhere/")

        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    def test_cover_nul_characters_in_the_address(self, client: Client) -> None:
        response = client.get("/api/read/?q=%00")

        assert (response.status_code, response.json()["code"]) == (400, "invalid_characters")


@pytest.mark.django_db
class TestUnreadableRequests:
    @pytest.mark.parametrize(
        ("body", "content_type", "status", "code"),
        [
            ("{", "application/json", 400, "malformed_json"),
            ("", "application/json", 400, "invalid"),
            ('{"title": NaN}', "application/json", 400, "malformed_json"),
            ("[" * 100_000, "application/json", 400, "malformed_json"),
            (
                "\udcff".encode("utf-8", "surrogateescape"),
                "application/json",
                400,
                "malformed_json",
            ),
            ('{"title": ' + "9" * 5000 + "}", "application/json", 400, "malformed_json"),
            ("<a/>", "application/xml", 415, "unsupported_media_type"),
            ("[1]", "application/json", 400, "invalid"),
            ("null", "application/json", 400, "invalid"),
        ],
    )
    def test_are_refused_by_name(
        self, client: Client, body: Any, content_type: str, status: int, code: str
    ) -> None:
        response = client.post("/api/matters/", body, content_type=content_type)

        assert (response.status_code, response.json()["code"]) == (status, code)

    def test_are_refused_when_too_large(self, client: Client, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        body = json.dumps({"title": "x" * 200})

        response = client.post("/api/matters/", body, content_type="application/json")

        assert (response.status_code, response.json()["code"]) == (413, "too_large")

    def test_pass_at_the_very_limit(self, client: Client, settings: Any) -> None:
        body = json.dumps({"title": "四个字呀", "caller": {"phone": "1"}})
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = len(body)

        response = client.post("/api/matters/", body, content_type="application/json")

        assert response.status_code == 201

    def test_are_refused_with_the_wrong_method(self, client: Client) -> None:
        response = client.get("/api/matters/")

        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
        assert response.headers["Allow"]

    def test_are_refused_when_no_form_of_answer_suits(self, client: Client) -> None:
        response = client.get("/api/read/", headers={"Accept": "image/png"})

        assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")


@pytest.mark.django_db
class TestPageErrors:
    @pytest.mark.parametrize(
        ("what", "status"),
        [
            ("domain", 409),
            ("missing", 404),
            ("forbidden", 403),
            ("invalid", 400),
            ("http404", 404),
            ("denied", 403),
            ("suspicious", 400),
        ],
    )
    def test_are_pages_in_chinese(self, client: Client, what: str, status: int) -> None:
        response = client.get(f"/page/{what}/")

        assert response.status_code == status
        assert b"<!DOCTYPE html>" in response.content
        assert "<h1>" in response.content.decode()

    def test_name_what_went_wrong_in_a_conflict(self, client: Client) -> None:
        response = client.get("/page/stale/")

        assert response.status_code == 409
        assert "别人已更新了这条记录" in response.content.decode()

    def test_are_fragments_for_htmx_and_leave_the_page_alone(self, client: Client) -> None:
        response = client.get("/page/stale/", headers={"HX-Request": "true"})

        assert response.status_code == 409
        assert b"<html" not in response.content
        assert "别人已更新了这条记录" in response.content.decode()
        assert response.headers["HX-Reswap"] == "none"
        assert json.loads(response.headers["HX-Trigger"])["toast"]["tone"] == "error"

    def test_are_json_for_scripts(self, client: Client) -> None:
        response = client.get("/page/stale/", headers={"Accept": "application/json"})

        assert response.json()["code"] == "stale_version"

    def test_keep_a_bug_to_themselves(self) -> None:
        response = Client(raise_request_exception=False).get("/page/bug/")

        assert response.status_code == 500
        assert "secret" not in response.content.decode()
        assert "系统出了问题" in response.content.decode()

    async def test_are_found_before_the_view_under_asgi(self, async_client: AsyncClient) -> None:
        response = await async_client.get("/page-async/fine/?q=%00")

        assert response.status_code == 400

    async def test_are_the_same_under_asgi(self, async_client: AsyncClient) -> None:
        response = await async_client.get("/page-async/stale/", headers={"HX-Request": "true"})

        assert response.status_code == 409
        assert "别人已更新了这条记录" in response.content.decode()


@pytest.mark.django_db
class TestRefusals:
    @pytest.mark.parametrize(
        "address", ["/page/forbidden/", "/api/raise/forbidden/", "/page/work/"]
    )
    def test_of_people_are_recorded(self, client: Client, address: str) -> None:
        agent = member(Role.AGENT)
        client.force_login(agent)

        response = client.get(address, REMOTE_ADDR="203.0.113.9")

        assert response.status_code == 403
        entry = AuditEntry.objects.get(action="request.refused")
        assert (entry.actor, entry.outcome) == (agent, Outcome.REFUSED)
        assert entry.address == "203.0.113.9"
        assert entry.request_id
        assert entry.data == {"code": "forbidden", "method": "GET", "path": address}
        assert entry.subject_id == resolve(address).view_name

    def test_by_django_itself_are_recorded_once(self, client: Client) -> None:
        client.force_login(UserFactory())

        client.get("/page/denied/")

        assert AuditEntry.objects.filter(action="request.refused").count() == 1

    def test_of_what_is_hidden_are_not_recorded(self, client: Client) -> None:
        client.force_login(UserFactory())

        client.get("/page/missing/")

        assert not AuditEntry.objects.filter(action="request.refused").exists()

    def test_stand_even_if_the_trail_cannot_be_written(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.force_login(UserFactory())

        def broken(**_arguments: Any) -> None:
            raise DatabaseError

        monkeypatch.setattr("core.http.refusals.record", broken)

        assert client.get("/page/forbidden/").status_code == 403

    def test_of_strangers_are_not_recorded(self, client: Client) -> None:
        response = client.get("/page/forbidden/")

        assert response.status_code == 403
        assert not AuditEntry.objects.exists()


class TestFlatten:
    def test_joins_names_and_places_with_dots(self) -> None:
        detail = {"a": {"b": ["x", "y"]}, "c": [{}, {"d": ["z"]}], "e": "w"}

        flat = list(flatten(detail))

        assert flat == [("a.b", "x"), ("a.b", "y"), ("c.1.d", "z"), ("e", "w")]

    def test_names_errors_of_the_whole(self) -> None:
        assert list(flatten(["x"])) == [("non_field_errors", "x")]


class TestHandlersInForeignThreads:
    def test_leave_no_connection_open(self, transactional_db: None, rf: RequestFactory) -> None:
        request = rf.get("/page/denied/")
        request.user = member(Role.AGENT)

        with ThreadPoolExecutor(max_workers=1) as thread:
            response = thread.submit(forbidden, request, Exception()).result()
            left_open = thread.submit(lambda: connection.connection is not None).result()

        assert response.status_code == 403
        assert AuditEntry.objects.filter(action="request.refused").count() == 1
        assert not left_open
