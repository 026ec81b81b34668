"""The OpenAPI schema: complete without a warning, and the API does what it says."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.accounts.actions import issue_api_key
from core.accounts.states import Role
from core.http.authentication import forget_known_keys
from core.http.scopes import Scope
from hotline.api.urls import urlpatterns
from tests.factories.core import EPOCH, member
from tests.factories.hotline import Desk, category

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
BOUNDED = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
BRIEF = settings(BOUNDED, max_examples=8)


def loaded(*, coverage: bool) -> Any:
    """Return the schema over our own application; ``coverage`` tries every boundary value too."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = get_wsgi_application()
    schema.config.phases.coverage.enabled = coverage
    return schema


SCHEMA, SCHEMA_FOR_STRANGERS = loaded(coverage=True), loaded(coverage=False)


@pytest.fixture(autouse=True)
def _in_one_transaction(settings: Any) -> Iterator[None]:
    """Let the requests run on the test's own connection, as Django's test client does."""
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {}}
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def bearer(db: None) -> str:
    """Return a key of somebody who may do almost everything, in a city with something in it."""
    forget_known_keys()
    category()
    desk = Desk()
    desk.replied()
    desk.answered()
    user = member(Role.SHIFT_LEAD)
    for role, unit in ((Role.AUDITOR, None), (Role.UNIT_HEAD, desk.unit)):
        organisation = unit or user.memberships.order_by("id")[0].organisation
        user.memberships.create(role=role, organisation=organisation, region=desk.unit.region)
    issued = issue_api_key(user=user, label="x", scopes=list(Scope.values), by=None, at=EPOCH)
    return f"Bearer {issued.token}"


@pytest.mark.slow
@pytest.mark.django_db
class TestSchemathesis:
    @SCHEMA.parametrize()
    @BOUNDED
    def test_holds_for_one_who_may_do_everything(self, bearer: str, case: Any) -> None:
        answer = case.call(headers={"Authorization": bearer})

        case.validate_response(answer, checks=CHECKS)

    @SCHEMA_FOR_STRANGERS.parametrize()
    @BRIEF
    def test_holds_for_strangers(self, db: None, case: Any) -> None:
        category()

        answer = case.call()

        case.validate_response(answer, checks=CHECKS)


class TestDocument:
    def test_has_no_warnings_and_is_valid(self, capfd: pytest.CaptureFixture[str]) -> None:
        written = io.StringIO()

        call_command("spectacular", validate=True, fail_on_warn=True, stdout=written)

        assert "openapi: 3." in written.getvalue()
        assert "Warning" not in capfd.readouterr().err

    def test_describes_every_address(self) -> None:
        described = {path.removeprefix("/api/v1/hotline/") for path in DOCUMENT["paths"]}

        for pattern in urlpatterns:
            assert str(pattern.pattern).replace("<str:no>", "{no}") in described

    def test_every_operation_tells_how_it_refuses(self) -> None:
        for path, operations in DOCUMENT["paths"].items():
            for method, operation in operations.items():
                codes = set(operation["responses"])
                assert codes & {"400", "404"}, (method, path)
                assert operation["summary"]

    @pytest.mark.django_db
    def test_is_served_with_its_page(self, client: Client) -> None:
        client.force_login(member(Role.AGENT))

        schema, page = client.get("/api/schema/"), client.get("/api/docs/")

        assert (schema.status_code, page.status_code) == (200, 200)
        assert b"swagger-ui" in page.content
        assert b"://" not in page.content.replace(b"http://testserver", b"")
