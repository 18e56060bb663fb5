"""Encryption of push messages for one device (RFC 8291, with the content coding `aes128gcm` of RFC
8188).
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

RECORD_SIZE = 4096
"""Bytes that every push service takes (RFC 8030 §7.2)."""
_HEADER = 16 + 4 + 1 + 65
"""Salt, record size, and the public key with its length (RFC 8188 §2.1)."""
_TAG = 16
MAX_PLAINTEXT = RECORD_SIZE - _HEADER - _TAG - 1
"""Bytes of a message; one more delimits the padding."""
_PADDED_TO = 512
"""A message is padded to a multiple of so many bytes, so that its length says little."""


def encrypt(
    plaintext: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    salt: bytes | None = None,
    key: "ec.EllipticCurvePrivateKey | None" = None,
    is_padded: bool = True,
) -> bytes:
    """Return the body of a push message: one record.

    Args:
        plaintext: at most `MAX_PLAINTEXT` bytes.
        p256dh: the public key of the device, an uncompressed point of P-256.
        auth: its authentication secret.
        salt: 16 bytes; random ones by default.
        key: the private key of the sender; a new one by default.
        is_padded: whether the length of the message is concealed.

    Raises:
        ValueError: the plaintext is too long, or the key is no point of the curve.
    """
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
    )

    if len(plaintext) > MAX_PLAINTEXT:
        raise ValueError("too long for a push message")
    salt = salt or os.urandom(16)
    key = key or ec.generate_private_key(ec.SECP256R1())
    sender = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    device = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    shared = key.exchange(ec.ECDH(), device)
    secret = _hkdf(auth, shared, b"WebPush: info\0" + p256dh + sender, 32)
    content_key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
    padded = plaintext + b"\x02"  # the delimiter of the last record
    if is_padded:
        size = min(-(-len(padded) // _PADDED_TO) * _PADDED_TO, MAX_PLAINTEXT + 1)
        padded = padded.ljust(size, b"\0")
    header = salt + RECORD_SIZE.to_bytes(4) + bytes([len(sender)]) + sender
    return header + AESGCM(content_key).encrypt(nonce, padded, None)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
