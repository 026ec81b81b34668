"""`kill -9` in mid-flow: nothing acknowledged is lost, nothing happens twice, all carries on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.journeys.running_city import (
    PROGRAMS,
    SERVERS,
    Agent,
    Citizen,
    City,
    Console,
    eventually,
    raise_matter,
    running_city,
    sign_in,
)

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("city"),
]
BEFORE = 40
AFTER = 15
DUE = 25


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with running_city() as city:
        yield city


@dataclass
class Crowd:
    """Two citizens, an agent and an open console, all at work."""

    city: City
    citizens: list[Citizen]
    agent: Agent
    console: Console

    def acknowledged(self) -> dict[str, str]:
        return {key: no for one in self.citizens for key, no in one.acknowledged.copy().items()}

    def tried(self) -> set[str]:
        return {key for one in self.citizens for key in one.tried.copy()}

    def rest(self) -> None:
        """Let the citizens and the agent finish what they are at; the console stays open."""
        for client in (*self.citizens, self.agent):
            client.finished.set()
        for client in (*self.citizens, self.agent):
            client.join(60)
            assert not client.is_alive()


@contextmanager
def crowd_in(city: City, name: str) -> Iterator[Crowd]:
    citizens = [Citizen(city, f"{name}-{number}") for number in range(2)]
    crowd = Crowd(city, citizens, Agent(city, citizens), Console(city))
    clients = (*citizens, crowd.agent, crowd.console)
    for client in clients:
        client.start()
    try:
        yield crowd
    finally:
        for client in clients:
            client.finished.set()
        for client in clients:
            client.join(60)


def make_due(city: City) -> list[int]:
    """Let the promises of the latest tickets be due now; return the tickets' ids."""
    rows = city.ask(
        """
        UPDATE core_clock SET due_at = now() WHERE id IN (
            SELECT id FROM core_clock
            WHERE state = 'running' AND kind = 'answer' AND subject_type = 'hotline.ticket'
            ORDER BY id DESC LIMIT %s
        ) RETURNING subject_id
        """,
        DUE,
    )
    return [row[0] for row in rows]


def fired(city: City, tickets: list[int]) -> dict[int, int]:
    """How often the news went out that a ticket's promise ran out."""
    rows = city.ask(
        """
        SELECT subject_id, count(*) FROM core_event
        WHERE kind = 'hotline.ticket.overdue' AND data->>'clock' = 'answer'
          AND subject_id = ANY(%s) GROUP BY subject_id
        """,
        tickets,
    )
    return dict(rows)


def contacts_of(city: City) -> dict[str, list[str]]:
    """The ticket numbers behind each title."""
    found: dict[str, list[str]] = {}
    for title, no in city.ask(
        "SELECT c.title, t.no FROM hotline_contact c"
        " LEFT JOIN hotline_ticket t ON t.origin_id = c.id"
    ):
        found.setdefault(title, []).append(no)
    return found


def half_transitions(city: City) -> list[tuple[object, ...]]:
    """Tickets and orders whose version or state is not what their log says."""
    return city.ask(
        """
        WITH subject AS (
            SELECT 'hotline.ticket' AS type, id, version, state, 'registered' AS first
            FROM hotline_ticket
            UNION ALL
            SELECT 'hotline.order', id, version, state, 'issued' FROM hotline_handlingorder
        ), log AS (
            SELECT subject_type AS type, subject_id AS id, count(*) AS lines,
                   max(version) AS version, (array_agg(target ORDER BY version DESC))[1] AS state
            FROM core_transitionlog GROUP BY subject_type, subject_id
        )
        SELECT s.type, s.id, s.version, s.state, l.* FROM subject s
        LEFT JOIN log l ON l.type = s.type AND l.id = s.id
        WHERE s.version <> coalesce(l.lines, 0) OR s.version <> coalesce(l.version, 0)
           OR s.state <> coalesce(l.state, s.first)
        """
    )


def expected_positions(city: City, console: Console) -> list[int]:
    """What the console must have heard, in order."""
    rows = city.ask(
        "SELECT position FROM core_event WHERE position > %s AND scopes && %s ORDER BY position",
        console.first,
        city.keys.scopes,
    )
    return [row[0] for row in rows]


def pending(city: City) -> int:
    """How many events have no place in the sequence yet."""
    count: int = city.ask("SELECT count(*) FROM core_event WHERE position IS NULL")[0][0]
    return count


def has_heard_all(city: City, console: Console) -> bool:
    return not pending(city) and len(console.positions) >= len(expected_positions(city, console))


def ask_again(city: City, keys: list[str]) -> dict[str, str]:
    """Post what was acknowledged before once more; return the ticket numbers."""
    with httpx.Client(base_url=city.url, timeout=20) as http:
        return {key: raise_matter(http, key).json()["ticket_no"] for key in keys}


def dispatched_in(city: City) -> set[str]:
    return {row[0] for row in city.ask("SELECT no FROM hotline_ticket WHERE state = 'dispatched'")}


class TestSuddenDeath:
    @pytest.mark.parametrize(
        "victims",
        [["web"], ["worker"], ["relay"], ["valkey"], ["postgres"], [*PROGRAMS, *SERVERS]],
        ids="+".join,
    )
    def test_loses_nothing_and_repeats_nothing(self, city: City, victims: list[str]) -> None:
        with crowd_in(city, victims[-1]) as crowd:
            assert eventually(lambda: crowd.console.connections > 0)
            assert eventually(lambda: len(crowd.acknowledged()) >= BEFORE)
            due = make_due(city)
            assert eventually(lambda: bool(fired(city, due)))

            killed = {victim: city.kill(victim) for victim in victims}

            before = len(crowd.acknowledged())
            assert eventually(
                lambda: all(city.is_back(name, killed=pid) for name, pid in killed.items())
            )
            assert eventually(lambda: len(crowd.acknowledged()) >= before + AFTER)
            assert eventually(lambda: len(fired(city, due)) == DUE)
            crowd.rest()
            assert eventually(lambda: has_heard_all(city, crowd.console))

        acknowledged = crowd.acknowledged()
        again = ask_again(city, list(acknowledged)[:3])
        contacts = contacts_of(city)
        assert {key: contacts.get(key) for key in acknowledged} == {
            key: [no] for key, no in acknowledged.items()
        }
        assert all(len(contacts.get(key, [])) <= 1 for key in crowd.tried())
        assert again.items() <= acknowledged.items()
        assert set(fired(city, due).values()) == {1}
        assert half_transitions(city) == []
        assert crowd.agent.dispatched
        assert crowd.agent.dispatched <= dispatched_in(city)
        assert crowd.console.positions == expected_positions(city, crowd.console)
        assert city.answers("/readyz")

    def test_leaves_the_audit_chain_whole(self, city: City) -> None:
        with httpx.Client(base_url=city.url, timeout=20) as http:
            statuses = {raise_matter(http, f"sealed-{number}").status_code for number in range(20)}
        killed = [city.kill("worker"), city.kill("postgres")]
        assert eventually(lambda: city.is_back("postgres", killed=killed[1]))
        assert eventually(lambda: city.answers("/readyz"))

        verified = city.manage("verify_audit")

        assert statuses == {201}
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert "审计链完整" in verified.stdout


class TestOutage:
    def test_valkey_is_missed_by_nobody_who_raises_a_matter(self, city: City) -> None:
        console = Console(city)
        console.start()
        assert eventually(lambda: console.connections > 0)
        try:
            with city.without("valkey"), httpx.Client(base_url=city.url, timeout=5) as http:
                raised = [raise_matter(http, f"no-valkey-{number}") for number in range(3)]
                portal = http.get("/")
                signed_in = sign_in(http, city.keys.name)
                ready = http.get("/readyz")
                assert eventually(lambda: not pending(city))

            assert eventually(lambda: has_heard_all(city, console))
        finally:
            console.finished.set()
            console.join(30)

        assert [answer.status_code for answer in raised] == [201, 201, 201]
        assert (portal.status_code, signed_in.status_code) == (200, 302)
        assert (ready.status_code, ready.json()["checks"]["broker"]) == (503, "failed")
        assert console.positions == expected_positions(city, console)

    def test_without_postgresql_a_matter_is_refused_and_taken_when_it_is_back(
        self, city: City
    ) -> None:
        with httpx.Client(base_url=city.url, timeout=20) as http:
            with city.without("postgres"):
                refused = raise_matter(http, "no-postgres")
                alive, ready = http.get("/healthz"), http.get("/readyz")

            taken = raise_matter(http, "no-postgres")

        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert (alive.status_code, ready.status_code) == (200, 503)
        assert taken.status_code == 201
        assert contacts_of(city)["no-postgres"] == [taken.json()["ticket_no"]]
