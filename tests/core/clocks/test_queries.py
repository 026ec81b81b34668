"""Which policy applies, and what a clock says of itself."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.clocks import actions, registry
from core.clocks.models import ClockPolicy
from core.clocks.queries import (
    NoOpenClockError,
    NoPolicyError,
    explain,
    find_policy,
    forget_policies_after_commit,
    get_open_clock,
    list_clocks,
)
from core.clocks.states import Unit
from core.regions.models import Region
from tests.core.clocks.conftest import FRIDAY, make_policy, start_clock
from tests.factories.core import city, district

TODAY = date(2026, 9, 18)


def find(
    *, kind: str = "help", urgency: str = "ordinary", region: Region | None = None, on: date = TODAY
) -> ClockPolicy:
    """Find an answer policy."""
    return find_policy(
        clock_kind="answer", subject_kind=kind, urgency=urgency, region=region, on=on
    )


@pytest.mark.django_db
class TestFindPolicy:
    def test_refuses_when_there_is_none(self) -> None:
        make_policy(clock_kind="sign")

        with pytest.raises(NoPolicyError) as refusal:
            find()

        assert refusal.value.details["clock_kind"] == "answer"

    def test_takes_the_latest_that_is_in_force(self) -> None:
        make_policy(effective_date=date(2025, 12, 1))
        wanted = make_policy(effective_date=date(2026, 9, 18))
        make_policy(effective_date=date(2026, 9, 19))

        assert find() == wanted

    def test_an_old_day_has_its_own_policy(self) -> None:
        old = make_policy(effective_date=date(2020, 1, 1))
        make_policy(effective_date=date(2025, 12, 1))

        assert find(on=date(2025, 11, 30)) == old

    def test_the_same_kind_wins_over_any_kind_that_is_newer(self) -> None:
        wanted = make_policy(subject_kind="help", effective_date=date(2025, 12, 1))
        make_policy(subject_kind="", effective_date=date(2026, 9, 1))

        assert find() == wanted
        assert find(kind="praise") != wanted

    def test_urgency_wins_over_kind(self) -> None:
        make_policy(subject_kind="help")
        wanted = make_policy(subject_kind="", urgency="emergency")

        assert find(urgency="emergency") == wanted
        assert find(urgency="ordinary") != wanted

    def test_the_nearest_region_wins_over_everything(self) -> None:
        here, there = district("519901"), district("519902")
        general = make_policy(subject_kind="help", urgency="ordinary")
        outer = make_policy(subject_kind="help", urgency="ordinary", region=city())
        inner = make_policy(subject_kind="", region=here)

        assert [find(region=here), find(region=there), find()] == [inner, outer, general]

    def test_a_policy_of_another_clock_or_kind_does_not_fit(self) -> None:
        make_policy(subject_kind="complaint")
        make_policy(clock_kind="sign")

        with pytest.raises(NoPolicyError):
            find()

    def test_costs_nothing_when_warm(self) -> None:
        make_policy()
        region = district()
        find(region=region)

        with CaptureQueriesContext(connection) as queries:
            find(region=region)
            find(kind="help", urgency="emergency")

        assert len(queries) == 0

    def test_sees_a_new_policy_once_told(self, django_capture_on_commit_callbacks: object) -> None:
        make_policy(effective_date=date(2025, 12, 1))
        find()
        newer = make_policy(effective_date=date(2026, 9, 1))
        before = find()

        forget_policies_after_commit()

        assert (before == newer, find() == newer) == (False, True)

    def test_the_database_refuses_the_same_policy_twice_even_without_a_region(self) -> None:
        make_policy()

        with pytest.raises(IntegrityError, match="clock_policy_once"), transaction.atomic():
            make_policy()

    def test_the_database_refuses_a_policy_of_no_length(self) -> None:
        with pytest.raises(IntegrityError, match="amount_positive"), transaction.atomic():
            make_policy(0)


@pytest.mark.django_db
class TestGetOpenClock:
    def test_returns_the_running_one(self) -> None:
        policy = make_policy(9, Unit.HOURS)
        actions.stop(clock=start_clock(policy), at=FRIDAY)
        clock = start_clock(policy)

        found = get_open_clock(subject_type="hotline.ticket", subject_id=1, kind="answer")

        assert found == clock

    def test_refuses_when_none_is_open(self) -> None:
        actions.stop(clock=start_clock(make_policy(9, Unit.HOURS)), at=FRIDAY)

        with pytest.raises(NoOpenClockError):
            get_open_clock(subject_type="hotline.ticket", subject_id=1, kind="answer")

    def test_clocks_of_many_subjects_are_one_statement(self) -> None:
        policy = make_policy(9, Unit.HOURS)
        clocks = [start_clock(policy, subject_id=number) for number in range(3)]

        with CaptureQueriesContext(connection) as queries:
            found = list_clocks(subject_type="hotline.ticket", subject_ids=[0, 1, 2])
            sources = {clock.policy.source for clock in found}

        assert (found, sources, len(queries)) == (clocks, {"测试办法第 1 条"}, 1)


@pytest.mark.usefixtures("notices")
class TestExplain:
    @pytest.fixture(autouse=True)
    def _words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(registry, "_words", registry.Words())
        registry.name_clocks(deeds={"answer": "答复"})
        registry.name_clocks(deeds={}, subject_kinds={"help": "求助"})

    def test_names_the_holiday_and_the_worked_weekend(self) -> None:
        explanation = explain(start_clock(make_policy(7)))

        assert explanation.sentence == (
            "预计 9月29日（周二）前答复，求助类为 7 个工作日；9月18日（周五）当日不计，"
            "9月19日为休息日，9月25日至27日为中秋节假期，9月20日（周日）为调休工作日。"
        )

    def test_of_minutes(self) -> None:
        explanation = explain(start_clock(make_policy(30, Unit.MINUTES)))

        assert explanation.sentence == ("预计 9月18日（周五） 10:30 前答复，求助类为 30 分钟。")

    def test_of_a_suspended_and_extended_clock(self) -> None:
        clock = start_clock(make_policy(7))
        actions.extend(clock=clock, amount=3, reason="复杂", at=FRIDAY + timedelta(days=3))
        clock = actions.suspend(clock=clock, reason="鉴定", at=FRIDAY + timedelta(days=4))

        assert explain(clock).sentence == (
            "已暂停计时，恢复后还剩 7 个工作日，求助类为 10 个工作日；9月18日（周五）当日不计，"
            "9月21日延长 3 个工作日，9月22日起暂停计时。"
        )

    def test_of_a_provisional_clock(self) -> None:
        clock = start_clock(make_policy(7), at=FRIDAY + timedelta(days=95))

        explanation = explain(clock)

        assert explanation.provisional
        assert explanation.sentence == (
            "预计 12月31日（周四）前答复，求助类为 7 个工作日；12月22日（周二）当日不计，"
            "12月26日、27日为休息日，相关年份的放假安排公布后，日期可能调整。"
        )

    def test_carries_the_source_and_the_due_moment(self) -> None:
        clock = start_clock(make_policy(7, source="default, not from the decree"))

        explanation = explain(clock)

        assert explanation.source == "default, not from the decree"
        assert (explanation.due_at, explanation.provisional) == (clock.due_at, False)

    def test_without_words_it_still_makes_a_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(registry, "_words", registry.Words())

        assert explain(start_clock(make_policy(30, Unit.MINUTES))).sentence == (
            "预计 9月18日（周五） 10:30 前办理，此类事项为 30 分钟。"
        )

    def test_costs_one_statement(self) -> None:
        clock = start_clock(make_policy(7))

        with CaptureQueriesContext(connection) as queries:
            explain(clock)

        assert len(queries) == 1
