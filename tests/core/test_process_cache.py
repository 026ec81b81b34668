"""What a process remembers, and for how long."""

import threading

import pytest
from django.db import transaction

from core.process_cache import ProcessCache, forget_everything


class Source:
    """A value that counts how often it was read."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self) -> int:
        self.reads += 1
        return self.reads


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the cache; move it by assigning to its only element."""
    now = [50.0]
    monkeypatch.setattr("core.process_cache.monotonic", lambda: now[0])
    return now


class TestProcessCache:
    def test_reads_once_while_fresh(self, moment: list[float]) -> None:
        cache = ProcessCache(Source(), seconds=10)

        values = [cache.get()]
        moment[0] += 9.9
        values.append(cache.get())
        moment[0] += 0.1
        values.append(cache.get())

        assert values == [1, 1, 2]

    def test_reads_again_when_told_to_forget(self) -> None:
        cache = ProcessCache(Source(), seconds=10)
        cache.get()

        cache.forget()

        assert cache.get() == 2

    def test_all_can_be_forgotten_at_once(self) -> None:
        caches = [ProcessCache(Source(), seconds=10) for _ in range(2)]
        before = [cache.get() for cache in caches]

        forget_everything()

        assert (before, [cache.get() for cache in caches]) == ([1, 1], [2, 2])

    def test_a_value_that_was_being_read_during_forgetting_is_not_kept(self) -> None:
        reading, forgotten = threading.Event(), threading.Event()

        def slow() -> str:
            reading.set()
            forgotten.wait(10)
            return "old"

        cache: ProcessCache[str] = ProcessCache(slow, seconds=10)
        reader = threading.Thread(target=cache.get)
        reader.start()
        reading.wait(10)
        cache.forget()
        forgotten.set()
        reader.join(10)

        assert cache._held is None

    @pytest.mark.django_db(transaction=True)
    def test_forgets_at_once_and_again_after_the_commit(self) -> None:
        cache = ProcessCache(Source(), seconds=10)
        cache.get()

        with transaction.atomic():
            cache.forget_after_commit()
            inside = cache.get()

        assert (inside, cache.get()) == (2, 3)
