"""Re-dividing regions so that history keeps its own map."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.accounts.models import Membership, User
from core.audit.actions import record
from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _
from core.regions import queries
from core.regions.models import Region, RegionLevel


class RegionClosedError(DomainError):
    """The region has an end already, or would end before it began."""

    code = "region_closed"
    message = _("该区划已停用，或启用日期晚于变更日期。")


class ChildrenNotAllottedError(DomainError):
    """Every part of the old region goes to exactly one successor."""

    code = "region_children_not_allotted"
    message = _("原区划的每个下级都必须划入且只划入一个新区划。")


@dataclass(frozen=True, slots=True)
class Successor:
    """One region that takes over; ``children`` are codes of the parts that come to it.

    ``parent`` None keeps the old parent. With a single successor, ``children`` None means all.
    """

    code: str
    name: str
    full_name: str = ""
    parent: Region | None = None
    children: Sequence[str] | None = None


@transaction.atomic
def replace_region(
    *, region: Region, successors: Sequence[Successor], on: date, by: User | None, at: datetime
) -> list[Region]:
    """End a region on a day and let its successors begin that day; return them in order.

    All that lies in it ends and begins again under its new parent, so a row always tells the map
    of its own period and whatever points at an old row keeps its place. Whoever serves in a region
    that ends also serves in what follows it, from that day; the old place stays for old matters.
    Raises RegionClosedError
    or ChildrenNotAllottedError.
    """
    old = Region.objects.select_for_update().get(pk=region.pk)
    _check_open(old, on)
    parts = list(queries.list_children(region=old, on=on - timedelta(days=1)).select_for_update())
    wanted = _allot(parts, successors)
    _end(old, on)
    created = [_begin(old, successor, on) for successor in successors]
    for one in created:
        _appoint(old, one, on)
    for part in parts:
        _move(part, created[wanted[part.code]], on)
    _audit(old, created, on=on, by=by, at=at)
    queries.forget_after_commit()
    return created


def _check_open(region: Region, on: date) -> None:
    if region.ends_date is not None or region.starts_date >= on:
        raise RegionClosedError(region=region.code)


def _allot(parts: Sequence[Region], successors: Sequence[Successor]) -> dict[str, int]:
    """Return code of each part → index of its successor."""
    codes = [part.code for part in parts]
    if len(successors) == 1 and successors[0].children is None:
        return dict.fromkeys(codes, 0)
    pairs = [(code, i) for i, one in enumerate(successors) for code in one.children or ()]
    if sorted(code for code, _ in pairs) != sorted(codes):
        raise ChildrenNotAllottedError
    return dict(pairs)


def _end(region: Region, on: date) -> None:
    _check_open(region, on)
    region.ends_date = on
    region.save(update_fields=["ends_date"])


def _begin(old: Region, successor: Successor, on: date) -> Region:
    parent = successor.parent or old.parent
    return Region.objects.create(
        code=successor.code,
        name=successor.name,
        full_name=successor.full_name or _full_name(parent, successor.name),
        level=old.level,
        parent=parent,
        path=path_of(parent=parent, code=successor.code),
        starts_date=on,
        lng=old.lng,
        lat=old.lat,
    )


def _move(region: Region, parent: Region, on: date) -> None:
    """End a part and begin it again, with all below it, under the new parent."""
    below = list(queries.list_children(region=region, on=on - timedelta(days=1)))
    _end(region, on)
    moved = Region.objects.create(
        code=region.code,
        name=region.name,
        full_name=_full_name(parent, region.name),
        level=region.level,
        parent=parent,
        path=path_of(parent=parent, code=region.code),
        starts_date=on,
        lng=region.lng,
        lat=region.lat,
        boundary=region.boundary,
    )
    _appoint(region, moved, on)
    for part in below:
        _move(part, moved, on)


def _appoint(old: Region, new: Region, on: date) -> None:
    """Let those who serve in the old region serve in the new one from its first day.

    Rights follow paths: where the path stays, they stay.
    """
    if new.path == old.path:
        return
    begin = timezone.make_aware(datetime.combine(on, time.min))
    serving = Membership.objects.filter(Q(ends_at=None) | Q(ends_at__gt=begin), region=old)
    Membership.objects.bulk_create(
        Membership(
            user_id=row.user_id,
            organisation_id=row.organisation_id,
            role=row.role,
            region=new,
            starts_at=max(begin, row.starts_at or begin),
            ends_at=row.ends_at,
        )
        for row in serving
    )


def path_of(*, parent: Region | None, code: str) -> str:
    """Return the path of a region: its ancestors' codes and its own, each followed by "/"."""
    return f"{parent.path if parent else ''}{code}/"


def _full_name(parent: Region | None, name: str) -> str:
    return f"{parent.full_name or parent.name}{name}" if parent else name


def _audit(
    old: Region, created: Sequence[Region], *, on: date, by: User | None, at: datetime
) -> None:
    record(
        action="regions.replace",
        by=by,
        at=at,
        subject_type="core.region",
        subject_id=str(old.pk),
        data={"on": on.isoformat(), "successors": [row.pk for row in created]},
    )


class UnusableCodeError(InvalidError):
    """The code does not fit its place in the tree, or is in use."""

    code = "region_code_unusable"
    message = _("区划代码应为 6、9 或 12 位数字，以上级代码开头，且不与启用中的区划重复。")


@transaction.atomic
def open_region(
    *, parent: Region, code: str, name: str, on: date, by: User, at: datetime
) -> Region:
    """Let a new region begin on a day below an open one; raises RegionClosedError or
    UnusableCodeError."""
    above = Region.objects.select_for_update().get(pk=parent.pk)
    if above.ends_date is not None or above.starts_date > on:
        raise RegionClosedError(region=above.code)
    if not _fits_below(code, above) or queries.is_in_use(code=code):
        raise UnusableCodeError(fields={"code": [UnusableCodeError.message]})
    created = Region.objects.create(
        code=code,
        name=name,
        full_name=_full_name(above, name),
        level=_LEVEL_BELOW[RegionLevel(above.level)],
        parent=above,
        path=path_of(parent=above, code=code),
        starts_date=on,
    )
    record(
        action="regions.open",
        by=by,
        at=at,
        subject_type="core.region",
        subject_id=created.pk,
        data={"code": code, "on": on.isoformat()},
    )
    queries.forget_after_commit()
    return created


_LEVEL_BELOW = {
    RegionLevel.PROVINCE: RegionLevel.CITY,
    RegionLevel.CITY: RegionLevel.DISTRICT,
    RegionLevel.DISTRICT: RegionLevel.STREET,
    RegionLevel.STREET: RegionLevel.COMMUNITY,
}
_DIGITS = {
    RegionLevel.CITY: (6, 2),
    RegionLevel.DISTRICT: (6, 4),
    RegionLevel.STREET: (9, 6),
    RegionLevel.COMMUNITY: (12, 9),
}
"""Digits of a code at a level, and how many of them repeat the code above."""


def _fits_below(code: str, above: Region) -> bool:
    level = _LEVEL_BELOW.get(RegionLevel(above.level))
    if level is None or not (code.isascii() and code.isdigit()):
        return False
    digits, shared = _DIGITS[level]
    return len(code) == digits and code[:shared] == above.code[:shared]
