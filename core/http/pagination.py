"""Keyset pages: the next page begins after the last row seen, whatever was inserted meanwhile.

No ``count(*)`` and no offset: the cost of a page does not depend on how far down it is. The order
must end with a unique field and hold no nullable one; both are checked.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.utils.translation import gettext
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidError
from core.errors import gettext_noop as _

M = TypeVar("M", bound=Model)
DEFAULT_SIZE = 50
MAX_SIZE = 200
MAX_CURSOR = 1_000
DEFAULT_ORDER = ("-received_at", "-id")


class InvalidCursorError(InvalidError):
    """The cursor was not given out by this list."""

    code = "invalid_cursor"
    message = _("翻页标记无效，请从第一页重新开始。")


class InvalidPageSizeError(InvalidError):
    """The page size is no number or out of bounds."""

    code = "invalid_page_size"
    message = _("每页条数必须是 1 到 200 之间的整数。")


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows, and the cursor of the rows after them (None at the end)."""

    items: list[M]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Key:
    """One column of the order."""

    field: "Field[Any, Any]"
    descending: bool

    @property
    def past(self) -> str:
        return f"{self.field.attname}__{'lt' if self.descending else 'gt'}"

    @property
    def not_before(self) -> str:
        return f"{self.past}e"


def keyset_page(
    queryset: QuerySet[M],
    *,
    order: Sequence[str] = DEFAULT_ORDER,
    after: str | None = None,
    size: int = DEFAULT_SIZE,
) -> Page[M]:
    """Return the page after a cursor (the first without one) in one statement.

    Raises InvalidCursorError or InvalidPageSizeError, and ImproperlyConfigured when the order
    could skip or repeat rows.
    """
    if not 1 <= size <= MAX_SIZE:
        raise InvalidPageSizeError(fields={"page_size": [InvalidPageSizeError.message]})
    keys = _keys(queryset.model, order)
    if after:
        queryset = queryset.filter(_after(keys, _decode(after, keys)))
    rows = list(queryset.order_by(*order)[: size + 1])
    items = rows[:size]
    return Page(items, _encode(items[-1], keys) if len(rows) > size else None)


def _keys(model: type[Model], order: Sequence[str]) -> list[_Key]:
    keys = []
    columns = {field.name: field for field in model._meta.concrete_fields}  # noqa: SLF001  Django's public API
    for name in order:
        field = columns.get(name.removeprefix("-"))
        if field is None or field.null:
            raise ImproperlyConfigured(f"{name} can be null or is no column: no keyset order")
        keys.append(_Key(field, name.startswith("-")))
    if not keys or not keys[-1].field.unique:
        raise ImproperlyConfigured(f"{tuple(order)} does not end with a unique field")
    return keys


def _after(keys: Sequence[_Key], values: Sequence[Any]) -> Q:
    """(a, b) > (x, y) as a >= x AND (a > x OR (a = x AND b > y)): the first part uses the index."""
    key, value = keys[0], values[0]
    if len(keys) == 1:
        return Q(**{key.past: value})
    rest = _after(keys[1:], values[1:])
    tied = Q(**{key.field.attname: value}) & rest
    return Q(**{key.not_before: value}) & (Q(**{key.past: value}) | tied)


def _encode(row: Model, keys: Sequence[_Key]) -> str:
    values = [_plain(getattr(row, key.field.attname)) for key in keys]
    text = json.dumps([_signature(keys), *values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, keys: Sequence[_Key]) -> list[Any]:
    try:
        values = _parts(cursor)
        if len(values) != len(keys) + 1 or values[0] != _signature(keys):
            raise InvalidCursorError(fields={"after": [InvalidCursorError.message]})
        return [_typed(key, value) for key, value in zip(keys, values[1:], strict=True)]
    except (ValueError, TypeError, OverflowError, ValidationError, RecursionError) as error:
        raise InvalidCursorError(fields={"after": [InvalidCursorError.message]}) from error


def _parts(cursor: str) -> list[Any]:
    if len(cursor) > MAX_CURSOR or not cursor.isascii():
        raise ValueError(cursor[:20])
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(cursor[:20]) from error
    values = json.loads(raw)
    if not isinstance(values, list):
        raise TypeError(type(values))
    return values


def _typed(key: _Key, value: Any) -> Any:
    """Return the value as the column's type; what no column can hold is refused."""
    if value is None or isinstance(value, bool | list | dict) or "\x00" in str(value):
        raise ValueError(key.field.name)
    typed = key.field.to_python(value)
    if isinstance(typed, datetime) and typed.tzinfo is None:
        raise ValueError(key.field.name)
    return typed


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value if isinstance(value, int | str) else str(value)


def _signature(keys: Sequence[_Key]) -> str:
    """Name the order, so that a cursor of one list is not taken for another's."""
    return ",".join(f"{'-' if key.descending else ''}{key.field.name}" for key in keys)


class KeysetPagination(BasePagination):
    """``?after=<cursor>&page_size=<n>`` → ``{"results": […], "next": <cursor or null>}``.

    The view names its order in ``keyset_order``.
    """

    _next: str | None = None

    def paginate_queryset(  # type: ignore[override]  # sequences have no keys to page by
        self, queryset: QuerySet[M], request: Request, view: Any = None
    ) -> list[M]:
        """Return the rows of the asked page."""
        page = keyset_page(
            queryset,
            order=getattr(view, "keyset_order", DEFAULT_ORDER),
            after=request.query_params.get("after"),
            size=page_size_of(request.query_params.get("page_size")),
        )
        self._next = page.next
        return page.items

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap the serialised rows."""
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the wrapping."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": "string",
                    "nullable": True,
                    "description": gettext("下一页的 after 参数；没有更多时为 null"),
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the two parameters."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": DEFAULT_SIZE}
        return [
            _parameter("after", {"type": "string"}, gettext("上一页返回的 next")),
            _parameter("page_size", size, gettext("每页条数")),
        ]


def page_size_of(raw: str | None) -> int:
    """Read a page size from a query string; raises InvalidPageSizeError for what is none."""
    if raw is None or raw == "":
        return DEFAULT_SIZE
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= len(str(MAX_SIZE))):
        raise InvalidPageSizeError(fields={"page_size": [InvalidPageSizeError.message]})
    return int(raw)


def _parameter(name: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": dict(schema),
    }
