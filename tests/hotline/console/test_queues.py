"""The queues: who sees which work, in which order, at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.states import Role
from hotline.actions import triage
from hotline.queries.queues import COUNT_LIMIT, count_queues, count_words
from tests.factories.core import EPOCH, UserFactory, district, member
from tests.factories.hotline import Desk, ticket

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def numbers_on(page: str, *nos: str) -> list[str]:
    """Return the numbers in the order in which their rows stand."""
    return sorted((no for no in nos if f'data-no="{no}"' in page), key=page.index)


class TestQueuePage:
    def test_asks_a_stranger_to_sign_in(self):
        answer = Client().get("/console/")

        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/?next=/console/")

    def test_tells_a_citizen_that_it_is_not_theirs(self):
        answer = signed_in(UserFactory()).get("/console/")

        assert answer.status_code == 403
        assert "您的账号还没有工作台的权限" in answer.content.decode()

    def test_orders_waiting_tickets_by_urgency_and_then_by_age(self, desk: Desk):
        old = ticket(at=EPOCH)
        urgent = ticket(at=EPOCH + timedelta(hours=1), urgency="urgent")
        emergency = ticket(at=EPOCH + timedelta(hours=2), urgency="emergency")
        young = ticket(at=EPOCH + timedelta(hours=3))

        page = signed_in(desk.agent).get("/console/").content.decode()

        wanted = [emergency.no, urgent.no, old.no, young.no]
        assert numbers_on(page, *reversed(wanted)) == wanted

    def test_shows_only_the_agents_own_region(self, desk: Desk):
        here = ticket()
        there = ticket(region=district("519902", "南湖区").code)
        agent = member(Role.AGENT, region=district())

        page = signed_in(agent).get("/console/").content.decode()

        assert here.no in page
        assert there.no not in page

    def test_shows_a_unit_only_its_own_orders(self, desk: Desk):
        made = desk.dispatched()
        order = desk.lead_order(made)

        own = signed_in(desk.handler).get("/console/").content.decode()
        other = signed_in(desk.assist_handler).get("/console/").content.decode()

        assert order.no in own
        assert made.no not in other

    def test_gives_no_other_roles_queue(self, desk: Desk):
        answer = signed_in(desk.handler).get("/console/queues/waiting/")

        assert answer.status_code == 404
        assert "没有任何内容被改动" in answer.content.decode()

    def test_narrows_by_urgency_kind_and_district(self, desk: Desk):
        wanted = ticket(
            urgency="urgent", kind="complaint", region=district("519902", "南湖区").code
        )
        others = [
            ticket(kind="complaint"),
            ticket(urgency="urgent"),
            ticket(urgency="urgent", kind="complaint"),
        ]

        page = (
            signed_in(desk.agent)
            .get("/console/?urgency=urgent&kind=complaint&region=519902")
            .content.decode()
        )

        assert numbers_on(page, wanted.no, *(one.no for one in others)) == [wanted.no]

    @pytest.mark.parametrize("query", ["kind=nonsense", "region=519901' or 1=1", "urgency=%00x"])
    def test_takes_an_unknown_filter_for_none(self, desk: Desk, query):
        made = ticket()

        answer = signed_in(desk.agent).get(f"/console/queues/waiting/?{query}")

        assert answer.status_code == 400 or made.no in answer.content.decode()

    def test_says_what_will_appear_in_an_empty_queue(self, desk: Desk):
        page = signed_in(desk.agent).get("/console/").content.decode()

        assert "“待受理”现在是空的" in page
        assert "不用刷新" in page

    def test_pages_by_keyset_without_gap_or_repeat(self, desk: Desk, monkeypatch):
        monkeypatch.setattr("hotline.views.console.queues.PAGE_SIZE", 2)
        made = [ticket(at=EPOCH + timedelta(minutes=n)).no for n in range(5)]
        client, seen, url = signed_in(desk.agent), [], "/console/queues/waiting/"

        while url:
            answer = client.get(url, headers={"HX-Request": "true", "HX-Target": "rows"})
            seen += numbers_on(answer.content.decode(), *made)
            url = answer.context["next_url"]

        assert seen == made

    def test_refuses_a_forged_cursor_in_words(self, desk: Desk):
        answer = signed_in(desk.agent).get("/console/queues/waiting/?after=abc")

        assert answer.status_code == 400
        assert "翻页标记无效" in answer.content.decode()

    def test_marks_an_overdue_ticket_for_the_shift_lead(self, desk: Desk):
        desk.now = EPOCH - timedelta(days=400)
        late = desk.dispatched()

        page = signed_in(desk.lead).get("/console/queues/overdue/").content.decode()

        assert late.no in page
        assert "超期" in page
        assert "due--over" in page

    @pytest.mark.parametrize("rows", [1, 5])
    def test_costs_at_most_eight_statements_at_any_size(self, desk: Desk, rows):
        for n in range(rows):
            ticket(at=EPOCH + timedelta(minutes=n))
        client = signed_in(desk.agent)
        client.get("/console/")

        with CaptureQueriesContext(connection) as statements:
            client.get("/console/")

        assert len(statements) <= 8, [one["sql"] for one in statements]
        assert not any("COUNT(" in one["sql"] for one in statements)

    @pytest.mark.parametrize("rows", [1, 5])
    def test_costs_a_unit_at_most_eight_statements(self, desk: Desk, rows):
        for _ in range(rows):
            desk.dispatched()
        client = signed_in(desk.handler)
        client.get("/console/")

        with CaptureQueriesContext(connection) as statements:
            client.get("/console/")

        assert len(statements) <= 8, [one["sql"] for one in statements]


class TestQueueRows:
    def test_returns_the_row_that_belongs_and_leaves_out_the_one_that_left(self, desk: Desk):
        stays, leaves = ticket(), ticket()
        triage.dispatch_ticket(
            ticket_no=leaves.no,
            dispatch=triage.Dispatch(lead=desk.unit.code),
            by=desk.agent,
            at=desk.tick(),
        )

        answer = signed_in(desk.agent).get(
            f"/console/queues/waiting/rows/?no={stays.no}&no={leaves.no}"
        )

        assert numbers_on(answer.content.decode(), stays.no, leaves.no) == [stays.no]

    def test_keeps_another_units_order_hidden(self, desk: Desk):
        order = desk.lead_order(desk.dispatched())

        address = f"/console/queues/to-sign/rows/?no={order.no}"

        own = signed_in(desk.handler).get(address).content.decode()
        other = signed_in(desk.assist_handler).get(address).content.decode()

        assert f'data-no="{order.no}"' in own
        assert other.strip() == ""


class TestQueueCounts:
    def test_counts_what_waits_for_each_role(self, desk: Desk):
        ticket()
        desk.dispatched()
        mine = ticket()
        triage.claim_ticket(ticket_no=mine.no, by=desk.agent, at=desk.tick())

        agent = count_queues(user=desk.agent, at=desk.now)
        handler = count_queues(user=desk.handler, at=desk.now)

        assert (agent["waiting"], agent["mine"], agent["handling"]) == (2, 1, 1)
        assert handler == {"to-sign": 1}

    def test_takes_one_statement_and_never_counts_past_the_limit(self, desk: Desk, monkeypatch):
        monkeypatch.setattr("hotline.queries.queues.COUNT_LIMIT", 2)
        for _ in range(3):
            ticket()
        count_queues(user=desk.agent, at=desk.now)

        with CaptureQueriesContext(connection) as statements:
            counts = count_queues(user=desk.agent, at=desk.now)

        assert counts["waiting"] == 2
        assert len(statements) == 1

    def test_says_99_plus(self):
        assert (count_words(7), count_words(COUNT_LIMIT)) == ("7", "99+")

    def test_answers_as_json(self, desk: Desk):
        ticket()

        answer = signed_in(desk.agent).get("/console/counts/")

        assert answer.json()["counts"]["waiting"] == "1"
        assert answer.json()["counts"]["callback"] == ""


class TestSearch:
    def found(self, user, query) -> str:
        answer = signed_in(user).post(reverse("console:search"), {"q": query})
        assert answer.status_code == 200
        return answer.content.decode()

    def test_finds_by_exact_number(self, desk: Desk):
        made, other = ticket(), ticket()

        page = self.found(desk.agent, made.no)

        assert numbers_on(page, made.no, other.no) == [made.no]

    def test_finds_by_phone_however_it_is_written(self, desk: Desk):
        made = ticket(caller_phone="19900005678")
        other = ticket(caller_phone="19900005679")

        page = self.found(desk.agent, "+86 199 0000 5678")

        assert numbers_on(page, made.no, other.no) == [made.no]

    def test_does_not_find_by_part_of_a_phone(self, desk: Desk):
        made = ticket(caller_phone="19900005678")

        assert made.no not in self.found(desk.agent, "1990000567")

    def test_finds_by_words(self, desk: Desk):
        made = ticket(title="菜市场污水横流", content="下水道堵了好几天，没有人来疏通。")
        other = ticket()

        page = self.found(desk.agent, "污水")

        assert numbers_on(page, made.no, other.no) == [made.no]

    def test_gives_a_unit_no_search_by_phone(self, desk: Desk):
        made = desk.dispatched(caller_phone="19900005678")

        assert made.no not in self.found(desk.handler, "19900005678")
        assert made.no in self.found(desk.handler, made.no)

    @pytest.mark.parametrize("how", ["number", "words", "phone", "order"])
    def test_finds_nothing_of_another_unit(self, desk: Desk, how):
        made = desk.dispatched(title="菜市场污水横流", caller_phone="19900005678")
        query = {
            "number": made.no,
            "words": "污水横流",
            "phone": "19900005678",
            "order": desk.lead_order(made).no,
        }[how]

        page = self.found(desk.assist_handler, query)

        assert f'data-no="{made.no}"' not in page
        assert "没有找到您能查看的工单" in page

    def test_finds_the_ticket_of_an_order_number(self, desk: Desk):
        made = desk.dispatched()

        assert made.no in self.found(desk.agent, desk.lead_order(made).no)

    @pytest.mark.parametrize("query", ["", "   ", "\x07", "%", "😀", "'; --", "a" * 300])
    def test_survives_odd_queries(self, desk: Desk, query):
        ticket()

        page = self.found(desk.agent, query)

        assert "data-no=" not in page
