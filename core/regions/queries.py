"""Reading the tree of administrative divisions."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from core.errors import InvalidError
from core.errors import gettext_noop as _
from core.process_cache import ProcessCache
from core.regions.models import Region

REMEMBERED_SECONDS = 60


class UnknownRegionError(InvalidError):
    """No region has this code on that day."""

    code = "unknown_region"
    message = _("区划代码不存在或已停用。")


@dataclass(frozen=True, slots=True)
class _Current:
    """The regions of one day, by code and by parent."""

    day: date
    by_code: dict[str, Region]
    children: dict[int | None, list[Region]]


def valid_on(day: date) -> Q:
    """Return the condition that a region's period holds the day."""
    return Q(starts_date__lte=day) & (Q(ends_date__isnull=True) | Q(ends_date__gt=day))


def _load_current() -> _Current:
    day = timezone.localdate()
    rows = list(Region.objects.filter(valid_on(day)).defer("boundary").order_by("code"))
    children: dict[int | None, list[Region]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    return _Current(day, {row.code: row for row in rows}, children)


_current = ProcessCache(_load_current, seconds=REMEMBERED_SECONDS)


def _today() -> _Current:
    current = _current.get()
    if current.day != timezone.localdate():
        _current.forget()
        current = _current.get()
    return current


def forget_after_commit() -> None:
    """Let this process see a changed tree at once; others see it within a minute."""
    _current.forget_after_commit()


def resolve(code: str) -> Region | None:
    """Return today's region with this code, or None; no statement for a known code when warm.

    The row is shared: read it, never change it.
    """
    return _today().by_code.get(code) or _find(code, timezone.localdate())


def is_in_use(*, code: str) -> bool:
    """Tell whether a region that has not ended carries this code."""
    return Region.objects.filter(code=code, ends_date__isnull=True).exists()


def get_region(*, code: str, on: date) -> Region:
    """Return the region that had this code on a day, or raise UnknownRegionError."""
    region = _find(code, on)
    if region is None:
        raise UnknownRegionError(fields={"region": [UnknownRegionError.message]})
    return region


def _find(code: str, on: date) -> Region | None:
    return Region.objects.filter(valid_on(on), code=code).defer("boundary").first()


def list_children(*, region: Region, on: date) -> QuerySet[Region]:
    """Return the divisions right below a region on a day, by code."""
    return Region.objects.filter(valid_on(on), parent=region).order_by("code", "id")


def list_descendants(*, region: Region) -> QuerySet[Region]:
    """Return the region and all that ever lay in it, in every period, outer ones first."""
    return Region.objects.filter(path__startswith=region.path).order_by("path", "id")


def lies_in(*, region: Region, ancestor: Region) -> bool:
    """Tell whether a region is the other one or lies in it; no statement."""
    return region.path.startswith(ancestor.path)


def within(*, region: Region, field: str = "region") -> Q:
    """Return the condition that the region named by ``field`` is this one or lies in it."""
    return Q(**{f"{field}__path__startswith": region.path})


def picker_tree(*, root: str) -> list[dict[str, Any]]:
    """Return what lies in the region with code ``root`` as nested ``code, name, children``.

    Names are short ones: the picker shows each beside its parent. No statement when warm. Raises
    UnknownRegionError.
    """
    current = _today()
    region = current.by_code.get(root) or get_region(code=root, on=current.day)
    return _branch(current, region.pk)


def _branch(current: _Current, parent_id: int) -> list[dict[str, Any]]:
    return [
        {"code": row.code, "name": row.name, "children": _branch(current, row.pk)}
        for row in current.children.get(parent_id, [])
    ]
