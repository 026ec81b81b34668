"""The upload edge, as a browser sees it."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.attachments.models import Attachment
from core.holders import cookies
from tests.core.attachments.conftest import PDF, SCRIPT
from tests.factories.core import UserFactory

pytestmark = pytest.mark.django_db
CHINESE = re.compile("[\u4e00-\u9fff]")


def post(client: Client, content: bytes = PDF, name: str = "材料.pdf", **headers: Any) -> Any:
    return client.post("/uploads/", {"file": SimpleUploadedFile(name, content)}, **headers)


class TestUpload:
    def test_a_stranger_gets_a_token_and_a_cookie(self, client: Client) -> None:
        response = post(client)

        row = Attachment.objects.get()
        assert response.status_code == 201
        assert response.json() == {
            "id": str(row.token),
            "token": str(row.token),
            "name": "材料.pdf",
            "size": len(PDF),
            "content_type": "application/pdf",
            "remove_url": f"/uploads/{row.token}/",
        }
        cookie = response.cookies[cookies.COOKIE]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
        assert row.holder
        assert row.holder not in cookie.value

    def test_one_browser_keeps_one_holder(self, client: Client) -> None:
        post(client)
        response = post(client)

        assert cookies.COOKIE not in response.cookies
        assert Attachment.objects.values("holder").distinct().count() == 1

    def test_one_who_signed_in_needs_no_cookie(self, client: Client) -> None:
        alice = UserFactory()
        client.force_login(alice)

        response = post(client)

        assert cookies.COOKIE not in response.cookies
        assert Attachment.objects.get().uploaded_by == alice

    def test_a_large_file_streams_through_the_disk(self, client: Client, settings: Any) -> None:
        content = PDF + b" " * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1) + b"%%EOF"

        assert post(client, content).status_code == 201
        assert Attachment.objects.get().size == len(content)

    @pytest.mark.parametrize(
        ("content", "name", "status", "code"),
        [
            (SCRIPT, "a.png", 415, "type_not_allowed"),
            (b"\x89PNG\r\n\x1a\n" + SCRIPT, "a.png", 400, "file_broken"),
            (b"", "a.pdf", 400, "file_missing"),
        ],
    )
    def test_says_in_chinese_what_is_wrong(
        self, client: Client, content: bytes, name: str, status: int, code: str
    ) -> None:
        response = post(client, content, name)

        assert (response.status_code, response.json()["code"]) == (status, code)
        assert CHINESE.search(response.json()["message"])
        assert not Attachment.objects.exists()

    def test_too_large_is_refused_while_it_arrives(self, client: Client, settings: Any) -> None:
        settings.ATTACHMENT_MAX_BYTES = 1000

        response = post(client, PDF + b" " * 2000)

        assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
        assert response.json()["max_bytes"] == 1000

    def test_far_too_large_is_refused_before_it_is_read(
        self, client: Client, settings: Any
    ) -> None:
        class Untouchable:
            def read(self, *_args: int) -> bytes:
                raise AssertionError("the body was read")

            readline = read

        response = client.generic(
            "POST",
            "/uploads/",
            b"",
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH=str(settings.ATTACHMENT_MAX_BYTES * 2),
            **{"wsgi.input": Untouchable()},
        )

        assert (response.status_code, response.json()["code"]) == (413, "file_too_large")

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
    def test_takes_only_forms(self, client: Client, content_type: str) -> None:
        response = client.generic("POST", "/uploads/", b"{}", content_type=content_type)

        assert (response.status_code, response.json()["code"]) == (415, "not_multipart")

    def test_a_form_without_a_file_is_told_so(self, client: Client) -> None:
        response = client.post("/uploads/", {"file": "just text"})

        assert (response.status_code, response.json()["code"]) == (400, "file_missing")

    def test_a_broken_form_is_told_so(self, client: Client) -> None:
        response = client.generic(
            "POST", "/uploads/", b"--x\r\nbroken", content_type="multipart/form-data; boundary="
        )

        assert response.status_code == 400
        assert CHINESE.search(response.json()["message"])

    def test_other_sites_cannot_post(self) -> None:
        client = Client(enforce_csrf_checks=True)

        response = post(client)

        assert response.status_code == 403
        assert not Attachment.objects.exists()

    def test_our_own_pages_can(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies["csrftoken"] = "a" * 32

        assert post(client, headers={"X-CSRFToken": "a" * 32}).status_code == 201

    def test_is_throttled(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        from core.http import throttles

        monkeypatch.setitem(throttles.api_settings.DEFAULT_THROTTLE_RATES, "upload", "2/hour")
        address = {"REMOTE_ADDR": "203.0.113.77"}

        codes = [post(client, **address).status_code for _request in range(3)]

        assert codes == [201, 201, 429]
        refused = post(client, **address)
        assert int(refused["Retry-After"]) > 0
        assert CHINESE.search(refused.json()["message"])

    def test_get_is_no_way_in(self, client: Client) -> None:
        assert client.get("/uploads/").status_code == 405


class TestRemove:
    def test_the_browser_takes_its_own_back(self, client: Client) -> None:
        removed = client.delete(post(client).json()["remove_url"])

        assert removed.status_code == 204
        assert not Attachment.objects.exists()

    def test_another_browser_finds_nothing(self, client: Client) -> None:
        address = post(client).json()["remove_url"]

        response = Client().delete(address)

        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert Attachment.objects.exists()

    def test_a_forged_cookie_is_nobody(self, client: Client) -> None:
        address = post(client).json()["remove_url"]
        forger = Client()
        forger.cookies[cookies.COOKIE] = client.cookies[cookies.COOKIE].value[:-1] + "x"

        assert forger.delete(address).status_code == 404
