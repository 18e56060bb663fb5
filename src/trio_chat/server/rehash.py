"""REHASH: the table of when a changed key of config.ini takes effect, and applying the changes.

A change that is not applied leaves the old value in force until the next start, so that what the
server advertises and what it does agree.
"""

import logging
from dataclasses import replace
from enum import Enum
from typing import Any, NamedTuple, Protocol

from trio_chat import __version__
from trio_chat.chat import reconfiguration
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.cloaks import Cloaks
from trio_chat.chat.events import Event
from trio_chat.chat.moderation.probation import ModerationRules
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.uploads import UploadRules
from trio_chat.chat.world import World
from trio_chat.cluster import rules
from trio_chat.config import KEYS, LENGTHS, NAMED, LimitSettings, Settings
from trio_chat.irc.names import fold_or_self
from trio_chat.log import logger
from trio_chat.server import passkeys
from trio_chat.server.mail import mailer
from trio_chat.server.secret import lasting_secret
from trio_chat.server.uploads.service import UploadService
from trio_chat.storage.database import MEMORY


class When(Enum):
    """When a change of a key has its effect."""

    NOW = "at once"
    NEW = "for new connections"
    RESTART = "after a restart"
    CLIENT = "in the client"


WHEN: dict[str, dict[When, tuple[str, ...]]] = {
    "server": {
        When.NOW: (
            "url",
            "network",
            "icon",
            "description",
            "password",
            "motd",
            "admin",
            "shutdown_grace",
            "downloads",
        ),
        When.NEW: (
            "cloak",
            "cloak_secret",
            "cloak_accounts",
            "default_user_modes",
            "origins",
            "allowed_hosts",
            "proxies",
        ),
        # The name is the source of all that the server says; clients and their scripts hold on to
        # it.
        When.RESTART: (
            "host",
            "port",
            "name",
            "lobby",
            "lobby_topic",
            "casemapping",
            "tls",
            "websocket",
        ),
    },
    "tls": {When.NOW: ("sts_duration", "sts_port"), When.NEW: ("certificate", "key")},
    "logging": {
        When.NOW: ("level",),
        When.RESTART: ("format", "file", "rotate_bytes", "keep", "repeats"),
    },
    "storage": {
        When.NOW: ("playback", "playback_to", "most_messages", "backups"),
        When.RESTART: (
            "file",
            "keep_days",
            "clock_hold_hours",
            "longer_for_channels",
            "synchronous",
            "reserve",
        ),
    },
    "uploads": {
        When.NEW: (
            "permitted",
            "max_size",
            "account_quota",
            "address_quota",
            "total_quota",
            "per_hour",
            "at_once",
            "reserve",
        ),
        When.RESTART: ("enabled", "keep_days"),
    },
    "accounts": {
        When.NOW: (
            "registration",
            "invitations",
            "required",
            "before_connect",
            "min_password",
            "email",
            "multi_session",
            "reservation",
            "operators_second_factor",
        ),
        When.RESTART: ("hash_cost", "always_on", "auto_away", "always_on_days"),
    },
    "mail": {
        When.NOW: (
            "mail_from",
            "smtp_host",
            "smtp_port",
            "smtp_tls",
            "smtp_user",
            "smtp_password",
            "sendmail",
        ),
    },
    "oidc": {
        When.NOW: (
            "issuer",
            "name",
            "client_id",
            "audience",
            "scope",
            "token",
            "account_claim",
            "group_claim",
            "required_group",
            "provision",
            "introspection",
            "client_secret_file",
            "ca_file",
            "private_hosts",
        ),
    },
    "ldap": {
        When.NOW: (
            "url",
            "starttls",
            "ca_file",
            "bind_template",
            "bind_dn",
            "bind_password_file",
            "base",
            "filter",
            "account_attribute",
            "id_attribute",
            "group_attribute",
            "required_group",
            "provision",
            "order",
            "connections",
            "timeout",
        ),
    },
    "cluster": {
        When.RESTART: ("url", "node", "password_file", "address"),
    },
    "push": {
        When.NOW: ("enabled", "subject", "delay", "devices", "expire_days", "private_hosts"),
    },
    "archive": {
        When.NOW: ("enabled", "robots"),
    },
    "translation": {When.NOW: ("url", "key_file", "timeout")},
    "call": {When.NOW: ("base",)},
    "moderation": {
        When.NOW: (
            "storm",
            "probation_hours",
            "probation_messages",
            "probation_per_minute",
            "probation_exempt",
        ),
    },
    "dnsbl": {
        When.NEW: ("zones", "action", "timeout", "exempt"),
    },
    "hooks": {
        When.NOW: (
            "incoming",
            "max_request",
            "per_minute",
            "outgoing",
            "give_up_days",
            "private_hosts",
        ),
    },
    "api": {When.NOW: ("enabled", "per_minute")},
    "limits": {
        When.NOW: ("server_bans",),
        When.NEW: (
            "registration_timeout",
            "ping_interval",
            "websocket_ping_interval",
            "ping_timeout",
            "flood_burst",
            "flood_rate",
            "flood_limit",
            "flood_exempt",
            "outbox_bytes",
            "connections_per_address",
            "connections_per_minute",
            "connections_exempt",
        ),
        # Clients have received the lengths, and the queues have been created.
        When.RESTART: (
            "failed_logins",
            "failed_logins_per_address",
            "failed_login_delay",
            "registrations_per_hour",
            "password_checks_per_minute",
            "password_threads",
            "password_queue",
            "clients",
            "event_queue",
            "whowas_entries",
            "always_on_users",
            *LENGTHS,
        ),
    },
    "discovery": {When.NOW: ("name",), When.RESTART: ("enabled", "qr")},
    "metrics": {When.RESTART: ("port", "host")},
    "client": {
        When.CLIENT: (
            "nick",
            "channel",
            "language",
            "theme",
            "typing",
            "highlights",
            "notify",
            "strangers",
            "encoding",
            "proxy",
            "log",
        ),
    },
    "listeners": {When.RESTART: ()},
    "profiles": {When.CLIENT: ()},
    "operators": {When.NOW: ()},
    "gateways": {When.NEW: ()},
}
"""Every key, by section; for sections that have a name, the field of `Settings` stands for all of
them.
"""


class ReconfigurableServer(Protocol):
    """A server whose settings can be replaced."""

    settings: Settings
    limits: LimitSettings
    world: World
    start_secret: bytes

    @property
    def uploads(self) -> UploadService | None:
        """The upload service, or None."""


class RehashResult(NamedTuple):
    """The result of REHASH: lines for the operator, and events for clients that it affects."""

    lines: list[str]
    events: list[Event]


def when(section: str, key: str = "") -> When:
    """Return when a change of a key takes effect; after a restart for a key that is not listed."""
    kinds = WHEN.get(section, {})
    return next(
        (kind for kind, keys in kinds.items() if key in keys or not (key or keys)), When.RESTART
    )


def _value(settings: Settings, section: str, key: str) -> object:
    if section == "limits" and key in LENGTHS:
        return getattr(settings.limits.lengths, LENGTHS[key][0])
    return getattr(getattr(settings, section), key)


def changes(old: Settings, new: Settings) -> dict[str, When]:
    """Return the changed keys as written in config.ini, and when each takes effect."""
    found = {
        f"[{section}] {key}": when(section, key)
        for section, keys in KEYS.items()
        for key in keys
        if _value(old, section, key) != _value(new, section, key)
    }
    for word, kind in NAMED.items():
        if getattr(old, kind.field) != getattr(new, kind.field):
            found[f"[{word} …]"] = when(kind.field)
    return found


def merge(old: Settings, new: Settings) -> Settings:
    """Return the old settings with all of the new ones that a running server can take."""
    live = (When.NOW, When.NEW)
    sections: dict[str, Any] = {}
    for section, keys in KEYS.items():
        taken = {key: _value(new, section, key) for key in keys if when(section, key) in live}
        sections[section] = replace(getattr(old, section), **taken)
    for kind in NAMED.values():
        sections[kind.field] = getattr(new if when(kind.field) in live else old, kind.field)
    return replace(old, **sections)


def apply(server: ReconfigurableServer, new: Settings) -> RehashResult:
    """Apply new settings to a running server, as far as it can take them."""
    found = changes(server.settings, new)
    settings = merge(server.settings, new)
    world = server.world
    server.settings = settings
    server.limits = settings.limits
    logging.getLogger(logger.NAME).setLevel(settings.logging.level.upper())
    if world.storage is not None:
        storage = settings.storage
        world.storage = replace(
            world.storage,
            playback=storage.playback,
            playback_to=storage.playback_to,
            most_messages=storage.most_messages,
        )
    if any(key.startswith("[server] cloak") for key in found):
        world.cloaks = cloaks(settings, world.storage, server.start_secret)
    if server.uploads is not None:
        server.uploads.limits.settings = settings.uploads
    if any(key.startswith("[mail]") for key in found):
        world.mail = mailer(settings.mail)
    if settings.server.url:  # without it, `keep_page_url` finds the address
        world.page_url = settings.server.url
    events = reconfiguration.reconfigure(world, server_info(settings, world.server_info.created))
    return RehashResult(_sentences(found), events)


def common(settings: Settings, storage: StoragePorts | None, start_secret: bytes) -> rules.Digests:
    """Return the digests of the values that all nodes of a cluster have in common.

    Args:
        settings: all of config.ini.
        storage: see `World`.
        start_secret: see `cloaks`.
    """
    return rules.digests(
        server_info(settings, 0.0),
        settings.limits.lengths,
        settings.limits.whowas_entries,
        storage,
        cloaks(settings, storage, start_secret),
    )


def why_not_in_cluster(server: ReconfigurableServer, new: Settings) -> str:
    """Return why a node of a cluster cannot take new settings, as a sentence; "" if it can.

    What only a restart changes is no reason, as it is not taken now.
    """
    storage, secret = server.world.storage, server.start_secret
    before = common(server.settings, storage, secret)
    names = rules.difference(before, common(merge(server.settings, new), storage, secret))
    if not names:
        return ""
    return (
        "all nodes of a cluster have these in common, so stop all of them and start them with the"
        f" new values: {', '.join(names)}"
    )


def _sentences(found: dict[str, When]) -> list[str]:
    lines = []
    for kind in (When.NOW, When.NEW, When.RESTART):
        keys = [key for key, effect in found.items() if effect is kind]
        if keys:
            lines.append(f"Changed {kind.value}: {', '.join(keys)}")
    return lines or ["Nothing has changed"]


def cloaks(settings: Settings, memory: StoragePorts | None, start_secret: bytes) -> Cloaks | None:
    """Return the cloaks for these settings.

    Args:
        settings: all of config.ini.
        memory: has a secret that lasts.
        start_secret: one of this start, for when none lasts.
    """
    if not settings.server.cloak:
        return None
    secret = lasting_secret(settings, memory, start_secret)
    return Cloaks(secret, accounts=settings.server.cloak_accounts)


def server_info(settings: Settings, created: float) -> ServerInfo:
    """Return the server information for these settings.

    Args:
        settings: all of config.ini.
        created: seconds of Unix time at which the server started.
    """
    server = settings.server
    return ServerInfo(
        name=server.name,
        network=server.network,
        icon=server.icon,
        call_base=settings.call.base,
        is_safe_rate=not settings.limits.flood_limit,
        description=server.description,
        version=f"trio-chat {__version__}",
        created=created,
        motd=server.motd,
        admin=server.admin,
        password=server.password,
        lobby=server.lobby,
        lobby_topic=server.lobby_topic,
        user_modes=server.default_user_modes,
        uploads=UploadRules(
            is_enabled=settings.uploads.enabled
            and settings.storage.file is not None
            and settings.storage.file.name != MEMORY,
            users=settings.uploads.permitted,
        ),
        sts_duration=settings.tls.sts_duration,
        sts_port=settings.tls.sts_port or server.port,
        account_rules=AccountRules(
            registration=settings.accounts.registration != "closed",
            by_invitation=settings.accounts.registration == "invitation",
            users_invite=settings.accounts.invitations == "users",
            required=settings.accounts.required and settings.storage.file is not None,
            before_connect=settings.accounts.before_connect,
            reservation=settings.accounts.reservation,
            min_password=settings.accounts.min_password,
            email=settings.accounts.email,
            multi_session=settings.accounts.multi_session,
            always_on=settings.accounts.always_on,
            auto_away=settings.accounts.auto_away,
            operators_second_factor=settings.accounts.operators_second_factor,
            passkeys=settings.server.url if passkeys.are_available() else "",
            most_always_on=settings.limits.always_on_users,
            has_sign_on=bool(settings.oidc.issuer),
            has_directory=bool(settings.ldap.url),
        ),
        operators={
            fold_or_self(entry.name): Operator(
                name=entry.name,
                password=entry.password,
                account=entry.account,
                oidc_group=entry.oidc_group,
                ldap_group=entry.ldap_group,
                host=entry.host,
                rights=frozenset(entry.rights),
            )
            for entry in settings.operators
        },
        most_bans=settings.limits.server_bans,
        has_push=settings.push.enabled,
        push_devices=settings.push.devices,
        has_archive=settings.archive.enabled,
        has_translation=bool(settings.translation.url),
        moderation=ModerationRules(
            storm=settings.moderation.storm,
            probation_hours=settings.moderation.probation_hours,
            probation_messages=settings.moderation.probation_messages,
            probation_per_minute=settings.moderation.probation_per_minute,
            probation_exempt=settings.moderation.probation_exempt,
        ),
    )
