"""Saying that somebody looks at a ticket; it expires by itself."""

import logging
from datetime import datetime, timedelta

import redis

from hotline.queries.presence import client, key_of

LOOK_LASTS = timedelta(seconds=45)
_log = logging.getLogger(__name__)


def look(*, ticket_no: str, user_id: int, socket: str, at: datetime) -> bool:
    """Note that one socket of a user looks at a ticket for the next LOOK_LASTS; say it again to
    go on. Returns whether that is news: the first time, or the store had forgotten. Socket ids
    hold no colon.
    """
    key = key_of(ticket_no)
    try:
        pipe = client().pipeline(transaction=False)
        pipe.zremrangebyscore(key, "-inf", at.timestamp())
        pipe.zadd(key, {f"{user_id}:{socket}": (at + LOOK_LASTS).timestamp()})
        pipe.expire(key, int(LOOK_LASTS.total_seconds()) * 2)
        _, added, _ = pipe.execute()
    except redis.RedisError as error:
        _log.warning("presence not written: %s", type(error).__name__)
        return False
    return bool(added)


def look_away(*, ticket_no: str, user_id: int, socket: str) -> None:
    """Note that one socket no longer looks at a ticket."""
    try:
        client().zrem(key_of(ticket_no), f"{user_id}:{socket}")
    except redis.RedisError as error:
        _log.warning("presence not removed: %s", type(error).__name__)
