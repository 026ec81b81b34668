"""Tickets, orders and contacts in the admin site: read, masked, never written."""

import pytest

from core.accounts.states import Role
from hotline.models import Contact, HandlingOrder, Ticket
from tests.factories.admin import NAME, PHONE, populate, sign_in
from tests.factories.core import district, member
from tests.factories.hotline import ticket

ADMINS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)


class TestNothingIsWritten:
    @pytest.mark.parametrize("role", ADMINS)
    def test_a_posted_state_changes_nothing(self, db: None, role: Role) -> None:
        populate()
        client = sign_in(member(role))
        for model in (Ticket, HandlingOrder, Contact):
            row = model._default_manager.latest("pk")
            before = model._default_manager.filter(pk=row.pk).values().get()
            path = f"/admin/hotline/{model._meta.model_name}/{row.pk}/change/"

            answer = client.post(path, {"state": "closed", "source": "sensor", "title": "改"})

            assert answer.status_code == 403
            assert model._default_manager.filter(pk=row.pk).values().get() == before


class TestFinding:
    @pytest.mark.parametrize("model", ["ticket", "contact"])
    def test_a_whole_phone_number_finds_and_a_part_does_not(self, db: None, model: str) -> None:
        populate()
        client = sign_in(member(Role.SYSTEM_ADMIN))
        pk = Ticket.objects.get().pk if model == "ticket" else Contact.objects.get().pk
        link = f"/admin/hotline/{model}/{pk}/change/"

        found = client.get(f"/admin/hotline/{model}/", {"q": PHONE}).content.decode()
        part = client.get(f"/admin/hotline/{model}/", {"q": PHONE[:8]}).content.decode()
        name = client.get(f"/admin/hotline/{model}/", {"q": NAME[:1]}).content.decode()

        assert link in found
        assert link not in part
        assert link not in name

    def test_a_whole_number_finds_the_ticket(self, db: None) -> None:
        made, other = ticket(), ticket()

        page = sign_in(member(Role.AUDIT_ADMIN)).get("/admin/hotline/ticket/", {"q": made.no})

        assert f"/ticket/{made.pk}/change/" in page.content.decode()
        assert f"/ticket/{other.pk}/change/" not in page.content.decode()


class TestRegionScope:
    def test_a_district_sees_its_own_tickets_and_contacts_alone(self, db: None) -> None:
        own = ticket(region=district().code)
        other = ticket(region=district("519902", "望江区").code)
        client = sign_in(member(Role.SYSTEM_ADMIN, region=district()))

        page = client.get("/admin/hotline/ticket/").content.decode()

        assert own.no in page
        assert other.no not in page
        for path in (f"ticket/{other.pk}", f"contact/{other.origin_id}"):
            assert client.get(f"/admin/hotline/{path}/change/").status_code == 404
        assert client.get(f"/admin/hotline/contact/{own.origin_id}/change/").status_code == 200
