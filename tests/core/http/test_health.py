"""Live, ready, measured."""

from typing import Any

import pytest
from django.test import Client

from core.http import health
from core.http.scopes import Scope


@pytest.mark.django_db
class TestHealth:
    def test_is_alive_without_asking_anybody(
        self, client: Client, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(health, "CHECKS", {"database": _fall})

        with django_assert_num_queries(0):
            response = client.get("/healthz")

        assert (response.status_code, response.json()) == (200, {"status": "ok"})
        assert "no-store" in response.headers["Cache-Control"]

    def test_is_ready_when_all_three_work(
        self, client: Client, settings: Any, tmp_path: Any
    ) -> None:
        settings.MEDIA_ROOT = tmp_path / "media"

        response = client.get("/readyz")

        checks = {"database": "ok", "broker": "ok", "storage": "ok"}
        assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": checks})

    def test_names_a_database_that_is_gone(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = {"host": "127.0.0.1", "port": "1", "user": "x", "dbname": "x"}
        monkeypatch.setattr(health.connection, "get_connection_params", lambda: gone)

        self.check(client, "database")

    def test_names_a_broker_that_is_gone(self, client: Client, settings: Any) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

        self.check(client, "broker")

    def test_names_a_storage_that_cannot_be_written(
        self, client: Client, settings: Any, tmp_path: Any
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        settings.MEDIA_ROOT = tmp_path / "file" / "media"

        self.check(client, "storage")

    def check(self, client: Client, failed: str) -> None:
        response = client.get("/readyz")

        assert response.status_code == 503
        assert response.json()["status"] == "unavailable"
        assert response.json()["checks"][failed] == "failed"
        assert list(response.json()["checks"].values()).count("failed") == 1


@pytest.mark.django_db
class TestMetrics:
    def test_are_for_this_machine_without_a_token(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = ""

        assert b"django_http_requests" in client.get("/metrics").content
        assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 403
        assert client.get("/metrics", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 403

    def test_are_for_the_token_alone_once_there_is_one(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = "let-me-see"

        def code(value: str) -> int:
            return client.get("/metrics", headers={"Authorization": value}).status_code

        assert client.get("/metrics").status_code == 403
        assert code("Bearer wrong") == 403
        assert code("let-me-see") == 403
        assert code("Bearer let-me-see") == 200

    def test_cannot_be_changed(self, client: Client) -> None:
        assert client.post("/metrics").status_code == 405


@pytest.mark.django_db
class TestSchema:
    def test_describes_keys_and_errors(self, client: Client) -> None:
        response = client.get("/api/schema/", headers={"Accept": "application/json"})

        schema = response.json()
        scheme = schema["components"]["securitySchemes"]["apiKey"]
        assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
        assert set(schema["components"]["schemas"]["Error"]["required"]) == {"code", "message"}
        post = schema["paths"]["/api/matters/"]["post"]["responses"]
        assert post["409"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Error"
        }

    def test_has_the_agreed_scopes(self) -> None:
        assert set(Scope.values) == {
            "contacts:write",
            "tickets:read",
            "tickets:write",
            "orders:write",
            "events:read",
            "suggest:read",
        }


def _fall() -> None:
    raise RuntimeError
