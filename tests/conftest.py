"""Fixtures that every room shares."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import translation
from pytest_django import DjangoDbBlocker

from core.process_cache import forget_everything
from hotline.queries.categories import forget_categories


@pytest.fixture(autouse=True)
def _fresh_process_memory() -> None:
    """Forget what the process kept from another test's rows."""
    forget_everything()
    forget_categories()
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _no_stray_connections(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """End what threads of the tests left connected, so that the database can be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """Speak Chinese again after a test whose requests chose another language."""
    yield
    translation.deactivate()


@pytest.fixture
def desk(db: None) -> "object":
    """One of each role at the hotline and at two units."""
    from tests.factories.hotline import Desk

    return Desk()
