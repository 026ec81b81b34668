"""Who is looking: expires by itself, counts people and not sockets, and is never needed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client

from hotline.actions.presence import LOOK_LASTS, look, look_away
from hotline.queries import presence
from hotline.queries.presence import key_of, who_looks
from tests.factories.hotline import Desk, ticket

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
NO = "presence-test"


@pytest.fixture(autouse=True)
def _nobody_looks():
    store = presence.client()
    store.delete(key_of(NO))
    yield
    store.delete(key_of(NO))


class TestPresence:
    def test_counts_two_sockets_of_one_person_once(self):
        for user, socket in ((7, "a"), (7, "b"), (9, "c")):
            look(ticket_no=NO, user_id=user, socket=socket, at=AT)

        assert who_looks(ticket_nos=[NO], at=AT) == {NO: [7, 9]}

    def test_keeps_the_person_until_the_last_socket_leaves(self):
        look(ticket_no=NO, user_id=7, socket="a", at=AT)
        look(ticket_no=NO, user_id=7, socket="b", at=AT)

        look_away(ticket_no=NO, user_id=7, socket="a")
        still = who_looks(ticket_nos=[NO], at=AT)
        look_away(ticket_no=NO, user_id=7, socket="b")

        assert still == {NO: [7]}
        assert who_looks(ticket_nos=[NO], at=AT) == {}

    def test_forgets_who_stopped_saying_so(self):
        look(ticket_no=NO, user_id=7, socket="a", at=AT)

        just_before = AT + LOOK_LASTS - timedelta(seconds=1)

        assert who_looks(ticket_nos=[NO], at=just_before) == {NO: [7]}
        assert who_looks(ticket_nos=[NO], at=AT + LOOK_LASTS) == {}

    def test_leaves_nothing_behind_in_the_store(self):
        look(ticket_no=NO, user_id=7, socket="a", at=AT)

        assert 0 < presence.client().ttl(key_of(NO)) <= 2 * LOOK_LASTS.total_seconds()

    @pytest.mark.django_db
    def test_the_console_works_without_the_store(self, desk: Desk, monkeypatch, caplog):
        monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
        broken = presence.client.__wrapped__()
        monkeypatch.setattr("hotline.queries.presence.client", lambda: broken)
        monkeypatch.setattr("hotline.actions.presence.client", lambda: broken)
        made = ticket()
        client = Client()
        client.force_login(desk.agent)

        look(ticket_no=made.no, user_id=desk.agent.pk, socket="a", at=AT)
        look_away(ticket_no=made.no, user_id=desk.agent.pk, socket="a")
        listing = client.get("/console/")
        page = client.get(f"/console/tickets/{made.no}/")

        assert (listing.status_code, page.status_code) == (200, 200)
        assert made.no in listing.content.decode()
        assert "presence not read" in caplog.text
