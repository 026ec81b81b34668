"""The people of the fictional city: accounts, identities, roles, and the table of logins."""

import os
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.translation import gettext as _

from config.loaders.outcome import Loaded, read_rows
from core.accounts.models import Membership, Organisation, Person, User
from core.accounts.states import ADMIN_ROLES, Role
from core.regions.models import Region

SOURCE = "core/demo/people.json"
DEMO_PASSWORD = "rongjiang-12345"  # noqa: S105  printed by make run; refused outside development


def demo_password() -> str:
    """Return the password of every demo account: ``DEMO_PASSWORD``, or the known one.

    The known one is for development settings alone; elsewhere raises ImproperlyConfigured.
    """
    chosen = os.environ.get("DEMO_PASSWORD", "")
    if not chosen and not getattr(settings, "DEV_PAGES", False):
        raise ImproperlyConfigured("正式环境载入演示账号前，请设置环境变量 DEMO_PASSWORD。")
    return chosen or DEMO_PASSWORD


@transaction.atomic
def load_people(*, at: datetime) -> Loaded:
    """Add the people whose account is missing, with identity and roles.

    All share one hash: a hash is slow on purpose and a hundred of them would take a minute.
    """
    rows = read_rows(SOURCE)
    usernames = [row["username"] for row in rows]
    present = set(User.objects.filter(username__in=usernames).values_list("username", flat=True))
    missing = [row for row in rows if row["username"] not in present]
    if missing:
        _create(missing, make_password(demo_password()), at)
    return Loaded(_("人员"), len(missing), len(present))


def _create(rows: list[dict[str, Any]], password: str, at: datetime) -> None:
    users = User.objects.bulk_create(_user(row, password) for row in rows)
    Person.objects.bulk_create(
        _person(row, user, at) for row, user in zip(rows, users, strict=True)
    )
    units = dict(Organisation.objects.values_list("code", "id"))
    regions = dict(Region.objects.filter(ends_date__isnull=True).values_list("code", "id"))
    Membership.objects.bulk_create(
        Membership(
            user=user,
            organisation_id=units[held["organisation"]],
            role=held["role"],
            region_id=regions[held["region"]],
        )
        for row, user in zip(rows, users, strict=True)
        for held in row["roles"]
        if held["role"] != Role.CITIZEN
    )


def _user(row: dict[str, Any], password: str) -> User:
    roles = {held["role"] for held in row["roles"]}
    return User(
        username=row["username"],
        display_name=row["display_name"],
        password=password,
        is_staff=bool(roles & ADMIN_ROLES) or Role.COMMUNITY_WORKER in roles,
    )


def _person(row: dict[str, Any], user: User, at: datetime) -> Person:
    verified = bool(row["id_no"])
    return Person(
        user=user,
        name=row["display_name"],
        phone=row["phone"] or "",
        id_no=row["id_no"] or "",
        verified_at=at if verified else None,
        verified_by=_("演示数据") if verified else "",
    )
