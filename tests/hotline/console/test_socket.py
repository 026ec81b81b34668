"""The console's socket: who is let in, what they hear, and that nothing is lost."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import Client
from django.utils import timezone

from core.accounts import second_factor
from core.accounts.models import Membership, User
from core.accounts.states import Role
from core.events.queries import latest_position
from core.events.relay import run_once
from hotline.actions import triage
from hotline.consumers import ConsoleConsumer
from hotline.queries.presence import client as presence_store
from hotline.routing import websocket_urlpatterns
from tests.factories.core import UserFactory, district, member
from tests.factories.hotline import Desk, ticket
from tests.hotline.console.sockets import Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
async def _own_layer():
    """Give each test's event loop a layer of its own and close it."""
    yield
    layer = get_channel_layer()
    if hasattr(layer, "flush"):
        await layer.flush()


@pytest.fixture
def city() -> Desk:
    """The desk, with nobody looking at anything."""
    store = presence_store()
    for key in store.scan_iter("tongban:looking:*"):
        store.delete(key)
    return Desk()


def socket_of(user: User | AnonymousUser, session=None) -> Socket:
    return Socket(ConsoleConsumer.as_asgi(), user=user, session=session)


async def opened(user: User) -> Socket:
    socket = socket_of(user)
    connected, _ = await socket.connect()
    assert connected
    return socket


async def relayed() -> None:
    await sync_to_async(run_once, thread_sensitive=True)()


class TestConnecting:
    async def test_refuses_a_stranger(self):
        connected, code = await socket_of(AnonymousUser()).connect()

        assert (connected, code) == (False, 4401)

    async def test_refuses_a_citizen(self, city):
        citizen = await sync_to_async(UserFactory)()

        connected, code = await socket_of(citizen).connect()

        assert (connected, code) == (False, 4403)

    async def test_refuses_an_account_that_was_closed(self, city):
        await sync_to_async(User.objects.filter(pk=city.agent.pk).update)(is_active=False)

        connected, code = await socket_of(city.agent).connect()

        assert (connected, code) == (False, 4403)

    async def test_takes_the_user_from_the_session_cookie(self, city):
        client = Client()
        await sync_to_async(client.force_login)(city.agent)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        headers = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())]
        application = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))

        socket = Socket(application, headers=headers)
        connected, _ = await socket.connect()

        assert connected
        await socket.close()

    async def test_answers_a_ping_and_refuses_nonsense_in_words(self, city):
        socket = await opened(city.agent)

        await socket.say({"type": "ping"})
        pong = await socket.hear()
        answers = []
        for text in ("no json", "[1]", '{"type": "join", "group": "desk:519900"}', "x" * 5000):
            await socket.say(text)
            answers.append((await socket.hear())["type"])

        assert pong == {"type": "pong"}
        assert answers == ["error"] * 4
        await socket.close()


class TestHints:
    async def test_tells_an_agent_of_a_new_ticket_without_personal_data(self, city):
        socket = await opened(city.agent)

        made = await sync_to_async(ticket)(caller_phone="19900001234", caller_name="王小满")
        await relayed()
        hint = await socket.hear_until("hint")

        assert set(hint) == {"type", "position", "kind", "subject_type", "subject_no", "version"}
        assert (hint["kind"], hint["subject_no"]) == ("hotline.ticket.registered", made.no)
        await socket.close()

    async def test_tells_nothing_of_another_district(self, city):
        agent = await sync_to_async(member)(Role.AGENT, region=await sync_to_async(district)())
        socket = await opened(agent)

        south = await sync_to_async(district)("519902", "南湖区")
        await sync_to_async(ticket)(region=south.code)
        await relayed()

        assert await socket.receive_nothing(timeout=0.3)
        await socket.close()

    async def test_tells_no_handler_of_another_units_ticket(self, city):
        own, other = await opened(city.handler), await opened(city.assist_handler)

        made = await sync_to_async(city.dispatched)()
        await relayed()
        kinds = {(await own.hear_until("hint"))["kind"]}

        assert kinds <= {"hotline.order.issued", "hotline.ticket.dispatch"}
        assert await other.receive_nothing(timeout=0.3)
        assert made.no
        await own.close()
        await other.close()

    async def test_tells_of_nothing_that_was_rolled_back(self, city):
        socket = await opened(city.agent)

        def rolled_back():
            with transaction.atomic():
                ticket()
                transaction.set_rollback(True)

        await sync_to_async(rolled_back)()
        await relayed()

        assert await socket.receive_nothing(timeout=0.3)
        await socket.close()

    async def test_tells_each_hint_once_also_to_who_watches(self, city):
        made = await sync_to_async(ticket)()
        await relayed()
        socket = await opened(city.agent)
        await socket.say({"type": "watch", "ticket_no": made.no})
        await socket.hear_until("presence")

        await sync_to_async(triage.claim_ticket)(ticket_no=made.no, by=city.agent, at=city.tick())
        await relayed()
        hints = [one for one in await socket.hear_all() if one["type"] == "hint"]

        assert [one["kind"] for one in hints] == ["hotline.ticket.claim"]
        await socket.close()


class TestWatching:
    @pytest.fixture(autouse=True)
    def _fast_heart(self, monkeypatch):
        """Heal at once when a test of another process empties the store they share."""
        monkeypatch.setattr("hotline.consumers.HEARTBEAT_SECONDS", 0.1)

    async def watch(self, socket: Socket, no: str) -> dict:
        await socket.say({"type": "watch", "ticket_no": no})
        return await socket.hear()

    async def test_refuses_a_hidden_ticket_just_like_an_absent_one(self, city):
        hidden = await sync_to_async(city.dispatched)()
        socket = await opened(city.assist_handler)

        absent_answer = await self.watch(socket, "519900202601010000000")
        hidden_answer = await self.watch(socket, hidden.no)

        assert absent_answer | {"ticket_no": ""} == hidden_answer | {"ticket_no": ""}
        assert hidden_answer["type"] == "refused"
        store = presence_store()
        assert not store.exists(f"tongban:looking:{hidden.no}")
        await socket.close()

    async def test_shows_colleagues_who_else_looks_by_id_only(self, city):
        made = await sync_to_async(ticket)()
        first, second = await opened(city.agent), await opened(city.lead)

        await self.watch(first, made.no)
        await second.say({"type": "watch", "ticket_no": made.no})
        seen = await first.hear_until("presence")
        while len(seen["people"]) < 2:
            seen = await first.hear_until("presence")

        assert seen == {
            "type": "presence",
            "ticket_no": made.no,
            "people": sorted([city.agent.pk, city.lead.pk]),
        }
        await first.close()
        await second.close()

    async def test_takes_two_sockets_of_one_agent_for_one(self, city):
        made = await sync_to_async(ticket)()
        first, second = await opened(city.agent), await opened(city.agent)

        await self.watch(first, made.no)
        await self.watch(second, made.no)
        await first.close()
        heard = await second.hear_all()

        assert heard[-1]["people"] == [city.agent.pk]
        await second.close()

    async def test_forgets_a_socket_that_closed(self, city):
        made = await sync_to_async(ticket)()
        first, second = await opened(city.agent), await opened(city.lead)
        await self.watch(first, made.no)
        await self.watch(second, made.no)

        await first.close()
        heard = await second.hear_all()

        assert heard[-1]["people"] == [city.lead.pk]
        await second.close()

    async def test_heals_when_the_store_forgot_everything(self, city, monkeypatch):
        monkeypatch.setattr("hotline.consumers.HEARTBEAT_SECONDS", 0.02)
        made = await sync_to_async(ticket)()
        socket = await opened(city.agent)
        await self.watch(socket, made.no)

        presence_store().delete(f"tongban:looking:{made.no}")
        answer = await socket.hear_until("presence")

        assert answer["people"] == [city.agent.pk]
        await socket.close()

    async def test_tells_who_stays_that_a_line_died_without_a_word(self, city, monkeypatch):
        monkeypatch.setattr("hotline.consumers.HEARTBEAT_SECONDS", 0.02)
        made = await sync_to_async(ticket)()
        crashed = {f"{city.lead.pk}:dead": (timezone.now() + timedelta(seconds=1)).timestamp()}
        presence_store().zadd(f"tongban:looking:{made.no}", crashed)
        socket = await opened(city.agent)

        first = await self.watch(socket, made.no)
        later = await socket.hear_until("presence")
        while later == first:  # it comes by the ticket's group and by the desk's
            later = await socket.hear_until("presence")

        assert first["people"] == sorted([city.agent.pk, city.lead.pk])
        assert later["people"] == [city.agent.pk]
        await socket.close()

    async def test_lets_one_socket_watch_only_so_many(self, city, monkeypatch):
        monkeypatch.setattr("hotline.consumers.WATCHED_MAX", 1)
        first = await sync_to_async(ticket)()
        second = await sync_to_async(ticket)()
        socket = await opened(city.agent)

        await self.watch(socket, first.no)
        answer = await self.watch(socket, second.no)

        assert answer["type"] == "refused"
        await socket.close()


class TestRights:
    async def beat(self, socket: Socket) -> dict:
        return await socket.receive_output(timeout=3)

    @pytest.fixture(autouse=True)
    def _fast_heart(self, monkeypatch):
        monkeypatch.setattr("hotline.consumers.HEARTBEAT_SECONDS", 0.02)
        monkeypatch.setattr("hotline.consumers.RECHECK_BEATS", 1)

    async def test_closes_when_the_role_ends(self, city):
        socket = await opened(city.agent)

        await sync_to_async(Membership.objects.filter(user=city.agent).delete)()
        message = await self.beat(socket)

        assert (message["type"], message["code"]) == ("websocket.close", 4403)

    async def test_refuses_before_the_second_factor(self, city):
        session = await sync_to_async(SessionStore)()
        session[second_factor.DUE] = True
        socket = socket_of(city.agent, session)

        connected, code = await socket.connect()

        assert (connected, code) == (False, 4401)

    async def test_closes_when_the_session_ends(self, city):
        def made() -> SessionStore:
            session = SessionStore()
            session.create()
            return session

        session = await sync_to_async(made)()
        socket = socket_of(city.agent, session)
        await socket.connect()

        await sync_to_async(SessionStore(session.session_key).delete)()
        message = await self.beat(socket)

        assert (message["type"], message["code"]) == ("websocket.close", 4401)

    async def test_leaves_the_groups_of_a_lost_region(self, city, monkeypatch):
        checked = asyncio.Event()
        ask_again = ConsoleConsumer._still_allowed

        async def counted(consumer: ConsoleConsumer) -> bool:
            allowed = await ask_again(consumer)
            checked.set()
            return allowed

        monkeypatch.setattr(ConsoleConsumer, "_still_allowed", counted)
        socket = await opened(city.agent)
        south = await sync_to_async(district)("519902", "南湖区")
        await sync_to_async(Membership.objects.filter(user=city.agent).update)(region=south)
        for _ in range(2):  # the first check may have begun before the change
            checked.clear()
            await asyncio.wait_for(checked.wait(), timeout=3)

        await sync_to_async(ticket)()
        await relayed()

        heard = await socket.hear_all()

        assert [one["type"] for one in heard if one["type"] != "behind"] == []
        await socket.close()


class TestCatchingUp:
    def page(self, client: Client, after: int, **more) -> dict:
        answer = client.get("/console/events/", {"after": after, **more})
        assert answer.status_code == 200
        return answer.json()

    def signed_in(self, user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def test_returns_what_happened_while_the_line_was_down(self, city):
        ticket()
        run_once()
        client, seen_to = self.signed_in(city.agent), latest_position()
        missed = [ticket().no for _ in range(3)]
        run_once()

        page = self.page(client, seen_to)

        assert [hint["subject_no"] for hint in page["events"]] == missed
        assert page["cursor"] == latest_position()

    def test_goes_on_page_by_page_without_loss(self, city, monkeypatch):
        monkeypatch.setattr("hotline.views.console.live.PAGE", 2)
        made = [ticket().no for _ in range(5)]
        run_once()
        client, cursor, seen, more = self.signed_in(city.agent), 0, [], True

        while more:
            page = self.page(client, cursor)
            seen += [hint["subject_no"] for hint in page["events"]]
            cursor, more = page["cursor"], page["more"]

        assert seen == made

    def test_tells_a_unit_nothing_of_others(self, city):
        made = city.dispatched()
        run_once()

        own = self.page(self.signed_in(city.handler), 0)["events"]
        other = self.page(self.signed_in(city.assist_handler), 0, watch=made.no)["events"]

        assert {hint["kind"] for hint in own} >= {"hotline.order.issued"}
        assert other == []

    @pytest.mark.parametrize("after", ["", "-1", "abc", "9" * 30, "１"])
    def test_refuses_a_cursor_that_is_none(self, city, after):
        answer = self.signed_in(city.agent).get(
            "/console/events/", {"after": after}, headers={"Accept": "application/json"}
        )

        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"

    def test_says_that_the_session_has_expired(self):
        answer = Client().get("/console/events/?after=0", headers={"Accept": "application/json"})

        assert (answer.status_code, answer.json()["code"]) == (401, "login_required")

    def test_refuses_a_citizen(self, city):
        answer = self.signed_in(UserFactory()).get(
            "/console/events/?after=0", headers={"Accept": "application/json"}
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    def test_embeds_the_position_of_before_the_lists(self, city):
        ticket()
        run_once()

        page = self.signed_in(city.agent).get("/console/").content.decode()

        assert f'<script id="console-cursor" type="application/json">{latest_position()}<' in page
