"""The tree of subjects, and the unit that usually handles each."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.loaders.outcome import Loaded, read_rows
from core.accounts.models import Organisation
from hotline.models import Category

SOURCE = "hotline/demo/categories.json"


@transaction.atomic
def load_categories() -> Loaded:
    """Add the categories that are missing, without units."""
    rows = read_rows(SOURCE)
    ids = _ids()
    present = len(ids)
    missing = [row for row in rows if row["code"] not in ids]
    for length in sorted({len(row["code"]) for row in missing}):
        level = [row for row in missing if len(row["code"]) == length]
        Category.objects.bulk_create(
            (_category(row, rows, ids) for row in level), ignore_conflicts=True
        )
        ids = _ids()
    return Loaded(_("诉求分类"), len(missing), present)


@transaction.atomic
def assign_default_units() -> Loaded:
    """Give a unit to the categories that have none, as far as the units exist."""
    units = dict(Organisation.objects.values_list("code", "id"))
    wanted = {row["code"]: units.get(row["default_unit"]) for row in read_rows(SOURCE)}
    open_ones = [
        category
        for category in Category.objects.filter(default_unit__isnull=True).order_by("id")
        if wanted.get(category.code)
    ]
    for category in open_ones:
        category.default_unit_id = wanted[category.code]
    Category.objects.bulk_update(open_ones, ["default_unit"], batch_size=500)
    return Loaded(_("分类默认承办单位"), len(open_ones), len(wanted) - len(open_ones))


def _ids() -> dict[str, int]:
    return dict(Category.objects.values_list("code", "id"))


def _category(row: dict[str, Any], rows: list[dict[str, Any]], ids: dict[str, int]) -> Category:
    names = {one["code"]: one["name"] for one in rows}
    code = row["code"]
    ancestors = [code[:end] for end in range(2, len(code) + 1, 2)]
    return Category(
        code=code,
        name=row["name"],
        full_name=" / ".join(names[one] for one in ancestors),
        parent_id=ids[row["parent"]] if row["parent"] else None,
        external_code=row["external_code"] or "",
        standard=row["standard"] or "",
        keywords=row["keywords"],
        default_kind=row["default_kind"] or "",
    )
