"""How a deadline reads: the share of the time that is used, and the words for what is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

FULL = 100
_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline at one moment. ``last`` is the last instant in time (``due_at`` is half-open)."""

    last: datetime
    percent: int
    text: str
    is_over: bool


def due_at_moment(*, starts_at: datetime, due_at: datetime | None, at: datetime) -> Due | None:
    """Tell how a deadline stands at ``at``, or None without a deadline."""
    if due_at is None:
        return None
    return Due(
        last=due_at - _INSTANT,
        percent=used_percent(starts_at, due_at, at),
        text=left_in_words(due_at - at),
        is_over=at >= due_at,
    )


def used_percent(starts_at: datetime, due_at: datetime, at: datetime) -> int:
    """Return the share of the time used up, 0 to 100; an empty period is used up."""
    whole = due_at - starts_at
    if whole <= timedelta(0):
        return FULL
    return max(0, min(FULL, int((at - starts_at) / whole * FULL)))


def left_in_words(left: timedelta) -> str:
    """Say what is left, or by how much the deadline has passed, in its largest unit."""
    words = _span(abs(left))
    return _("还剩 %s") % words if left > timedelta(0) else _("超期 %s") % words


def age_in_words(age: timedelta) -> str:
    """Say how long ago something was."""
    return _("刚刚") if age < _MINUTE else _("%s前") % _span(age)


def _span(length: timedelta) -> str:
    if length >= _DAY:
        return _("%d 天") % (length // _DAY)
    if length >= _HOUR:
        return _("%d 小时") % (length // _HOUR)
    return _("%d 分钟") % max(length // _MINUTE, 1)
