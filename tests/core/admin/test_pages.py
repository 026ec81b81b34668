"""Every page for every role: who is let in, and that nobody reads personal data there."""

import re

import pytest
from django.contrib.admin.utils import label_for_field
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.models import Person
from core.accounts.states import Role
from core.administration.rights import RoleModelAdmin
from core.notifications.models import Notification
from tests.factories.admin import ADDRESS, EMAIL, ID_NO, NAME, PHONE, pages, populate, sign_in, url
from tests.factories.core import UserFactory, member
from tests.factories.hotline import Desk, category

ADMINS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
OTHERS = tuple(role for role in Role if role not in ADMINS and role != Role.CITIZEN)
SAMPLE = 8
SECRETS = (NAME, PHONE, PHONE[3:], ID_NO, ADDRESS, "柳荫路88号", EMAIL)

READERS = {
    "core.ApiKey": {Role.SECURITY_ADMIN},
    "core.AuditEntry": {Role.AUDIT_ADMIN},
    "core.Clock": {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN},
    "core.ClockPolicy": {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN},
    "core.Document": {Role.SYSTEM_ADMIN},
    "core.HolidayNotice": {Role.SYSTEM_ADMIN},
    "core.Membership": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN},
    "core.Notification": {Role.SYSTEM_ADMIN},
    "core.Organisation": set(ADMINS),
    "core.Person": {Role.SECURITY_ADMIN},
    "core.Region": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN},
    "core.TransitionLog": {Role.AUDIT_ADMIN},
    "core.User": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN},
    "hotline.Category": {Role.SYSTEM_ADMIN},
    "hotline.Contact": {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN},
    "hotline.HandlingOrder": {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN},
    "hotline.Ticket": {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN},
}
ADDERS = {"core.Organisation": {Role.SYSTEM_ADMIN}, "hotline.Category": {Role.SYSTEM_ADMIN}}


class TestTheDoor:
    @pytest.mark.parametrize("role", OTHERS)
    def test_refuses_every_other_role_even_with_djangos_flags(self, db: None, role: Role) -> None:
        user = member(role)
        user.is_staff = user.is_superuser = True
        user.save()

        answer = sign_in(user).get(reverse("admin:index"))

        assert answer.status_code == 403
        assert "sidebar" not in answer.content.decode()

    def test_refuses_a_citizen(self, db: None) -> None:
        assert sign_in(UserFactory()).get(reverse("admin:index")).status_code == 403

    def test_sends_a_stranger_to_the_common_sign_in(self, client: Client, db: None) -> None:
        for route in ("admin:index", "admin:core_user_changelist", "admin:login"):
            answer = client.get(reverse(route))

            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/")

    def test_lets_an_administrator_in_without_djangos_flags(self, db: None) -> None:
        user = member(Role.SYSTEM_ADMIN)
        assert not user.is_staff

        assert sign_in(user).get(reverse("admin:index")).status_code == 200

    def test_registers_only_pages_that_ask_roles(self) -> None:
        assert {page.opts.label for page in pages()} == set(READERS)


@pytest.mark.slow
class TestEveryPage:
    @pytest.mark.parametrize("role", ADMINS)
    def test_is_open_to_its_readers_and_hides_personal_data(self, db: None, role: Role) -> None:
        populate()
        client = sign_in(member(role))
        seen = client.get(reverse("admin:index")).content.decode()

        for page in pages():
            allowed = role in READERS[page.opts.label]
            answer = client.get(url(page, "changelist") + _everything(page))
            assert answer.status_code == (200 if allowed else 403), page
            seen += answer.content.decode()
            rows = list(page.model._default_manager.order_by("-pk")[:SAMPLE])
            assert rows, page
            for row in rows:
                answer = client.get(url(page, "change", row.pk))
                assert answer.status_code == (200 if allowed else 403), (page, row)
                seen += answer.content.decode()

        assert [secret for secret in SECRETS if secret in seen] == []

    @pytest.mark.parametrize("role", ADMINS)
    def test_adding_is_open_to_those_who_add(self, db: None, role: Role) -> None:
        client = sign_in(member(role))

        for page in pages():
            expected = 200 if role in ADDERS.get(page.opts.label, set()) else 403
            assert client.get(url(page, "add")).status_code == expected, page
            assert client.post(url(page, "add"), {}).status_code == expected, page

    @pytest.mark.parametrize("role", ADMINS)
    def test_nothing_can_be_deleted(self, db: None, role: Role) -> None:
        populate()
        client = sign_in(member(role))

        for page in pages():
            before = page.model._default_manager.count()
            row = page.model._default_manager.first()
            answer = client.post(url(page, "delete", row.pk), {"post": "yes"})
            bulk = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
            client.post(url(page, "changelist"), bulk)

            assert answer.status_code == 403, page
            assert page.model._default_manager.filter(pk=row.pk).exists()
            assert page.model._default_manager.count() >= before

    def test_absent_rows_are_404(self, db: None) -> None:
        for role in ADMINS:
            client = sign_in(member(role))
            for page in pages():
                if role in READERS[page.opts.label]:
                    assert client.get(url(page, "change", 999_999)).status_code == 404, page

    def test_no_page_shows_a_field_that_is_classified_personal(self) -> None:
        for page in pages():
            classes = page.model.data_classes
            shown = {*(page.fields or ()), *page.list_display, *page.list_filter}
            for inline in page.inlines:
                shown |= {name for name in inline.fields if name not in classes}
            hidden = {name for name, kind in classes.items() if kind in {"personal", "sensitive"}}
            assert not shown & hidden, page

    def test_every_heading_and_label_is_chinese(self) -> None:
        for page in pages():
            shown = {*page.list_display, *(page.fields or ())}
            labels = {name: str(label_for_field(name, page.model, page)) for name in shown}
            for inline in page.inlines:
                made = inline(page.model, page.admin_site)
                labels |= {n: str(label_for_field(n, inline.model, made)) for n in inline.fields}
            latin = {name for name, text in labels.items() if text.isascii()} - {"id"}
            assert not latin, page

    def test_masked_values_cannot_be_guessed_by_filtering(self, db: None) -> None:
        populate()
        client = sign_in(member(Role.SYSTEM_ADMIN))
        ticket = next(page for page in pages() if page.opts.label == "hotline.Ticket")

        for probe in (
            "title__startswith=慕",
            "content__contains=电话",
            "origin__title__contains=慕",
        ):
            answer = client.get(f"{url(ticket, 'changelist')}?{probe}")

            assert answer.status_code in {302, 400}, probe


@pytest.mark.slow
class TestQueryCounts:
    @pytest.mark.parametrize("role", ADMINS)
    def test_lists_ask_the_same_whatever_their_length(self, db: None, role: Role) -> None:
        populate()
        client = sign_in(member(role))
        mine = [page for page in pages() if role in READERS[page.opts.label]]
        few = {page.opts.label: _queries(client, page) for page in mine}
        for _ in range(4):
            _more_rows()

        many = {page.opts.label: _queries(client, page) for page in mine}

        assert many == few
        assert max(many.values()) <= 12, many


def _everything(page: RoleModelAdmin) -> str:
    names = [getattr(one, "parameter_name", "") for one in page.list_filter]
    return "?" + "&".join(f"{name}=all" for name in names if name in {"period", "open"})


def _queries(client: Client, page: RoleModelAdmin) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(url(page, "changelist") + _everything(page))
    assert answer.status_code == 200
    return len([q for q in seen.captured_queries if not re.match(r"SAVEPOINT|RELEASE", q["sql"])])


def _more_rows() -> None:
    number = Notification.objects.count()
    Desk().in_review(caller_phone=f"1990077{number:04d}")
    category(code=f"0305{number + 10:02d}", name=f"分类{number}")
    Person.objects.create(user=member(Role.HANDLER), name="测试", phone=f"1990066{number:04d}")
    row = Notification.objects.earliest("id")
    row.pk, row.collision_key = None, f"more-{number}"
    row.save(force_insert=True)
