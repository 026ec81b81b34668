"""The gate's own promises: versions, logs, reasons, and that nothing is left of what failed."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from core.audit.actions import seal_pending
from core.errors import NotFoundError
from core.events import wake
from core.events.models import Event
from core.transitions.actions import (
    ReasonMissingError,
    ReasonTooLongError,
    StaleVersionError,
    TransitionRefusedError,
    UnknownTransitionError,
    check_version,
)
from core.transitions.models import TransitionLog
from hotline.actions import triage
from hotline.actions.closing import order_redo
from hotline.machines import TICKETS
from hotline.models import Ticket
from tests.factories.hotline import Desk, ticket

pytestmark = pytest.mark.django_db


def claim(made: Ticket, desk: Desk, **more: Any) -> Ticket:
    return triage.claim_ticket(ticket_no=made.no, by=desk.agent, at=desk.tick(), **more)


class PowerFailsError(Exception):
    """Something outside goes wrong after the deed."""


@transaction.atomic
def claim_and_fall(made: Ticket, desk: Desk) -> None:
    claim(made, desk)
    raise PowerFailsError


class TestFire:
    def test_moves_logs_and_tells_in_one_go(self, desk: Desk) -> None:
        made = ticket()

        claim(made, desk, expected_version=0)

        row = TransitionLog.objects.get()
        told = Event.objects.get(kind="hotline.ticket.claim")
        assert (row.subject_id, row.version, row.transition) == (made.pk, 1, "claim")
        assert (row.source, row.target, row.by, row.at) == (
            "registered",
            "registered",
            desk.agent,
            desk.now,
        )
        assert (told.subject_no, told.version, told.at) == (made.no, 1, desk.now)

    def test_a_to_b_to_a_is_seen(self, desk: Desk) -> None:
        made = ticket()
        claim(made, desk)
        triage.release_ticket(ticket_no=made.no, by=desk.agent, at=desk.tick())
        again = Ticket.objects.get(pk=made.pk)
        assert (again.state, again.claimed_by) == (made.state, made.claimed_by)

        with pytest.raises(StaleVersionError) as refusal:
            claim(made, desk, expected_version=made.version)

        assert refusal.value.status == 409
        assert refusal.value.details == {"expected": 0, "current": 2}
        assert Ticket.objects.get(pk=made.pk).claimed_by is None

    def test_a_rollback_leaves_nothing(
        self, desk: Desk, django_capture_on_commit_callbacks: Any
    ) -> None:
        made = ticket()
        events = Event.objects.count()

        with django_capture_on_commit_callbacks() as callbacks, pytest.raises(PowerFailsError):
            claim_and_fall(made, desk)

        after = Ticket.objects.get(pk=made.pk)
        assert (after.version, after.claimed_by) == (0, None)
        assert not TransitionLog.objects.exists()
        assert Event.objects.count() == events
        assert wake.relay not in callbacks

    def test_knows_no_other_transitions(self, desk: Desk) -> None:
        made = ticket()

        for name in ("fly", "save", "delete", "__class__"):
            with pytest.raises(UnknownTransitionError):
                TICKETS.fire(made, name, by=desk.agent, at=desk.now)

        assert not TransitionLog.objects.exists()

    def test_the_policy_is_asked_before_the_state(self, desk: Desk) -> None:
        made = ticket()

        with pytest.raises(TransitionRefusedError) as refusal:
            TICKETS.fire(made, "demand_callback", by=None, at=desk.now)

        assert refusal.value.details == {"state": "registered", "transition": "demand_callback"}

    @pytest.mark.parametrize("reason", ["", "   ", "\n\t", "\u202e\u200e"])
    def test_wants_a_reason_that_can_be_read(self, desk: Desk, reason: str) -> None:
        made = desk.in_review()

        with pytest.raises(ReasonMissingError) as refusal:
            order_redo(ticket_no=made.no, reason=reason, by=desk.auditor, at=desk.tick())

        assert refusal.value.details["fields"] == {"reason": ["请填写理由。"]}
        assert Ticket.objects.get(pk=made.pk).state == "review"

    def test_refuses_a_reason_that_the_log_cannot_hold(self, desk: Desk) -> None:
        made = ticket()

        with pytest.raises(ReasonTooLongError):
            TICKETS.fire(
                made, "claim", by=desk.agent, at=desk.now, agent=desk.agent, reason="字" * 1001
            )

        assert not TransitionLog.objects.exists()


class TestLock:
    def test_absent_and_hidden_are_the_same(self, desk: Desk) -> None:
        made = ticket()

        for person, number in ((desk.handler, made.no), (desk.agent, "0" * 21)):
            with transaction.atomic(), pytest.raises(NotFoundError) as refusal:
                TICKETS.lock(by=person, no=number)
            assert (refusal.value.code, refusal.value.details) == ("not_found", {})


class TestVersion:
    def test_who_names_no_version_is_not_asked(self) -> None:
        check_version(Ticket(version=3), None)
        check_version(Ticket(version=3), 3)
        with pytest.raises(StaleVersionError):
            check_version(Ticket(version=3), 0)


class TestLog:
    def test_a_version_is_reached_once(self, desk: Desk) -> None:
        made = ticket()
        claim(made, desk)
        row = TransitionLog.objects.get()
        row.pk = None

        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)

        assert TransitionLog.objects.count() == 1


class TestAppendOnly:
    @pytest.mark.parametrize(
        "table", ["core_auditentry", "core_auditseal", "core_clockentry", "core_transitionlog"]
    )
    @pytest.mark.parametrize("statement", ["UPDATE {} SET {key} = {key}", "DELETE FROM {}"])
    def test_the_database_refuses_changes(self, desk: Desk, table: str, statement: str) -> None:
        claim(ticket(), desk)
        seal_pending()
        key = "position" if table == "core_auditseal" else "id"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            before = cursor.fetchone()[0]

        refused = pytest.raises((IntegrityError, InternalError), match="append-only")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(table, key=key))

        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone()[0] == before > 0
