"""The three administrators, a district's one, and rows for every page."""

from collections.abc import Callable

import pytest
from django.test import Client

from core.accounts.models import User
from core.accounts.states import Role
from tests.factories.admin import sign_in
from tests.factories.core import city, district, member


@pytest.fixture
def system_admin(db: None) -> User:
    return member(Role.SYSTEM_ADMIN)


@pytest.fixture
def security_admin(db: None) -> User:
    return member(Role.SECURITY_ADMIN)


@pytest.fixture
def audit_admin(db: None) -> User:
    return member(Role.AUDIT_ADMIN)


@pytest.fixture
def district_admin(db: None) -> User:
    city()
    return member(Role.SYSTEM_ADMIN, region=district())


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    return sign_in
