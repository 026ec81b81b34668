"""Due clocks fire exactly once, in due order, whoever runs, fails or dies."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from core.clocks import actions, registry, tasks
from core.clocks.models import Clock, ClockEntry
from core.clocks.states import ClockState, Unit
from core.numbering.models import NumberSeries
from tests.core.clocks.conftest import FRIDAY, make_policy, start_clock

LATER = FRIDAY + timedelta(days=1)
KEY = ("hotline.ticket", "answer")


def handlers(due: registry.Handler) -> registry.Handlers:
    """Have one handler for every answer clock."""
    return {KEY: registry.Registration(due)}


def start_many(count: int) -> list[int]:
    """Start clocks that fall due in the reverse order of their ids; return ids in due order."""
    policies = make_policy(1, Unit.MINUTES)
    clocks = [
        start_clock(policies, subject_id=number, at=FRIDAY - timedelta(seconds=number))
        for number in range(count)
    ]
    return [clock.pk for clock in reversed(clocks)]


def in_threads(*jobs: Callable[[], object]) -> None:
    """Run jobs at the same time, each with a connection of its own; re-raise what they raise."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            job()
        except BaseException as error:  # noqa: BLE001  shown by the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


def wait_until_somebody_waits() -> None:
    """Return once another connection waits for a lock; PostgreSQL would blame that one first."""
    pause = threading.Event()
    for _try in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
        pause.wait(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.django_db
class TestPopDue:
    def test_fires_what_is_due_and_nothing_else(self) -> None:
        policy = make_policy(1, Unit.MINUTES)
        due = start_clock(policy, subject_id=1)
        start_clock(policy, subject_id=2, at=FRIDAY + timedelta(seconds=1))
        heard: list[int] = []

        fired = actions.pop_due(
            at=FRIDAY + timedelta(minutes=1),
            handlers=handlers(lambda clock, _at: heard.append(clock.subject_id)),
        )

        due.refresh_from_db()
        assert (fired, heard) == (1, [1])
        assert (due.state, due.fired_at) == (ClockState.FIRED, FRIDAY + timedelta(minutes=1))

    def test_fires_in_due_order_up_to_the_limit(self) -> None:
        expected = start_many(5)
        heard: list[int] = []

        actions.pop_due(
            at=LATER, limit=3, handlers=handlers(lambda clock, _at: heard.append(clock.pk))
        )

        assert heard == expected[:3]

    def test_does_not_fire_twice(self) -> None:
        start_many(2)
        actions.pop_due(at=LATER, handlers={})

        assert actions.pop_due(at=LATER, handlers={}) == 0

    def test_a_clock_that_nobody_listens_to_fires_too(self) -> None:
        clock = start_clock(make_policy(1, Unit.MINUTES))

        actions.pop_due(at=LATER, handlers={})

        clock.refresh_from_db()
        assert clock.state == ClockState.FIRED

    def test_a_suspended_clock_does_not_fire(self) -> None:
        clock = start_clock(make_policy(1, Unit.MINUTES))
        actions.suspend(clock=clock, reason="等待", at=FRIDAY)

        assert actions.pop_due(at=LATER, handlers={}) == 0

    def test_a_failing_handler_leaves_its_clock_due_and_starves_no_other(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        poison, *others = start_many(4)
        heard: list[int] = []

        def fail_on_poison(clock: Clock, _at: datetime) -> None:
            if clock.pk == poison:
                raise RuntimeError("no such subject")
            heard.append(clock.pk)

        fired = actions.pop_due(at=LATER, limit=3, handlers=handlers(fail_on_poison))

        assert (fired, heard) == (3, others)
        row = Clock.objects.get(pk=poison)
        assert (row.state, row.fired_at) == (ClockState.RUNNING, None)
        assert f"clock {poison} did not fire" in caplog.text

    def test_what_a_failing_handler_wrote_is_gone(self) -> None:
        start_many(1)

        def write_and_fail(_clock: Clock, _at: datetime) -> None:
            NumberSeries.objects.create(key="half", last=1)
            raise RuntimeError("half way")

        actions.pop_due(at=LATER, handlers=handlers(write_and_fail))

        assert not NumberSeries.objects.filter(key="half").exists()

    def test_a_handler_that_failed_once_fires_in_the_next_round(self) -> None:
        start_many(1)
        calls: list[int] = []

        def fail_first(clock: Clock, _at: datetime) -> None:
            calls.append(clock.pk)
            if len(calls) == 1:
                raise RuntimeError("not yet")

        rounds = [actions.pop_due(at=LATER, handlers=handlers(fail_first)) for _ in range(3)]

        assert (rounds, len(calls)) == ([0, 1, 0], 2)

    def test_a_handler_may_stop_its_own_clock(self) -> None:
        clock_id = start_many(1)[0]

        actions.pop_due(
            at=LATER,
            handlers=handlers(lambda clock, at: actions.stop(clock=clock, at=at) and None),
        )

        assert Clock.objects.get(pk=clock_id).state == ClockState.STOPPED

    def test_the_task_fires_by_what_is_registered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        start_many(3)
        heard: list[int] = []
        told = handlers(lambda clock, _at: heard.append(clock.pk))
        monkeypatch.setattr(registry, "_registered", dict(told))
        monkeypatch.setattr(tasks, "LIMIT", 2)

        fired = tasks.fire_due_clocks()

        assert (fired, len(heard)) == (3, 3)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestRaces:
    """Real connections against each other."""

    def test_two_schedulers_fire_two_hundred_clocks_once_each_and_in_due_order(self) -> None:
        expected = start_many(200)
        heard: dict[str, list[int]] = {"one": [], "two": []}

        def run(name: str) -> None:
            own = handlers(lambda clock, _at: heard[name].append(clock.pk))
            while actions.pop_due(at=LATER, limit=20, handlers=own):
                pass

        in_threads(lambda: run("one"), lambda: run("two"))

        assert sorted(heard["one"] + heard["two"]) == sorted(expected)
        order = {clock_id: place for place, clock_id in enumerate(expected)}
        for fired in heard.values():
            places = [order[clock_id] for clock_id in fired]
            assert places == sorted(places)
        assert Clock.objects.filter(state=ClockState.FIRED).count() == 200

    def test_a_scheduler_passes_over_the_clock_that_another_holds(self) -> None:
        first, second = start_many(2)
        fired_beside: list[int] = []

        def beside() -> None:
            own = handlers(lambda clock, _at: fired_beside.append(clock.pk))
            actions.pop_due(at=LATER, handlers=own)

        def slow(clock: Clock, _at: datetime) -> None:
            if clock.pk == first:
                in_threads(beside)

        fired = actions.pop_due(at=LATER, handlers=handlers(slow))

        assert (fired, fired_beside) == (1, [second])

    def test_a_scheduler_whose_connection_dies_between_leaves_the_clock_to_the_next(self) -> None:
        clock_id = start_many(1)[0]
        heard: list[int] = []

        def die(_clock: Clock, _at: datetime) -> None:
            NumberSeries.objects.create(key="half", last=1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        in_threads(lambda: actions.pop_due(at=LATER, handlers=handlers(die)))
        alive = Clock.objects.get(pk=clock_id).state
        for _round in range(2):
            actions.pop_due(at=LATER, handlers=handlers(lambda clock, _at: heard.append(clock.pk)))

        assert (alive, heard) == (ClockState.RUNNING, [clock_id])
        assert not NumberSeries.objects.filter(key="half").exists()

    def test_the_scheduler_gives_way_to_a_request_that_holds_the_subject(self) -> None:
        """A request locks the subject, then the clock; the scheduler has them the other way."""
        clock = start_clock(make_policy(1, Unit.MINUTES))
        NumberSeries.objects.create(key="subject", last=0)
        holding, firing = threading.Event(), threading.Event()
        fired: list[int] = []

        def touch_subject(_clock: Clock, _at: datetime) -> None:
            firing.set()
            wait_until_somebody_waits()
            NumberSeries.objects.select_for_update().get(key="subject")

        def request() -> None:
            with transaction.atomic():
                NumberSeries.objects.select_for_update().get(key="subject")
                holding.set()
                firing.wait(10)
                actions.stop(clock=clock, at=LATER)

        def schedule() -> None:
            holding.wait(10)
            fired.append(actions.pop_due(at=LATER, handlers=handlers(touch_subject)))

        in_threads(request, schedule)

        assert fired == [0]
        clock.refresh_from_db()
        assert (clock.state, clock.fired_at) == (ClockState.STOPPED, None)

    def test_a_stop_beside_an_extension_leaves_one_ledger(self) -> None:
        clock = start_clock(make_policy(9, Unit.HOURS))

        def extend() -> None:
            try:
                actions.extend(clock=clock, amount=1, reason="复杂", at=LATER)
            except actions.DomainError:
                refused.append("extend")

        refused: list[str] = []
        in_threads(extend, lambda: actions.stop(clock=clock, at=LATER))

        lines = list(clock.entries.order_by("number").values_list("number", "action"))
        expected = {
            ("stop",): ["extend"],
            ("extend", "stop"): [],
        }
        assert expected[tuple(action for _number, action in lines[1:])] == refused
        assert [number for number, _action in lines] == list(range(1, len(lines) + 1))

    def test_two_starts_at_once_open_one_clock(self) -> None:
        policy = make_policy(9, Unit.HOURS)
        refused: list[str] = []

        def begin() -> None:
            try:
                start_clock(policy)
            except actions.ClockAlreadyOpenError:
                refused.append("second")

        in_threads(begin, begin)

        assert (Clock.objects.count(), ClockEntry.objects.count(), refused) == (1, 1, ["second"])

    def test_recomputing_leaves_a_held_clock_for_later_and_moves_the_rest(self) -> None:
        policy = make_policy(7)
        held, free = (start_clock(policy, subject_id=number) for number in (1, 2))
        Clock.objects.update(provisional=False)
        done: list[actions.Recomputed] = []

        with transaction.atomic():
            Clock.objects.select_for_update().get(pk=held.pk)
            in_threads(lambda: done.append(actions.recompute_open(at=LATER)))

        assert [one.clock.pk for one in done[0].moved] == [free.pk]
        assert done[0].left == 1
