"""Many real connections at one thing."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from core.errors import DomainError

T = TypeVar("T")
RIVALS = 20
PATIENCE_SECONDS = 60


def race(deeds: Sequence[Callable[[], T]]) -> list[T | DomainError]:
    """Do every deed in a thread and on a connection of its own, all let go at the same moment.

    Returns what each returned, or the DomainError it met; any other exception is raised.
    """
    start = threading.Barrier(len(deeds))

    def run(deed: Callable[[], T]) -> T | DomainError:
        connection.ensure_connection()
        start.wait(PATIENCE_SECONDS)
        try:
            return deed()
        except DomainError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [task.result() for task in [pool.submit(run, deed) for deed in deeds]]


def winners(outcomes: Sequence[T | DomainError]) -> list[T]:
    """Return what those came back with who were not refused."""
    return [outcome for outcome in outcomes if not isinstance(outcome, DomainError)]
