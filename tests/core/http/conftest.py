"""Every test here answers from its own small URL configuration."""

from collections.abc import Iterator

import pytest

from core.http.authentication import forget_known_keys


@pytest.fixture(autouse=True)
def _edge(settings: object) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.core.http.urls"
    forget_known_keys()
    yield
    forget_known_keys()
