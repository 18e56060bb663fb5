"""The secret of the server, from which keys are derived. Nodes with the same secret have the same
keys.
"""

import hmac

from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import Settings


def lasting_secret(settings: Settings, memory: StoragePorts | None, start_secret: bytes) -> bytes:
    """Return the configured secret, or else that of the database.

    Args:
        settings: all of config.ini.
        memory: the database; None when there is none.
        start_secret: one of this start, for when none lasts.
    """
    configured = settings.server.cloak_secret.encode()
    return configured or (memory.secret if memory else b"") or start_secret


def token_key(settings: Settings, memory: StoragePorts | None, start_secret: bytes) -> bytes:
    """Return the key of the tokens for uploads; see `lasting_secret`."""
    return hmac.digest(lasting_secret(settings, memory, start_secret), b"upload tokens", "sha256")


def node_key(settings: Settings, memory: StoragePorts | None, start_secret: bytes) -> bytes:
    """Return the key of requests between nodes of a cluster; see `lasting_secret`."""
    return hmac.digest(lasting_secret(settings, memory, start_secret), b"nodes", "sha256")
