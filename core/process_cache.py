"""Reference data remembered in the process, so that a warm request reads it without a statement.

A value is at most ``seconds`` old. Whoever changes the data in this process calls ``forget`` once
the change is committed; other processes notice when their copy is too old.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, Generic, TypeVar

from django.db import transaction

T = TypeVar("T")
_everything: list["ProcessCache[Any]"] = []


class ProcessCache(Generic[T]):
    """One remembered value and the function that reads it from the database."""

    def __init__(self, load: Callable[[], T], *, seconds: float) -> None:
        self._load = load
        self._seconds = seconds
        self._held: tuple[float, T] | None = None
        self._generation = 0
        self._lock = threading.Lock()
        _everything.append(self)

    def get(self) -> T:
        """Return the value, reading it again when there is none or it is too old."""
        held = self._held
        if held is not None and held[0] > monotonic():
            return held[1]
        generation = self._generation
        value = self._load()
        with self._lock:
            if generation == self._generation:
                self._held = (monotonic() + self._seconds, value)
        return value

    def forget(self) -> None:
        """Drop the value; one that is being read at this moment is not kept either."""
        with self._lock:
            self._generation += 1
            self._held = None

    def forget_after_commit(self) -> None:
        """Drop the value now, for the running transaction, and again once others can see it."""
        self.forget()
        transaction.on_commit(self.forget)


def forget_everything() -> None:
    """Drop every remembered value of this process; tests call it around each test."""
    for cache in _everything:
        cache.forget()
