"""Giving out numbers."""

from django.db import connection
from django.db.transaction import TransactionManagementError

NEXT_IN_SERIES = """
    INSERT INTO core_numberseries (key, last) VALUES (%s, 1)
    ON CONFLICT (key) DO UPDATE SET last = core_numberseries.last + 1
    RETURNING last
"""


def next_in_series(*, key: str) -> int:
    """Return the next number of a series, from 1, without gaps.

    The row of the series stays locked until the caller's transaction ends: a rollback gives the
    number back, and nobody takes the following one before that is known. Raises
    TransactionManagementError outside a transaction, where a gap could not be prevented.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("next_in_series needs the transaction that uses it")
    with connection.cursor() as cursor:
        cursor.execute(NEXT_IN_SERIES, [key])
        return int(cursor.fetchone()[0])


def next_serial(*, sequence: str) -> int:
    """Return the next value of a PostgreSQL sequence: never waits for anybody, may leave gaps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s::regclass)", [sequence])
        return int(cursor.fetchone()[0])
