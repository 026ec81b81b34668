"""The browser that nobody has signed in on."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.auth import user_logged_in
from django.http import HttpResponse
from django.test import RequestFactory

from core.attachments.models import Attachment
from core.drafts.actions import save_draft
from core.drafts.queries import load_draft
from core.holders import cookies
from tests.factories.core import UserFactory

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def cookie_for(value: str) -> str:
    """Return what a browser would send back."""
    response = HttpResponse()
    cookies.give_cookie(response, value)
    return response.cookies[cookies.COOKIE].value


def request_with(cookie: str | None) -> object:
    request = RequestFactory().get("/")
    if cookie is not None:
        request.COOKIES[cookies.COOKIE] = cookie
    return request


class TestCookie:
    def test_comes_back_as_the_same_holder(self) -> None:
        value, holder = cookies.new_holder()

        assert cookies.holder_of(request_with(cookie_for(value))) == holder

    def test_two_are_never_the_same(self) -> None:
        assert cookies.new_holder() != cookies.new_holder()

    def test_the_row_does_not_give_away_the_cookie(self) -> None:
        value, holder = cookies.new_holder()

        assert value not in holder
        assert holder not in cookie_for(value)

    @pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: "x" + c, lambda _c: "junk"])
    def test_a_changed_one_counts_as_none(self, change: object) -> None:
        cookie = cookie_for(cookies.new_holder()[0])

        assert cookies.holder_of(request_with(change(cookie))) == ""

    def test_none_is_nobody(self) -> None:
        assert cookies.holder_of(request_with(None)) == ""

    def test_an_old_one_counts_as_none(self) -> None:
        with time_machine.travel(NOW, tick=False) as clock:
            cookie = cookie_for(cookies.new_holder()[0])
            clock.shift(cookies.MAX_AGE_SECONDS + 1)

            assert cookies.holder_of(request_with(cookie)) == ""


@pytest.mark.django_db
class TestSigningIn:
    def test_takes_drafts_and_uploads_along(self) -> None:
        alice, (value, holder) = UserFactory(), cookies.new_holder()
        save_draft(form="contact", key="new", user=None, holder=holder, content={"a": 1}, at=NOW)
        row = Attachment.objects.create(
            token="0b1e2c3d-0000-4000-8000-000000000001", holder=holder, size=1
        )

        user_logged_in.send(type(alice), request=request_with(cookie_for(value)), user=alice)

        row.refresh_from_db()
        assert load_draft(form="contact", key="new", user=alice) == {"a": 1}
        assert (row.uploaded_by, row.holder) == (alice, "")

    @pytest.mark.parametrize("cookie", [None, "forged"])
    def test_without_a_cookie_takes_nothing(self, cookie: str | None) -> None:
        alice, (_value, holder) = UserFactory(), cookies.new_holder()
        save_draft(form="contact", key="new", user=None, holder=holder, content={"a": 1}, at=NOW)

        user_logged_in.send(type(alice), request=request_with(cookie), user=alice)

        assert load_draft(form="contact", key="new", user=alice) is None
        assert load_draft(form="contact", key="new", user=None, holder=holder) == {"a": 1}

    def test_works_without_a_request(self) -> None:
        alice = UserFactory()

        user_logged_in.send(type(alice), request=None, user=alice)
