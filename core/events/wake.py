"""A nudge for the relay. Losing one costs at most one polling interval, never an event."""

import logging
from functools import lru_cache

import redis
from django.conf import settings

CHANNEL = "tongban:relay"
_log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)


def relay() -> None:
    """Tell the relay that something was committed; a dead broker is logged and passed over."""
    try:
        _client().publish(CHANNEL, b"1")
    except redis.RedisError as error:
        _log.warning("relay not woken: %s", type(error).__name__)
