"""Looking at personal data in clear."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from core.accounts.models import Person, User
from core.audit.models import AuditEntry, Outcome
from core.errors import ForbiddenError, NotFoundError
from core.personal_data import actions
from tests.factories.core import UserFactory

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return Person.objects.create(name="李明", phone="13900008000")


@pytest.fixture(autouse=True)
def _checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the user ``auditor`` see people, and hide them from ``charlie``."""
    monkeypatch.setattr(actions, "_checks", {})
    actions.allow_reveal(Person, check)


def check(user: User, _subject: object, _field: str) -> None:
    if user.username == "charlie":
        raise NotFoundError
    if user.username != "auditor":
        raise ForbiddenError


def look(person: Person, username: str = "auditor", **changes: Any) -> str:
    given = {"field": "phone", "reason": "回访需要核对号码", "at": AT}
    return actions.reveal(subject=person, by=UserFactory(username=username), **{**given, **changes})


class TestReveal:
    def test_gives_the_value_and_writes_down_who_and_why(self, person: Person) -> None:
        assert look(person) == "13900008000"

        entry = AuditEntry.objects.get()
        assert (entry.action, entry.outcome) == ("personal_data.reveal", Outcome.DONE)
        assert (entry.actor.username, entry.at) == ("auditor", AT)
        assert (entry.subject_type, entry.subject_id) == ("core.person", str(person.pk))
        assert (entry.reason, entry.data) == ("回访需要核对号码", {"field": "phone"})

    @pytest.mark.parametrize(
        ("username", "error"), [("agent", ForbiddenError), ("charlie", NotFoundError)]
    )
    def test_writes_down_who_was_refused(
        self, person: Person, username: str, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            look(person, username)

        entry = AuditEntry.objects.get()
        assert (entry.actor.username, entry.outcome) == (username, Outcome.REFUSED)

    @pytest.mark.parametrize("reason", ["", "  ", "\n", "x", " 核实 "])
    def test_wants_a_reason(self, person: Person, reason: str) -> None:
        with pytest.raises(actions.RevealReasonError) as refused:
            look(person, reason=reason)

        assert refused.value.details["fields"]["reason"]
        assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize("field", ["id", "verified_at", "nothing", "__class__", "pk"])
    def test_shows_nothing_but_personal_data(self, person: Person, field: str) -> None:
        with pytest.raises(actions.NotPersonalError):
            look(person, field=field)

    def test_a_model_without_a_check_is_shown_to_nobody(
        self, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(actions, "_checks", {})

        with pytest.raises(actions.RevealForbiddenError):
            look(person)

        assert AuditEntry.objects.get().outcome == Outcome.REFUSED

    def test_the_trail_holds_no_number_that_was_typed_as_a_reason(self, person: Person) -> None:
        look(person, reason="市民用 13912345678 来电核实")

        assert "13912345678" not in AuditEntry.objects.get().reason

    def test_an_empty_value_is_an_empty_text(self, person: Person) -> None:
        assert look(person, field="id_no") == ""


@pytest.mark.django_db(transaction=True)
class TestTransaction:
    def test_a_refusal_leaves_its_record_committed(self, person: Person) -> None:
        with pytest.raises(ForbiddenError):
            look(person, "agent")

        connection.rollback()
        assert AuditEntry.objects.get().outcome == Outcome.REFUSED
