"""Who is looking at which ticket right now.

A sorted set per ticket in Valkey: member ``user:socket``, score the moment at which it expires.
Nothing is lost when it is: with the server down nobody seems to look, and all else works.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

_log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """Return the connection to the presence store.

    It gives up at once: without a store a page must not wait for the retries that the library
    would make by itself.
    """
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=0.3,
        socket_timeout=0.3,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
    )


def key_of(ticket_no: str) -> str:
    """Return the key of a ticket's sorted set."""
    return f"tongban:looking:{ticket_no}"


def who_looks(*, ticket_nos: Sequence[str], at: datetime) -> dict[str, list[int]]:
    """Return the ids of the users who look at each ticket, each user once, first come first."""
    if not ticket_nos:
        return {}
    try:
        pipe = client().pipeline(transaction=False)
        for no in ticket_nos:
            pipe.zrangebyscore(key_of(no), f"({at.timestamp()}", "+inf")
        found = pipe.execute()
    except redis.RedisError as error:
        _log.warning("presence not read: %s", type(error).__name__)
        return {}
    return {
        no: sorted({int(member.partition(":")[0]) for member in members})
        for no, members in zip(ticket_nos, found, strict=True)
        if members
    }
