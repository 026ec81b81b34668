"""Following a ticket through the pages: proof, time line, facts, withdrawal, verdict."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.audit.models import AuditEntry
from hotline.models import Evaluation, Supplement, Ticket
from hotline.states import TicketState
from tests.factories.core import UserFactory
from tests.factories.hotline import Desk, ticket
from tests.hotline.portal.form_filling import text

UNKNOWN = "519900202611222000999"


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


@pytest.fixture
def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every caller look up three times; the counting itself is tested with the throttles."""
    uses: Counter[tuple[str, str]] = Counter()

    def wait_of(*, scope: str, caller: str) -> float:
        uses[scope, caller] += 1
        return 60.0 if uses[scope, caller] > 3 else 0.0

    monkeypatch.setattr("core.http.throttles.wait_of", wait_of)
    monkeypatch.setattr("hotline.views.portal.tracking.wait_of", wait_of)


def prove(client: Client, made: Ticket) -> None:
    """Open a ticket by number and code."""
    response = client.post("/track/", {"ticket_no": made.no, "proof": made.query_code})
    assert response.status_code == 302


@pytest.mark.django_db
class TestLookup:
    @pytest.mark.parametrize("proof", ["code", "19900001234", "１９９００００１２３４"])
    def test_number_with_code_or_phone_opens_it(self, client: Client, proof: str) -> None:
        made = ticket()
        given = made.query_code.lower() if proof == "code" else proof

        response = client.post("/track/", {"ticket_no": made.no, "proof": given})

        assert response.headers["Location"] == f"/track/{made.no}/"
        assert made.title in text(client.get(f"/track/{made.no}/"))

    @pytest.mark.parametrize("proof", ["", "WRONGCOD", "\x00", "长" * 10_000, "19900009999"])
    def test_a_wrong_proof_keeps_the_number_and_says_nothing_more(
        self, client: Client, proof: str
    ) -> None:
        made = ticket()

        wrong = client.post("/track/", {"ticket_no": made.no, "proof": proof})
        absent = client.post("/track/", {"ticket_no": UNKNOWN, "proof": proof})

        assert wrong.status_code == absent.status_code == 422
        assert "对不上" in text(wrong)
        assert made.no in text(wrong)
        assert proof == "" or proof.strip("\x00") == "" or proof not in text(wrong)
        assert _bare(text(wrong), made.no) == _bare(text(absent), UNKNOWN)

    def test_guessing_is_slowed_down(self, client: Client, rarely: None) -> None:
        made = ticket()
        data = {"ticket_no": made.no, "proof": "WRONGCOD"}

        statuses = [client.post("/track/", data).status_code for _ in range(4)]

        assert statuses == [422, 422, 422, 429]

    def test_one_phone_is_not_tried_from_everywhere(self, rarely: None) -> None:
        data = {"ticket_no": UNKNOWN, "proof": "19900001234"}

        statuses = [
            Client(REMOTE_ADDR=f"10.1.1.{number}").post("/track/", data).status_code
            for number in range(4)
        ]

        assert statuses == [422, 422, 422, 429]

    def test_a_post_without_csrf_token_is_refused(self) -> None:
        made = ticket()
        strict = Client(enforce_csrf_checks=True)

        response = strict.post("/track/", {"ticket_no": made.no, "proof": made.query_code})

        assert response.status_code == 403


def _bare(source: str, number: str) -> str:
    """Return a page without its number, key and token: what is left must not differ."""
    source = source.replace(number, "NO")
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', r"\1", source)


@pytest.mark.django_db
class TestStrangers:
    @pytest.mark.parametrize(
        "page",
        ["", "supplement/", "withdraw/", "evaluate/", "thanks/", "due.ics"],
    )
    def test_a_hidden_ticket_and_an_absent_one_look_the_same(
        self, client: Client, page: str
    ) -> None:
        made = ticket()

        hidden, absent = (
            client.get(f"/track/{made.no}/{page}"),
            client.get(f"/track/{UNKNOWN}/{page}"),
        )

        assert hidden.status_code == absent.status_code == 404
        assert _bare(text(hidden), made.no) == _bare(text(absent), UNKNOWN)
        assert made.title not in text(hidden)

    @pytest.mark.parametrize("deed", ["supplement", "withdraw", "evaluate"])
    def test_a_post_by_hand_changes_nothing(self, desk: Desk, deed: str) -> None:
        made = desk.replied() if deed == "evaluate" else ticket()
        data = {"text": "x", "reason": "solved", "solved": "yes", "satisfaction": "1"}
        charlie = Client()
        charlie.force_login(UserFactory())

        for stranger in (Client(), charlie):
            assert stranger.post(f"/track/{made.no}/{deed}/", data).status_code == 404
        assert Ticket.objects.get(pk=made.pk).version == made.version
        assert not Supplement.objects.exists()
        assert not Evaluation.objects.exists()

    @pytest.mark.parametrize("number", ["x", "%00", "5" * 3000, "..%2f", "<script>"])
    def test_an_odd_number_is_a_page_not_an_error(self, client: Client, number: str) -> None:
        response = client.get(f"/track/{number}/")

        assert response.status_code in {400, 404}
        assert "<script>" not in text(response).replace("<script type", "").replace(
            "<script defer", ""
        ).replace('<script id="ui-texts"', "")

    def test_staff_need_proof_like_anybody(self, client: Client, desk: Desk) -> None:
        made = ticket()
        client.force_login(desk.agent)

        assert client.get(f"/track/{made.no}/").status_code == 404


@pytest.mark.django_db
class TestTicketPage:
    def test_tells_state_holder_promise_and_reason(self, client: Client) -> None:
        made = ticket()
        prove(client, made)

        page = text(client.get(f"/track/{made.no}/"))

        assert "已登记，等待热线工作人员受理" in page
        assert "12345 热线中心" in page
        assert "为什么是这一天" in page
        assert "7 个工作日" in page

    def test_shows_the_phone_masked_and_no_query_code(self, client: Client) -> None:
        made = ticket()
        prove(client, made)

        page = text(client.get(f"/track/{made.no}/"))

        assert "19900001234" not in page
        assert made.query_code not in page

    def test_shows_the_reply_of_the_unit(self, client: Client, desk: Desk) -> None:
        made = desk.replied()
        prove(client, made)

        page = text(client.get(f"/track/{made.no}/"))

        assert "三盏路灯已于当日修复。" in page
        assert "住建局" in page

    def test_the_owner_sees_it_by_signing_in(self, client: Client) -> None:
        alice = UserFactory()
        made = ticket(citizen=alice)
        client.force_login(alice)

        assert client.get(f"/track/{made.no}/").status_code == 200

    def test_costs_a_bounded_number_of_queries(
        self, client: Client, desk: Desk, django_assert_max_num_queries: Any
    ) -> None:
        made = desk.replied()
        prove(client, made)

        with django_assert_max_num_queries(14):
            client.get(f"/track/{made.no}/")

    def test_the_calendar_file_holds_the_last_day_in_time(self, client: Client) -> None:
        made = ticket()
        prove(client, made)

        response = client.get(f"/track/{made.no}/due.ics")

        body = text(response)
        assert response.headers["Content-Type"].startswith("text/calendar")
        assert "DTSTART;VALUE=DATE:20261125\r\n" in body
        assert made.title not in body
        assert made.query_code not in body


@pytest.mark.django_db
class TestSupplement:
    def test_is_added_and_said(self, client: Client) -> None:
        made = ticket()
        prove(client, made)

        client.post(f"/track/{made.no}/supplement/", {"text": "又坏了一盏"})

        assert Supplement.objects.get().text == "又坏了一盏"
        page = text(client.get(f"/track/{made.no}/"))
        assert "已补充，办理人员会看到。" in page
        assert "又坏了一盏" in page

    @pytest.mark.parametrize(
        ("words", "message"), [("", "请写下要补充的情况。"), ("长" * 2001, "最多 2000 个字。")]
    )
    def test_bad_text_is_said_and_kept(self, client: Client, words: str, message: str) -> None:
        made = ticket()
        prove(client, made)

        response = client.post(f"/track/{made.no}/supplement/", {"text": words})

        assert response.status_code == 422
        assert message in text(response)
        assert words in text(response)

    def test_a_closed_ticket_takes_no_more(self, client: Client, desk: Desk) -> None:
        made = ticket()
        prove(client, made)
        Ticket.objects.filter(pk=made.pk).update(state=TicketState.CLOSED)

        asked = client.get(f"/track/{made.no}/supplement/")
        sent = client.post(f"/track/{made.no}/supplement/", {"text": "x"})

        assert asked.headers["Location"] == sent.headers["Location"] == f"/track/{made.no}/"
        assert not Supplement.objects.exists()


@pytest.mark.django_db
class TestWithdraw:
    def test_needs_a_reason_then_ends_the_ticket(self, client: Client) -> None:
        made = ticket()
        prove(client, made)
        url = f"/track/{made.no}/withdraw/"

        without = client.post(url, {"note": "都好了"})
        client.post(url, {"reason": "solved", "note": "都好了"})

        assert without.status_code == 422
        assert "都好了" in text(without)
        assert Ticket.objects.get().state == TicketState.WITHDRAWN
        assert AuditEntry.objects.filter(action="ticket.withdraw").exists()
        page = text(client.get(f"/track/{made.no}/"))
        assert "问题已经解决了：都好了" in page


@pytest.mark.django_db
class TestEvaluate:
    def test_two_answers_close_the_ticket_and_thanks_follow(
        self, client: Client, desk: Desk
    ) -> None:
        made = desk.replied()
        prove(client, made)

        response = client.post(
            f"/track/{made.no}/evaluate/", {"solved": "yes", "satisfaction": "1", "comment": "快"}
        )

        verdict = Evaluation.objects.get()
        assert (verdict.solved, verdict.satisfaction, verdict.comment) == ("yes", 1, "快")
        assert Ticket.objects.get(pk=made.pk).state == TicketState.CLOSED
        assert "已经办结" in text(client.get(response.headers["Location"]))

    def test_a_bad_verdict_goes_to_review(self, client: Client, desk: Desk) -> None:
        made = desk.replied()
        prove(client, made)

        response = client.post(f"/track/{made.no}/evaluate/", {"solved": "no", "satisfaction": "5"})

        assert Ticket.objects.get(pk=made.pk).state == TicketState.REVIEW
        assert "审核员核对" in text(client.get(response.headers["Location"]))

    @pytest.mark.parametrize(
        ("data", "messages"),
        [
            ({}, ["请选择问题是否解决。", "请选择满意程度"]),
            ({"solved": "yes"}, ["请选择满意程度"]),
            ({"solved": "x", "satisfaction": "1"}, ["请选择问题是否解决。"]),
            ({"solved": "yes", "satisfaction": "9"}, ["请选择满意程度"]),
            ({"solved": "yes", "satisfaction": "-1"}, ["请选择满意程度"]),
            (
                {"solved": "yes", "satisfaction": "1", "comment": "长" * 1001},
                ["意见最多"],
            ),
        ],
    )
    def test_bad_answers_are_said_and_kept(
        self, client: Client, desk: Desk, data: dict[str, str], messages: list[str]
    ) -> None:
        made = desk.replied()
        prove(client, made)

        response = client.post(f"/track/{made.no}/evaluate/", data)

        assert response.status_code == 422
        assert all(message in text(response) for message in messages)
        assert data.get("comment", "") in text(response)
        assert not Evaluation.objects.exists()

    def test_a_second_verdict_is_refused_kindly(self, client: Client, desk: Desk) -> None:
        made = desk.replied()
        prove(client, made)
        data = {"solved": "yes", "satisfaction": "1"}
        client.post(f"/track/{made.no}/evaluate/", data)

        again = client.post(f"/track/{made.no}/evaluate/", data, follow=True)

        assert "已经评价过了" in text(again)
        assert Evaluation.objects.count() == 1

    def test_there_is_nothing_to_evaluate_before_the_answer(self, client: Client) -> None:
        made = ticket()
        prove(client, made)

        assert client.get(f"/track/{made.no}/evaluate/").status_code == 302
        assert client.get(f"/track/{made.no}/thanks/").status_code == 200


@pytest.mark.django_db
class TestProofEnds:
    def test_with_the_session(self, client: Client) -> None:
        made = ticket()
        prove(client, made)
        client.logout()

        assert client.get(f"/track/{made.no}/").status_code == 404

    def test_only_the_newest_proofs_are_remembered(self, client: Client) -> None:
        first = ticket()
        prove(client, first)
        for _ in range(20):
            prove(client, ticket(at=first.registered_at + timedelta(hours=1)))

        assert client.get(f"/track/{first.no}/").status_code == 404
