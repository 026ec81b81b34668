"""Keys of machines: what opens, what does not, and how soon a revoked one stops."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.accounts.actions import issue_api_key, revoke_api_key
from core.accounts.models import ApiKey, User
from core.accounts.queries import memberships_of, roles_of
from core.accounts.states import Role
from core.http import authentication
from core.http.authentication import ApiKeyAuthentication, digest_of, forget_known_keys
from core.http.permissions import RequiresScope
from tests.factories.core import UserFactory, member

NOW = timezone.now


def issue(user: User | None = None, *scopes: str, **changes: Any) -> Any:
    return issue_api_key(
        user=user or UserFactory(),
        label="网格对接",
        scopes=scopes or ["tickets:read"],
        by=None,
        at=NOW(),
        **changes,
    )


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


@pytest.mark.django_db
class TestApiKey:
    def test_opens_what_its_scope_names(self, client: Client) -> None:
        issued = issue()

        response = client.get("/api/read/", **bearer(issued.token))

        assert response.status_code == 200
        assert response.json() == {"by": issued.key.user.username}

    def test_opens_nothing_else(self, client: Client) -> None:
        issued = issue(None, "events:read")

        response = client.get("/api/read/", **bearer(issued.token))

        assert (response.status_code, response.json()["code"]) == (403, "forbidden")

    def test_needs_the_scope_even_where_strangers_may(self, client: Client) -> None:
        body = {"title": "路灯", "caller": {"phone": "1"}}
        wrong, right = issue(), issue(None, "contacts:write")

        def post(**headers: Any) -> int:
            return client.post(
                "/api/matters/", body, content_type="application/json", **headers
            ).status_code

        assert post() == 201
        assert post(**bearer(wrong.token)) == 403
        assert post(**bearer(right.token)) == 201

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
            lambda token: token.rpartition("_")[0],
            lambda token: token.replace("tb_", "xx_"),
            lambda token: token.upper(),
            lambda token: "",
            lambda token: "tb__",
            lambda token: "tb_%00_x",
            lambda token: "tb_钥匙_x",
        ],
    )
    def test_must_be_exact(self, client: Client, spoil: Any) -> None:
        token = spoil(issue().token).encode().decode("latin-1")

        response = client.get("/api/read/", **bearer(token))

        assert (response.status_code, response.json()["code"]) == (401, "invalid_api_key")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert "密钥" in response.json()["message"]

    def test_is_asked_for_when_there_is_none(self, client: Client) -> None:
        response = client.get("/api/read/")

        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")

    def test_ends_on_its_day(self, client: Client) -> None:
        past = issue(expires_at=NOW() - timedelta(seconds=1))
        future = issue(expires_at=NOW() + timedelta(days=1))

        assert client.get("/api/read/", **bearer(past.token)).status_code == 401
        assert client.get("/api/read/", **bearer(future.token)).status_code == 200

    def test_ends_on_its_day_also_while_remembered(self, client: Client) -> None:
        issued = issue(expires_at=NOW() + timedelta(days=1))
        client.get("/api/read/", **bearer(issued.token))
        known = authentication._known[digest_of(issued.token)]

        known.key.expires_at = NOW() - timedelta(seconds=1)

        assert authentication._remembered(issued.token) is None

    def test_sleeps_with_its_user(self, client: Client) -> None:
        issued = issue(UserFactory(is_active=False))

        assert client.get("/api/read/", **bearer(issued.token)).status_code == 401

    def test_stops_at_once_where_it_is_revoked(
        self, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        issued = issue()
        assert client.get("/api/read/", **bearer(issued.token)).status_code == 200

        with django_capture_on_commit_callbacks(execute=True):
            revoke_api_key(key=issued.key, by=issued.key.user, at=NOW())

        assert client.get("/api/read/", **bearer(issued.token)).status_code == 401

    def test_stops_within_five_seconds_elsewhere(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        issued = issue()
        clock = [1000.0]
        monkeypatch.setattr(authentication.time, "monotonic", lambda: clock[0])
        assert client.get("/api/read/", **bearer(issued.token)).status_code == 200
        ApiKey.objects.filter(pk=issued.key.pk).update(revoked_at=NOW())  # another process

        clock[0] += 4.9
        remembered = client.get("/api/read/", **bearer(issued.token)).status_code
        clock[0] += 0.1
        read_again = client.get("/api/read/", **bearer(issued.token)).status_code

        assert (remembered, read_again) == (200, 401)

    def test_costs_one_statement_and_then_none(
        self, rf: Any, django_assert_num_queries: Any
    ) -> None:
        issued = issue()
        request = rf.get("/", **bearer(issued.token))

        with django_assert_num_queries(1):
            ApiKeyAuthentication().authenticate(request)
        with django_assert_num_queries(0):
            user, key = ApiKeyAuthentication().authenticate(request)

        assert (user, key) == (issued.key.user, issued.key)

    def test_reads_roles_afresh_for_every_request(self, rf: Any) -> None:
        handler = member(Role.HANDLER)
        request = rf.get("/", **bearer(issue(handler).token))
        first, _key = ApiKeyAuthentication().authenticate(request)
        assert Role.HANDLER in roles_of(first)

        handler.memberships.all().delete()
        second, _key = ApiKeyAuthentication().authenticate(request)

        assert memberships_of(second) == []

    def test_is_forgotten_when_there_are_too_many(self, rf: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(authentication, "REMEMBERED_KEYS", 2)
        for _ in range(3):
            ApiKeyAuthentication().authenticate(rf.get("/", **bearer(issue().token)))

        assert len(authentication._known) == 1
        forget_known_keys()

    def test_leaves_other_ways_of_signing_in_alone(self, client: Client) -> None:
        client.force_login(UserFactory(username="li_na"))

        response = client.get("/api/read/", headers={"Authorization": "Basic eDp5"})

        assert response.json() == {"by": "li_na"}


class TestRequiresScope:
    def test_exists(self) -> None:
        with pytest.raises(ValueError, match="tickets:reed"):
            RequiresScope("tickets:reed")
