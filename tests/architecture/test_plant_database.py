"""The pool of database connections, against the suite's own PostgreSQL."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.db import ConnectionHandler, OperationalError
from psycopg import errors

from config import embedded
from config.database import base
from config.settings.base import database_from

pytestmark = pytest.mark.django_db


@pytest.fixture
def url() -> str:
    return embedded.service_urls(os.environ).database_url


def pooled(settings: dict[str, object]) -> base.DatabaseWrapper:
    """A connection beside the suite's own one, with a pool as in a running city."""
    connection = ConnectionHandler({"default": settings})["default"]
    assert isinstance(connection, base.DatabaseWrapper)
    return connection


@pytest.fixture
def city(url: str) -> Iterator[base.DatabaseWrapper]:
    settings = database_from(url)
    settings["OPTIONS"]["pool"]["max_size"] = 1
    connection = pooled(settings)
    yield connection
    connection.close()
    connection.close_pool()


def process_of(connection: base.DatabaseWrapper) -> int:
    """Use a connection for one statement and give it back; return its server process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
    connection.close()
    return pid


def hang_up(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


class TestPool:
    def test_gives_the_same_living_connection_again(self, city: base.DatabaseWrapper) -> None:
        first, second = process_of(city), process_of(city)

        assert first == second

    def test_never_gives_one_that_was_hung_up(self, city: base.DatabaseWrapper, url: str) -> None:
        first = process_of(city)
        hang_up(url, first)

        second = process_of(city)

        assert second != first

    def test_loses_patience_where_nobody_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(base, "PATIENCE", 0.0)
        settings = database_from("postgresql://nobody@127.0.0.1:1/nothing")
        settings["OPTIONS"]["pool"] |= {"timeout": 0.1, "reconnect_timeout": 0.1}

        connection = pooled(settings)

        with pytest.raises(OperationalError):
            connection.cursor()
        connection.close_pool()

    def test_tells_an_idle_connection_from_a_dead_one(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            pid = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
            idle = base.was_hung_up(connection)
            hang_up(url, pid)

            dead = base.was_hung_up(connection)

            with pytest.raises((psycopg.OperationalError, errors.AdminShutdown)):
                connection.execute("SELECT 1")
        assert (idle, dead) == (False, True)
