"""A world to ask over HTTP, with a key for every person."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.accounts.actions import issue_api_key
from core.accounts.models import User
from core.http.authentication import forget_known_keys
from core.http.scopes import Scope
from tests.factories.core import EPOCH
from tests.hotline.machines.scenes import World

ROOT = "/api/v1/hotline/"


@pytest.fixture(autouse=True)
def _no_remembered_keys() -> Iterator[None]:
    forget_known_keys()
    yield
    forget_known_keys()


@pytest.fixture
def world(db: None) -> World:
    """Return one of each role and the steps between the states."""
    return World()


@pytest.fixture
def with_key() -> Callable[..., APIClient]:
    """Return a maker of clients that show an API key of a person's."""

    def make(user: User, *scopes: str) -> APIClient:
        wanted = scopes or tuple(Scope.values)
        issued = issue_api_key(user=user, label="测试", scopes=wanted, by=None, at=EPOCH)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.token}")
        return client

    return make


@pytest.fixture
def signed_in() -> Callable[[User], APIClient]:
    """Return a maker of clients with a session of a person's."""

    def make(user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return make


def body_of(answer: Any) -> dict[str, Any]:
    """Return the JSON of an answer."""
    read: dict[str, Any] = answer.json()
    return read
