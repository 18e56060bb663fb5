"""The requests to push services (RFC 8030 §5)."""

from trio_chat.chat.push import PushSubscription
from trio_chat.config import Settings
from trio_chat.irc.mail import email_address
from trio_chat.server.push.device import QueuedPush
from trio_chat.server.push.encryption import encrypt
from trio_chat.server.push.vapid import VapidSigner

TTL = 3 * 86_400
"""Seconds for which a push service keeps a message for a device that is not connected."""


def prepared(
    signer: VapidSigner, subscription: PushSubscription, item: QueuedPush, origin: str, subject: str
) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a message for a device.

    It takes up to a millisecond: call it in a thread, in one at a time.

    Args:
        signer: of this server.
        subscription: the device.
        item: the message.
        origin: of the push service.
        subject: see `contact`.
    """
    headers = {
        "Authorization": signer.header(origin, subject),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(TTL),
        "Urgency": item.urgency,
        "Topic": item.topic,
    }
    return headers, encrypt(item.line, subscription.p256dh, subscription.auth)


def contact(settings: Settings) -> str:
    """Return the URL by which the operator of a push service reaches that of this server (RFC 8292
    §2.1): the one that was configured, the e-mail address in [server] admin, the page, or the
    postmaster of the server.
    """
    if settings.push.subject:
        return settings.push.subject
    for word in settings.server.admin.replace("<", " ").replace(">", " ").split():
        try:
            return f"mailto:{email_address(word)}"
        except ValueError:
            continue
    if settings.server.url.startswith("https://"):
        return settings.server.url
    return f"mailto:postmaster@{settings.server.name}"
