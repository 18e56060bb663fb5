"""An authenticator of passkeys in software (WebAuthn §6), with the JSON that browsers make of its
answers.
"""

import hashlib
import json
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from trio_chat.chat.passkeys import to_base64url

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40
"""Flags of the authenticator data (WebAuthn §6.1)."""


class Authenticator:
    """A device with one passkey.

    Args:
        origin: of the page that its browser shows.
        host: the id of the relying party.
    """

    def __init__(self, origin: str, host: str) -> None:
        self.origin = origin
        self.host = host
        self.flags = PRESENT | VERIFIED
        self.signatures = 0
        self.id = hashlib.sha256(origin.encode()).digest()
        self._key = ec.derive_private_key(7, ec.SECP256R1())

    def register(self, challenge: str) -> dict[str, Any]:
        """Return what `navigator.credentials.create` answers."""
        numbers = self._key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        data = self._data(HAS_KEY) + bytes(16) + len(self.id).to_bytes(2) + self.id
        attestation = {"fmt": "none", "attStmt": {}, "authData": data + cbor2.dumps(key)}
        return self._answer(
            {
                "clientDataJSON": to_base64url(self._client("webauthn.create", challenge)),
                "attestationObject": to_base64url(cbor2.dumps(attestation)),
            }
        )

    def sign(self, challenge: str) -> dict[str, Any]:
        """Return what `navigator.credentials.get` answers."""
        self.signatures += 1
        client, data = self._client("webauthn.get", challenge), self._data()
        signed = data + hashlib.sha256(client).digest()
        return self._answer(
            {
                "clientDataJSON": to_base64url(client),
                "authenticatorData": to_base64url(data),
                "signature": to_base64url(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            }
        )

    def _data(self, flags: int = 0) -> bytes:
        party = hashlib.sha256(self.host.encode()).digest()
        return party + bytes((self.flags | flags,)) + self.signatures.to_bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        identifier = to_base64url(self.id)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
