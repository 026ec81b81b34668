"""The ways out of the house, behind one protocol.

A gateway gets the collision key as idempotency key: whoever sends twice after a crash sends the
same key, and a gateway that remembers keys delivers once.

SMS over HTTP: ``POST SMS_GATEWAY_URL`` with JSON ``{"idempotency_key", "to", "text"}`` and the
headers ``Idempotency-Key``, ``X-Timestamp`` (Unix seconds) and ``X-Signature``:
``sha256=`` + hex HMAC-SHA256 under SMS_GATEWAY_KEY of ``timestamp + "." + body``.
Answers: 2xx ``{"id": "…"}`` taken; 409 ``{"id": "…"}`` taken before under the same key; 408, 425,
429 and 5xx try later; any other answer refuses the message for good.
"""

import hashlib
import hmac
import json
import logging
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from core.notifications.models import Channel
from core.personal_data import masking

TIMEOUT_SECONDS = 10
RETRIABLE = frozenset({408, 425, 429})
_log = logging.getLogger(__name__)


class TemporaryFailureError(Exception):
    """Not sent, or nobody knows: try again with the same idempotency key."""

    code = "gateway_unavailable"


class PermanentFailureError(Exception):
    """The gateway will never take this message."""

    code = "gateway_refused"


@dataclass(frozen=True, slots=True)
class Message:
    """What a gateway needs to know."""

    idempotency_key: str
    address: str
    title: str
    body: str


class Gateway(Protocol):
    """Takes a message; returns the gateway's own id of it, or raises one of the two failures."""

    def send(self, message: Message) -> str:
        """Send once per idempotency key."""
        ...


class InAppGateway:
    """The row is the message: the recipient reads it on the next page."""

    def send(self, message: Message) -> str:
        """Have nothing to do."""
        return ""


class ConsoleGateway:
    """For development: writes to the log that something would have gone out, masked."""

    def send(self, message: Message) -> str:
        """Log the masked address and the redacted text."""
        _log.info(
            "message to %s: %s",
            masking.mask_phone(message.address),
            masking.redact(message.body),
        )
        return f"console-{digest_of(message.idempotency_key)}"


class EmailGateway:
    """Django mail. The Message-ID derives from the key, so that mail systems can drop a repeat."""

    def send(self, message: Message) -> str:
        """Hand the mail to the server."""
        host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
        message_id = f"<{digest_of(message.idempotency_key)}@{host}>"
        mail = EmailMessage(
            subject=message.title,
            body=message.body,
            to=[message.address],
            headers={"Message-ID": message_id},
            connection=get_connection(timeout=TIMEOUT_SECONDS),
        )
        try:
            mail.send()
        except (smtplib.SMTPRecipientsRefused, UnicodeError, ValueError) as error:
            raise PermanentFailureError(type(error).__name__) from error
        except (smtplib.SMTPException, OSError) as error:
            raise TemporaryFailureError(type(error).__name__) from error
        return message_id


@dataclass(frozen=True, slots=True)
class HttpSmsGateway:
    """A short-message gateway behind HTTP, as the head of this module documents."""

    url: str
    key: str
    timeout: float = TIMEOUT_SECONDS

    def send(self, message: Message) -> str:
        """Post the message and read the answer."""
        body = json.dumps(
            {
                "idempotency_key": message.idempotency_key,
                "to": message.address,
                "text": message.body,
            },
            ensure_ascii=False,
        ).encode()
        headers = self._headers(body, message.idempotency_key)
        try:
            answer = httpx.post(self.url, content=body, headers=headers, timeout=self.timeout)
        except httpx.HTTPError as error:
            raise TemporaryFailureError(type(error).__name__) from error
        return _read(answer)

    def _headers(self, body: bytes, idempotency_key: str) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": digest_of(idempotency_key),
            "X-Timestamp": timestamp,
            "X-Signature": signature(key=self.key, timestamp=timestamp, body=body),
        }


def signature(*, key: str, timestamp: str, body: bytes) -> str:
    """Return the value of X-Signature."""
    mac = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def digest_of(idempotency_key: str) -> str:
    """Return the key in characters that every header may carry."""
    return hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]


def gateway_for(channel: str) -> Gateway:
    """Return the gateway that the settings choose for a channel."""
    return _GATEWAYS[Channel(channel)]()


def _sms() -> Gateway:
    if not settings.SMS_GATEWAY_URL:
        return ConsoleGateway()
    return HttpSmsGateway(url=settings.SMS_GATEWAY_URL, key=settings.SMS_GATEWAY_KEY)


_GATEWAYS: dict[Channel, Callable[[], Gateway]] = {
    Channel.IN_APP: InAppGateway,
    Channel.SMS: _sms,
    Channel.EMAIL: EmailGateway,
}


def _read(answer: httpx.Response) -> str:
    status = answer.status_code
    if answer.is_success or status == httpx.codes.CONFLICT:
        return _id_in(answer)
    if status in RETRIABLE or answer.is_server_error:
        raise TemporaryFailureError(f"HTTP {status}")
    raise PermanentFailureError(f"HTTP {status}")


def _id_in(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["id"])[:80]
    except (ValueError, KeyError, TypeError) as error:
        raise TemporaryFailureError("unreadable answer") from error
