"""The QR code of the address that NickServ gives for an authenticator (`2FA ON`)."""

from trio_chat.client.qr import qr_lines
from trio_chat.client.session.authentication import NICKSERV
from trio_chat.client.session.events import MessageKind, Said

_SCHEME = "otpauth://totp/"
_LONGEST = 500
"""Characters of an address; a longer one makes a code that does not fit on a terminal."""


def code_rows(event: Said) -> list[str]:
    """Return the rows of the code for a message; nothing if it is no such answer of NickServ."""
    is_answer = (
        event.kind is MessageKind.NOTICE
        and event.private
        and not event.played_back
        and event.sender.lower() == NICKSERV.lower()
    )
    if not is_answer or not event.text.startswith(_SCHEME) or len(event.text) > _LONGEST:
        return []
    return [] if any(sign.isspace() for sign in event.text) else qr_lines(event.text)
