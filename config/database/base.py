"""Django's PostgreSQL backend for a server that may be restarted at any moment.

After a restart every idle connection of the pool is dead, and each would cost one request an
error. Django's own remedy (``CONN_HEALTH_CHECKS``) asks the server at every request. Looking at the
socket is free: an idle connection has nothing to read, unless it was hung up.

The pool's own attempts to reconnect come at longer and longer intervals, and whoever waits when
one is given up waits in vain. So we ask the pool anew every second until our patience ends.
"""

import select
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

PATIENCE = 10.0
"""Seconds that a request waits for a connection, because all are in use or PostgreSQL restarts."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Hands out living connections; what PostgreSQL has hung up goes back to be replaced."""

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


def was_hung_up(connection: Any) -> bool:
    """Tell whether the server has said anything, if only good-bye, on an idle connection."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
