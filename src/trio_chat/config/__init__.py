"""config.ini to frozen, validated settings; every error names file, section, key, value and what is
allowed.
"""

from trio_chat.config.keys import KEYS, LENGTHS, NAMED
from trio_chat.config.reader import FILE_NAME, ConfigError, load
from trio_chat.config.settings import (
    AccountSettings,
    ClientSettings,
    GatewaySettings,
    LimitSettings,
    ListenerSettings,
    LoggingSettings,
    MailSettings,
    MetricsSettings,
    OperatorSettings,
    ProfileSettings,
    ServerSettings,
    Settings,
    StorageSettings,
    TlsSettings,
)

__all__ = [
    "FILE_NAME",
    "KEYS",
    "LENGTHS",
    "NAMED",
    "AccountSettings",
    "ClientSettings",
    "ConfigError",
    "GatewaySettings",
    "LimitSettings",
    "ListenerSettings",
    "LoggingSettings",
    "MailSettings",
    "MetricsSettings",
    "OperatorSettings",
    "ProfileSettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "TlsSettings",
    "load",
]
