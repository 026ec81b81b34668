"""When a message may go and when it is tried again: plain arithmetic, no clock, no database."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)


def is_quiet(at: datetime, hours: tuple[int, int]) -> bool:
    """Tell whether ``at`` lies in the quiet hours (from, to) of the Shanghai clock.

    The period is half-open and may cross midnight; equal ends mean that there is none.
    """
    start, end = hours
    hour = at.astimezone(SHANGHAI).hour
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end


def next_opening(at: datetime, hours: tuple[int, int]) -> datetime:
    """Return ``at``, or the end of the quiet hours in which it lies."""
    if not is_quiet(at, hours):
        return at
    local = at.astimezone(SHANGHAI)
    opening = local.replace(hour=hours[1], minute=0, second=0, microsecond=0)
    return opening if opening > local else opening + timedelta(days=1)


def delay_after(attempts: int) -> timedelta:
    """Return the wait after that many failed attempts: doubling, at most LONGEST_DELAY."""
    doublings: int = 2 ** max(attempts - 1, 0)
    return min(FIRST_DELAY * doublings, LONGEST_DELAY)
