"""The units of the fictional city."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.loaders.outcome import Loaded, read_rows
from core.accounts.models import Organisation
from core.accounts.states import OrganisationKind
from core.regions.models import Region

KINDS = {
    "hotline": OrganisationKind.CENTRE,
    "public_enterprise": OrganisationKind.UTILITY,
    "district": OrganisationKind.GOVERNMENT,
}


@transaction.atomic
def load_organisations() -> Loaded:
    """Add the units that are missing, parents first."""
    rows = read_rows("core/demo/organisations.json")
    known = {unit.code: unit for unit in Organisation.objects.order_by("id")}
    present = len(known)
    missing = [row for row in rows if row["code"] not in known]
    regions = dict(Region.objects.filter(ends_date__isnull=True).values_list("code", "id"))
    for level in _levels(missing, set(known)):
        units = [_unit(row, known, regions) for row in level]
        known |= {unit.code: unit for unit in Organisation.objects.bulk_create(units)}
    return Loaded(_("机构"), len(missing), present)


def _levels(rows: list[dict[str, Any]], placed: set[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows so that every parent comes in an earlier list than its children."""
    waiting = rows
    while waiting:
        ready = [row for row in waiting if row["parent"] is None or row["parent"] in placed]
        if not ready:
            raise ValueError(f"units without a parent: {[row['code'] for row in waiting]}")
        yield ready
        placed |= {row["code"] for row in ready}
        waiting = [row for row in waiting if row["code"] not in placed]


def _unit(
    row: dict[str, Any], known: dict[str, Organisation], regions: dict[str, int]
) -> Organisation:
    parent = known[row["parent"]] if row["parent"] else None
    return Organisation(
        code=row["code"],
        name=row["name"],
        short_name=row["short_name"],
        kind=KINDS.get(row["kind"], row["kind"]),
        parent=parent,
        path=f"{parent.path if parent else ''}{row['code']}/",
        region_id=regions[row["region"]],
        uscc=row["uscc"] or "",
        phone=row["phone"] or "",
        legal_duties=row["legal_duties"],
    )
