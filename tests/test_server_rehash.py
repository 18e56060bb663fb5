"""REHASH: a key takes effect at once where `rehash.WHEN` declares that, everywhere."""

import gc
import logging
from dataclasses import fields, is_dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, cast

import pytest
import trustme

from storage_fakes import ListHistory
from support import NOON, Clock
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.cloaks import Cloaks
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.preferences import MULTICLIENT
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.uploads import UploadRules, UploadTable
from trio_chat.config import (
    BlockListZone,
    DiscoverySettings,
    GatewaySettings,
    LimitSettings,
    MailSettings,
    OperatorSettings,
    ServerSettings,
    Settings,
    TlsSettings,
    UploadSettings,
)
from trio_chat.log import logger
from trio_chat.server import rehash
from trio_chat.server.app import Server
from trio_chat.server.rehash import WHEN, When

NETWORK = ip_network("192.0.2.0/24")
CHANGED: dict[str, dict[str, Any]] = {
    "server": {
        "url": "https://chat.example.org/",
        "network": "Other",
        "icon": "https://example.org/icon.png",
        "description": "Another server",
        "password": "open sesame",
        "motd": ("hello",),
        "admin": "root@example.org",
        "shutdown_grace": 9.0,
        "downloads": Path("packages"),
        "cloak": False,
        "cloak_secret": "x" * 40,
        "cloak_accounts": True,
        "default_user_modes": "iw",
        "origins": ("any",),
        "allowed_hosts": ("example.org",),
        "proxies": (NETWORK,),
    },
    "tls": {
        "sts_duration": 3600,
        "sts_port": 6697,
        "certificate": Path("certificate.pem"),
        "key": Path("key.pem"),
    },
    "logging": {"level": "error"},
    "storage": {
        "playback": 7,
        "playback_to": "everybody",
        "most_messages": 33,
        "backups": Path("backups"),
    },
    "uploads": {
        "permitted": "accounts",
        "max_size": 2000,
        "account_quota": 3000,
        "address_quota": 4000,
        "total_quota": 5000,
        "per_hour": 6,
        "at_once": 7,
        "reserve": 8,
    },
    "accounts": {
        "invitations": "users",
        "registration": "closed",
        "required": True,
        "before_connect": False,
        "min_password": 99,
        "email": "required",
        "multi_session": False,
        "reservation": "rename",
        "operators_second_factor": True,
    },
    "mail": {
        "mail_from": "chat@example.org",
        "smtp_host": "mail.example.org",
        "smtp_port": 2525,
        "smtp_tls": "off",
        "smtp_user": "chat",
        "smtp_password": "secret",
        "sendmail": Path("/usr/sbin/sendmail"),
    },
    "oidc": {
        "issuer": "https://sso.example.org",
        "name": "Example",
        "client_id": "chat",
        "audience": ("chat", "app"),
        "scope": "openid",
        "token": "access",
        "account_claim": "nickname",
        "group_claim": "roles",
        "required_group": "chat",
        "provision": False,
        "introspection": "always",
        "client_secret_file": Path("secret"),
        "ca_file": Path("ca.pem"),
        "private_hosts": ("sso.example.org",),
    },
    "ldap": {
        "url": "ldaps://ldap.example.org",
        "starttls": False,
        "ca_file": Path("ca.pem"),
        "bind_template": "uid={name},o=x",
        "bind_dn": "cn=chat",
        "bind_password_file": Path("secret"),
        "base": "o=x",
        "filter": "(mail={name})",
        "account_attribute": "mail",
        "id_attribute": "objectGUID",
        "group_attribute": "groups",
        "required_group": "cn=chat,o=x",
        "provision": False,
        "order": "directory",
        "connections": 2,
        "timeout": 3.0,
    },
    "discovery": {"name": "Office"},
    "push": {
        "enabled": False,
        "subject": "mailto:chat@example.org",
        "delay": 7.0,
        "devices": 9,
        "expire_days": 30,
        "private_hosts": ("ntfy.example.org",),
    },
    "archive": {"enabled": True, "robots": True},
    "translation": {
        "url": "http://127.0.0.1:5001/",
        "key_file": Path("key"),
        "timeout": 5.0,
    },
    "call": {"base": "https://meet.example.org/"},
    "api": {"enabled": False, "per_minute": 7},
    "moderation": {
        "storm": 5,
        "probation_hours": 24,
        "probation_messages": 5,
        "probation_per_minute": 3,
        "probation_exempt": (),
    },
    "dnsbl": {
        "zones": (BlockListZone("dnsbl.example.org", ((2, 9),)),),
        "action": "refuse",
        "timeout": 0.5,
        "exempt": (ip_network("198.51.100.0/24"),),
    },
    "hooks": {
        "incoming": False,
        "max_request": 2048,
        "per_minute": 9,
        "outgoing": False,
        "give_up_days": 3,
        "private_hosts": ("ci.example.org",),
    },
    "limits": {
        "server_bans": 3,
        "registration_timeout": 1.0,
        "ping_interval": 2.0,
        "websocket_ping_interval": 3.0,
        "ping_timeout": 4.0,
        "flood_burst": 5,
        "flood_rate": 6.0,
        "flood_limit": 0,
        "flood_exempt": (NETWORK,),
        "outbox_bytes": 70_000,
        "connections_per_address": 8,
        "connections_per_minute": 9,
        "connections_exempt": (NETWORK,),
    },
    "operators": {"": (OperatorSettings(name="Anna", account="Anna", rights=("kill",)),)},
    "gateways": {"": (GatewaySettings(name="web", addresses=(NETWORK,), password="x"),)},
}
"""For each key that a running server applies, a value that is not the default."""
HOLDERS = (
    AccountRules,
    Cloaks,
    DiscoverySettings,
    ServerInfo,
    LimitSettings,
    MailSettings,
    StoragePorts,
    Operator,
    ServerSettings,
    Settings,
    TlsSettings,
    UploadRules,
    UploadSettings,
)
"""Values that hold settings, or what follows from them."""
NO_UPLOADS = cast("UploadTable", object())
BEFORE = Settings(mail=MailSettings(mail_from="a@example.org", smtp_host="localhost"))


def live_keys() -> list[tuple[str, str]]:
    """Return the keys that `WHEN` says a running server applies; a section with a name has "" for
    its keys.
    """
    live = (When.NOW, When.NEW)
    return [
        (section, key)
        for section, kinds in WHEN.items()
        for kind in live
        if kind in kinds
        for key in (kinds[kind] or ("",))
    ]


def with_key(section: str, key: str) -> Settings:
    """Return `BEFORE` with another value for a key."""
    value = CHANGED[section][key]
    if not key:
        return replace(BEFORE, **{section: value})
    return replace(BEFORE, **{section: replace(getattr(BEFORE, section), **{key: value})})


def held(server: Server) -> set[str]:
    """Return all settings that a server can reach, by the value that holds them."""
    found: set[str] = set()
    seen: set[int] = set()
    waiting: list[object] = [server]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(
            one, type | ModuleType | FunctionType | BuiltinFunctionType | logging.Logger
        ):
            continue
        seen.add(id(one))
        if isinstance(one, Cloaks):
            found.add(f"Cloaks {one.of_address('192.0.2.1')} {one.of_account('ann')}")
        elif isinstance(one, HOLDERS) and is_dataclass(one):
            found.update(
                f"{type(one).__name__}.{field.name} = {getattr(one, field.name)!r}"
                for field in fields(one)
                if field.name not in ("created", "history", "timeline")
            )
        waiting += gc.get_referents(one)
    return found


def running_server(settings: Settings) -> Server:
    """Return a server with a history, which does not run."""
    kept = settings.storage
    storage = StoragePorts(
        history=ListHistory(),
        secret=b"x" * 32,
        uploads=NO_UPLOADS,
        playback=kept.playback,
        playback_to=kept.playback_to,
        most_messages=kept.most_messages,
    )
    return Server(settings, Clock(NOON), storage)


@pytest.mark.parametrize(("section", "key"), live_keys())
async def test_a_key_that_is_applied_is_applied_everywhere(
    section: str, key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After REHASH a server holds what one holds that was started with the new value: no part of it
    has kept the old one.
    """
    monkeypatch.setattr("os.urandom", lambda size: b"x" * size)
    monkeypatch.chdir(tmp_path)
    if section == "tls":
        issued = trustme.CA().issue_cert("chat.example")
        issued.private_key_and_cert_chain_pem.write_to_path("certificate.pem")
    log = logging.getLogger(logger.NAME)
    before = log.level
    new = with_key(section, key)
    rehashed, started = running_server(BEFORE), running_server(new)
    try:
        await rehashed.reload_certificate(new)
        rehash.apply(rehashed, new)
        assert held(rehashed) == held(started)
        assert rehashed.world.advertised == started.world.advertised
        if section == "logging":
            assert log.level == logging.ERROR
    finally:
        log.setLevel(before)


def test_the_address_of_the_page_changes_at_once() -> None:
    """Links in feeds, invitations and webhooks have it."""
    server = running_server(BEFORE)
    rehash.apply(server, with_key("server", "url"))
    assert server.world.page_url == CHANGED["server"]["url"]


def test_multi_session_is_in_force_at_once() -> None:
    """A nickname that several devices could share cannot be shared any longer."""
    server = running_server(BEFORE)
    assert server.world.preferences.is_on(1, MULTICLIENT)
    rehash.apply(server, with_key("accounts", "multi_session"))
    assert not server.world.preferences.is_on(1, MULTICLIENT)
