"""工单记录: asked for on the ticket's page, made in a queue, taken by who asked."""

from io import BytesIO

import pytest
from django.test import Client
from pypdf import PdfReader

from core.documents.actions import render_document
from core.documents.models import Document
from tests.factories.core import UserFactory
from tests.factories.hotline import Desk

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def _no_worker(monkeypatch):
    monkeypatch.setattr("core.documents.actions._nudge", lambda document_id: None)


@pytest.mark.usefixtures("_no_worker")
class TestRecord:
    def test_is_made_with_masked_personal_data(self, desk: Desk):
        made = desk.replied(
            caller_name="王小满",
            caller_phone="19900001234",
            content="请回电19900001234，路灯不亮。",
        )
        client = signed_in(desk.agent)

        address = client.post(f"/console/tickets/{made.no}/record/").url
        waiting = client.get(address).content.decode()
        document = Document.objects.get()
        render_document(document_id=document.pk, at=desk.tick())
        ready = client.get(address).content.decode()
        pdf = b"".join(client.get(f"{address}file/").streaming_content)

        assert "正在生成工单记录" in waiting
        assert "工单记录已生成" in ready
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
        squeezed = "".join(text.split())
        assert made.no in squeezed
        assert "三盏路灯已于当日修复" in squeezed
        assert "19900001234" not in squeezed
        assert "王小满" not in squeezed

    def test_belongs_to_who_asked_for_it(self, desk: Desk):
        made = desk.dispatched()
        address = signed_in(desk.agent).post(f"/console/tickets/{made.no}/record/").url

        answer = signed_in(desk.lead).get(address)

        assert answer.status_code == 404

    def test_is_not_made_before_it_is_ready(self, desk: Desk):
        made = desk.dispatched()
        client = signed_in(desk.agent)
        address = client.post(f"/console/tickets/{made.no}/record/").url

        assert client.get(f"{address}file/").status_code == 404

    @pytest.mark.parametrize("who", ["other_unit", "citizen"])
    def test_is_refused_to_whom_the_ticket_does_not_concern(self, desk: Desk, who):
        citizen = UserFactory()
        made = desk.dispatched(caller_phone="19900001234")
        user = desk.assist_handler if who == "other_unit" else citizen

        answer = signed_in(user).post(f"/console/tickets/{made.no}/record/")

        assert answer.status_code in {403, 404}
        assert not Document.objects.exists()

    def test_leaves_the_informer_out_for_a_unit(self, desk: Desk):
        made = desk.dispatched(kind="report", caller_phone="19900001234")
        client = signed_in(desk.handler)
        address = client.post(f"/console/tickets/{made.no}/record/").url
        render_document(document_id=Document.objects.get().pk, at=desk.tick())

        pdf = b"".join(client.get(f"{address}file/").streaming_content)

        text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
        assert "来电人" not in text
        assert "1234" not in text.replace("12345", "")
