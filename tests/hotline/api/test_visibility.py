"""Alice owns a ticket, Bob works elsewhere, Charlie is a stranger: what each address tells them.

One case for every address of the API; a new address without a case fails.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from rest_framework.test import APIClient

from core.accounts.models import User
from core.accounts.states import Role
from core.events.relay import number_pending
from hotline.api.urls import urlpatterns
from hotline.models import Ticket
from tests.factories.core import OrganisationFactory, district, member, policies
from tests.factories.hotline import Desk, category, ticket
from tests.hotline.api.conftest import ROOT
from tests.hotline.api.posts import ORDER_POSTS, TICKET_POSTS

pytestmark = pytest.mark.django_db
Case = Callable[[APIClient, Ticket], HttpResponse]
SECRET_TITLE = "青竹巷七号院化粪池外溢"
SECRET_WORDS = "污水流到了楼道口"
QUERY = {"q": "化粪池外溢"}


def _posted(path: str, body: dict[str, Any]) -> Case:
    return lambda client, made: client.post(ROOT + path.format(made.no), body, format="json")


def _read(path: str, **query: Any) -> Case:
    return lambda client, made: client.get(ROOT + path.format(made.no), query)


CASES: dict[str, list[Case]] = {
    "api-contacts": [
        _posted("contacts", {"region": "519901", "title": SECRET_TITLE[:3], "content": "又坏了"})
    ],
    "api-tickets": [
        _read("tickets"),
        _read("tickets", **QUERY),
        _read("tickets", state="dispatched"),
        _read("tickets", unit="lead-unit"),
        _read("tickets", region="519901"),
        _read("tickets", category="030502"),
        _read("tickets", page_size=1),
    ],
    "api-ticket": [_read("tickets/{}")],
    "api-similar": [_read("tickets/{}/similar")],
    "api-events": [_read("events", after=0)],
    "api-suggest": [_posted("suggest", {"title": SECRET_TITLE, "content": SECRET_WORDS})],
    "api-track": [
        lambda client, made: client.get(f"{ROOT}track", {"ticket_no": made.no, "query_code": "X"}),
        lambda client, made: client.get(f"{ROOT}track", {"ticket_no": made.no}),
        lambda client, made: client.get(
            f"{ROOT}track", {"ticket_no": made.no, "query_code": "ABCDEFGH"}
        ),
    ],
    **{
        f"api-ticket-{name}": [_posted(f"tickets/{{}}/{name}", post.body)]
        for name, post in TICKET_POSTS.items()
    },
    **{
        f"api-order-{name}": [_posted(f"orders/{{}}-01/{name}", post.body)]
        for name, post in ORDER_POSTS.items()
    },
}


@pytest.fixture
def made(desk: Desk) -> Ticket:
    """Return Alice's ticket, answered and not yet approved, in one district of the city."""
    category()
    alice = member(Role.CITIZEN)
    found = desk.answered(
        citizen=alice,
        title=SECRET_TITLE,
        content=SECRET_WORDS,
        confidential=True,
        caller_name="欧阳晓",
        caller_phone="19900004321",
        category="030502",
    )
    number_pending()
    return found


def bob_of_another_district() -> User:
    return member(Role.AGENT, region=district("519902", "青屏区"))


def bob_of_another_unit() -> User:
    return member(Role.HANDLER, unit=OrganisationFactory(code="far-unit"))


def charlie() -> User:
    return member(Role.CITIZEN)


def traces_in(answer: HttpResponse, made: Ticket) -> list[str]:
    """Return what an answer tells of the ticket."""
    secrets = [made.no, made.query_code, SECRET_TITLE, SECRET_WORDS, "欧阳", "4321", "三盏路灯"]
    body = answer.content.decode()
    return [secret for secret in secrets if secret in body]


class TestStrangers:
    @pytest.mark.parametrize("name", [pattern.name for pattern in urlpatterns])
    @pytest.mark.parametrize("who", [bob_of_another_district, bob_of_another_unit, charlie])
    def test_learn_nothing_from_any_address(
        self,
        made: Ticket,
        with_key: Callable[..., APIClient],
        who: Callable[[], User],
        name: str,
    ) -> None:
        client = with_key(who())

        for case in CASES[name]:
            answer = case(client, made)

            assert answer.status_code in {200, 201, 403, 404}, answer.content
            assert traces_in(answer, made) == []

    @pytest.mark.parametrize("name", [pattern.name for pattern in urlpatterns])
    def test_nor_does_who_has_no_account(self, made: Ticket, name: str) -> None:
        for case in CASES[name]:
            answer = case(APIClient(), made)

            assert answer.status_code in {200, 201, 401, 404}, answer.content
            assert traces_in(answer, made) == []

    def test_every_address_has_its_cases_here(self) -> None:
        assert set(CASES) == {pattern.name for pattern in urlpatterns}

    @pytest.mark.parametrize("who", [bob_of_another_district, bob_of_another_unit, charlie])
    def test_get_pages_without_holes_and_without_totals(
        self, made: Ticket, desk: Desk, with_key: Callable[..., APIClient], who: Callable[[], User]
    ) -> None:
        person = who()
        own = [ticket(citizen=person, title=f"我的第{n}件") for n in range(3)]
        for number in range(3):
            ticket(title=f"别人的第{number}件")
        client = with_key(person)

        first = client.get(f"{ROOT}tickets", {"page_size": 2}).json()
        second = client.get(f"{ROOT}tickets", {"page_size": 2, "after": first["next"]}).json()

        assert set(first) == {"results", "next"}
        assert [row["no"] for row in first["results"] + second["results"]] == [
            row.no for row in reversed(own)
        ]
        assert second["next"] is None

    def test_a_hidden_number_and_an_absent_one_are_answered_alike(
        self, made: Ticket, with_key: Callable[..., APIClient]
    ) -> None:
        client = with_key(charlie())
        absent = "9" * 21

        for path in ("tickets/{}", "tickets/{}/similar"):
            hidden, missing = (client.get(ROOT + path.format(no)) for no in (made.no, absent))
            assert hidden.status_code == missing.status_code == 404
            assert hidden.json() == missing.json()
        for name, post in TICKET_POSTS.items():
            hidden, missing = (
                client.post(f"{ROOT}tickets/{no}/{name}", post.body, format="json")
                for no in (made.no, absent)
            )
            assert hidden.json() == missing.json()

    def test_a_known_external_id_opens_nobody_elses_ticket(
        self, desk: Desk, with_key: Callable[..., APIClient]
    ) -> None:
        body = {"source": "wechat", "external_id": "W-1", "content": "灯坏了", "region": "519901"}
        district()
        policies()
        owner = with_key(member(Role.AGENT), "contacts:write")
        first = owner.post(f"{ROOT}contacts", body, format="json")
        again = owner.post(f"{ROOT}contacts", body, format="json")
        rival = with_key(member(Role.AGENT), "contacts:write").post(
            f"{ROOT}contacts", body, format="json"
        )
        stranger = APIClient().post(f"{ROOT}contacts", body, format="json")

        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert (rival.status_code, rival.json()["code"]) == (409, "external_id_taken")
        assert (stranger.status_code, list(stranger.json()["fields"])) == (400, ["external_id"])
        assert Ticket.objects.count() == 1


class TestThoseConcerned:
    def test_alice_sees_her_ticket_but_not_what_the_units_write(
        self, made: Ticket, with_key: Callable[..., APIClient]
    ) -> None:
        assert made.citizen is not None
        body = with_key(made.citizen).get(f"{ROOT}tickets/{made.no}").json()

        assert (body["title"], body["content"]) == (SECRET_TITLE, SECRET_WORDS)
        assert body["caller_phone"] == "199****4321"
        assert body["orders"] == []
        assert "三盏路灯" not in str(body)

    @pytest.mark.parametrize("changes", [{"confidential": True}, {"kind": "report"}])
    def test_a_unit_learns_nothing_of_a_discreet_caller(
        self, desk: Desk, with_key: Callable[..., APIClient], changes: dict[str, Any]
    ) -> None:
        made = desk.dispatched(
            title="请联系我 19900004321",
            content="我的电话19900004321，身份证110101199003070038。",
            caller_name="欧阳晓",
            caller_phone="19900004321",
            caller_id_no="",
            **changes,
        )
        client = with_key(desk.handler)
        order_no = desk.lead_order(made).no

        answers = [
            client.get(f"{ROOT}tickets"),
            client.get(f"{ROOT}tickets/{made.no}"),
            client.get(f"{ROOT}tickets/{made.no}/similar"),
            client.get(f"{ROOT}events", {"after": 0}),
            client.post(f"{ROOT}orders/{order_no}/sign", {}, format="json"),
        ]

        for answer in answers:
            assert answer.status_code == 200
            body = answer.content.decode()
            assert not [word for word in ("4321", "欧阳", "欧", "0070038") if word in body]
        assert answers[1].json()["caller_name"] == answers[1].json()["caller_phone"] == ""

    def test_a_unit_sees_an_open_caller_masked(
        self, desk: Desk, with_key: Callable[..., APIClient]
    ) -> None:
        made = desk.dispatched(caller_phone="19900004321")

        body = with_key(desk.handler).get(f"{ROOT}tickets/{made.no}").json()

        assert body["caller_phone"] == "199****4321"
        assert [order["unit"]["code"] for order in body["orders"]] == ["lead-unit"]

    def test_events_go_to_the_scopes_concerned_and_to_no_other(
        self, made: Ticket, desk: Desk, with_key: Callable[..., APIClient]
    ) -> None:
        def kinds(user: User) -> list[str]:
            page = with_key(user).get(f"{ROOT}events", {"after": 0}).json()
            return [event["kind"].rsplit(".", 1)[1] for event in page["events"]]

        everything = [
            "registered",
            "dispatch",
            "issued",
            "sign",
            "record_first_contact",
            "submit_answer",
        ]
        assert kinds(desk.agent) == everything
        assert kinds(desk.handler) == [kind for kind in everything if kind != "registered"][-4:]
        assert kinds(bob_of_another_district()) == kinds(bob_of_another_unit()) == []
        assert kinds(charlie()) == []

    def test_roles_in_two_places_do_not_add_up(
        self, desk: Desk, with_key: Callable[..., APIClient]
    ) -> None:
        made = ticket()
        far = district("519902", "青屏区")
        person = member(Role.AUDITOR)
        person.memberships.create(
            organisation=person.memberships.get().organisation, role=Role.AGENT, region=far
        )
        client = with_key(person)

        assert client.get(f"{ROOT}tickets/{made.no}").status_code == 200
        answer = client.post(f"{ROOT}tickets/{made.no}/claim", {}, format="json")

        assert answer.status_code == 403
        assert Ticket.objects.get(pk=made.pk).version == 0

    def test_who_moves_a_ticket_out_of_their_region_still_sees_the_outcome(
        self, desk: Desk, with_key: Callable[..., APIClient]
    ) -> None:
        made = ticket()
        district("519902", "青屏区")
        client = with_key(member(Role.AGENT, region=district()))

        answer = client.post(f"{ROOT}tickets/{made.no}/revise", {"region": "519902"}, format="json")

        assert (answer.status_code, answer.json()["region"]) == (200, "519902")
        assert client.get(f"{ROOT}tickets/{made.no}").status_code == 404

    def test_the_citizens_account_is_no_call_back(
        self, desk: Desk, with_key: Callable[..., APIClient]
    ) -> None:
        owner = charlie()
        made = desk.replied(citizen=owner)

        answer = with_key(owner).post(
            f"{ROOT}tickets/{made.no}/callback", {"result": "declined"}, format="json"
        )

        assert answer.status_code == 403
        assert Ticket.objects.get(pk=made.pk).state == "replied"
