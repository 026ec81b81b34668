"""The divisions of the fictional city."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.loaders.outcome import Loaded, read_rows
from core.regions.actions import path_of
from core.regions.models import Region
from core.regions.queries import forget_after_commit

BEGINNING = date(2000, 1, 1)


@transaction.atomic
def load_regions() -> Loaded:
    """Add the divisions whose code was never used, level by level."""
    rows = read_rows("core/demo/regions.json")
    known = {region.code: region for region in Region.objects.order_by("starts_date", "id")}
    present = len(known)
    missing = [row for row in rows if row["code"] not in known]
    for length in sorted({_depth(row) for row in missing}):
        level = [_region(row, known) for row in missing if _depth(row) == length]
        known |= {region.code: region for region in Region.objects.bulk_create(level)}
    forget_after_commit()
    return Loaded(_("行政区划"), len(missing), present)


def _depth(row: dict[str, Any]) -> tuple[int, int]:
    return (len(row["code"]), 1 if row["parent"] else 0)


def _region(row: dict[str, Any], known: dict[str, Region]) -> Region:
    parent = known[row["parent"]] if row["parent"] else None
    return Region(
        code=row["code"],
        name=row["name"],
        full_name=f"{parent.full_name}{row['name']}" if parent else row["name"],
        level=row["level"],
        parent=parent,
        path=path_of(parent=parent, code=row["code"]),
        starts_date=BEGINNING,
        lng=row["lng"],
        lat=row["lat"],
        boundary=row["boundary"],
    )
