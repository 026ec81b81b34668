"""The key ring: newest key first encrypts, every key decrypts. Keys come from settings alone."""

import base64
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES = 12
INDEX_BYTES = 16


class UndecryptableError(Exception):
    """The value was made with a key that is not on the ring, or was changed."""

    code = "undecryptable"


@lru_cache(maxsize=4)
def _ring(spec: str) -> dict[str, AESGCM]:
    """Parse ``id:base64[,id:base64…]``; the first entry is the current key."""
    ring: dict[str, AESGCM] = {}
    for entry in filter(None, spec.split(",")):
        key_id, _, encoded = entry.strip().partition(":")
        ring[key_id] = AESGCM(base64.b64decode(encoded))
    if not ring:
        raise ImproperlyConfigured("PERSONAL_DATA_KEYS 未设置：无法保存个人信息。")
    return ring


def current_key_id() -> str:
    """Return the id of the key that encrypts from now on."""
    return next(iter(_ring(settings.PERSONAL_DATA_KEYS)))


def _head(key_id: str) -> bytes:
    return len(key_id).to_bytes(1, "big") + key_id.encode()


def encrypt(plain: str) -> bytes:
    """Encrypt with AES-256-GCM; the result carries the key id, so that keys can be rotated."""
    ring = _ring(settings.PERSONAL_DATA_KEYS)
    key_id = next(iter(ring))
    head = _head(key_id)
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + ring[key_id].encrypt(nonce, plain.encode(), head)


def current_head() -> bytes:
    """Return the bytes with which every value begins that the current key made."""
    return _head(current_key_id())


def key_id_of(stored: bytes) -> str:
    """Tell which key made a stored value."""
    return stored[1 : 1 + stored[0]].decode()


def decrypt(stored: bytes) -> str:
    """Return the plain text; raises UndecryptableError for an unknown key or a changed value."""
    size = 1 + (stored[0] if stored else 0)
    head, nonce, body = (
        stored[:size],
        stored[size : size + NONCE_BYTES],
        stored[size:][NONCE_BYTES:],
    )
    key = _ring(settings.PERSONAL_DATA_KEYS).get(head[1:].decode(errors="replace"))
    if key is None:
        raise UndecryptableError
    try:
        return key.decrypt(nonce, body, head).decode()
    except (InvalidTag, ValueError) as error:  # ValueError: cut short
        raise UndecryptableError from error


def blind_index(purpose: str, normalised: str) -> bytes:
    """Return a keyed digest that finds equal values without revealing them."""
    key = base64.b64decode(settings.BLIND_INDEX_KEY)
    message = f"{purpose}\x00{normalised}".encode()
    return hmac.new(key, message, hashlib.sha256).digest()[:INDEX_BYTES]
