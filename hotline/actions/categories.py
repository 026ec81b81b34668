"""Keeping the tree of subjects: entering, changing, taking out of use, importing a table."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.accounts.models import Organisation, User
from core.accounts.reach import reaches_city
from core.accounts.states import Role
from core.audit.actions import record
from core.errors import DomainError, ForbiddenError, InvalidError
from hotline.models import Category
from hotline.queries.categories import forget_categories
from hotline.rules.category_rows import CategoryRow

KEEPERS = frozenset({Role.SYSTEM_ADMIN})
SUBJECT = "hotline.category"
TOP = 2


class CategoryParentError(InvalidError):
    """The code above does not exist."""

    code = "category_parent"
    message = _("上级分类不存在：代码去掉末两位应是一个已有分类。")


class CategoryCodeFixedError(InvalidError):
    """Codes are in tickets and statistics and never change."""

    code = "category_code_fixed"
    message = _("代码已被工单和统计使用，不能修改；请新增分类并停用旧的。")


class CategoryStateError(DomainError):
    """The category is in this state already."""

    code = "category_state"
    message = _("该分类已经处于这个状态。")


@transaction.atomic
def save_category(
    *, category: Category, changed: Sequence[str], by: User, at: datetime
) -> Category:
    """Enter a category, or store changes; parent and full name follow from the code.

    Raises ForbiddenError, CategoryParentError or CategoryCodeFixedError.
    """
    _check_keeper(by)
    is_new = category.pk is None
    if not is_new and Category.objects.values_list("code", flat=True).get(pk=category.pk) != (
        category.code
    ):
        raise CategoryCodeFixedError(fields={"code": [CategoryCodeFixedError.message]})
    _place(category)
    category.save()
    _rename_below(category)
    action = "category.created" if is_new else "category.changed"
    _finish(action, category, by=by, at=at, fields=changed)
    return category


@transaction.atomic
def switch_category(*, category: Category, reason: str, by: User, at: datetime) -> Category:
    """Take a category out of use, or into use again, with all below it; returns it.

    Raises ForbiddenError.
    """
    _check_keeper(by)
    locked = Category.objects.select_for_update(of=("self",)).get(pk=category.pk)
    active = not locked.is_active
    touched = Category.objects.filter(code__startswith=locked.code).exclude(is_active=active)
    count = touched.update(is_active=active)
    locked.is_active = active
    action = "category.reinstated" if active else "category.retired"
    _finish(action, locked, by=by, at=at, reason=reason, fields=[str(count)])
    return locked


@transaction.atomic
def import_categories(*, rows: Iterable[CategoryRow], by: User, at: datetime) -> int:
    """Add or change the categories of a checked table, all or none; return how many.

    Raises ForbiddenError or CategoryParentError.
    """
    _check_keeper(by)
    wanted = sorted(rows, key=lambda row: row.code)
    units = dict(Organisation.objects.values_list("code", "id"))
    present = {row.code: row for row in Category.objects.select_for_update(of=("self",))}
    for row in wanted:
        category = present.get(row.code) or Category(code=row.code)
        _fill(category, row, units)
        _place(category)
        category.save()
    for row in wanted:
        _rename_below(Category.objects.get(code=row.code))
    record(
        action="category.imported",
        by=by,
        at=at,
        subject_type=SUBJECT,
        data={"rows": len(wanted), "codes": [row.code for row in wanted[:200]]},
    )
    transaction.on_commit(forget_categories)
    return len(wanted)


def _fill(category: Category, row: CategoryRow, units: dict[str, int]) -> None:
    category.name, category.keywords = row.name, list(row.keywords)
    category.default_kind, category.is_active = row.kind, row.is_active
    category.default_unit_id = units[row.unit] if row.unit else None
    category.external_code, category.standard = row.external_code, row.standard


def _place(category: Category) -> None:
    """Find the parent by the code, and write the full name out."""
    parent = None
    if len(category.code) > TOP:
        parent = Category.objects.filter(code=category.code[:-2]).first()
        if parent is None:
            raise CategoryParentError(fields={"code": [CategoryParentError.message]})
    category.parent = parent
    category.full_name = f"{parent.full_name} / {category.name}" if parent else category.name


def _rename_below(category: Category) -> None:
    """Carry a new name into the full names below."""
    for child in Category.objects.filter(parent=category).order_by("code"):
        full_name = f"{category.full_name} / {child.name}"
        if child.full_name != full_name:
            child.full_name = full_name
            child.save(update_fields=["full_name"])
            _rename_below(child)


def _check_keeper(by: User) -> None:
    if not reaches_city(by, KEEPERS):
        raise ForbiddenError


def _finish(
    action: str,
    category: Category,
    *,
    by: User,
    at: datetime,
    fields: Sequence[str],
    reason: str = "",
) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject_type=SUBJECT,
        subject_id=category.pk,
        reason=reason,
        data={"code": category.code, "fields": sorted(fields)},
    )
    transaction.on_commit(forget_categories)
