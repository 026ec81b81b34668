"""Queueing, sending, failing, and being killed in between."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from core.accounts.models import Person
from core.audit.models import AuditEntry
from core.errors import NotFoundError
from core.notifications import actions, gateways
from core.notifications.models import Channel, DeliveryState, Notification
from core.notifications.queries import has_unread, list_dead_letters, list_inbox
from core.notifications.rules import MAX_ATTEMPTS, delay_after
from core.notifications.templates import (
    PlaceholderMissingError,
    Template,
    UnknownTemplateError,
    register,
)
from tests.core.notifications.conftest import NOON, queue
from tests.factories.core import UserFactory
from tests.fakes import FakeSmsGateway

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=2)
MIDNIGHT = NOON + timedelta(hours=12)


class TestNotify:
    def test_queues_a_filled_text_and_sends_nothing(self, gateway: FakeSmsGateway) -> None:
        row = queue()

        assert (row.state, row.title) == (DeliveryState.QUEUED, "进展 R-1")
        assert row.body == "您的诉求 R-1 已有进展：https://city.example/track/"
        assert gateway.requests == []

    def test_keeps_the_first_of_two_with_one_collision_key(self) -> None:
        first = queue()

        queue(context={"no": "R-2", "link": "x"})

        assert [row.body for row in Notification.objects.all()] == [first.body]

    def test_goes_with_the_callers_transaction(self) -> None:
        with transaction.atomic():
            queue()
            transaction.set_rollback(True)

        assert not Notification.objects.exists()

    def test_takes_one_statement(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(1):
            actions.notify(
                template="tests.progress",
                channel=Channel.SMS,
                address="13900008000",
                context={"no": "R-1", "link": ""},
                collision_key="tests:one",
                at=NOON,
            )

    def test_finds_the_recipients_own_phone(self) -> None:
        user = UserFactory()
        Person.objects.create(user=user, phone="13900001111")

        assert queue(recipient=user, address="").address == "13900001111"

    def test_finds_the_recipients_own_mail_address(self) -> None:
        user = UserFactory(email="li@city.example")

        assert queue(recipient=user, address="", channel=Channel.EMAIL).address == user.email

    @pytest.mark.parametrize("channel", list(Channel))
    def test_refuses_to_send_to_nobody(self, channel: Channel) -> None:
        with pytest.raises(actions.AddressMissingError):
            queue(address="", channel=channel)

    def test_refuses_a_half_filled_text(self) -> None:
        with pytest.raises(PlaceholderMissingError):
            queue(context={"no": "R-1"})

    def test_refuses_an_unknown_template(self) -> None:
        with pytest.raises(UnknownTemplateError):
            queue(template="tests.nothing")

    def test_refuses_a_channel_that_the_template_is_not_for(self) -> None:
        register(
            Template(key="tests.app", title="t", body="b", channels=frozenset({Channel.IN_APP}))
        )

        with pytest.raises(actions.ChannelNotAllowedError):
            queue(template="tests.app")

    def test_stores_the_address_encrypted(self) -> None:
        queue()

        with connection.cursor() as cursor:
            cursor.execute("SELECT address FROM core_notification")
            assert b"13900008000" not in bytes(cursor.fetchone()[0])


class TestDeliver:
    def test_sends_what_is_due(self, gateway: FakeSmsGateway) -> None:
        row = queue()

        assert actions.deliver_due(at=NOON) == 1

        row.refresh_from_db()
        assert (row.state, row.gateway_id, row.sent_at) == (DeliveryState.SENT, "sms-1", NOON)
        assert gateway.delivered["tests:1"]["to"] == "13900008000"
        assert gateway.delivered["tests:1"]["text"] == row.body

    def test_sends_nothing_twice(self, gateway: FakeSmsGateway) -> None:
        queue()
        actions.deliver_due(at=NOON)

        assert actions.deliver_due(at=LATER) == 0
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize("step", [429, 500, 503, "cut", "garbage"])
    def test_tries_again_later_after_a_failure_that_may_pass(
        self, gateway: FakeSmsGateway, step: str | int
    ) -> None:
        row = queue()
        gateway.script = [step]

        actions.deliver_due(at=NOON)

        row.refresh_from_db()
        assert (row.state, row.attempts) == (DeliveryState.QUEUED, 1)
        assert row.next_attempt_at == NOON + delay_after(1)
        assert row.last_error
        assert actions.deliver_due(at=NOON) == 0

    @pytest.mark.parametrize("step", ["cut", "garbage"])
    def test_a_message_taken_without_an_answer_arrives_once(
        self, gateway: FakeSmsGateway, step: str
    ) -> None:
        row = queue()
        gateway.script = [step]
        actions.deliver_due(at=NOON)

        actions.deliver_due(at=LATER)

        row.refresh_from_db()
        assert (row.state, row.gateway_id) == (DeliveryState.SENT, "sms-1")
        assert len(gateway.requests) == 2
        assert list(gateway.delivered) == ["tests:1"]

    def test_a_gateway_that_does_not_answer_in_time_is_tried_again(
        self, gateway: FakeSmsGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = queue()
        gateway.script = ["hang"]
        impatient = gateways.HttpSmsGateway(url=gateway.url, key=gateway.key, timeout=0.05)
        monkeypatch.setitem(gateways._GATEWAYS, Channel.SMS, lambda: impatient)

        actions.deliver_due(at=NOON)

        row.refresh_from_db()
        assert (row.state, row.last_error) == (DeliveryState.QUEUED, "ReadTimeout")

    @pytest.mark.parametrize("status", [400, 401, 422])
    def test_gives_up_at_once_on_a_refusal(self, gateway: FakeSmsGateway, status: int) -> None:
        row = queue()
        gateway.script = [status]

        actions.deliver_due(at=NOON)

        row.refresh_from_db()
        assert (row.state, row.last_error) == (DeliveryState.DEAD, f"HTTP {status}")
        assert list(list_dead_letters()) == [row]

    def test_a_wrong_key_is_refused_by_the_gateway(
        self, gateway: FakeSmsGateway, settings: Any
    ) -> None:
        row = queue()
        settings.SMS_GATEWAY_KEY = "wrong"

        actions.deliver_due(at=NOON)

        row.refresh_from_db()
        assert (row.state, row.last_error) == (DeliveryState.DEAD, "HTTP 401")
        assert gateway.delivered == {}

    def test_becomes_a_dead_letter_after_the_last_attempt(self, gateway: FakeSmsGateway) -> None:
        row = queue(urgent=True)
        gateway.script = [503] * MAX_ATTEMPTS
        at = NOON

        for _attempt in range(MAX_ATTEMPTS):
            actions.deliver_due(at=at)
            at += timedelta(hours=2)

        row.refresh_from_db()
        assert (row.state, row.attempts) == (DeliveryState.DEAD, MAX_ATTEMPTS)
        assert row.next_attempt_at is None
        assert actions.deliver_due(at=at) == 0

    def test_one_failure_does_not_hold_up_the_others(self, gateway: FakeSmsGateway) -> None:
        queue(collision_key="tests:a")
        queue(collision_key="tests:b")
        gateway.script = [500]

        actions.deliver_due(at=NOON)

        assert list(gateway.delivered) == ["tests:b"]

    def test_in_app_arrives_by_being_written(self) -> None:
        user = UserFactory()
        row = queue(recipient=user, channel=Channel.IN_APP, address="")
        assert list(list_inbox(user=user)) == [row]

        actions.deliver_due(at=NOON)

        row.refresh_from_db()
        assert row.state == DeliveryState.DELIVERED

    def test_mail_carries_an_id_made_from_the_key(self) -> None:
        row = queue(channel=Channel.EMAIL, address="li@city.example")

        actions.deliver_due(at=NOON)

        row.refresh_from_db()
        assert mail.outbox[0].to == ["li@city.example"]
        assert mail.outbox[0].subject == "进展 R-1"
        assert mail.outbox[0].extra_headers["Message-ID"] == row.gateway_id

    def test_without_a_gateway_the_log_shows_nothing_personal(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        row = queue()

        with caplog.at_level("INFO", logger="core.notifications.gateways"):
            actions.deliver_due(at=NOON)

        row.refresh_from_db()
        assert row.state == DeliveryState.SENT
        assert "message to" in caplog.text
        assert "13900008000" not in caplog.text


class TestQuietHours:
    def test_hold_an_ordinary_message_until_the_morning(self, gateway: FakeSmsGateway) -> None:
        row = queue(at=MIDNIGHT)

        assert row.next_attempt_at == NOON + timedelta(hours=20)
        assert actions.deliver_due(at=MIDNIGHT) == 0
        assert actions.deliver_due(at=NOON + timedelta(hours=20)) == 1

    def test_hold_what_was_due_before_they_began(self, gateway: FakeSmsGateway) -> None:
        queue(at=NOON)

        assert actions.deliver_due(at=MIDNIGHT) == 0
        assert gateway.requests == []

    def test_let_urgent_messages_pass(self, gateway: FakeSmsGateway) -> None:
        queue(at=MIDNIGHT, urgent=True)

        assert actions.deliver_due(at=MIDNIGHT) == 1
        assert list(gateway.delivered) == ["tests:1"]

    def test_do_not_concern_messages_in_the_app(self) -> None:
        queue(at=MIDNIGHT, channel=Channel.IN_APP, recipient=UserFactory(), address="")

        assert actions.deliver_due(at=MIDNIGHT) == 1


class TestKilledBetweenSendAndRecord:
    def test_goes_again_with_the_same_key_and_arrives_once(
        self, gateway: FakeSmsGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = queue()
        with monkeypatch.context() as patched:
            patched.setattr(actions, "_record_sent", _killed)
            with pytest.raises(KeyboardInterrupt):
                actions.deliver_due(at=NOON, limit=1)
        assert actions.deliver_due(at=NOON) == 0, "the lease still holds"

        actions.deliver_due(at=NOON + actions.LEASE_PER_MESSAGE)

        row.refresh_from_db()
        assert [request["idempotency_key"] for request in gateway.requests] == ["tests:1"] * 2
        assert list(gateway.delivered) == ["tests:1"]
        assert (row.state, row.gateway_id, row.attempts) == (DeliveryState.SENT, "sms-1", 2)

    def test_a_sender_that_always_dies_does_not_send_for_ever(
        self, gateway: FakeSmsGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = queue(urgent=True)
        monkeypatch.setattr(actions, "_record_sent", _killed)
        at = NOON
        for _attempt in range(MAX_ATTEMPTS):
            with pytest.raises(KeyboardInterrupt):
                actions.deliver_due(at=at, limit=1)
            at += timedelta(hours=1)

        assert actions.deliver_due(at=at) == 0

        row.refresh_from_db()
        assert (row.state, row.last_error) == (DeliveryState.DEAD, actions.OUTCOME_UNKNOWN)
        assert len(gateway.requests) == MAX_ATTEMPTS

    def test_a_slow_sender_does_not_overwrite_its_successor(self, gateway: FakeSmsGateway) -> None:
        row = queue()
        (stale,) = actions._claim(at=NOON, limit=1)
        actions.deliver_due(at=NOON + actions.LEASE_PER_MESSAGE)

        actions._record_failure(stale, at=LATER, error="late")
        actions._record_death(stale, error="late")

        row.refresh_from_db()
        assert (row.state, row.last_error) == (DeliveryState.SENT, "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
class TestManySenders:
    def test_send_each_message_once(self, gateway: FakeSmsGateway) -> None:
        for number in range(40):
            queue(collision_key=f"tests:{number}")
        start = threading.Barrier(4)

        def work() -> None:
            start.wait()
            while actions.deliver_due(at=NOON, limit=3):
                pass
            connection.close()

        threads = [threading.Thread(target=work) for _sender in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        sent = [request["idempotency_key"] for request in gateway.requests]
        assert sorted(sent) == sorted(f"tests:{number}" for number in range(40))
        assert set(Notification.objects.values_list("state", flat=True)) == {DeliveryState.SENT}

    def test_the_same_key_queued_at_once_is_one_message(self) -> None:
        start = threading.Barrier(8)

        def work() -> None:
            start.wait()
            actions.notify(
                template="tests.progress",
                channel=Channel.SMS,
                address="13900008000",
                context={"no": "R-1", "link": ""},
                collision_key="tests:race",
                at=NOON,
            )
            connection.close()

        threads = [threading.Thread(target=work) for _caller in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert Notification.objects.count() == 1


class TestReceipts:
    def test_a_delivery_is_recorded_once(self, gateway: FakeSmsGateway) -> None:
        row = queue()
        actions.deliver_due(at=NOON)

        for _repeat in range(2):
            actions.record_receipt(
                collision_key="tests:1", receipt=actions.Receipt.DELIVERED, at=LATER
            )

        row.refresh_from_db()
        assert (row.state, row.sent_at) == (DeliveryState.DELIVERED, NOON)

    def test_a_receipt_that_overtakes_the_answer_is_not_undone(
        self, gateway: FakeSmsGateway
    ) -> None:
        row = queue()
        (claimed,) = actions._claim(at=NOON, limit=1)
        actions.record_receipt(collision_key="tests:1", receipt=actions.Receipt.DELIVERED, at=NOON)

        actions._record_sent(claimed, gateway_id="sms-1", at=NOON)

        row.refresh_from_db()
        assert (row.state, row.gateway_id) == (DeliveryState.DELIVERED, "sms-1")

    def test_a_failure_makes_a_dead_letter(self, gateway: FakeSmsGateway) -> None:
        row = queue()
        actions.deliver_due(at=NOON)

        actions.record_receipt(
            collision_key="tests:1", receipt=actions.Receipt.FAILED, at=LATER, error="空号"
        )

        row.refresh_from_db()
        assert (row.state, row.last_error) == (DeliveryState.DEAD, "空号")

    def test_a_late_failure_does_not_undo_a_delivery(self) -> None:
        row = queue()
        actions.record_receipt(collision_key="tests:1", receipt=actions.Receipt.DELIVERED, at=NOON)

        actions.record_receipt(collision_key="tests:1", receipt=actions.Receipt.FAILED, at=LATER)

        row.refresh_from_db()
        assert row.state == DeliveryState.DELIVERED

    def test_an_unknown_message_is_not_found(self) -> None:
        with pytest.raises(NotFoundError):
            actions.record_receipt(
                collision_key="nothing", receipt=actions.Receipt.DELIVERED, at=NOON
            )


class TestDeadLetters:
    def test_can_be_sent_again_and_the_trail_says_by_whom(self, gateway: FakeSmsGateway) -> None:
        row, admin = queue(), UserFactory()
        gateway.script = [422]
        actions.deliver_due(at=NOON)

        actions.requeue_dead(notification_id=row.pk, by=admin, at=LATER)
        actions.deliver_due(at=LATER)

        row.refresh_from_db()
        assert (row.state, row.attempts) == (DeliveryState.SENT, 1)
        entry = AuditEntry.objects.get(action="notification.requeue")
        assert (entry.actor, entry.subject_id) == (admin, str(row.pk))

    def test_a_living_message_is_not_requeued(self) -> None:
        row = queue()

        with pytest.raises(NotFoundError):
            actions.requeue_dead(notification_id=row.pk, by=UserFactory(), at=LATER)

        assert not AuditEntry.objects.exists()


class TestInbox:
    def test_charlie_sees_nothing_of_alice(self) -> None:
        alice, charlie = UserFactory(), UserFactory()
        row = queue(recipient=alice, channel=Channel.IN_APP, address="")

        assert list(list_inbox(user=charlie)) == []
        assert not has_unread(user=charlie)
        with pytest.raises(NotFoundError):
            actions.mark_read(notification_id=row.pk, by=charlie, at=NOON)
        assert has_unread(user=alice)

    def test_the_first_reading_counts(self) -> None:
        alice = UserFactory()
        row = queue(recipient=alice, channel=Channel.IN_APP, address="")

        actions.mark_read(notification_id=row.pk, by=alice, at=NOON)
        actions.mark_read(notification_id=row.pk, by=alice, at=LATER)

        row.refresh_from_db()
        assert row.read_at == NOON
        assert not has_unread(user=alice)


def _killed(*_args: object, **_kwargs: object) -> None:
    raise KeyboardInterrupt
