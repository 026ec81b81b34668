"""Entering the notices that say which days are worked."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from django.db import transaction

from core.accounts.models import User
from core.audit.actions import record
from core.errors import gettext_noop as _
from core.regions.models import Region
from core.workdays import queries
from core.workdays.models import HolidayNotice, SpecialDay
from core.workdays.rules import BadNotice, NoticeDay

Listener = Callable[[datetime], object]
_listeners: list[Listener] = []


class EmptyNotice(BadNotice):
    """A notice must name at least one day."""

    code = "holiday_notice_empty"
    message = _("放假安排不能为空。")


def on_calendar_changed(listener: Listener) -> None:
    """Have a function called with the moment of every change, after its commit.

    Registered in ``AppConfig.ready``: the clocks move their deadlines so.
    """
    if listener not in _listeners:
        _listeners.append(listener)


@transaction.atomic
def publish_notice(
    *,
    year: int,
    days: Sequence[NoticeDay],
    source: str,
    region: Region | None,
    by: User | None,
    at: datetime,
    published_date: date | None = None,
) -> HolidayNotice:
    """Enter the notice of a year and move open clocks, once this commits: see enter_notice."""
    notice = enter_notice(
        year=year,
        days=days,
        source=source,
        region=region,
        by=by,
        at=at,
        published_date=published_date,
    )
    announce_change(at=at)
    return notice


@transaction.atomic
def enter_notice(
    *,
    year: int,
    days: Sequence[NoticeDay],
    source: str,
    region: Region | None,
    by: User | None,
    at: datetime,
    published_date: date | None = None,
) -> HolidayNotice:
    """Enter the notice of a year, national or (with a region) local, and tell nobody yet.

    A second notice for the same year and region replaces the first one's days: notices have been
    changed after publication. Raises EmptyNotice. Audited. Whoever enters several announces the
    change once, behind the last.
    """
    if not days:
        raise EmptyNotice(row=0)
    notice, _ = HolidayNotice.objects.update_or_create(
        year=year, region=region, defaults={"source": source, "published_date": published_date}
    )
    removed, _by_model = SpecialDay.objects.filter(notice=notice).delete()
    SpecialDay.objects.bulk_create(
        SpecialDay(notice=notice, day=day.date, is_off=day.is_off, name=day.name) for day in days
    )
    record(
        action="workdays.publish_notice",
        by=by,
        at=at,
        subject_type="core.holidaynotice",
        subject_id=notice.pk,
        data={"year": year, "days": len(days), "replaced_days": removed, "source": source},
    )
    return notice


def announce_change(*, at: datetime) -> None:
    """Tell everybody that counts days that the calendar is another one, once this commits."""
    queries.forget_after_commit()
    for listener in _listeners:
        transaction.on_commit(_call(listener, at), robust=True)


def _call(listener: Listener, at: datetime) -> Callable[[], None]:
    """Bind the moment; Django names the hook in its log, so it must be a real function."""

    def tell() -> None:
        listener(at)

    return tell
