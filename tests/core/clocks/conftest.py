"""A calendar of the real notices, and a policy to start clocks by."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from core.clocks import actions, registry
from core.clocks.models import Clock, ClockPolicy
from core.clocks.states import Unit
from core.regions.models import Region
from core.workdays.models import HolidayNotice, SpecialDay
from core.workdays.queries import forget
from core.workdays.seed import notice_days

Starter = Callable[..., Clock]
FRIDAY = datetime(2026, 9, 18, 2, 0, tzinfo=UTC)
"""2026-09-18 10:00 in the city, a Friday."""


def enter_notice(year: int, days: dict[date, bool], region: Region | None = None) -> HolidayNotice:
    """Enter a notice behind the back of every cache, as another process would."""
    notice = HolidayNotice.objects.create(year=year, region=region, source=f"{year} 年通知")
    SpecialDay.objects.bulk_create(
        SpecialDay(notice=notice, day=day, is_off=is_off, name="节日")
        for day, is_off in days.items()
    )
    return notice


@pytest.fixture(autouse=True)
def _nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the handlers of the apps: these clocks have no real subjects."""
    monkeypatch.setattr(registry, "_registered", {})


@pytest.fixture
def notices(db: None) -> None:
    """The national notices of 2025 and 2026."""
    for year in (2025, 2026):
        notice = HolidayNotice.objects.create(year=year, source=f"{year} 年通知")
        SpecialDay.objects.bulk_create(
            SpecialDay(notice=notice, day=day.date, is_off=day.is_off, name=day.name)
            for day in notice_days()
            if day.date.year == year
        )
    forget()


def make_policy(amount: int = 7, unit: Unit = Unit.WORKING_DAYS, **fields: object) -> ClockPolicy:
    """Return a saved policy."""
    values = {
        "clock_kind": "answer",
        "subject_kind": "help",
        "effective_date": date(2025, 12, 1),
        "source": "测试办法第 1 条",
        **fields,
    }
    return ClockPolicy.objects.create(amount=amount, unit=unit, **values)


def start_clock(
    policy: ClockPolicy,
    *,
    subject_id: int | None = 1,
    at: datetime = FRIDAY,
    region: Region | None = None,
) -> Clock:
    """Start an answer clock of a ticket."""
    return actions.start(
        subject_type="hotline.ticket",
        subject_id=subject_id,
        kind="answer",
        policy=policy,
        region=region,
        at=at,
    )
