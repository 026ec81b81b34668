"""How many statements each endpoint makes, recorded in ``query_counts.json`` and compared.

Several inserts that travel as one text count each. A changed count is a decision: record it anew
with ``RECORD_QUERY_COUNTS=1`` and look at the difference. Counts are warm: the key, the regions
and the categories have been read before.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core import process_cache
from core.accounts.actions import issue_api_key
from core.accounts.models import User
from core.accounts.states import Role
from core.events.relay import number_pending
from core.http import authentication
from core.http.authentication import forget_known_keys
from core.http.scopes import Scope
from core.regions.queries import resolve
from hotline.queries import similar
from hotline.queries.categories import category_tree
from hotline.states import OrderState, TicketState
from tests.factories.core import EPOCH
from tests.factories.hotline import category, ticket
from tests.hotline.api.conftest import ROOT
from tests.hotline.api.posts import ORDER_POSTS, TICKET_POSTS
from tests.hotline.machines.scenes import World

RECORDED = Path(__file__).with_name("query_counts.json")
CONTACT_MAX, LIST_MAX = 15, 8
ROWS = (1, 5, 100)
CONTACT = {"title": "路灯不亮", "content": "三盏路灯一周不亮。", "region": "519901"}
START = {name: min(post.states) for name, post in TICKET_POSTS.items()} | {
    "note": TicketState.REGISTERED,
    "supplement": TicketState.DISPATCHED,
    "withdraw": TicketState.DISPATCHED,
}


class Meter:
    """Asks the API and counts the statements of each answer."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.clients: dict[int, APIClient] = {}

    def client(self, user: User | None) -> APIClient:
        """Return a client whose key this process has just read."""
        if user is None:
            return APIClient()
        if user.pk not in self.clients:
            issued = issue_api_key(
                user=user, label="x", scopes=list(Scope.values), by=None, at=EPOCH
            )
            self.clients[user.pk] = APIClient(HTTP_AUTHORIZATION=f"Bearer {issued.token}")
        warm = self.clients[user.pk].get(f"{ROOT}events")
        assert warm.status_code == 200
        return self.clients[user.pk]

    def measure(self, name: str, ask: Callable[[APIClient], Any], user: User | None) -> Any:
        """Note how many statements the answer took; savepoints are the test's own."""
        client = self.client(user)
        if name.startswith("GET") or name == "POST suggest":
            ask(client)
        resolve("519901")
        category_tree()
        similar.warm()
        with CaptureQueriesContext(connection) as captured:
            answer = ask(client)
        assert answer.status_code in {200, 201}, (name, answer.content)
        own = ("SAVEPOINT", "RELEASE")
        made = [q["sql"] for q in captured.captured_queries if not q["sql"].startswith(own)]
        self.counts[name] = sum(1 + sql.count(";\nINSERT") for sql in made)
        return answer


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world to ask about, where luck changes no count.

    No word is common, whatever ANALYZE last saw; what was read once stays known, however slow the
    machine is.
    """
    monkeypatch.setattr(similar._frequencies, "_load", dict)
    monkeypatch.setattr(process_cache, "monotonic", lambda: 0.0)
    monkeypatch.setattr(authentication, "REMEMBERED_SECONDS", 1e9)
    forget_known_keys()
    return World()


def measured(world: World) -> dict[str, int]:
    """Ask every endpoint once, lists at three sizes."""
    meter = Meter()
    category()
    _contacts(meter, world)
    _steps(meter, world)
    _lists(meter, world)
    return dict(sorted(meter.counts.items()))


def _contacts(meter: Meter, world: World) -> None:
    def post(client: APIClient, **headers: str) -> Any:
        return client.post(f"{ROOT}contacts", CONTACT, format="json", **headers)

    meter.measure("POST contacts", post, None)
    meter.measure(
        "POST contacts with a key", lambda c: post(c, HTTP_IDEMPOTENCY_KEY="k-1"), world.agent
    )
    meter.measure("POST contacts again", lambda c: post(c, HTTP_IDEMPOTENCY_KEY="k-1"), world.agent)


def _steps(meter: Meter, world: World) -> None:
    for name, step in TICKET_POSTS.items():
        made = world.ticket_in(START[name])
        actor = world.people[min(step.roles)]
        if name == "release":
            made.claimed_by = actor
            made.save(update_fields=["claimed_by"])
        path = f"{ROOT}tickets/{made.no}/{name}"
        meter.measure(
            f"POST tickets/…/{name}",
            lambda c, path=path, body=step.body: c.post(path, body, format="json"),
            actor,
        )
    for name, step in ORDER_POSTS.items():
        order = world.order_in(max(step.states) if name == "progress" else min(step.states))
        path = f"{ROOT}orders/{order.no}/{name}"
        actor = world.people[Role.UNIT_HEAD]
        meter.measure(
            f"POST orders/…/{name}",
            lambda c, path=path, body=step.body: c.post(path, body, format="json"),
            actor,
        )


def _lists(meter: Meter, world: World) -> None:
    made = world.ticket_in(TicketState.REVIEW)
    reads = {
        "GET tickets/{no}": f"tickets/{made.no}",
        "GET tickets/{no}/similar": f"tickets/{made.no}/similar",
        "GET track": f"track?ticket_no={made.no}&query_code={made.query_code}",
    }
    for name, path in reads.items():
        meter.measure(name, lambda c, path=path: c.get(ROOT + path), world.agent)
    meter.measure(
        "POST suggest", lambda c: c.post(f"{ROOT}suggest", CONTACT, format="json"), world.agent
    )
    for _ in range(max(ROWS)):
        ticket(at=world.tick())
    number_pending()
    for rows in ROWS:
        for who, person in (("a desk", world.agent), ("a unit", world.handler)):
            path = f"{ROOT}tickets?page_size={rows}"
            answer = meter.measure(
                f"GET tickets of {rows} for {who}", lambda c, path=path: c.get(path), person
            )
            assert len(answer.json()["results"]) == rows or person == world.handler
        path = f"{ROOT}tickets?page_size={rows}&q=路灯&state=registered&category=03&region=519901"
        meter.measure(
            f"GET tickets of {rows}, filtered", lambda c, path=path: c.get(path), world.agent
        )
    meter.measure("GET events", lambda c: c.get(f"{ROOT}events?after=0"), world.agent)


@pytest.mark.slow
@pytest.mark.django_db
def test_every_endpoint_makes_the_recorded_number_of_statements(world: World) -> None:
    counts = measured(world)

    if os.environ.get("RECORD_QUERY_COUNTS"):
        text = json.dumps(counts, ensure_ascii=False, indent=1)
        RECORDED.write_text(f"{text}\n", encoding="utf-8")
    assert counts == json.loads(RECORDED.read_text(encoding="utf-8"))


class TestBudgets:
    COUNTS = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}

    def test_a_contact_costs_at_most_fifteen_statements(self) -> None:
        contacts = {name: n for name, n in self.COUNTS.items() if name.startswith("POST contacts")}

        assert len(contacts) == 3
        assert max(contacts.values()) <= CONTACT_MAX

    def test_a_list_costs_at_most_eight_at_any_size(self) -> None:
        lists = {
            name: n
            for name, n in self.COUNTS.items()
            if name.startswith(("GET tickets of", "GET events"))
        }

        assert len(lists) == 3 * len(ROWS) + 1
        assert max(lists.values()) <= LIST_MAX

    @pytest.mark.parametrize("kind", [" for a desk", " for a unit", ", filtered"])
    def test_a_longer_page_costs_no_more(self, kind: str) -> None:
        assert len({self.COUNTS[f"GET tickets of {rows}{kind}"] for rows in ROWS}) == 1

    def test_every_step_is_counted(self) -> None:
        steps = {f"POST tickets/…/{name}" for name in TICKET_POSTS}
        steps |= {f"POST orders/…/{name}" for name in ORDER_POSTS}

        assert steps <= set(self.COUNTS)
        assert OrderState.ISSUED in ORDER_POSTS["sign"].states
