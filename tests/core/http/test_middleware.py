"""The two thin layers, the address of a caller, and what templates know."""

from typing import Any

import pytest
import structlog
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory

from core.http.address import client_address, is_loopback
from core.http.context import city
from core.http.middleware import ReadingModeMiddleware, RequestLogMiddleware


def request_from(address: str, forwarded: str = "") -> Any:
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=address, **headers)


class TestClientAddress:
    @pytest.mark.parametrize(
        ("proxies", "remote", "forwarded", "expected"),
        [
            (0, "192.0.2.1", "198.51.100.7", "192.0.2.1"),
            (1, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
            (1, "10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
            (2, "10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
            (2, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
            (1, "10.0.0.1", "", "10.0.0.1"),
            (1, "10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
            (1, "10.0.0.1", "<script>", ""),
            (0, "2001:db8::0:1", "", "2001:db8::1"),
            (0, "", "", ""),
        ],
    )
    def test_believes_our_own_proxies_only(
        self, settings: Any, proxies: int, remote: str, forwarded: str, expected: str
    ) -> None:
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}

        assert client_address(request_from(remote, forwarded)) == expected

    def test_is_not_loopback_when_a_proxy_speaks(self) -> None:
        assert is_loopback(request_from("127.0.0.1"))
        assert is_loopback(request_from("::1"))
        assert not is_loopback(request_from("127.0.0.1", "198.51.100.7"))
        assert not is_loopback(request_from("192.0.2.1"))
        assert not is_loopback(request_from(""))


class TestRequestLog:
    def ask(self, address: str, seen: dict[str, Any]) -> None:
        def view(request: Any) -> HttpResponse:
            seen.update(structlog.contextvars.get_contextvars())
            return HttpResponse("fine", status=418)

        RequestLogMiddleware(view)(request_from(address))

    def test_names_the_request_for_log_and_audit(self) -> None:
        first: dict[str, Any] = {}
        second: dict[str, Any] = {}

        self.ask("192.0.2.1", first)
        self.ask("192.0.2.2", second)

        assert (first["address"], second["address"]) == ("192.0.2.1", "192.0.2.2")
        assert len(first["request_id"]) == 32
        assert first["request_id"] != second["request_id"]

    def test_forgets_what_the_last_request_left(self) -> None:
        structlog.contextvars.bind_contextvars(ticket="of another request")
        seen: dict[str, Any] = {}

        self.ask("192.0.2.1", seen)

        assert set(seen) == {"address", "request_id"}

    def test_writes_one_line_without_the_query(self) -> None:
        request = RequestFactory().get("/track/?phone=13912345678", REMOTE_ADDR="192.0.2.1")

        with structlog.testing.capture_logs() as lines:
            RequestLogMiddleware(lambda _request: HttpResponse("x"))(request)

        (line,) = lines
        assert (line["method"], line["path"], line["status"]) == ("GET", "/track/", 200)
        assert "13912345678" not in str(line)


class TestReadingMode:
    def test_is_switched_by_address_and_remembered(self, client: Client) -> None:
        response = client.get("/page/fine/?mode=elder")

        assert response.content == b"fine elder"
        assert response.cookies["mode"].value == "elder"
        assert client.get("/page/fine/").content == b"fine elder"
        assert client.get("/page/fine/?mode=standard").content == b"fine standard"
        assert client.get("/page/fine/").content == b"fine standard"

    @pytest.mark.parametrize("mode", ["", "giant", "elder%0d%0aX: y"])
    def test_ignores_modes_that_do_not_exist(self, client: Client, mode: str) -> None:
        response = client.get(f"/page/fine/?mode={mode}")

        assert response.content == b"fine standard"
        assert "mode" not in response.cookies

    async def test_works_without_a_thread(self, async_client: AsyncClient) -> None:
        response = await async_client.get("/page-async/fine/?mode=elder")

        assert response.content == b"fine elder"
        assert response.cookies["mode"].value == "elder"

    def test_asks_the_database_nothing(
        self, client: Client, db: None, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            client.get("/page/fine/?mode=elder")


class TestCity:
    def test_tells_templates_where_they_are(self, settings: Any) -> None:
        settings.CITY_NAME, settings.HOTLINE_NUMBER = "蓉江市", "12345"
        request = request_from("192.0.2.1")
        request.COOKIES["mode"] = "elder"
        ReadingModeMiddleware(lambda request: None).before(request)

        known = city(request)

        assert (known["city_name"], known["hotline_number"]) == ("蓉江市", "12345")
        assert known["elder_mode"] is True
        assert "map_tile_url" in known
