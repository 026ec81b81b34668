"""A nudge for the relay. Losing one costs at most one polling interval, never an event.

It stands at the end of every request that writes, so it only sends: the broker is told not to
answer on this connection.
"""

import logging
import threading
from typing import Any

import redis
from django.conf import settings

CHANNEL = "tongban:relay"
TIMEOUT_SECONDS = 0.5
_log = logging.getLogger(__name__)
_local = threading.local()


def relay() -> None:
    """Tell the relay that something was committed; a dead broker is logged and passed over."""
    try:
        _connection().send_command("PUBLISH", CHANNEL, "1")
    except (redis.RedisError, OSError) as error:
        _local.connection = None
        _log.warning("relay not woken: %s", type(error).__name__)


def _connection() -> Any:
    """Return this thread's one-way connection."""
    connection: Any = getattr(_local, "connection", None)
    if connection is None:
        pool = redis.ConnectionPool.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
        )
        connection = pool.make_connection()
        connection.connect()
        connection.send_command("CLIENT", "REPLY", "OFF")
        _local.connection = connection
    return connection
