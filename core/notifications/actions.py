"""Queueing messages and sending them.

    notify: one QUEUED row per collision key, written in the caller's transaction, nothing sent
    deliver_due: claim (SKIP LOCKED, a lease in next_attempt_at) → send outside any transaction
                 → record

A sender killed between send and record leaves a lease that runs out; the message goes again with
the same idempotency key. At least once from us, once where the gateway remembers keys.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import translation

from core.accounts.models import Person, User
from core.audit import actions as audit
from core.errors import InvalidError, NotFoundError
from core.errors import gettext_noop as _
from core.notifications import gateways, rules, templates
from core.notifications.models import Channel, DeliveryState, Notification

LEASE_PER_MESSAGE = timedelta(seconds=2 * gateways.TIMEOUT_SECONDS)
OUTCOME_UNKNOWN = "多次尝试后仍不知是否送出"


class AddressMissingError(InvalidError):
    """There is nobody, or no address on this channel, to send to."""

    code = "address_missing"
    message = _("没有可用的接收人或联系方式。")


class ChannelNotAllowedError(InvalidError):
    """This template was not written for this channel."""

    code = "channel_not_allowed"
    message = _("该消息不能通过此渠道发送。")


class Receipt(StrEnum):
    """What a gateway reports later."""

    DELIVERED = "delivered"
    FAILED = "failed"


def notify(
    *,
    template: str,
    channel: Channel,
    recipient: User | None = None,
    address: str = "",
    context: Mapping[str, object],
    collision_key: str,
    subject_type: str = "",
    subject_id: int | None = None,
    link: str = "",
    urgent: bool = False,
    at: datetime,
) -> None:
    """Queue one message in the running transaction; a collision key that is known adds nothing.

    Raises UnknownTemplateError, PlaceholderMissingError, ChannelNotAllowedError, or
    AddressMissingError when neither ``address`` nor the recipient's record gives a way to go.
    """
    wanted = templates.get(template)
    if channel not in wanted.channels:
        raise ChannelNotAllowedError(template=template, channel=str(channel))
    with translation.override(settings.LANGUAGE_CODE):
        title, body = templates.fill(wanted, context)
    row = Notification(
        collision_key=collision_key,
        template=template,
        channel=channel,
        recipient=recipient,
        address=_address(channel, recipient, address),
        title=title,
        body=body,
        subject_type=subject_type,
        subject_id=subject_id,
        link=link,
        urgent=urgent,
        state=DeliveryState.QUEUED,
        next_attempt_at=_earliest(at, channel=channel, urgent=urgent),
    )
    Notification.objects.bulk_create([row], ignore_conflicts=True)


def deliver_due(*, at: datetime, limit: int = 20) -> int:
    """Send up to ``limit`` messages that are due at ``at``; return how many were tried."""
    batch = _claim(at=at, limit=limit)
    for row in batch:
        _send(row, at=at)
    return len(batch)


def record_receipt(*, collision_key: str, receipt: Receipt, at: datetime, error: str = "") -> None:
    """Take a gateway's report on a message; reported again it changes nothing more.

    A report of delivery wins over everything; a report of failure does not undo a delivery.
    """
    row = Notification.objects.filter(collision_key=collision_key)
    if not row.exists():
        raise NotFoundError
    if receipt is Receipt.DELIVERED:
        row.exclude(state=DeliveryState.DELIVERED).update(
            state=DeliveryState.DELIVERED,
            next_attempt_at=None,
            last_error="",
            sent_at=Case(When(sent_at=None, then=Value(at)), default=F("sent_at")),
        )
        return
    row.exclude(state__in=[DeliveryState.DELIVERED, DeliveryState.DEAD]).update(
        state=DeliveryState.DEAD, next_attempt_at=None, last_error=error[:300]
    )


@transaction.atomic
def requeue_dead(*, notification_id: int, by: User, at: datetime) -> None:
    """Give a dead letter a new row of attempts; raises NotFoundError unless it is dead."""
    changed = Notification.objects.filter(pk=notification_id, state=DeliveryState.DEAD).update(
        state=DeliveryState.QUEUED, attempts=0, next_attempt_at=at, last_error=""
    )
    if not changed:
        raise NotFoundError
    audit.record(
        action="notification.requeue",
        by=by,
        at=at,
        subject_type="core.notification",
        subject_id=notification_id,
    )


def mark_read(*, notification_id: int, by: User, at: datetime) -> None:
    """The recipient has seen it; anybody else's message is not found. The first time counts."""
    mine = Notification.objects.filter(pk=notification_id, recipient=by, channel=Channel.IN_APP)
    if not mine.exists():
        raise NotFoundError
    mine.filter(read_at=None).update(read_at=at)


def _address(channel: Channel, recipient: User | None, address: str) -> str:
    if channel == Channel.IN_APP:
        found = "" if recipient is None else str(recipient.pk)
    elif address or recipient is None:
        found = address
    elif channel == Channel.EMAIL:
        found = recipient.email
    else:
        person = Person.objects.filter(user=recipient).only("phone").first()
        found = person.phone if person else ""
    if not found:
        raise AddressMissingError(channel=str(channel))
    return "" if channel == Channel.IN_APP else found


def _earliest(at: datetime, *, channel: str, urgent: bool) -> datetime:
    if urgent or channel == Channel.IN_APP:
        return at
    return rules.next_opening(at, settings.QUIET_HOURS)


@transaction.atomic
def _claim(*, at: datetime, limit: int) -> list[Notification]:
    """Lease the next messages to this sender; one that used up its attempts is buried."""
    due = Notification.objects.filter(state=DeliveryState.QUEUED, next_attempt_at__lte=at)
    due.filter(attempts__gte=rules.MAX_ATTEMPTS).update(
        state=DeliveryState.DEAD, next_attempt_at=None, last_error=OUTCOME_UNKNOWN
    )
    if rules.is_quiet(at, settings.QUIET_HOURS):
        due = due.filter(Q(urgent=True) | Q(channel=Channel.IN_APP))
    batch = list(due.order_by("next_attempt_at", "id").select_for_update(skip_locked=True)[:limit])
    Notification.objects.filter(pk__in=[row.pk for row in batch]).update(
        attempts=F("attempts") + 1, next_attempt_at=at + LEASE_PER_MESSAGE * limit
    )
    for row in batch:
        row.attempts += 1
    return batch


def _send(row: Notification, *, at: datetime) -> None:
    message = gateways.Message(
        idempotency_key=row.collision_key, address=row.address, title=row.title, body=row.body
    )
    try:
        gateway_id = gateways.gateway_for(row.channel).send(message)
    except gateways.TemporaryFailureError as error:
        _record_failure(row, at=at, error=str(error))
    except gateways.PermanentFailureError as error:
        _record_death(row, error=str(error))
    else:
        _record_sent(row, gateway_id=gateway_id, at=at)


def _record_sent(row: Notification, *, gateway_id: str, at: datetime) -> None:
    """Sent is sent, whoever holds the lease by now; an earlier receipt is not undone."""
    arrived = row.channel == Channel.IN_APP
    same = Notification.objects.filter(pk=row.pk)
    same.exclude(state=DeliveryState.DELIVERED).update(
        state=DeliveryState.DELIVERED if arrived else DeliveryState.SENT,
        next_attempt_at=None,
        last_error="",
    )
    same.update(gateway_id=gateway_id, sent_at=at)


def _record_failure(row: Notification, *, at: datetime, error: str) -> None:
    if row.attempts >= rules.MAX_ATTEMPTS:
        _record_death(row, error=error)
        return
    later = _earliest(at + rules.delay_after(row.attempts), channel=row.channel, urgent=row.urgent)
    _still_mine(row).update(next_attempt_at=later, last_error=error[:300])


def _record_death(row: Notification, *, error: str) -> None:
    _still_mine(row).update(state=DeliveryState.DEAD, next_attempt_at=None, last_error=error[:300])


def _still_mine(row: Notification) -> QuerySet[Notification]:
    """A lease that ran out and was taken by another sender is no longer ours to record."""
    return Notification.objects.filter(pk=row.pk, state=DeliveryState.QUEUED, attempts=row.attempts)
