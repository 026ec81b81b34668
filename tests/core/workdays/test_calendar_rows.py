"""Calendars made of notices in the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config.loaders.holidays import load_holidays
from core.audit.models import AuditEntry
from core.workdays import actions
from core.workdays.models import HolidayNotice, SpecialDay
from core.workdays.queries import calendar_for, day_names_for, forget, known_years
from core.workdays.rules import NoticeDay, add_working_days, is_working_day
from core.workdays.seed import calendar_from_package
from tests.factories.core import UserFactory, city, district

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
Commit = Callable[..., AbstractContextManager[list[Callable[[], object]]]]


@pytest.fixture
def today() -> Iterator[None]:
    """Live on 22 November 2026."""
    with time_machine.travel(NOW, tick=True):
        yield


def publish(
    year: int, *days: tuple[date, bool], region: object = None, source: str = "通知"
) -> HolidayNotice:
    """Publish a notice of a few days."""
    return actions.publish_notice(
        year=year,
        days=[NoticeDay(day, is_off, "节日") for day, is_off in days],
        source=source,
        region=region,
        by=None,
        at=NOW,
    )


class TestKnownYears:
    @pytest.mark.parametrize(
        ("years", "expected"),
        [
            ([], None),
            ([2026], (2026, 2026)),
            ([2024, 2025, 2026, 2027], (2024, 2027)),
            ([2027, 2025, 2026, 2025], (2025, 2027)),
            ([2004, 2024, 2025, 2026], (2024, 2026)),
            ([2025, 2026, 2028], (2025, 2026)),
            ([2024, 2025], (2024, 2025)),
            ([2027, 2028], None),
        ],
    )
    def test_is_the_unbroken_run_that_holds_this_year(
        self, years: list[int], expected: tuple[int, int] | None
    ) -> None:
        assert known_years(years, this_year=2026) == expected


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
class TestCalendarFor:
    def test_reads_the_days_of_national_notices(self) -> None:
        publish(2026, (date(2026, 10, 1), True), (date(2026, 10, 10), False))

        calendar = calendar_for(None)

        assert not is_working_day(date(2026, 10, 1), calendar)
        assert is_working_day(date(2026, 10, 10), calendar)
        assert (calendar.known_from, calendar.known_until) == (
            date(2026, 1, 1),
            date(2026, 12, 24),
        )

    def test_without_any_notice_every_result_is_provisional(self) -> None:
        result = add_working_days(date(2026, 11, 20), 1, calendar_for(None))

        assert (result.date, result.provisional) == (date(2026, 11, 23), True)

    def test_a_notice_behind_a_gap_makes_nothing_known(self) -> None:
        publish(2026, (date(2026, 10, 1), True))
        publish(2028, (date(2028, 1, 1), True))

        assert calendar_for(None).known_until == date(2026, 12, 24)

    def test_a_region_has_its_own_days_on_top_and_so_has_all_that_lies_in_it(self) -> None:
        publish(2026, (date(2026, 10, 1), True))
        here, there = district("519901"), district("519902")
        publish(2026, (date(2026, 11, 24), True), region=here)

        off = [
            not is_working_day(date(2026, 11, 24), calendar_for(region))
            for region in (here, there, city(), None)
        ]

        assert off == [True, False, False, False]
        assert not is_working_day(date(2026, 10, 1), calendar_for(here))

    def test_the_inner_region_overrules_the_outer(self) -> None:
        publish(2026, (date(2026, 10, 1), True))
        publish(2026, (date(2026, 11, 24), True), region=city())
        publish(2026, (date(2026, 11, 24), False), region=district())

        assert is_working_day(date(2026, 11, 24), calendar_for(district()))
        assert not is_working_day(date(2026, 11, 24), calendar_for(city()))

    def test_a_local_notice_makes_no_year_known(self) -> None:
        publish(2026, (date(2026, 10, 1), True))
        publish(2027, (date(2027, 3, 3), True), region=city())

        assert calendar_for(city()).known_until == date(2026, 12, 24)

    def test_costs_nothing_when_warm(self) -> None:
        publish(2026, (date(2026, 10, 1), True))
        here = district()
        publish(2026, (date(2026, 11, 24), True), region=here)
        calendar_for(here)

        with CaptureQueriesContext(connection) as queries:
            calendar_for(here)
            calendar_for(None)
            day_names_for(here)

        assert len(queries) == 0

    def test_names_days_of_the_nation_and_of_the_region(self) -> None:
        publish(2026, (date(2026, 10, 1), True))
        here = district()
        publish(2026, (date(2026, 11, 24), True), region=here)

        assert day_names_for(None) == {date(2026, 10, 1): "节日"}
        assert sorted(day_names_for(here)) == [date(2026, 10, 1), date(2026, 11, 24)]

    def test_notices_entered_by_another_process_show_within_ten_seconds(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moment = [1_000.0]
        monkeypatch.setattr("core.process_cache.monotonic", lambda: moment[0])
        publish(2026, (date(2026, 10, 1), True))
        calendar_for(None)
        SpecialDay.objects.update(is_off=False)
        moment[0] += 9.9
        copy = calendar_for(None)
        moment[0] += 0.1
        read_again = calendar_for(None)

        assert not is_working_day(date(2026, 10, 1), copy)
        assert is_working_day(date(2026, 10, 1), read_again)

    def test_notices_entered_by_another_process_show_at_once_when_asked(self) -> None:
        publish(2026, (date(2026, 10, 1), True))
        calendar_for(None)
        SpecialDay.objects.update(is_off=False)

        forget()

        assert is_working_day(date(2026, 10, 1), calendar_for(None))


@pytest.mark.django_db
class TestPublishNotice:
    def test_stores_the_days_and_says_who_entered_them(self) -> None:
        by = UserFactory()

        notice = actions.publish_notice(
            year=2027,
            days=[NoticeDay(date(2027, 1, 1), True, "元旦")],
            source="国办发明电〔2026〕0 号（测试）",
            region=None,
            by=by,
            at=NOW,
            published_date=date(2026, 11, 20),
        )

        assert list(notice.days.values_list("day", "is_off", "name")) == [
            (date(2027, 1, 1), True, "元旦")
        ]
        entry = AuditEntry.objects.get(action="workdays.publish_notice")
        assert (entry.actor, entry.subject_id) == (by, str(notice.pk))
        assert entry.data["days"] == 1

    def test_a_second_notice_for_the_year_replaces_the_first(self) -> None:
        first = publish(2027, (date(2027, 1, 1), True), (date(2027, 1, 2), True))

        second = publish(2027, (date(2027, 1, 3), True), source="更正通知")

        assert second.pk == first.pk
        assert [day.day for day in second.days.all()] == [date(2027, 1, 3)]
        assert second.source == "更正通知"

    def test_refuses_an_empty_notice(self) -> None:
        with pytest.raises(actions.EmptyNotice):
            publish(2027)

        assert not HolidayNotice.objects.exists()

    def test_tells_the_listeners_after_the_commit(
        self,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Commit,
    ) -> None:
        heard: list[datetime] = []
        monkeypatch.setattr(actions, "_listeners", [])
        actions.on_calendar_changed(heard.append)
        actions.on_calendar_changed(heard.append)

        with django_capture_on_commit_callbacks(execute=True):
            publish(2027, (date(2027, 1, 1), True))
            before = list(heard)

        assert (before, heard) == ([], [NOW])

    def test_a_listener_that_fails_is_logged_and_undoes_nothing(
        self,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        django_capture_on_commit_callbacks: Commit,
    ) -> None:
        def fail(_at: datetime) -> None:
            raise ConnectionError("no broker")

        monkeypatch.setattr(actions, "_listeners", [fail])

        with django_capture_on_commit_callbacks(execute=True):
            publish(2027, (date(2027, 1, 1), True))

        assert "no broker" in caplog.text
        assert HolidayNotice.objects.filter(year=2027).exists()

    def test_the_clocks_listen(self) -> None:
        assert [one.__name__ for one in actions._listeners] == ["ask_for_recompute"]

    def test_the_database_refuses_two_national_notices_for_a_year(self) -> None:
        publish(2027, (date(2027, 1, 1), True))

        with pytest.raises(IntegrityError, match="holiday_notice_once"), transaction.atomic():
            HolidayNotice.objects.create(year=2027, source="另一份")

    def test_the_database_refuses_a_day_twice_in_a_notice(self) -> None:
        notice = publish(2027, (date(2027, 1, 1), True))

        with pytest.raises(IntegrityError, match="special_day_once"), transaction.atomic():
            SpecialDay.objects.create(notice=notice, day=date(2027, 1, 1), is_off=False)


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
class TestSeed:
    def test_rows_give_the_calendar_of_the_package(self) -> None:
        load_holidays(at=NOW)

        rows, package = calendar_for(None), calendar_from_package()
        assert (rows.days, rows.known_from, rows.known_until) == (
            package.days,
            package.known_from,
            package.known_until,
        )
