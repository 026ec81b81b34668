"""The category tree, kept in the process for seconds: it changes rarely, is asked often."""

import time
from dataclasses import dataclass, field

from hotline.models import Category

FRESH_SECONDS = 10.0


@dataclass
class _Tree:
    by_code: dict[str, Category] = field(default_factory=dict)
    loaded_at: float = float("-inf")


_tree = _Tree()


def category_tree() -> dict[str, Category]:
    """Return the active categories by code, at most FRESH_SECONDS old."""
    now = time.monotonic()
    if now - _tree.loaded_at > FRESH_SECONDS:
        rows = Category.objects.filter(is_active=True).select_related("default_unit")
        _tree.by_code = {row.code: row for row in rows.order_by("code")}
        _tree.loaded_at = now
    return _tree.by_code


def forget_categories() -> None:
    """Drop the kept tree, after a change or between tests."""
    _tree.loaded_at = float("-inf")


def resolve_category(code: str) -> Category | None:
    """Return the active category with this code, or None."""
    return category_tree().get(code)
