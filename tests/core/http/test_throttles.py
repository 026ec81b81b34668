"""How often, for whom, and what happens without a cache."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django_redis import get_redis_connection
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as CacheDown

from core.http import throttles
from core.http.throttles import ThrottledError, parse_rate, wait_of
from tests.factories.core import UserFactory

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BODY = {"title": "路灯", "caller": {"phone": "1"}}


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Rates of the test's own."""
    own = {"anonymous_contact": "3/hour", "suggest": "2/minute"}
    monkeypatch.setattr(throttles.api_settings, "DEFAULT_THROTTLE_RATES", own)
    return own


class TestWaitOf:
    def test_lets_the_whole_allowance_through_at_once(self, rates: Any) -> None:
        with time_machine.travel(START, tick=False):
            waits = [wait_of(scope="anonymous_contact", caller="a") for _ in range(4)]

        assert waits[:3] == [0, 0, 0]
        assert waits[3] == 1200

    def test_announces_the_wait_that_is(self, rates: Any) -> None:
        with time_machine.travel(START, tick=False) as clock:
            for _ in range(3):
                wait_of(scope="anonymous_contact", caller="a")
            refused = [wait_of(scope="anonymous_contact", caller="a") for _ in range(5)]
            clock.shift(timedelta(seconds=1199))
            early = wait_of(scope="anonymous_contact", caller="a")
            clock.shift(timedelta(seconds=1))
            due = wait_of(scope="anonymous_contact", caller="a")

        assert refused == [1200] * 5
        assert (early, due) == (1, 0)

    def test_never_exceeds_the_rate_after_the_first_burst(self, rates: Any) -> None:
        with time_machine.travel(START, tick=False) as clock:
            passed = 0
            for _minute in range(180):
                passed += wait_of(scope="anonymous_contact", caller="a") == 0
                clock.shift(timedelta(minutes=1))

        assert passed == 3 + 8  # the burst, then three an hour

    def test_counts_callers_and_scopes_apart(self, rates: Any) -> None:
        with time_machine.travel(START, tick=False):
            for _ in range(3):
                wait_of(scope="anonymous_contact", caller="a")

            assert wait_of(scope="anonymous_contact", caller="b") == 0
            assert wait_of(scope="suggest", caller="a") == 0
            assert wait_of(scope="anonymous_contact", caller="a") > 0

    def test_has_no_limit_without_a_rate(self, rates: Any) -> None:
        assert wait_of(scope="unheard_of", caller="a") == 0

    def test_makes_one_round_trip_and_leaves_nothing_behind(
        self, rates: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        redis = get_redis_connection("default")
        wait_of(scope="suggest", caller="warm")  # the script is known from now on
        trips: list[tuple[Any, ...]] = []
        send = AbstractConnection.send_command

        def counted(self: AbstractConnection, *command: Any, **options: Any) -> None:
            trips.append(command)
            send(self, *command, **options)

        monkeypatch.setattr(AbstractConnection, "send_command", counted)
        wait_of(scope="suggest", caller="a")
        monkeypatch.undo()

        assert [command[0] for command in trips] == ["EVALSHA"]
        assert 0 < redis.pttl("tongban:throttle:suggest:a") <= 61_000

    def test_is_open_when_the_cache_is_down(
        self, rates: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(**_arguments: Any) -> None:
            raise CacheDown

        monkeypatch.setattr(throttles, "_script", lambda: down)

        assert [wait_of(scope="suggest", caller="a") for _ in range(9)] == [0] * 9


class TestParseRate:
    @pytest.mark.parametrize(
        ("rate", "expected"),
        [("30/hour", (30, 3600)), ("240/minute", (240, 60)), ("5/d", (5, 86400)), ("1/s", (1, 1))],
    )
    def test_reads_what_drf_reads(self, rate: str, expected: tuple[int, int]) -> None:
        assert parse_rate(rate) == expected


@pytest.mark.django_db
class TestOverHttp:
    def post(self, client: Client, address: str) -> Any:
        return client.post(
            "/api/matters/", BODY, content_type="application/json", REMOTE_ADDR=address
        )

    def test_a_stranger_is_stopped_by_address(self, client: Client, rates: Any) -> None:
        for _ in range(3):
            assert self.post(client, "203.0.113.5").status_code == 201

        response = self.post(client, "203.0.113.5")

        assert response.status_code == 429
        assert response.json()["code"] == "throttled"
        assert "频繁" in response.json()["message"]
        assert int(response.headers["Retry-After"]) == response.json()["retry_after"] > 1000
        assert self.post(client, "203.0.113.6").status_code == 201

    def test_an_account_answers_for_itself(self, client: Client, rates: Any) -> None:
        client.force_login(UserFactory())

        assert [self.post(client, "203.0.113.5").status_code for _ in range(5)] == [201] * 5

    def test_an_account_is_counted_wherever_it_is(self, client: Client, rates: Any) -> None:
        client.force_login(UserFactory())

        codes = [
            client.get("/api/read/", REMOTE_ADDR=f"203.0.113.{n}").status_code for n in (1, 2, 3)
        ]

        assert codes == [200, 200, 429]

    def test_a_page_says_it_in_words(self, client: Client, rates: Any) -> None:
        for _ in range(2):
            assert client.get("/page/rated/").content == b"rated"

        response = client.get("/page/rated/")

        assert response.status_code == 429
        assert "操作太频繁" in response.content.decode()

    def test_a_page_says_when(self, rf: Any, rates: Any) -> None:
        request = rf.get("/")
        throttles.check_rate(scope="suggest", request=request)
        throttles.check_rate(scope="suggest", request=request)

        with pytest.raises(ThrottledError) as caught:
            throttles.check_rate(scope="suggest", request=request)

        assert 0 < caught.value.details["retry_after"] <= 31
        assert "秒后再试" in caught.value.message
