"""Configuration: config.ini parsed to frozen, validated settings.

Every error names the file, section, key and value, and the allowed values.
"""

from trio_chat.config.block_lists import BlockListZone
from trio_chat.config.keys import KEYS, LENGTHS, NAMED
from trio_chat.config.reader import FILE_NAME, ConfigError, load, reloader
from trio_chat.config.settings import (
    AccountSettings,
    ClientSettings,
    ClusterSettings,
    DiscoverySettings,
    DnsblSettings,
    GatewaySettings,
    LdapSettings,
    LimitSettings,
    ListenerSettings,
    LoggingSettings,
    MailSettings,
    MetricsSettings,
    OidcSettings,
    OperatorSettings,
    ProfileSettings,
    PushSettings,
    ServerSettings,
    Settings,
    StorageSettings,
    TlsSettings,
    TranslationSettings,
    UploadSettings,
)

__all__ = [
    "FILE_NAME",
    "KEYS",
    "LENGTHS",
    "NAMED",
    "AccountSettings",
    "BlockListZone",
    "ClientSettings",
    "ClusterSettings",
    "ConfigError",
    "DiscoverySettings",
    "DnsblSettings",
    "GatewaySettings",
    "LdapSettings",
    "LimitSettings",
    "ListenerSettings",
    "LoggingSettings",
    "MailSettings",
    "MetricsSettings",
    "OidcSettings",
    "OperatorSettings",
    "ProfileSettings",
    "PushSettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "TlsSettings",
    "TranslationSettings",
    "UploadSettings",
    "load",
    "reloader",
]
