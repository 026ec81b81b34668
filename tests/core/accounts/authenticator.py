"""A passkey in software: a P-256 key that answers as a platform authenticator with a fingerprint.

It signs what a browser would sign; the server verifies with the same library as in production.
"""

import hashlib
import json
import os
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
)

PRESENT_AND_VERIFIED = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


class Passkey:
    """One credential on one device."""

    def __init__(self, *, origin: str, rp_id: str) -> None:
        self.origin, self.rp_id = origin, rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.user_handle = b""
        self.counter = 0

    def register(self, options: dict[str, Any]) -> str:
        """Answer the server's creation options."""
        asked = dict(options["publicKey"])
        self.user_handle = asked["user"]["id"]
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.credential_id, ES256.from_cryptography_key(self.key.public_key())
        )
        flags = PRESENT_AND_VERIFIED | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(self._rp_hash(), flags, self.counter, credential)
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", asked["challenge"]),
                "attestationObject": websafe_encode(
                    bytes(AttestationObject.create("none", data, {}))
                ),
            },
            {"credProps": {"rk": True}},
        )

    def sign(self, options: dict[str, Any], *, origin: str = "") -> str:
        """Answer the server's request options; ``origin`` plays a phishing page."""
        self.counter += 1
        data = AuthenticatorData.create(self._rp_hash(), PRESENT_AND_VERIFIED, self.counter)
        challenge = dict(options["publicKey"])["challenge"]
        client = self._client_bytes("webauthn.get", challenge, origin or self.origin)
        signed = bytes(data) + hashlib.sha256(client).digest()
        return self._answer(
            {
                "clientDataJSON": websafe_encode(client),
                "authenticatorData": websafe_encode(bytes(data)),
                "signature": websafe_encode(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": _text(self.user_handle),
            },
            {},
        )

    def _rp_hash(self) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest()

    def _client_data(self, kind: str, challenge: Any) -> str:
        return websafe_encode(self._client_bytes(kind, challenge, self.origin))

    def _client_bytes(self, kind: str, challenge: Any, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": _text(challenge), "origin": origin}).encode()

    def _answer(self, response: dict[str, str], extensions: dict[str, Any]) -> str:
        identifier = websafe_encode(self.credential_id)
        return json.dumps(
            {
                "id": identifier,
                "rawId": identifier,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": extensions,
                "authenticatorAttachment": "platform",
            }
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else websafe_encode(value)
