"""Services: NickServ, ChanServ and ZNC's *playback, with the commands that users and clients
know.
"""

from trio_chat.chat.services import (
    app_passwords,
    chanserv,
    devices,
    identity_links,
    login_certificates,
    moderation_service,
    nickserv,
    nickserv_opers,
    notification_service,
    own_password,
    passkey_service,
    pins,
    report_service,
    schedule_service,
    second_factor,
    settings,
    znc,
)

__all__ = [
    "app_passwords",
    "chanserv",
    "devices",
    "identity_links",
    "login_certificates",
    "moderation_service",
    "nickserv",
    "nickserv_opers",
    "notification_service",
    "own_password",
    "passkey_service",
    "pins",
    "report_service",
    "schedule_service",
    "second_factor",
    "settings",
    "znc",
]
