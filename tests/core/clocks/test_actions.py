"""Clocks in the database: every action is a line, every row what its ledger says."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from core.audit.models import AuditEntry
from core.clocks import actions, registry
from core.clocks.models import Clock, ClockEntry
from core.clocks.queries import fold_ledger
from core.clocks.rules import (
    ClockAmountError,
    ClockNotSuspendedError,
    ClockRuleError,
    ClockStoppedError,
    ClockSuspendedError,
)
from core.clocks.states import ClockState, LedgerAction, Unit
from core.workdays.queries import calendar_for, forget
from core.workdays.rules import is_working_day, working_days_between
from tests.core.clocks.conftest import FRIDAY, enter_notice, make_policy, start_clock
from tests.factories.core import UserFactory, district


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """Return a moment of the city's day (UTC+8)."""
    return datetime(year, month, day, hour, tzinfo=UTC) - timedelta(hours=8)


def ledger(clock: Clock) -> list[tuple[int, str]]:
    """Return the lines of a clock."""
    return list(clock.entries.order_by("number").values_list("number", "action"))


def assert_stored_is_folded(clock_id: int) -> None:
    """The row says what a fresh reading of its ledger says."""
    clock = Clock.objects.get(pk=clock_id)
    reading = fold_ledger(clock, clock.entries.order_by("number"))
    folded = ClockState.FIRED if clock.state == ClockState.FIRED else reading.state
    if clock.state == ClockState.FIRED:
        assert reading.state == ClockState.RUNNING
    assert (clock.state, clock.due_at, clock.provisional) == (
        folded,
        reading.due_at,
        reading.provisional,
    )
    assert clock.entries.order_by("-number").first().due_at == reading.due_at


@pytest.mark.usefixtures("notices")
class TestStart:
    def test_stores_the_due_moment_and_the_first_line(self) -> None:
        by = UserFactory()

        clock = actions.start(
            subject_type="hotline.ticket",
            subject_id=5,
            kind="answer",
            policy=make_policy(7),
            region=district(),
            at=FRIDAY,
            by=by,
        )

        clock.refresh_from_db()
        entry = clock.entries.get()
        assert (clock.state, clock.due_at) == (ClockState.RUNNING, local(2026, 9, 30))
        assert not clock.provisional
        assert (entry.number, entry.action, entry.amount) == (1, LedgerAction.START, 7)
        assert (entry.at, entry.by, entry.due_at) == (FRIDAY, by, clock.due_at)

    def test_takes_two_inserts_and_nothing_else(self) -> None:
        policy, region = make_policy(), district()
        calendar_for(region)

        with (
            transaction.atomic(),
            CaptureQueriesContext(
                connection,
            ) as queries,
        ):
            start_clock(policy, region=region)

        statements = [query["sql"].split()[0] for query in queries.captured_queries]
        assert statements == ["INSERT", "INSERT"]

    def test_refuses_a_second_open_clock_of_the_kind(self) -> None:
        policy = make_policy()
        start_clock(policy)

        with pytest.raises(actions.ClockAlreadyOpenError), transaction.atomic():
            start_clock(policy)

        assert Clock.objects.count() == 1

    def test_another_refusal_of_the_database_stays_what_it_is(self) -> None:
        policy = make_policy()

        with pytest.raises(IntegrityError, match="subject_id"), transaction.atomic():
            start_clock(policy, subject_id=None)

        assert not Clock.objects.exists()

    def test_starts_anew_after_a_stop(self) -> None:
        policy = make_policy()
        actions.stop(clock=start_clock(policy), at=FRIDAY)

        again = start_clock(policy, at=FRIDAY + timedelta(days=1))

        assert again.state == ClockState.RUNNING

    def test_finds_the_policy_of_the_local_day(self) -> None:
        make_policy(7, effective_date=date(2026, 9, 1))
        make_policy(3, effective_date=date(2026, 9, 19))

        clock = actions.start_for(
            subject_type="hotline.ticket",
            subject_id=9,
            kind="answer",
            subject_kind="help",
            urgency="ordinary",
            region=None,
            at=datetime(2026, 9, 18, 16, 30, tzinfo=UTC),
        )

        assert clock.amount == 3

    def test_minutes_run_through_the_national_holiday(self) -> None:
        policy = make_policy(15, Unit.MINUTES)

        clock = start_clock(policy, at=local(2026, 10, 1, 23) + timedelta(minutes=50))

        assert clock.due_at == local(2026, 10, 2) + timedelta(minutes=5)

    def test_hours_run_through_spring_festival(self) -> None:
        clock = start_clock(make_policy(24, Unit.HOURS), at=local(2026, 2, 16, 12))

        assert clock.due_at == local(2026, 2, 17, 12)

    def test_the_database_refuses_a_running_clock_without_a_due_moment(self) -> None:
        clock = start_clock(make_policy())

        with pytest.raises(IntegrityError, match="clock_running_has_due"), transaction.atomic():
            Clock.objects.filter(pk=clock.pk).update(due_at=None)

    def test_the_database_refuses_a_second_line_with_one_number(self) -> None:
        clock = start_clock(make_policy())

        with pytest.raises(IntegrityError, match="clock_entry_number_once"), transaction.atomic():
            ClockEntry.objects.create(clock=clock, number=1, action="stop", at=FRIDAY)


@pytest.mark.usefixtures("notices")
class TestSuspendAndResume:
    def test_a_suspended_clock_has_no_due_moment(self) -> None:
        clock = start_clock(make_policy())

        suspended = actions.suspend(clock=clock, reason="等待鉴定", at=FRIDAY + timedelta(days=3))

        assert (suspended.state, suspended.due_at) == (ClockState.SUSPENDED, None)
        assert suspended.entries.get(number=2).reason == "等待鉴定"

    def test_counts_what_was_left_from_the_day_of_resumption(self) -> None:
        clock = start_clock(make_policy(7))
        actions.suspend(clock=clock, reason="鉴定", at=local(2026, 9, 22, 10))

        resumed = actions.resume(clock=clock, at=local(2026, 9, 29, 10))

        assert resumed.due_at == local(2026, 10, 11)

    def test_refuses_a_second_suspension(self) -> None:
        clock = start_clock(make_policy())
        actions.suspend(clock=clock, reason="鉴定", at=FRIDAY)

        with pytest.raises(ClockSuspendedError):
            actions.suspend(clock=clock, reason="再次", at=FRIDAY)

        assert ledger(clock) == [(1, "start"), (2, "suspend")]

    def test_refuses_to_resume_a_running_clock(self) -> None:
        clock = start_clock(make_policy())

        with pytest.raises(ClockNotSuspendedError):
            actions.resume(clock=clock, at=FRIDAY)

        assert ledger(clock) == [(1, "start")]

    def test_costs_four_statements(self) -> None:
        clock = start_clock(make_policy())

        with CaptureQueriesContext(connection) as queries:
            actions.suspend(clock=clock, reason="鉴定", at=FRIDAY)

        statements = [sql for sql in (query["sql"] for query in queries) if "SAVEPOINT" not in sql]
        assert [sql.split()[0] for sql in statements] == ["SELECT", "SELECT", "INSERT", "UPDATE"]
        assert "FOR UPDATE" in statements[0]


@pytest.mark.usefixtures("notices")
class TestExtend:
    def test_moves_the_due_moment_by_the_clocks_own_unit(self) -> None:
        clock = start_clock(make_policy(7))

        extended = actions.extend(clock=clock, amount=3, reason="案情复杂", at=FRIDAY)

        assert extended.due_at == local(2026, 10, 10)
        assert extended.entries.get(number=2).amount == 3

    def test_refuses_nothing(self) -> None:
        clock = start_clock(make_policy())

        with pytest.raises(ClockAmountError):
            actions.extend(clock=clock, amount=0, reason="无", at=FRIDAY)

        assert ledger(clock) == [(1, "start")]

    def test_a_fired_clock_runs_again_and_fires_at_its_new_due_moment(self) -> None:
        clock = start_clock(make_policy(30, Unit.MINUTES))
        actions.pop_due(at=FRIDAY + timedelta(hours=1), handlers={})

        extended = actions.extend(
            clock=clock, amount=60, reason="逾期后批准", at=FRIDAY + timedelta(hours=1)
        )

        assert (extended.state, extended.fired_at) == (ClockState.RUNNING, None)
        assert actions.pop_due(at=FRIDAY + timedelta(minutes=89), handlers={}) == 0
        assert actions.pop_due(at=FRIDAY + timedelta(minutes=90), handlers={}) == 1

    def test_reopening_is_refused_beside_a_newer_open_clock(self) -> None:
        policy = make_policy(30, Unit.MINUTES)
        clock = start_clock(policy)
        actions.pop_due(at=FRIDAY + timedelta(hours=1), handlers={})
        start_clock(policy, at=FRIDAY + timedelta(hours=1))

        with pytest.raises(actions.ClockAlreadyOpenError), transaction.atomic():
            actions.extend(clock=clock, amount=60, reason="逾期", at=FRIDAY + timedelta(hours=1))

        assert ledger(clock) == [(1, "start")]


@pytest.mark.usefixtures("notices")
class TestStop:
    def test_keeps_the_due_moment_and_is_final(self) -> None:
        clock = start_clock(make_policy())
        stopped = actions.stop(clock=clock, at=FRIDAY + timedelta(days=2), reason="已答复")

        with pytest.raises(ClockStoppedError):
            actions.extend(clock=clock, amount=1, reason="晚了", at=FRIDAY + timedelta(days=3))

        assert (stopped.state, stopped.due_at) == (ClockState.STOPPED, local(2026, 9, 30))
        assert stopped.stopped_at == FRIDAY + timedelta(days=2)

    def test_ends_a_fired_clock_which_stays_marked_late(self) -> None:
        clock = start_clock(make_policy(30, Unit.MINUTES))
        fired_at = FRIDAY + timedelta(hours=1)
        actions.pop_due(at=fired_at, handlers={})

        stopped = actions.stop(clock=clock, at=FRIDAY + timedelta(hours=2))

        assert (stopped.state, stopped.fired_at) == (ClockState.STOPPED, fired_at)

    def test_a_stopped_clock_never_falls_due(self) -> None:
        actions.stop(clock=start_clock(make_policy(30, Unit.MINUTES)), at=FRIDAY)

        assert actions.pop_due(at=FRIDAY + timedelta(days=1), handlers={}) == 0


@pytest.mark.usefixtures("notices")
class TestPolicyChange:
    def test_never_moves_a_running_clock(self) -> None:
        policy = make_policy(7)
        clock = start_clock(policy)
        make_policy(1, effective_date=date(2026, 9, 18))
        type(policy).objects.filter(pk=policy.pk).update(amount=1, unit=Unit.MINUTES)

        actions.recompute(clock=clock, at=FRIDAY)
        extended = actions.extend(clock=clock, amount=1, reason="复杂", at=FRIDAY)

        assert extended.unit == Unit.WORKING_DAYS
        assert extended.due_at == local(2026, 10, 1)


class TestRecompute:
    """A notice for 2027 arrives while clocks from the end of 2026 run."""

    START = local(2026, 12, 21, 9)

    @pytest.fixture
    def clock(self, notices: None) -> Clock:
        return start_clock(make_policy(7), at=self.START)

    def test_a_clock_beyond_the_known_days_is_provisional(self, clock: Clock) -> None:
        assert (clock.provisional, clock.due_at) == (True, local(2026, 12, 31))

    def test_moves_it_later_when_days_become_off(self, clock: Clock) -> None:
        enter_notice(2027, {date(2026, 12, 30): True, date(2027, 1, 1): True})

        result = actions.recompute_provisional(at=self.START)

        clock.refresh_from_db()
        assert (clock.due_at, clock.provisional) == (local(2027, 1, 1), False)
        assert [(one.clock.pk, one.before, one.after) for one in result.moved] == [
            (clock.pk, local(2026, 12, 31), local(2027, 1, 1))
        ]
        assert ledger(clock) == [(1, "start"), (2, "recompute")]

    def test_moves_it_earlier_when_a_weekend_is_worked(self, clock: Clock) -> None:
        enter_notice(2027, {date(2026, 12, 26): False, date(2027, 1, 1): True})

        actions.recompute_provisional(at=self.START)

        clock.refresh_from_db()
        assert (clock.due_at, clock.provisional) == (local(2026, 12, 30), False)

    def test_writes_no_line_when_nothing_changes(self, clock: Clock) -> None:
        result = actions.recompute_open(at=self.START)

        assert (result.examined, list(result.moved)) == (1, [])
        assert ledger(clock) == [(1, "start")]
        assert not AuditEntry.objects.filter(action="clocks.recompute").exists()

    def test_is_audited_with_what_it_did(self, clock: Clock) -> None:
        enter_notice(2027, {date(2027, 1, 1): True})

        actions.recompute_provisional(at=self.START)

        entry = AuditEntry.objects.get(action="clocks.recompute")
        assert entry.data == {"examined": 1, "moved": 1, "left": 0}

    def test_a_local_notice_moves_only_the_clocks_of_its_region(self, notices: None) -> None:
        policy, here, there = make_policy(7), district("519901"), district("519902")
        near = start_clock(policy, subject_id=1, region=here)
        far = start_clock(policy, subject_id=2, region=there)
        enter_notice(2026, {date(2026, 9, 22): True}, region=here)

        actions.recompute_open(at=FRIDAY)

        near.refresh_from_db()
        far.refresh_from_db()
        assert (near.due_at, far.due_at) == (local(2026, 10, 1), local(2026, 9, 30))

    def test_leaves_fired_and_stopped_clocks_alone(self, clock: Clock) -> None:
        actions.stop(clock=clock, at=self.START)
        enter_notice(2027, {date(2026, 12, 30): True})

        result = actions.recompute_open(at=self.START)

        assert result.examined == 0
        assert Clock.objects.get(pk=clock.pk).due_at == local(2026, 12, 31)

    def test_tells_who_keeps_a_copy_of_the_deadline(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[tuple[int, datetime]] = []
        told = registry.Registration(
            due=lambda _clock, _at: None, moved=lambda one, at: heard.append((one.subject_id, at))
        )
        monkeypatch.setattr(registry, "_registered", {("hotline.ticket", "answer"): told})
        enter_notice(2027, {date(2026, 12, 30): True})

        actions.recompute_provisional(at=self.START + timedelta(hours=1))

        assert heard == [(1, self.START + timedelta(hours=1))]

    def test_one_clock_can_be_recomputed_alone(self, clock: Clock) -> None:
        enter_notice(2027, {date(2026, 12, 30): True})
        calendar = calendar_for(None)
        assert calendar.known_until == date(2026, 12, 24)

        actions.recompute_open(at=self.START)
        again = actions.recompute(clock=clock, at=self.START)

        assert again.due_at == local(2027, 1, 1)
        assert ledger(clock) == [(1, "start"), (2, "recompute")]

    def test_reads_many_clocks_with_three_statements(self, notices: None) -> None:
        policy = make_policy()
        for number in range(5):
            start_clock(policy, subject_id=number)
        calendar_for(None)

        with CaptureQueriesContext(connection) as queries:
            actions.recompute_open(at=FRIDAY)

        clocks = [query["sql"] for query in queries if "core_clock" in query["sql"]]
        assert len(clocks) == 3


UNITS = st.sampled_from(list(Unit))
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["suspend", "resume", "extend", "recompute", "fire"]),
        st.integers(0, 60 * 24 * 9),
        st.integers(1, 9),
    ),
    max_size=9,
)


class TestRandomLedgers(HypothesisTestCase):
    """Whatever happens to clocks, the rows say what their ledgers say."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(unit=UNITS, amount=st.integers(1, 40), deeds=DEEDS, late=st.booleans())
    def test_the_stored_row_is_the_fold_of_its_ledger(
        self, unit: Unit, amount: int, deeds: list[tuple[str, int, int]], late: bool
    ) -> None:
        _enter_notices()
        clock = start_clock(make_policy(amount, unit, clock_kind="any", effective_date=FRIDAY))
        moment = FRIDAY
        for deed, minutes, extra in deeds:
            moment += timedelta(minutes=minutes)
            _apply(deed, clock, extra, moment)
            assert_stored_is_folded(clock.pk)
        if late:
            enter_notice(2028, {date(2026, 12, 30): True})
            actions.recompute_open(at=moment)
            assert_stored_is_folded(clock.pk)
        numbers = [number for number, _action in ledger(clock)]
        assert numbers == list(range(1, len(numbers) + 1))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        amount=st.integers(1, 30),
        begun=st.integers(0, 90),
        waited=st.integers(0, 20),
        paused=st.integers(0, 30),
    )
    def test_a_pause_adds_exactly_the_working_days_it_took(
        self, amount: int, begun: int, waited: int, paused: int
    ) -> None:
        _enter_notices()
        start_at = FRIDAY + timedelta(days=begun)
        calendar = calendar_for(None)
        clock = start_clock(make_policy(amount, effective_date=FRIDAY), at=start_at)
        plain = _last_day(clock)
        pause = start_at + timedelta(days=waited)
        if _day(pause) > plain:
            return
        actions.suspend(clock=clock, reason="鉴定", at=pause)

        resumed = actions.resume(clock=clock, at=pause + timedelta(days=paused))

        spent = working_days_between(_day(start_at), _day(pause), calendar)
        asleep = working_days_between(_day(pause), _day(pause + timedelta(days=paused)), calendar)
        awake = working_days_between(_day(start_at), _last_day(resumed), calendar) - asleep
        if spent < amount:
            assert awake == amount
        assert is_working_day(_last_day(resumed), calendar)


def _enter_notices() -> None:
    """Settle 2026 and 2027; each example has a database, and so a calendar, of its own."""
    enter_notice(2026, {date(2026, 10, day): True for day in range(1, 8)})
    enter_notice(2027, {date(2027, 1, 1): True})
    forget()


def _apply(deed: str, clock: Clock, extra: int, at: datetime) -> None:
    """Do what the ledger allows; what it forbids must change nothing."""
    before = ledger(clock)
    try:
        with transaction.atomic():
            if deed == "suspend":
                actions.suspend(clock=clock, reason="x", at=at)
            elif deed == "resume":
                actions.resume(clock=clock, at=at)
            elif deed == "extend":
                actions.extend(clock=clock, amount=extra, reason="x", at=at)
            elif deed == "recompute":
                actions.recompute(clock=clock, at=at)
            else:
                actions.pop_due(at=at, handlers={})
    except ClockRuleError:
        assert ledger(clock) == before


def _day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo("Asia/Shanghai")).date()


def _last_day(clock: Clock) -> date:
    return _day(clock.due_at - timedelta(seconds=1))
