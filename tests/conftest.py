"""Fixtures that every room shares."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import translation

from core.process_cache import forget_everything
from hotline.queries.categories import forget_categories


@pytest.fixture(autouse=True)
def _fresh_process_memory() -> None:
    """Forget what the process kept from another test's rows."""
    forget_everything()
    forget_categories()
    cache.clear()


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
