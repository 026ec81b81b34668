"""The arithmetic of the chain: what is hashed, and how."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from django.conf import settings
from gmssl import func, sm3

from core.audit.models import AuditEntry

GENESIS = b"\x00" * 32
NONCE_BYTES = 16
FIELDS = (
    "at",
    "actor_id",
    "action",
    "outcome",
    "subject_type",
    "subject_id",
    "reason",
    "data",
    "address",
    "request_id",
)


def canonical(entry: AuditEntry) -> bytes:
    """Return the bytes that stand for an entry: all of its fields, in one fixed form."""
    return _plain({**_values(entry), "id": entry.pk, "proof": bytes(entry.proof).hex()})


def new_proof(entry: AuditEntry) -> bytes:
    """Return what shows later that the application wrote this entry, and wrote it once.

    Made before the entry has its id; the random part tells equal deeds from copied rows.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _keyed(b"entry" + nonce + _plain(_values(entry)))


def is_genuine(entry: AuditEntry) -> bool:
    """Tell whether the entry's proof was made with our key, for these very fields."""
    proof = bytes(entry.proof)
    nonce = proof[:NONCE_BYTES]
    expected = nonce + _keyed(b"entry" + nonce + _plain(_values(entry)))
    return hmac.compare_digest(proof, expected)


def _values(entry: AuditEntry) -> dict[str, Any]:
    return {**{name: getattr(entry, name) for name in FIELDS}, "at": entry.at.timestamp()}


def _plain(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(message: bytes) -> bytes:
    """Hash with the configured algorithm: SM3 (GM/T 0004) or SHA-256."""
    if settings.AUDIT_DIGEST == "sm3":
        try:
            return hashlib.new("sm3", message).digest()
        except ValueError:  # this OpenSSL was built without SM3
            return bytes.fromhex(sm3.sm3_hash(func.bytes_to_list(message)))
    return hashlib.sha256(message).digest()


def link(previous: bytes, entry: AuditEntry) -> bytes:
    """Return the digest of the next link."""
    return digest(previous + canonical(entry))


def head_mac(position: int, last: bytes) -> bytes:
    """Authenticate the end of the chain with the key that only the environment holds."""
    return _keyed(position.to_bytes(8, "big") + last)


def _keyed(message: bytes) -> bytes:
    key = base64.b64decode(settings.AUDIT_KEY)
    return hmac.new(key, message, hashlib.sha256).digest()
