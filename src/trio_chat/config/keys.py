"""The keys of config.ini: the table from which parsing, errors and tests derive."""

from typing import NamedTuple

from trio_chat.config import values
from trio_chat.config.descriptions import Description
from trio_chat.config.settings import (
    GatewaySettings,
    ListenerSettings,
    OperatorSettings,
    ProfileSettings,
)
from trio_chat.config.values import ValueType
from trio_chat.i18n import N_
from trio_chat.irc.modes import DEFAULT_USER_MODES
from trio_chat.irc.names import CASEMAPPINGS
from trio_chat.irc.rights import RIGHTS

_HOSTS = ValueType(
    values.hosts,
    Description(N_("one or more addresses or host names, separated by commas or spaces")),
)
_PORT = values.integer(0, 65535, N_(" (0: any free one)"))
_TLS = values.choice("auto", "required", "off")
_NETWORKS = ValueType(
    values.networks,
    Description(N_("addresses and networks such as 10.0.0.0/8, separated by commas, or none")),
)
_PATH = ValueType(
    values.optional_path, Description(N_("a path, seen from the directory of this file, or none"))
)
_DATABASE = ValueType(
    values.optional_file,
    Description(N_("the path of a file, seen from the directory of this file, or none")),
)

_NICK = ValueType(
    values.optional_nick,
    Description(N_("a nickname without spaces that does not begin with a digit, or nothing")),
)

LENGTHS: dict[str, tuple[str, ValueType]] = {
    # key: (field of Lengths, type). The upper bounds keep a message with ASCII names within the 512
    # bytes of RFC 1459 §2.3; the lower bounds keep ordinary clients working.
    "nick_length": ("nick", values.integer(3, values.LONGEST_NICK, N_(" characters"))),
    "channel_length": ("channel", values.integer(3, values.LONGEST_CHANNEL, N_(" characters"))),
    "topic_length": ("topic", values.integer(20, 390, N_(" bytes"))),
    "kick_length": ("kick", values.integer(20, 390, N_(" bytes"))),
    "away_length": ("away", values.integer(20, 390, N_(" bytes"))),
    "realname_length": ("realname", values.integer(10, 200, N_(" bytes"))),
    "username_length": ("username", values.integer(3, 32, N_(" characters"))),
    "key_length": ("key", values.integer(4, 64, N_(" bytes"))),
    "host_length": ("host", values.integer(32, 64, N_(" characters"))),
    "channels_per_user": ("channels_per_user", values.integer(1, 10_000)),
    "sessions_per_user": ("sessions_per_user", values.integer(1, 1000)),
    "targets": ("targets", values.integer(1, 100)),
    "mode_changes": ("modes", values.integer(3, 20)),
    "list_entries": ("list_entries", values.integer(1, 10_000)),
    "monitor_entries": ("monitor_entries", values.integer(1, 10_000)),
    "accept_entries": ("accept_entries", values.integer(1, 10_000)),
    "read_markers": ("read_markers", values.integer(1, 100_000)),
    "channels_per_account": ("channels_per_account", values.integer(1, 10_000)),
    "access_entries": ("access_entries", values.integer(1, 10_000)),
    "certificates_per_account": ("certificates_per_account", values.integer(1, 1000)),
    "multiline_bytes": ("multiline_bytes", values.integer(512, 16_384)),
    "multiline_lines": ("multiline_lines", values.integer(2, 1000)),
    "metadata_keys": ("metadata_keys", values.integer(1, 1000)),
    "metadata_bytes": ("metadata_bytes", values.integer(16, 300)),
    "metadata_subs": ("metadata_subs", values.integer(1, 1000)),
    "metadata_changes": ("metadata_changes", values.integer(1, 1000)),
    "renamed_days": ("renamed_days", values.integer(0, 36_500, N_(" days (0: not at all)"))),
    "missed_entries": ("missed_entries", values.integer(1, 1000)),
    "stored_per_hour": ("stored_per_hour", values.integer(0, 100_000_000)),
    "stored_bytes_per_hour": ("stored_bytes_per_hour", values.size(0, 2**40)),
}
"""The keys of [limits] that are collected in `LimitSettings.lengths`."""

KEYS: dict[str, dict[str, ValueType]] = {
    "server": {
        "host": _HOSTS,
        "port": _PORT,
        "name": ValueType(
            values.server_name,
            Description(
                N_(
                    "at most 63 English letters, digits, dots, '-' and '_', such as"
                    " chat.example.org"
                )
            ),
        ),
        "url": ValueType(
            values.optional_page_url,
            Description(
                N_(
                    "an address of at most 200 bytes such as https://chat.example.org/, without ?"
                    " and #, or nothing"
                )
            ),
        ),
        "network": values.nonempty_text(64),
        "icon": ValueType(
            values.optional_url,
            Description(
                N_("a URL of at most 200 bytes such as https://example.org/icon.png, or nothing")
            ),
        ),
        "description": values.nonempty_text(200),
        "password": values.text(200, secret=True),
        "lobby": ValueType(
            values.channel_or_none,
            Description(N_("a channel name such as #lobby, without spaces and commas, or none")),
        ),
        "lobby_topic": values.text(390),
        "default_user_modes": ValueType(
            values.letters_or_none(DEFAULT_USER_MODES),
            Description(N_("letters of {letters}, or none"), letters=DEFAULT_USER_MODES),
        ),
        "casemapping": values.choice(*CASEMAPPINGS),
        "motd": values.text_lines(500, 400),
        "admin": values.text(200),
        "shutdown_grace": values.decimal(0, 600, N_("seconds")),
        "cloak": values.YES_OR_NO,
        "cloak_secret": ValueType(
            values.optional_secret,
            Description(N_("16 to 200 characters without spaces, or nothing")),
            secret=True,
        ),
        "cloak_accounts": values.YES_OR_NO,
        "tls": _TLS,
        "websocket": values.YES_OR_NO,
        "origins": ValueType(
            values.origins,
            Description(
                N_("any, or same and addresses such as https://*.example.org, separated by commas")
            ),
        ),
        "allowed_hosts": ValueType(
            values.host_patterns,
            Description(N_("any, or names such as chat.example.org and *.example.org, or none")),
        ),
        "proxies": _NETWORKS,
        "downloads": _PATH,
    },
    "tls": {
        "certificate": _PATH,
        "key": _PATH,
        "sts_duration": values.integer_or_none(0, 315_360_000, N_(" seconds")),
        "sts_port": values.integer(0, 65535, N_(" (0: that of [server])")),
    },
    "logging": {
        "level": values.choice("debug", "info", "warning", "error"),
        "format": values.choice("text", "json"),
        "file": _PATH,
        "rotate_bytes": values.size(1024, 2**40),
        "keep": values.integer(1, 1000),
        "repeats": values.integer(0, 1_000_000),
    },
    "storage": {
        "file": _DATABASE,
        "keep_days": values.integer(0, 36_500, N_(" (0: for ever)")),
        "clock_hold_hours": values.integer(0, 8760, N_(" (0: not at all)")),
        "longer_for_channels": values.YES_OR_NO,
        "synchronous": values.choice("full", "normal", "off"),
        "playback": values.integer(0, 1000),
        "playback_to": values.choice("people", "accounts", "everybody"),
        "most_messages": values.integer(1, 10_000),
        "reserve": values.size(0, 2**40),
        "backups": _PATH,
    },
    "uploads": {
        "enabled": values.YES_OR_NO,
        "permitted": values.choice("all", "accounts", "operators"),
        "max_size": values.size(1024, 2**40),
        "account_quota": values.size(0, 2**50),
        "address_quota": values.size(0, 2**50),
        "total_quota": values.size(0, 2**50),
        "per_hour": values.integer(1, 1_000_000),
        "at_once": values.integer(1, 1000),
        "keep_days": values.integer(0, 36_500, N_(" (0: as long as their messages)")),
        "reserve": values.size(0, 2**50),
    },
    "accounts": {
        "registration": values.choice("open", "invitation", "closed"),
        "invitations": values.choice("operators", "users"),
        "required": values.YES_OR_NO,
        "before_connect": values.YES_OR_NO,
        "min_password": values.integer(1, 100, N_(" characters")),
        "email": values.choice("none", "required", "verified"),
        "multi_session": values.YES_OR_NO,
        "always_on": values.choice("off", "opt-in", "opt-out", "all"),
        "auto_away": values.YES_OR_NO,
        "always_on_days": values.integer(0, 36_500, N_(" (0: for ever)")),
        "reservation": values.choice("refuse", "rename", "off"),
        "operators_second_factor": values.YES_OR_NO,
        "hash_cost": values.choice("normal", "low"),
    },
    "mail": {
        "mail_from": ValueType(
            values.optional_email, Description(N_("an e-mail address, or nothing"))
        ),
        "smtp_host": ValueType(
            values.optional_host, Description(N_("an address or a host name, or nothing"))
        ),
        "smtp_port": values.integer(1, 65535),
        "smtp_tls": values.choice("starttls", "tls", "off"),
        "smtp_user": values.text(200),
        "smtp_password": values.text(500, secret=True),
        "sendmail": _PATH,
    },
    "oidc": {
        "issuer": ValueType(
            values.optional_issuer,
            Description(
                N_(
                    "an https address of at most 200 bytes such as https://sso.example.org/realms/x,"
                    " or nothing"
                )
            ),
        ),
        "name": values.nonempty_text(60),
        "client_id": values.text(200),
        "audience": ValueType(
            values.words, Description(N_("words separated by commas, or nothing"))
        ),
        "scope": values.nonempty_text(200),
        "token": values.choice("id", "access"),
        "account_claim": values.nonempty_text(100),
        "group_claim": values.nonempty_text(100),
        "required_group": values.text(300),
        "provision": values.YES_OR_NO,
        "introspection": values.choice("never", "opaque", "always"),
        "client_secret_file": _PATH,
        "ca_file": _PATH,
        "private_hosts": ValueType(
            values.host_patterns,
            Description(N_("any, or names such as ntfy.example.org and *.example.org, or none")),
        ),
    },
    "ldap": {
        "url": ValueType(
            values.optional_directory,
            Description(
                N_(
                    "an address such as ldaps://ldap.example.org or ldap://ldap.example.org:389, or"
                    " nothing"
                )
            ),
        ),
        "starttls": values.YES_OR_NO,
        "ca_file": _PATH,
        "bind_template": values.text(500),
        "bind_dn": values.text(500),
        "bind_password_file": _PATH,
        "base": values.text(500),
        "filter": values.nonempty_text(500),
        "account_attribute": values.nonempty_text(100),
        "id_attribute": values.nonempty_text(100),
        "group_attribute": values.nonempty_text(100),
        "required_group": values.text(500),
        "provision": values.YES_OR_NO,
        "order": values.choice("local", "directory"),
        "connections": values.integer(1, 100),
        "timeout": values.decimal(1, 60, N_("seconds")),
    },
    "cluster": {
        "url": values.text(500, secret=True),
        "node": values.text(63),
        "password_file": _PATH,
        "address": ValueType(
            values.optional_node_address,
            Description(
                N_(
                    "an address of at most 200 bytes such as http://10.0.0.1:5000/, with https: for"
                    " a public one, or nothing"
                )
            ),
        ),
    },
    "push": {
        "enabled": values.YES_OR_NO,
        "subject": ValueType(
            values.optional_contact,
            Description(
                N_("mailto: with an e-mail address, an https URL of at most 200 bytes, or nothing")
            ),
        ),
        "delay": values.decimal(0, 300, N_("seconds")),
        "devices": values.integer(1, 100),
        "expire_days": values.integer(1, 365, N_(" days")),
        "private_hosts": ValueType(
            values.host_patterns,
            Description(N_("any, or names such as ntfy.example.org and *.example.org, or none")),
        ),
    },
    "archive": {
        "enabled": values.YES_OR_NO,
        "robots": values.YES_OR_NO,
    },
    "translation": {
        "url": ValueType(
            values.optional_translator,
            Description(
                N_(
                    "an address of at most 200 bytes such as http://127.0.0.1:5001/, with https:"
                    " for a public one, or nothing"
                )
            ),
        ),
        "key_file": _PATH,
        "timeout": values.decimal(1, 45, N_("seconds")),
    },
    "call": {
        "base": ValueType(
            values.optional_call_base,
            Description(
                N_(
                    "an address of at most 200 bytes such as https://meet.example.org/, without"
                    " ? and #, or nothing"
                )
            ),
        ),
    },
    "moderation": {
        "storm": values.integer(0, 10_000, N_(" (0: no notice)")),
        "probation_hours": values.integer(0, 720, N_(" (0: no probation)")),
        "probation_messages": values.integer(1, 100_000),
        "probation_per_minute": values.integer(1, 1000),
        "probation_exempt": ValueType(
            values.exemptions,
            Description(
                N_("some of {words}, separated by commas, or none"),
                words=", ".join(values.EXEMPTIONS),
            ),
        ),
    },
    "dnsbl": {
        "zones": ValueType(
            values.block_lists,
            Description(
                N_(
                    "zones such as dnsbl.example.org, or dnsbl.example.org:2|5-9 for some answers,"
                    " separated by commas, or none"
                )
            ),
        ),
        "action": values.choice("notice", "require-account", "refuse"),
        "timeout": values.decimal(0.1, 5, N_("seconds")),
        "exempt": _NETWORKS,
    },
    "hooks": {
        "incoming": values.YES_OR_NO,
        "max_request": values.size(1024, 16_777_216),
        "per_minute": values.integer(1, 100_000),
        "outgoing": values.YES_OR_NO,
        "give_up_days": values.integer(1, 365, N_(" days")),
        "private_hosts": ValueType(
            values.host_patterns,
            Description(N_("any, or names such as ntfy.example.org and *.example.org, or none")),
        ),
    },
    "api": {
        "enabled": values.YES_OR_NO,
        "per_minute": values.integer(1, 100_000),
    },
    "limits": {
        "clients": values.integer(1, 1_000_000),
        "always_on_users": values.integer(0, 1_000_000),
        "registration_timeout": values.decimal(0.1, 3600, N_("seconds")),
        "ping_interval": values.decimal(0.1, 86_400, N_("seconds")),
        "ping_timeout": values.decimal(0.1, 86_400, N_("seconds")),
        "websocket_ping_interval": values.decimal(0.1, 86_400, N_("seconds")),
        "connections_per_address": values.integer(1, 1_000_000),
        "connections_per_minute": values.integer(1, 1_000_000),
        "connections_exempt": _NETWORKS,
        "failed_logins": values.integer(1, 1_000_000),
        "failed_logins_per_address": values.integer(1, 1_000_000),
        "failed_login_delay": values.decimal(0, 60, N_("seconds")),
        "registrations_per_hour": values.integer(1, 1_000_000),
        "password_checks_per_minute": values.integer(1, 1_000_000),
        "password_threads": values.integer(1, 64),
        "password_queue": values.integer(1, 100_000),
        "flood_burst": values.integer(1, 1_000_000, N_(" lines")),
        "flood_rate": values.decimal(0.1, 100_000, N_("lines a second")),
        "flood_limit": values.integer(0, 1_000_000, N_(" lines (0: never)")),
        "flood_exempt": _NETWORKS,
        "outbox_bytes": values.size(8192, 2**30),
        "event_queue": values.integer(1, 1_000_000),
        "whowas_entries": values.integer(0, 1_000_000),
        "server_bans": values.integer(1, 100_000),
        **{key: kind for key, (_, kind) in LENGTHS.items()},
    },
    "discovery": {
        "enabled": values.YES_OR_NO,
        "name": values.text(60),
        "qr": values.YES_OR_NO,
    },
    "metrics": {
        "host": _HOSTS,
        "port": ValueType(
            values.port_or_none,
            Description(N_("a whole number from 0 to 65535 (0: any free one), or none")),
        ),
    },
    "client": {
        "nick": _NICK,
        "channel": ValueType(
            values.optional_channel, Description(N_("a channel name such as #lobby, or nothing"))
        ),
        "language": ValueType(values.optional_language, Description(N_("en, ru, or nothing"))),
        "theme": values.choice("auto", "dark", "light", "mono"),
        "typing": values.YES_OR_NO,
        "highlights": ValueType(
            values.words, Description(N_("words separated by commas, or nothing"))
        ),
        "notify": values.choice("off", "bell", "desktop"),
        "strangers": values.choice("open", "gather", "off"),
        "encoding": ValueType(
            values.encoding,
            Description(
                N_(
                    "an encoding of one byte for each character, such as cp1252, cp1251, koi8-r,"
                    " iso8859-15"
                )
            ),
        ),
        "log": _PATH,
        "proxy": ValueType(
            values.optional_proxy,
            Description(
                N_(
                    "socks5://host:port, http://host:port, none, or nothing (that of the"
                    " environment)"
                )
            ),
            secret=True,
        ),
    },
}
"""Every key that config.ini may have, by section."""


class NamedSection(NamedTuple):
    """A section that may occur several times, each with a name of its own: `[listener office]`.

    Attributes:
        field: the field of `Settings` for the tuple of these sections, in the order of the file.
        settings: the class of one section; its fields without a default are mandatory keys.
        keys: the keys of the section.
    """

    field: str
    settings: type
    keys: dict[str, ValueType]


NAMED: dict[str, NamedSection] = {
    "listener": NamedSection(
        "listeners",
        ListenerSettings,
        {
            "host": _HOSTS,
            "port": _PORT,
            "path": _PATH,
            "mode": ValueType(
                values.file_mode, Description(N_("three digits from 0 to 7, such as 660"))
            ),
            "tls": _TLS,
            "websocket": values.YES_OR_NO,
            "proxy": values.YES_OR_NO,
        },
    ),
    "gateway": NamedSection(
        "gateways",
        GatewaySettings,
        {
            "addresses": _NETWORKS,
            "password": ValueType(
                values.secret_text,
                Description(N_("1 to 500 bytes in UTF-8, or their argon2 hash")),
                prose=True,
                secret=True,
            ),
        },
    ),
    "operator": NamedSection(
        "operators",
        OperatorSettings,
        {
            "password": ValueType(
                values.optional_hash,
                Description(N_("what `trio-chat operator hash` prints, or nothing")),
                secret=True,
            ),
            "account": ValueType(
                values.optional_nick, Description(N_("the name of an account, or nothing"))
            ),
            "oidc_group": values.text(300),
            "ldap_group": values.text(500),
            "host": ValueType(
                values.optional_mask,
                Description(
                    N_(
                        "an address, a network such as 10.0.0.0/8, a mask such as 192.0.2.*, or"
                        " nothing"
                    )
                ),
            ),
            "rights": ValueType(
                values.rights,
                Description(
                    N_("all, or some of {rights}, separated by commas"), rights=", ".join(RIGHTS)
                ),
            ),
        },
    ),
    "profile": NamedSection(
        "profiles",
        ProfileSettings,
        {
            "host": ValueType(
                values.addresses,
                Description(
                    N_(
                        "one or more addresses or host names, each with or without :port, separated"
                        " by commas or spaces"
                    )
                ),
            ),
            "port": values.integer(1, 65535),
            "nick": _NICK,
            "channels": ValueType(
                values.channels, Description(N_("channel names separated by commas, or nothing"))
            ),
            "account": values.text(100),
            "password_command": values.text(1000),
            "start": values.YES_OR_NO,
            "sso": values.YES_OR_NO,
            "encoding": ValueType(
                values.optional_encoding,
                Description(
                    N_("an encoding as of [client] encoding, or nothing (that of [client])")
                ),
            ),
            "proxy": ValueType(
                values.optional_proxy,
                Description(
                    N_("socks5://host:port, http://host:port, none, or nothing (that of [client])")
                ),
                secret=True,
            ),
        },
    ),
}
"""The sections with a name, by the word before the name."""
