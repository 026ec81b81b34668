"""The durable sequence: nothing lost, nothing twice, one order for every reader."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from core.events import wake
from core.events.models import Event
from core.events.queries import latest_position, list_events_after
from core.events.relay import number_pending
from tests.core.events.outbox import write
from tests.core.transitions.rivals import race

SCOPES = ["desk:519900"]
PATIENCE_SECONDS = 60


def numbered() -> list[tuple[int | None, str]]:
    return list(Event.objects.order_by("position").values_list("position", "subject_no"))


@pytest.mark.django_db
class TestPublish:
    def test_keeps_scopes_once_and_in_order(self) -> None:
        made = write("1", "unit:2", "desk:1", "unit:2")

        assert made.scopes == ["desk:1", "unit:2"]
        assert made.position is None

    def test_wakes_the_relay_once_after_the_commit(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks() as callbacks:
            write("1")
            with transaction.atomic():
                write("2")

        assert callbacks.count(wake.relay) == 1

    def test_a_rollback_leaves_none(self, django_capture_on_commit_callbacks: Any) -> None:
        with django_capture_on_commit_callbacks() as callbacks:
            write("kept")
            with transaction.atomic():
                write("lost")
                transaction.set_rollback(True)

        assert list(Event.objects.values_list("subject_no", flat=True)) == ["kept"]
        assert callbacks.count(wake.relay) == 1


@pytest.mark.django_db
class TestNumbering:
    def test_follows_the_ids_and_goes_on_where_it_stopped(self) -> None:
        for no in "abc":
            write(no)
        first = number_pending(limit=2)
        write("d")
        second = number_pending()

        assert [event.position for event in first] == [1, 2]
        assert [event.position for event in second] == [3, 4]
        assert numbered() == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]

    def test_without_anything_new_it_does_nothing(self) -> None:
        write("a")
        number_pending()

        assert number_pending() == []
        assert latest_position() == 1

    def test_a_reader_sees_only_its_scopes_and_only_what_is_numbered(self) -> None:
        write("mine", "unit:1", "desk:9")
        write("theirs", "unit:2")
        write("also mine", "desk:9")
        number_pending()
        write("not yet", "unit:1")

        found = list_events_after(cursor=0, scopes=["unit:1", "desk:9"])

        assert [event.subject_no for event in found] == ["mine", "also mine"]
        assert list_events_after(cursor=found[0].position, scopes=["unit:1"]) == []
        assert list_events_after(cursor=0, scopes=[]) == []

    def test_pages_are_cut_and_go_on(self) -> None:
        for number in range(5):
            write(str(number))
        number_pending()

        first = list_events_after(cursor=0, scopes=SCOPES, limit=3)
        rest = list_events_after(cursor=first[-1].position, scopes=SCOPES, limit=3)

        assert [event.subject_no for event in first + rest] == list("01234")


class Writer:
    """A transaction that has written its event and commits only when told to."""

    def __init__(self, no: str, pool: ThreadPoolExecutor) -> None:
        self.no = no
        self.written, self.may_commit = threading.Event(), threading.Event()
        self.task: Future[None] = pool.submit(self._run)

    def _run(self) -> None:
        try:
            with transaction.atomic():
                write(self.no)
                self.written.set()
                assert self.may_commit.wait(PATIENCE_SECONDS)
        finally:
            connection.close()

    def wait_until_written(self) -> "Writer":
        assert self.written.wait(PATIENCE_SECONDS)
        return self

    def commit(self) -> None:
        self.may_commit.set()
        self.task.result(PATIENCE_SECONDS)


class Reader:
    """A console that reads on from its cursor."""

    def __init__(self, page: int) -> None:
        self.cursor, self.page, self.seen = 0, page, list[str]()

    def read(self) -> None:
        events = list_events_after(cursor=self.cursor, scopes=SCOPES, limit=self.page)
        self.seen += [event.subject_no for event in events]
        if events:
            assert events[-1].position
            self.cursor = events[-1].position


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestLateCommits:
    @pytest.mark.parametrize(
        "order", [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0], [3, 0, 7, 1, 6, 2, 5, 4]]
    )
    def test_every_reader_gets_every_event_once_and_all_in_one_order(
        self, order: list[int]
    ) -> None:
        readers = [Reader(page=1), Reader(page=3), Reader(page=200)]
        with ThreadPoolExecutor(len(order)) as pool:
            # One after the other, so that the ids follow the numbers.
            writers = [Writer(str(n), pool).wait_until_written() for n in range(len(order))]
            for step, number in enumerate(order):
                writers[number].commit()
                number_pending()
                readers[step % 2].read()  # the third reader comes only at the end

        for reader in readers:
            for _ in order:
                reader.read()

        assert [reader.seen for reader in readers] == [[str(n) for n in order]] * 3

    def test_racing_relays_number_everything_once_while_readers_read(self) -> None:
        crowd = Crowd(writers=6, each=10)
        readers = [Reader(page=7) for _ in range(4)]

        race(
            [
                crowd.write_all,
                crowd.relay_on,
                crowd.relay_on,
                *(partial(crowd.read_on, reader) for reader in readers),
            ]
        )

        everything = [no for _, no in numbered()]
        assert [position for position, _ in numbered()] == list(range(1, 61))
        assert all(reader.seen == everything for reader in readers)
        assert len(set(everything)) == 60


class Crowd:
    """Writers, relays and readers who go on until everything is written, numbered and read."""

    def __init__(self, *, writers: int, each: int) -> None:
        self.writers, self.each = writers, each
        self.is_written = threading.Event()

    def write_all(self) -> None:
        try:
            race([partial(self._write, name) for name in range(self.writers)])
        finally:
            self.is_written.set()

    def _write(self, name: int) -> None:
        for number in range(self.each):
            with transaction.atomic():
                write(f"{name}-{number}")

    def relay_on(self) -> None:
        while not self.is_written.is_set():
            number_pending(limit=5)
        while number_pending(limit=5):
            pass

    def read_on(self, reader: Reader) -> None:
        while not self.is_written.is_set() or len(reader.seen) < self.writers * self.each:
            reader.read()
