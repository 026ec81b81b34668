"""Django's PostgreSQL backend for a server that may be restarted at any moment.

After a restart every idle connection of the pool is dead, and each would cost one request an
error. Django's own remedy (``CONN_HEALTH_CHECKS``) asks the server at every request. Looking at the
socket is free: an idle connection has nothing to read, unless it was hung up.

The pool's own attempts to reconnect come at longer and longer intervals, and whoever waits when
one is given up waits in vain. So we ask the pool anew every second until our patience ends.
"""

import select
import time
from functools import lru_cache
from typing import Any, cast

from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg import RawCursor
from psycopg_pool import PoolTimeout

PATIENCE = 10.0
"""Seconds that a request waits for a connection, because all are in use or PostgreSQL restarts."""


class DatabaseOperations(operations.DatabaseOperations):
    """Knows how a prepared statement reads."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        """Return the text with its values, for the debug log and for counting statements."""
        if isinstance(cursor, PreparingCursor):
            return str(self.compose_sql(sql, params))
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """Hands out living connections; what PostgreSQL has hung up goes back to be replaced."""

    ops_class = DatabaseOperations

    def prepared_cursor(self) -> CursorWrapper:
        """Return a cursor for texts that come again and again: the server parses each once.

        Values are bound by the server, so it takes one statement at a time and its types strictly.
        """
        self.ensure_connection()
        cursor = PreparingCursor(self.connection)
        wrapped: CursorWrapper = cast("Any", self)._prepare_cursor(cursor)  # noqa: SLF001  its own
        return wrapped

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection; raises OperationalError when PATIENCE ends."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection = super().get_new_connection(conn_params)
            except PoolTimeout:
                if time.monotonic() > deadline:
                    raise
                continue
            if not self.pool or not was_hung_up(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)


class PreparingCursor(base.CursorMixin, RawCursor):
    """Prepares every statement at its first use; the text holds nothing but ``%s`` to fill in."""

    def execute(self, query: Any, params: Any = None, **_options: Any) -> Any:
        """Execute by the connection's prepared statement of this text."""
        return super().execute(_numbered(query), params, prepare=True)


@lru_cache(maxsize=256)
def _numbered(query: str) -> bytes:
    first, *others = query.split("%s")
    return (first + "".join(f"${n}{text}" for n, text in enumerate(others, 1))).encode()


def was_hung_up(connection: Any) -> bool:
    """Tell whether the server has said anything, if only good-bye, on an idle connection."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
