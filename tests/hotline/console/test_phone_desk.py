"""登记来电: written while the caller speaks, registered once, lost never."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from core.drafts.models import Draft
from hotline.models import Contact, Ticket
from hotline.queries.categories import forget_categories
from tests.factories.core import district
from tests.factories.hotline import Desk, category, ticket

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def call(desk: Desk) -> dict:
    """Return what the form posts."""
    ticket()  # brings the clock policies and the district
    Ticket.objects.all().delete()
    return {
        "caller_phone": "199 0000 4321",
        "caller_name": "李木子",
        "content": "单元门坏了三天，没有人修。",
        "title": "",
        "kind": "help",
        "urgency": "ordinary",
        "region": district().code,
        "address": "滨江路 8 号",
        "then": "open",
    }


@pytest.fixture
def address() -> str:
    return reverse("console:phone_desk", args=[uuid4()])


class TestPhoneDesk:
    def test_gives_each_call_a_key_of_its_own(self, desk: Desk):
        client = signed_in(desk.agent)

        first, second = client.get("/console/phone/").url, client.get("/console/phone/").url

        assert first != second
        assert client.get(first).status_code == 200

    def test_registers_the_callers_words(self, desk: Desk, call, address):
        answer = signed_in(desk.agent).post(address, call)

        made = Ticket.objects.get()
        assert answer.url == f"/console/tickets/{made.no}/"
        assert (made.title, made.content) == ("单元门坏了三天，没有人修。", call["content"])
        assert (made.origin.source, made.origin.registered_by) == ("call", desk.agent)
        assert made.origin.caller_phone == call["caller_phone"]

    def test_registers_one_call_once(self, desk: Desk, call, address):
        client = signed_in(desk.agent)

        urls = {client.post(address, call).url for _ in range(2)}

        assert len(urls) == 1
        assert Contact.objects.filter(external_id__startswith="desk-").count() == 1

    @pytest.mark.parametrize(("then", "page"), [("dispatch", "dispatch/"), ("triage", "triage/")])
    def test_goes_on_to_the_next_step(self, desk: Desk, call, address, then, page):
        answer = signed_in(desk.agent).post(address, call | {"then": then})

        assert answer.url == f"/console/tickets/{Ticket.objects.get().no}/{page}"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"content": ""}, "请填写市民反映的内容"),
            ({"caller_phone": "123"}, "caller_phone"),
            ({"region": "000000"}, "region"),
            ({"title": "字" * 201}, "200"),
        ],
    )
    def test_keeps_everything_that_was_typed_when_something_is_wrong(
        self, desk: Desk, call, address, changes, message
    ):
        answer = signed_in(desk.agent).post(address, call | changes)

        page = answer.content.decode()
        assert answer.status_code == 400
        assert message in page
        assert "李木子" in page
        assert "滨江路 8 号" in page
        assert "error-summary" in page
        assert not Ticket.objects.exists()

    def test_brings_everything_back_after_a_reload(self, desk: Desk, call, address):
        client = signed_in(desk.agent)
        draft_url = client.get(address).context["draft_url"]
        fields = call | {"confidential": ["on"], "publishable": []}
        saved = client.post(draft_url, {"fields": fields}, content_type="application/json")

        form = client.get(address).context["form"]

        assert saved.status_code == 200
        assert form["content"].value() == call["content"]
        assert form["caller_phone"].value() == call["caller_phone"]
        assert (form["confidential"].value(), form["publishable"].value()) == (True, False)

    def test_forgets_the_draft_once_it_is_registered(self, desk: Desk, call, address):
        client = signed_in(desk.agent)
        draft_url = client.get(address).context["draft_url"]
        client.post(draft_url, {"fields": call}, content_type="application/json")

        client.post(address, call)

        assert not Draft.objects.exists()

    def test_shows_nobody_elses_draft(self, desk: Desk, call, address):
        client = signed_in(desk.agent)
        draft_url = client.get(address).context["draft_url"]
        client.post(draft_url, {"fields": call}, content_type="application/json")

        page = signed_in(desk.lead).get(address).content.decode()

        assert call["content"] not in page

    def test_asks_to_sign_in_again_and_comes_back_to_the_same_call(self, call, address):
        answer = Client().post(address, call)

        assert answer.status_code == 302
        assert address in answer.url
        assert not Ticket.objects.exists()

    @pytest.mark.parametrize("role", ["handler", "head", "auditor"])
    def test_is_for_the_hotlines_desks(self, desk: Desk, call, address, role):
        answer = signed_in(getattr(desk, role)).post(address, call)

        assert answer.status_code == 403
        assert not Ticket.objects.exists()


class TestCallerLookup:
    def look(self, user, phone: str):
        return signed_in(user).post("/console/phone/lookup/", {"caller_phone": phone})

    def test_lists_the_callers_earlier_tickets(self, desk: Desk):
        made = ticket(title="水管爆裂", caller_phone="19900004321")
        ticket(title="别人的事", caller_phone="19900004322")

        page = self.look(desk.agent, "1990000 4321").content.decode()

        assert made.title in page
        assert "别人的事" not in page

    def test_says_when_the_number_is_new(self, desk: Desk):
        assert "这个号码以前没有反映过" in self.look(desk.agent, "19900009999").content.decode()

    def test_is_refused_to_units(self, desk: Desk):
        ticket(title="水管爆裂", caller_phone="19900004321")

        answer = self.look(desk.handler, "19900004321")

        assert answer.status_code == 403
        assert "水管爆裂" not in answer.content.decode()


class TestSuggestions:
    def test_proposes_a_category_by_keywords_and_says_why(self, desk: Desk):
        subject = category()
        subject.keywords = ["占道", "停车"]
        subject.save()
        forget_categories()

        answer = signed_in(desk.agent).post(
            "/console/phone/suggest/", {"content": "小区门口占道停车，消防车进不来"}
        )

        page = answer.content.decode()
        assert f'data-value="{subject.code}"' in page
        assert "仅供参考" in page
