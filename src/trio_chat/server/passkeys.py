"""The check of what browsers answer for passkeys (WebAuthn §7), by the package `webauthn`.

It takes less than a millisecond, so it needs no thread.
"""

from importlib.util import find_spec

from trio_chat.chat.passkeys import (
    MAX_ID,
    MAX_KEY,
    Passkey,
    PasskeyRefused,
    RelyingParty,
    to_base64url,
)


def are_available() -> bool:
    """Return whether the package is installed."""
    return find_spec("webauthn") is not None


class WebAuthnVerifier:
    """The port `trio_chat.chat.passkeys.PasskeyVerifier`. The device has to verify its user, by a
    fingerprint or a PIN; its maker is not asked for (attestation).
    """

    def register(self, answer: str, challenge: bytes, party: RelyingParty) -> Passkey:
        """Return a new passkey; see `PasskeyVerifier.register`."""
        import webauthn  # noqa: PLC0415  # only passkeys need it

        try:
            verified = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                require_user_verification=True,
            )
        except Exception as error:  # of its parsers, too
            raise PasskeyRefused(str(error)) from error
        identifier, key = to_base64url(verified.credential_id), verified.credential_public_key
        if len(identifier) > MAX_ID or len(key) > MAX_KEY:
            raise PasskeyRefused("it is too long")
        return Passkey(identifier, key, verified.sign_count, "", 0)

    def count(self, answer: str, challenge: bytes, party: RelyingParty, passkey: Passkey) -> int:
        """Return the count of signatures; see `PasskeyVerifier.count`."""
        import webauthn  # noqa: PLC0415

        try:
            verified = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                credential_public_key=passkey.key,
                credential_current_sign_count=0,  # which is compared in the order of all changes
                require_user_verification=True,
            )
        except Exception as error:
            raise PasskeyRefused(str(error)) from error
        if to_base64url(verified.credential_id) != passkey.id:
            raise PasskeyRefused("it is of another passkey")
        return verified.new_sign_count
