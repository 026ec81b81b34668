"""New rows of several tables in one round trip.

A citizen's contact makes seven rows. Seven statements cost seven waits; inside ``together`` they
become one text that PostgreSQL runs in order, in the caller's transaction::

    with together():
        save_new(contact)
        save_new(ticket)      # refers to contact by the id that it was given beforehand

This relies on client-side binding (Django's default), which lets one query hold several
statements. Rows keep their validation by the database: a broken constraint raises as usual.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, models
from django.db.models.sql import InsertQuery

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


def _insert(rows: Sequence[models.Model]) -> None:
    statements: list[str] = []
    values: list[Any] = []
    for row in rows:
        for statement, own in _compiled(row):
            statements.append(statement)
            values.extend(own)
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(statements), values)
    for row in rows:
        row._state.adding = False  # noqa: SLF001  what save() does
        row._state.db = connection.alias  # noqa: SLF001  what save() does


def _compiled(row: models.Model) -> list[tuple[str, Sequence[Any]]]:
    meta = row._meta  # noqa: SLF001  Django's public API
    fields = [
        field
        for field in meta.local_concrete_fields
        if not field.generated and not (field.primary_key and row.pk is None)
    ]
    query = InsertQuery(type(row))
    query.insert_values(fields, [row], raw=False)
    compiled: list[tuple[str, Sequence[Any]]] = query.get_compiler(connection=connection).as_sql()
    return compiled
