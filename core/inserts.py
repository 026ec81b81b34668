"""New rows of several tables in one round trip.

A citizen's contact makes seven rows. Seven statements cost seven waits; inside ``together`` they
become one statement, in the caller's transaction::

    with together():
        save_new(contact)
        save_new(ticket)      # refers to contact by the id that it was given beforehand

It is ``WITH a AS (INSERT …), b AS (INSERT …) INSERT …``, whose foreign keys PostgreSQL checks at
its end. The same rows make the same text each time, so it is built once in a process and parsed
once in a connection. A broken constraint raises as usual.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, models

from core.prepared import prepared_cursor

_open: ContextVar[list[models.Model] | None] = ContextVar("open_inserts", default=None)


def save_new(row: models.Model) -> None:
    """Insert a row: at once, or at the end of the enclosing ``together`` block.

    In a block a row without an id keeps having none: nobody may need it before it is read again.
    """
    rows = _open.get()
    if rows is None:
        row.save(force_insert=True)
    else:
        rows.append(row)


@contextmanager
def together() -> Iterator[None]:
    """Insert what ``save_new`` is given in this block with one query when the block ends.

    An inner block belongs to the outer one. An exception in the block inserts nothing.
    """
    if _open.get() is not None:
        yield
        return
    rows: list[models.Model] = []
    token = _open.set(rows)
    try:
        yield
    finally:
        _open.reset(token)
    if rows:
        _insert(rows)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the rows of a model go in."""

    statement: str
    fields: "tuple[models.Field[Any, Any], ...]"


def _insert(rows: Sequence[models.Model]) -> None:
    kinds = tuple((type(row), row.pk is not None) for row in rows)
    values: list[Any] = []
    for row, kind in zip(rows, kinds, strict=True):
        for field in _shape(*kind).fields:
            value = field.pre_save(row, add=True)
            values.append(field.get_db_prep_save(value, connection=connection))
    with prepared_cursor() as cursor:
        cursor.execute(_statement(kinds), values)
    for row in rows:
        row._state.adding = False  # noqa: SLF001  what save() does
        row._state.db = connection.alias  # noqa: SLF001  what save() does


@cache
def _statement(kinds: tuple[tuple[type[models.Model], bool], ...]) -> str:
    *first, last = (_shape(*kind).statement for kind in kinds)
    named = ",\n".join(f"row_{number} AS ({each})" for number, each in enumerate(first))
    return f"WITH {named}\n{last}" if named else last


@cache
def _shape(model: type[models.Model], with_id: bool) -> _Shape:  # noqa: FBT001  part of the key
    meta = model._meta  # noqa: SLF001  Django's public API
    fields = tuple(
        field
        for field in meta.local_concrete_fields
        if not field.generated and (with_id or not field.primary_key)
    )
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(_place(field) for field in fields)
    into = f"{quote(meta.db_table)} ({columns})"
    return _Shape(f"INSERT INTO {into} VALUES ({places})", fields)  # noqa: S608  names of the model


def _place(field: "models.Field[Any, Any]") -> str:
    own = getattr(field, "get_placeholder", None)
    return str(own(None, None, connection)) if own else "%s"
