"""Rows of the kernel with sensible defaults; a test names only what matters to it."""

from datetime import UTC, date, datetime

import factory
from factory.django import DjangoModelFactory

from core.accounts.models import Membership, Organisation, User
from core.accounts.states import OrganisationKind, Role
from core.clocks.models import ClockPolicy
from core.regions.models import Region, RegionLevel

CITY = {
    "code": "519900",
    "name": "蓉江市",
    "full_name": "蓉江市",
    "level": RegionLevel.CITY,
}
EPOCH = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)


class RegionFactory(DjangoModelFactory):
    """A region; give ``parent`` to place it in the tree."""

    class Meta:
        model = Region
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"{519900 + n % 90:06d}")
    name = factory.LazyAttribute(lambda o: f"区域{o.code}")
    full_name = factory.LazyAttribute(lambda o: o.name)
    level = RegionLevel.DISTRICT
    parent = None
    path = factory.LazyAttribute(lambda o: f"{o.parent.path if o.parent else ''}{o.code}/")
    starts_date = date(2020, 1, 1)


class OrganisationFactory(DjangoModelFactory):
    """A unit of the city."""

    class Meta:
        model = Organisation
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"unit-{n}")
    name = factory.LazyAttribute(lambda o: f"单位{o.code}")
    short_name = ""
    kind = OrganisationKind.DEPARTMENT
    parent = None
    path = factory.LazyAttribute(lambda o: f"{o.parent.path if o.parent else ''}{o.code}/")
    region = factory.LazyFunction(lambda: RegionFactory(**CITY))


class UserFactory(DjangoModelFactory):
    """One who signs in with the password ``Tongban-test-2026``."""

    class Meta:
        model = User
        django_get_or_create = ("username",)
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    display_name = factory.LazyAttribute(lambda o: f"用户{o.username}")
    password = factory.django.Password("Tongban-test-2026")


def city() -> Region:
    """Return the city's region."""
    return RegionFactory(**CITY)


def district(code: str = "519901", name: str = "临江区") -> Region:
    """Return a district of the city."""
    return RegionFactory(
        code=code, name=name, full_name=f"蓉江市{name}", level=RegionLevel.DISTRICT, parent=city()
    )


def member(role: Role, *, unit: Organisation | None = None, region: Region | None = None) -> User:
    """Return a new user in this role."""
    user = UserFactory()
    Membership.objects.create(
        user=user,
        organisation=unit or OrganisationFactory(code="centre", kind=OrganisationKind.CENTRE),
        role=role,
        region=region or city(),
    )
    return user


def policies() -> None:
    """Create the clock policies of the hotline: 3, 7 and 15 working days, and the defaults."""
    answer = {"consultation": 3, "help": 7, "suggestion": 7, "complaint": 15, "report": 15}
    rows = [("answer", kind, amount, "working_days") for kind, amount in answer.items()]
    rows += [("answer", "praise", 7, "working_days"), ("sign", "", 1, "working_days")]
    rows += [("first_contact", "", 1, "working_days"), ("callback", "", 3, "working_days")]
    rows += [("self_evaluation", "", 24, "hours")]
    ClockPolicy.objects.bulk_create(
        [
            ClockPolicy(
                clock_kind=kind,
                subject_kind=subject_kind,
                amount=amount,
                unit=unit,
                effective_date=date(2020, 1, 1),
                source="default, not from the decree",
            )
            for kind, subject_kind, amount, unit in rows
        ],
        ignore_conflicts=True,
    )
