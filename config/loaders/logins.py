"""The table of demo logins that `make run` prints."""

import unicodedata
from collections.abc import Sequence

from django.utils.translation import gettext as _

from config.loaders.outcome import read_rows
from config.loaders.people import SOURCE, demo_password
from core.accounts.models import Membership, User
from core.accounts.states import Role

GAP = 2
Row = tuple[str, str, str, str]


def login_table() -> list[str]:
    """Return the lines of the table: one featured account for each role that exists, with unit."""
    header: Row = (_("账号"), _("角色"), _("姓名"), _("单位"))
    return [
        *_aligned([header, *_rows()]),
        _("所有演示账号的密码：%(password)s") % {"password": demo_password()},
    ]


def _rows() -> list[Row]:
    featured = [row["username"] for row in read_rows(SOURCE) if row["featured"]]
    users = {user.username: user for user in User.objects.filter(username__in=featured)}
    held = _first_memberships(list(users.values()))
    shown: set[str] = set()
    rows: list[Row] = []
    for user in (users[name] for name in featured if name in users):
        membership = held.get(user.pk)
        role = membership.role if membership else Role.CITIZEN
        if role not in shown:
            shown.add(role)
            unit = str(membership.organisation) if membership else ""
            rows.append((user.username, str(Role(role).label), user.display_name, unit))
    return rows


def _first_memberships(users: Sequence[User]) -> dict[int, Membership]:
    memberships = Membership.objects.filter(user__in=users).select_related("organisation")
    held: dict[int, Membership] = {}
    for membership in memberships.order_by("id"):
        held.setdefault(membership.user_id, membership)
    return held


def _aligned(rows: Sequence[Row]) -> list[str]:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "".join(
            cell + " " * (width - _width(cell) + GAP)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Return the columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
