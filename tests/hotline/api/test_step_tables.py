"""Every step × every role × every state, posted by hand: the table or a refusal, never a trace."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from core.accounts.models import User
from core.accounts.states import CENTRE_ROLES, UNIT_ROLES, Role
from core.audit.models import AuditEntry
from hotline.api.steps import ORDER_STEPS, TICKET_STEPS
from hotline.models import Ticket
from hotline.states import OrderState, TicketState
from tests.hotline.api.conftest import ROOT
from tests.hotline.api.posts import ORDER_POSTS, TICKET_POSTS, Post
from tests.hotline.machines.scenes import World, fingerprint, sees_order, sees_ticket

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PATHS = [
    *(f"tickets/{{}}/{name}" for name in TICKET_POSTS),
    *(f"orders/{{}}-01/{name}" for name in ORDER_POSTS),
]


def expected(post: Post, state: str, *, role: Role, sees: bool) -> int:
    """404 for who may not know of it, 403 for a wrong role, 409 for a wrong state."""
    if not sees:
        return 404
    if role not in post.roles:
        return 403
    return 200 if state in post.states else 409


def knock(client: APIClient, path: str, post: Post) -> int:
    """Post it and return the status; every refusal has a code and a message."""
    answer = client.post(ROOT + path, post.body, format="json")
    body = answer.json()
    assert answer.status_code == 200 or (body["code"] and body["message"])
    return answer.status_code


def undone(client: APIClient, path: str, post: Post, before: str) -> tuple[int, bool]:
    """Post what is allowed, tell status and whether anything changed; undo it."""
    with transaction.atomic():
        status = knock(client, path, post)
        changed = fingerprint() != before
        transaction.set_rollback(True)
    return status, changed


def met(world: World, state: str) -> list[Role]:
    """Return the roles that work with the hotline, and one outsider: over the states, each one."""
    insiders = [role for role in Role if role in CENTRE_ROLES | UNIT_ROLES | {Role.CITIZEN}]
    outsiders = [role for role in Role if role not in insiders]
    return [*insiders, outsiders[TicketState.values.index(state) % len(outsiders)]]


class TestTicketSteps:
    @pytest.mark.parametrize("state", TicketState.values)
    def test_each_role_is_answered_by_the_table(
        self, world: World, with_key: Callable[..., APIClient], state: str
    ) -> None:
        made = world.ticket_in(state)
        clients = {role: with_key(world.people[role]) for role in met(world, state)}
        wrong, before = [], fingerprint()

        for name, post in TICKET_POSTS.items():
            for role, client in clients.items():
                wanted = expected(post, state, role=role, sees=sees_ticket(role, state))
                path = f"tickets/{made.no}/{name}"
                if name == "note" and role not in post.roles:
                    wanted = 403
                if name == "release" and wanted == 200:
                    wanted = 409  # nobody has it: see the test below
                if wanted != 200:
                    got = knock(client, path, post), False
                else:
                    got = undone(client, path, post, before)
                if got != (wanted, wanted == 200):
                    wrong.append((name, role, got, wanted))

        assert wrong == []
        assert fingerprint() == before

    def test_who_has_it_gives_it_back(
        self, world: World, with_key: Callable[..., APIClient]
    ) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        Ticket.objects.filter(pk=made.pk).update(claimed_by=world.agent)

        status = knock(with_key(world.agent), f"tickets/{made.no}/release", TICKET_POSTS["release"])

        after = Ticket.objects.get(pk=made.pk)
        assert (status, after.claimed_by, after.version) == (200, None, 1)


class TestOrderSteps:
    @pytest.mark.parametrize("state", OrderState.values)
    def test_each_role_is_answered_by_the_table(
        self, world: World, with_key: Callable[..., APIClient], state: str
    ) -> None:
        order = world.order_in(state)
        clients = {role: with_key(person) for role, person in world.people.items()}
        wrong, before = [], fingerprint()

        for name, post in ORDER_POSTS.items():
            for role, client in clients.items():
                wanted = expected(post, state, role=role, sees=sees_order(role))
                path = f"orders/{order.no}/{name}"
                if wanted != 200:
                    got = knock(client, path, post), False
                else:
                    got = undone(client, path, post, before)
                if got != (wanted, wanted == 200):
                    wrong.append((name, role, got, wanted))

        assert wrong == []
        assert fingerprint() == before


class TestSessions:
    """A browser that is signed in meets the same tables, and needs the CSRF token."""

    @pytest.mark.parametrize("state", ["registered", "dispatched", "review"])
    def test_each_role_is_answered_by_the_table(
        self, world: World, signed_in: Callable[[User], APIClient], state: str
    ) -> None:
        made, wrong = world.ticket_in(state), []
        before = fingerprint()
        roles = (Role.CITIZEN, Role.AGENT, Role.HANDLER, Role.AUDITOR, Role.SYSTEM_ADMIN)

        for role in roles:
            client = signed_in(world.people[role])
            for name in ("claim", "dispatch", "redo", "withdraw"):
                post = TICKET_POSTS[name]
                wanted = expected(post, state, role=role, sees=sees_ticket(role, state))
                got = undone(client, f"tickets/{made.no}/{name}", post, before)
                if got != (wanted, wanted == 200):
                    wrong.append((name, role, got, wanted))

        assert wrong == []

    def test_a_forged_form_changes_nothing(self, world: World) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(world.agent)

        answer = client.post(f"{ROOT}tickets/{made.no}/claim", {}, format="json")

        assert answer.status_code == 403
        assert Ticket.objects.get(pk=made.pk).claimed_by is None


class TestKeys:
    @pytest.mark.parametrize("path", PATHS)
    def test_without_the_scope_or_without_a_key_nothing_happens(
        self, world: World, with_key: Callable[..., APIClient], path: str
    ) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        before = fingerprint()
        name = path.rsplit("/", 1)[1]
        post = (TICKET_POSTS if path.startswith("tickets") else ORDER_POSTS)[name]

        for client, status in ((with_key(world.lead, "tickets:read"), 403), (APIClient(), 401)):
            assert knock(client, path.format(made.no), post) == status
        assert fingerprint() == before

    def test_every_step_has_a_body_here(self) -> None:
        assert set(TICKET_POSTS) == set(TICKET_STEPS)
        assert set(ORDER_POSTS) == set(ORDER_STEPS)


class TestRefusals:
    def test_are_in_the_trail_although_the_deed_was_rolled_back(
        self, world: World, with_key: Callable[..., APIClient]
    ) -> None:
        made = world.ticket_in(TicketState.DISPATCHED)

        answer = with_key(world.handler).post(
            f"{ROOT}tickets/{made.no}/dispatch", {"lead": "lead-unit"}, format="json"
        )

        entry = AuditEntry.objects.get(action="request.refused")
        assert answer.status_code == 403
        assert (entry.actor, entry.outcome) == (world.handler, "refused")
        assert (entry.subject_id, entry.data["code"]) == ("api-ticket-dispatch", "forbidden")
        assert entry.address == "127.0.0.1"

    def test_on_a_page_too(self, world: World, client: Any) -> None:
        made = world.ticket_in(TicketState.DISPATCHED)
        client.force_login(world.handler)

        answer = client.post(f"/console/tickets/{made.no}/claim/", {"version": made.version})

        assert answer.status_code == 403
        assert AuditEntry.objects.filter(action="request.refused", actor=world.handler).exists()

    def test_a_stale_version_tells_both(
        self, world: World, with_key: Callable[..., APIClient]
    ) -> None:
        made = world.ticket_in(TicketState.REGISTERED)
        client = with_key(world.agent)
        for name in ("claim", "release"):
            assert knock(client, f"tickets/{made.no}/{name}", TICKET_POSTS[name]) == 200

        answer = client.post(f"{ROOT}tickets/{made.no}/claim", {"version": 0}, format="json")

        assert answer.status_code == 409
        assert answer.json() == {
            "code": "stale_version",
            "message": "在您编辑期间，别人已更新了这条记录。请比较后再提交。",
            "expected": 0,
            "current": 2,
        }
