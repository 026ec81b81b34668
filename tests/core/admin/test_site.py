"""The doors around the pages: what the theme and Django bring and the city does not open."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from core.accounts.models import User
from tests.factories.admin import sign_in


class TestDoorsThatStayShut:
    def test_pages_of_other_packages_do_not_register(self) -> None:
        admin.site.register(Group, admin.ModelAdmin)

        assert not admin.site.is_registered(Group)

    @pytest.mark.parametrize("route", ["admin:search", "admin:password_change"])
    def test_are_absent(self, system_admin: User, route: str) -> None:
        assert sign_in(system_admin).get(reverse(route), {"s": "用户"}).status_code == 404

    def test_there_is_one_first_page(self, system_admin: User) -> None:
        answer = sign_in(system_admin).get(reverse("admin:app_list", args=["core"]))

        assert answer["Location"] == reverse("admin:index")

    def test_an_identifier_that_is_no_number_is_absent(self, system_admin: User) -> None:
        client = sign_in(system_admin)

        assert client.get("/admin/core/organisation/abc/change/").status_code == 404
        assert client.get("/admin/core/organisation/abc/do/retire/").status_code == 404


class TestLeaving:
    def test_signing_out_ends_the_session(self, system_admin: User) -> None:
        client = sign_in(system_admin)

        client.post(reverse("admin:logout"))

        assert client.get(reverse("admin:index"))["Location"].startswith("/accounts/login/")

    def test_a_link_does_not_sign_out(self, system_admin: User) -> None:
        client = sign_in(system_admin)

        client.get(reverse("admin:logout"))

        assert client.get(reverse("admin:index")).status_code == 200
