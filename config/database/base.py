"""Django's PostgreSQL backend that looks at a pooled connection before it is used.

After a restart of PostgreSQL every idle connection of the pool is dead, and each would cost one
request an error. Django's own remedy (``CONN_HEALTH_CHECKS``) asks the server at every request.
Looking at the socket is free: an idle connection has nothing to read, unless it was hung up.
"""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Hands out living connections; what PostgreSQL has hung up goes back to be replaced."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection; raises OperationalError when the pool's patience ends."""
        connection = super().get_new_connection(conn_params)
        while self.pool and was_hung_up(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection


def was_hung_up(connection: Any) -> bool:
    """Tell whether the server has said anything, if only good-bye, on an idle connection."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
