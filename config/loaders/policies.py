"""The clock policies that a city starts with."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.loaders.outcome import Loaded, read_rows
from core.clocks.models import ClockPolicy
from core.clocks.queries import forget_policies_after_commit
from core.regions.models import Region
from core.regions.queries import resolve

Key = tuple[str, str, str, str, date]


@transaction.atomic
def load_policies() -> Loaded:
    """Add the policies that are missing; one for a region that is not there yet waits."""
    rows = read_rows("hotline/demo/clock_policies.json")
    present = set(_present_keys())
    missing = [row for row in rows if _key(row) not in present]
    ready = [(row, _region(row)) for row in missing]
    policies = [_policy(row, region) for row, region in ready if region or not row["region"]]
    ClockPolicy.objects.bulk_create(policies, ignore_conflicts=True)
    forget_policies_after_commit()
    waiting = len(missing) - len(policies)
    note = _("%d 条等待区划") % waiting if waiting else ""
    return Loaded(_("时限政策"), len(policies), len(rows) - len(missing), note)


def _present_keys() -> list[Key]:
    return [
        (kind, subject_kind, urgency, code or "", effective)
        for kind, subject_kind, urgency, code, effective in ClockPolicy.objects.values_list(
            "clock_kind", "subject_kind", "urgency", "region__code", "effective_date"
        )
    ]


def _key(row: dict[str, Any]) -> Key:
    return (
        row["kind"],
        row["matter_kind"] or "",
        row["urgency"] or "",
        row["region"] or "",
        date.fromisoformat(row["effective_from"]),
    )


def _region(row: dict[str, Any]) -> Region | None:
    return resolve(row["region"]) if row["region"] else None


def _policy(row: dict[str, Any], region: Region | None) -> ClockPolicy:
    return ClockPolicy(
        clock_kind=row["kind"],
        subject_kind=row["matter_kind"] or "",
        urgency=row["urgency"] or "",
        region=region,
        amount=row["amount"],
        unit=row["unit"],
        effective_date=date.fromisoformat(row["effective_from"]),
        source=row["source"],
    )
