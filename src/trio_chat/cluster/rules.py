"""The values of the configuration that all nodes have in common, because commands in the log depend
on them.

Each value is known to the other nodes by a short digest, so that a node can say which ones differ,
and no secret is in the log. Every field is classified, as common or with the reason why nodes may
differ in it; a test refuses a field that is not.
"""

import hashlib
import json
from collections.abc import Mapping

from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.cloaks import Cloaks
from trio_chat.chat.moderation.probation import ModerationRules
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.names import current_casemapping

Digests = Mapping[str, str]
"""Short digests of values, by the names that operators know."""

VERSION = "the version of trio-chat"
_VAPID = "the key of push messages, which is in the database (start from a copy of one database)"

_SHOWN = "is only shown to clients"
_LOCAL = "is read by commands that the node of the client carries out alone"
_IN_CHANGES = "is in the changes that follow from it"
_OF_NODE = "is a store of this node"

COMMON: dict[type, dict[str, str]] = {
    ServerInfo: {
        "name": "[server] name",
        "lobby": "[server] lobby",
        "lobby_topic": "[server] lobby_topic",
        "user_modes": "[server] default_user_modes",
        "most_bans": "[limits] server_bans",
        "has_archive": "[archive] enabled",
    },
    ModerationRules: {
        "storm": "[moderation] storm",
        "probation_hours": "[moderation] probation_hours",
        "probation_messages": "[moderation] probation_messages",
        "probation_per_minute": "[moderation] probation_per_minute",
        "probation_exempt": "[moderation] probation_exempt",
    },
    AccountRules: {
        "required": "[accounts] required",
        "reservation": "[accounts] reservation",
        "multi_session": "[accounts] multi_session",
        "always_on": "[accounts] always_on",
        "auto_away": "[accounts] auto_away",
        "most_always_on": "[limits] always_on_users",
    },
    Lengths: {
        "nick": "[limits] nick_length",
        "channel": "[limits] channel_length",
        "topic": "[limits] topic_length",
        "kick": "[limits] kick_length",
        "away": "[limits] away_length",
        "realname": "[limits] realname_length",
        "key": "[limits] key_length",
        "host": "[limits] host_length",
        "channels_per_user": "[limits] channels_per_user",
        "sessions_per_user": "[limits] sessions_per_user",
        "targets": "[limits] targets",
        "modes": "[limits] mode_changes",
        "list_entries": "[limits] list_entries",
        "accept_entries": "[limits] accept_entries",
        "read_markers": "[limits] read_markers",
        "channels_per_account": "[limits] channels_per_account",
        "access_entries": "[limits] access_entries",
        "multiline_bytes": "[limits] multiline_bytes",
        "multiline_lines": "[limits] multiline_lines",
        "metadata_keys": "[limits] metadata_keys",
        "metadata_bytes": "[limits] metadata_bytes",
        "metadata_changes": "[limits] metadata_changes",
        "missed_entries": "[limits] missed_entries",
        "renamed_days": "[limits] renamed_days",
        "stored_per_hour": "[limits] stored_per_hour",
        "stored_bytes_per_hour": "[limits] stored_bytes_per_hour",
    },
    StoragePorts: {},
}
"""The common fields, with the keys of config.ini."""

OWN: dict[type, dict[str, str]] = {
    ServerInfo: {
        "network": _SHOWN,
        "icon": _SHOWN,
        "call_base": _SHOWN,
        "is_safe_rate": _SHOWN,
        "description": _SHOWN,
        "version": _SHOWN,
        "created": _SHOWN,
        "motd": _SHOWN,
        "admin": _SHOWN,
        "sts_duration": _SHOWN,
        "sts_port": _SHOWN,
        "password": "is checked by the node of the client",
        "account_rules": "is classified by its fields",
        "moderation": "is classified by its fields",
        "operators": _IN_CHANGES,
        "uploads": _LOCAL,
        "has_push": _LOCAL,
        "has_translation": _LOCAL,
        "push_devices": _IN_CHANGES,
    },
    AccountRules: dict.fromkeys(
        (
            "registration",
            "by_invitation",
            "users_invite",
            "before_connect",
            "min_password",
            "email",
            "operators_second_factor",
            "passkeys",
            "has_sign_on",
            "has_directory",
        ),
        _LOCAL,
    ),
    Lengths: dict.fromkeys(
        ("username", "monitor_entries", "certificates_per_account", "metadata_subs"), _LOCAL
    ),
    StoragePorts: {
        "history": "matters only as far as there is one",
        "accounts": "is what the log makes it",
        "secret": "is that of the cloaks, which are compared",
        "vapid": "is compared if devices receive push messages",
        "most_messages": _SHOWN,
        "playback": _SHOWN,
        "playback_to": _SHOWN,
        "keep_days": "decides on what one node shows and stores",
        "may_be_longer": "decides on what one node shows and stores",
        "upload_days": "decides on what one node stores",
        "last_id": "the ids of the log count",
        "timeline": "the ids of the log count",
        "kept": "the time of the log counts",
        "hold": "the time of the log counts",
        "clock": _OF_NODE,
        "store": _OF_NODE,
        "bans": _OF_NODE,
        "invitations": _OF_NODE,
        "hooks": _OF_NODE,
        "audit": _OF_NODE,
        "api_tokens": _OF_NODE,
        "moderation": _OF_NODE,
        "cluster": _OF_NODE,
        "uploads": _OF_NODE,
    },
}
"""The other fields, with the reasons why they may differ."""


def digests(
    server_info: ServerInfo,
    lengths: Lengths,
    whowas_entries: int,
    storage: StoragePorts | None,
    cloaks: Cloaks | None,
) -> Digests:
    """Return the digests of the common values; they are the same in each process.

    Args:
        server_info: see `World`.
        lengths: see `World`.
        whowas_entries: see `World`.
        storage: see `World`.
        cloaks: see `World`.
    """
    values: dict[str, object] = {
        name: getattr(source, field)
        for source in (server_info, server_info.account_rules, server_info.moderation, lengths)
        for field, name in COMMON[type(source)].items()
    }
    vapid = storage.vapid if storage is not None and server_info.has_push else None
    values |= {
        "[server] default_user_modes": "".join(sorted(server_info.user_modes)),
        "[server] casemapping": current_casemapping(),
        "[server] cloak": cloaks is not None,
        "[server] cloak_secret": cloaks.fingerprint if cloaks is not None else "",
        "[server] cloak_accounts": cloaks is not None and cloaks.accounts,
        "[limits] whowas_entries": whowas_entries,
        "[storage] file": storage is not None,
        _VAPID: vapid.token if vapid is not None else "",
    }
    return {name: _digest(values[name]) for name in sorted(values)}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:8]


def to_text(found: Digests) -> str:
    """Return digests as a text that is equal exactly if all of them are; see `Begun`."""
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def difference(own: Digests, other: Digests) -> list[str]:
    """Return the names of the values that differ."""
    return sorted(name for name in {**own, **other} if own.get(name) != other.get(name))


def describe_difference(own: str, other: str) -> str:
    """Return which values differ between two nodes, as a sentence for operators.

    Args:
        own: what `to_text` returned on this node.
        other: the same of the other one.
    """
    try:
        names = difference(json.loads(own), json.loads(other))
    except (ValueError, TypeError, AttributeError):  # of a version that writes another text
        names = [VERSION]
    return f"All nodes of a cluster must have these in common: {', '.join(names)}"
