"""Keyset pages visit each row exactly once, whatever is inserted meanwhile."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.accounts.models import Membership, Organisation
from core.events.models import Event
from core.http.pagination import (
    InvalidCursorError,
    InvalidPageSizeError,
    KeysetPagination,
    keyset_page,
    page_size_of,
)
from tests.factories.core import EPOCH, OrganisationFactory, city

ORDERS = [("-at", "-id"), ("at", "id"), ("-at", "id"), ("kind", "-at", "id"), ("id",)]


def event(minute: int, kind: str = "a") -> Event:
    at = EPOCH + timedelta(minutes=minute)
    return Event.objects.create(
        kind=kind, scopes=["x"], subject_type="t", subject_id=1, subject_no="", version=0, at=at
    )


def walk(order: tuple[str, ...], size: int, between: Any = None) -> list[int]:
    seen: list[int] = []
    after = None
    while True:
        page = keyset_page(Event.objects.all(), order=order, after=after, size=size)
        seen += [row.pk for row in page.items]
        if page.next is None:
            return seen
        after = page.next
        if between is not None:
            between()


@pytest.mark.django_db
class TestKeysetPage:
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        first=st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12),
        later=st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=6),
        order=st.sampled_from(ORDERS),
        size=st.integers(1, 5),
    )
    def test_visits_each_row_once_while_rows_are_inserted(
        self,
        first: list[tuple[int, str]],
        later: list[tuple[int, str]],
        order: tuple[str, ...],
        size: int,
    ) -> None:
        Event.objects.all().delete()
        present = {event(minute, kind).pk for minute, kind in first}
        arriving = iter(later)

        seen = walk(order, size, lambda: _insert_next(arriving))

        assert len(seen) == len(set(seen))
        assert present <= set(seen)

    @pytest.mark.parametrize("order", ORDERS)
    def test_gives_the_order_of_one_long_page(self, order: tuple[str, ...]) -> None:
        for minute, kind in [(2, "b"), (1, "a"), (2, "a"), (2, "b"), (0, "a"), (2, "a")]:
            event(minute, kind)

        assert walk(order, 2) == [row.pk for row in Event.objects.order_by(*order)]

    def test_costs_one_statement_and_never_counts(self, django_assert_num_queries: Any) -> None:
        for minute in range(5):
            event(minute)

        with django_assert_num_queries(1) as captured:
            page = keyset_page(Event.objects.all(), order=("-at", "-id"), size=3)

        assert len(page.items) == 3
        assert "COUNT" not in captured.captured_queries[0]["sql"].upper()
        assert "OFFSET" not in captured.captured_queries[0]["sql"].upper()

    def test_ends_without_a_cursor(self) -> None:
        event(1)

        assert keyset_page(Event.objects.all(), order=("id",), size=1).next is None
        assert keyset_page(Event.objects.none(), order=("id",), size=1).items == []

    @pytest.mark.parametrize(
        "order", [("-starts_at", "-id"), ("role",), ("user__username", "id"), ()]
    )
    def test_refuses_an_order_that_could_skip_rows(self, order: tuple[str, ...]) -> None:
        with pytest.raises(ImproperlyConfigured):
            keyset_page(Membership.objects.all(), order=order)

    @pytest.mark.parametrize("size", [0, -1, 201])
    def test_refuses_sizes_out_of_bounds(self, size: int) -> None:
        with pytest.raises(InvalidPageSizeError):
            keyset_page(Event.objects.all(), order=("id",), size=size)


def _insert_next(arriving: Any) -> None:
    row = next(arriving, None)
    if row is not None:
        event(*row)


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.django_db
class TestGarbledCursor:
    @pytest.mark.parametrize(
        "after",
        [
            "x",
            "!!!!",
            "页",
            "A" * 5000,
            base64.urlsafe_b64encode(b"\xff\xfe").decode(),
            base64.urlsafe_b64encode(b"{}").decode(),
            base64.urlsafe_b64encode(b"[" * 500).decode(),
            cursor(),
            cursor("-at,-id", EPOCH.isoformat()),
            cursor("at,id", EPOCH.isoformat(), 1),
            cursor("-at,-id", "yesterday", 1),
            cursor("-at,-id", None, 1),
            cursor("-at,-id", EPOCH.isoformat(), "x"),
            cursor("-at,-id", EPOCH.isoformat(), [1]),
            cursor("-at,-id", EPOCH.isoformat(), True),
            cursor("-at,-id", datetime(2026, 1, 1).isoformat(), 1),
            cursor("-at,-id", "2026-01-01T00:00:00\x00+00:00", 1),
        ],
    )
    def test_is_refused(self, after: str) -> None:
        with pytest.raises(InvalidCursorError):
            keyset_page(Event.objects.all(), order=("-at", "-id"), after=after)

    def test_beyond_every_row_is_an_empty_page(self) -> None:
        event(1)
        after = cursor("-at,-id", "0001-01-01T00:00:00+00:00", -(10**30))

        assert keyset_page(Event.objects.all(), order=("-at", "-id"), after=after).items == []


@pytest.mark.django_db
class TestPagesOverHttp:
    def test_follow_each_other(self, client: Client) -> None:
        city()
        for code in "edcba":
            OrganisationFactory(code=code, name=f"单位{code}")

        first = client.get("/api/list/?page_size=3").json()
        second = client.get("/api/list/", {"page_size": 3, "after": first["next"]}).json()

        assert first["results"] == ["单位a", "单位b", "单位c"]
        assert second == {"results": ["单位d", "单位e"], "next": None}
        assert Organisation.objects.count() == 5

    @pytest.mark.parametrize("query", ["after=x", "page_size=0", "page_size=201", "page_size=１"])
    def test_refuse_bad_questions_in_chinese(self, client: Client, query: str) -> None:
        response = client.get(f"/api/list/?{query}")

        assert response.status_code == 400
        assert set(response.json()["fields"]) == {query.partition("=")[0]}
        assert "请" in response.json()["message"] or "必须" in response.json()["message"]


class TestSchema:
    def test_describes_what_is_asked_and_answered(self) -> None:
        pages = KeysetPagination()

        asked = pages.get_schema_operation_parameters(view=None)
        answered = pages.get_paginated_response_schema({"type": "array", "items": {}})

        assert [parameter["name"] for parameter in asked] == ["after", "page_size"]
        assert answered["required"] == ["results", "next"]
        assert answered["properties"]["next"]["nullable"] is True


class TestPageSize:
    @pytest.mark.parametrize("raw", ["x", "-1", "1.5", "9999", "²", "1e2"])
    def test_must_be_a_plain_number(self, raw: str) -> None:
        with pytest.raises(InvalidPageSizeError):
            page_size_of(raw)

    def test_has_a_default(self) -> None:
        assert page_size_of(None) == page_size_of("") == 50
