"""Moving every encrypted value to the current key while the site runs.

    batch by batch in the order of the primary key: lock the rows that still carry an old key
    (busy ones are left for the next pass) → decrypt → encrypt → write where unchanged → commit

It can be stopped at any point and started again: a value shows in its first bytes which key made
it, so what is done is done. Blind indexes have a key of their own and stay as they are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

from core.personal_data import keys
from core.personal_data.fields import EncryptedTextField

BATCH = 500
PASSES = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One encrypted column."""

    label: str
    table: str
    primary_key: str
    name: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did; ``last`` is where the next begins, None at the end."""

    moved: int
    unreadable: int
    last: Any


def columns() -> Iterator[Column]:
    """Yield every encrypted column of every model."""
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta  # noqa: SLF001  Django's public API
        if meta.proxy or not meta.managed or meta.pk is None:
            continue
        for field in meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield Column(
                    label=f"{meta.label}.{field.name}",
                    table=meta.db_table,
                    primary_key=str(meta.pk.column),
                    name=str(field.column),
                )


def count_stale(column: Column) -> int:
    """Return how many values were not made with the current key."""
    query = sql.SQL("SELECT count(*) FROM {table} WHERE {stale}")
    with connection.cursor() as cursor:
        cursor.execute(*_compose(query, column))
        return int(cursor.fetchone()[0])


def rotate(column: Column, *, done: Callable[[int], object], size: int = BATCH) -> int:
    """Move a column's values, telling ``done`` how many moved after each batch; return the sum.

    Passes over the column until nothing is left that can be moved; rows that others hold locked
    through PASSES passes, and values that no key on the ring opens, are left as they are.
    """
    total = 0
    for _pass in range(PASSES):
        moved = _pass_over(column, done=done, size=size)
        total += moved
        if not moved:
            break
    return total


def _pass_over(column: Column, *, done: Callable[[int], object], size: int) -> int:
    total, after = 0, None
    while True:
        batch = rotate_batch(column, after=after, size=size)
        total += batch.moved
        done(batch.moved)
        if batch.last is None:
            return total
        after = batch.last


@transaction.atomic
def rotate_batch(column: Column, *, after: Any, size: int = BATCH) -> Batch:
    """Move the next values behind primary key ``after`` (None: from the start)."""
    rows = _lock_stale(column, after=after, size=size)
    fresh = [(new, key, old) for key, old in rows if (new := _encrypt_again(old)) is not None]
    update = sql.SQL("UPDATE {table} SET {name} = %s WHERE {key} = %s AND {name} = %s")
    with connection.cursor() as cursor:
        cursor.executemany(_names(update, column), fresh)
    last = rows[-1][0] if len(rows) == size else None
    return Batch(moved=len(fresh), unreadable=len(rows) - len(fresh), last=last)


def _lock_stale(column: Column, *, after: Any, size: int) -> list[tuple[Any, bytes]]:
    query = sql.SQL(
        "SELECT {key}, {name} FROM {table} WHERE {stale} AND (%s::text IS NULL OR {key} > %s)"
        " ORDER BY {key} LIMIT %s FOR NO KEY UPDATE SKIP LOCKED"
    )
    statement, parameters = _compose(query, column)
    marker = None if after is None else str(after)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, marker, after, size])
        return [(key, bytes(value)) for key, value in cursor.fetchall()]


def _encrypt_again(old: bytes) -> bytes | None:
    try:
        return keys.encrypt(keys.decrypt(old))
    except keys.UndecryptableError:
        return None


def _names(query: sql.SQL, column: Column, **more: sql.Composable) -> str:
    composed = query.format(
        table=sql.Identifier(column.table),
        key=sql.Identifier(column.primary_key),
        name=sql.Identifier(column.name),
        **more,
    )
    return composed.as_string(None)


def _compose(query: sql.SQL, column: Column) -> tuple[str, list[Any]]:
    head = keys.current_head()
    stale = sql.SQL("{name} IS NOT NULL AND substr({name}, 1, %s) <> %s").format(
        name=sql.Identifier(column.name)
    )
    return _names(query, column, stale=stale), [len(head), head]
