"""What the sections [oidc] and [ldap] lead to: the provider and the directory that log in."""

import ssl
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import trio

from trio_chat.chat import distinguished_names
from trio_chat.chat.identities import SignOn, SignOnOffer
from trio_chat.config import OidcSettings, Settings
from trio_chat.installation import install_command
from trio_chat.server.http.hosts import matches
from trio_chat.server.login.claims import TokenRules
from trio_chat.server.login.directory import LdapDirectory
from trio_chat.server.login.fetching import JsonFetcher
from trio_chat.server.login.problem import LoginSetupError
from trio_chat.server.login.provider import Provider, ProviderSettings
from trio_chat.server.login.separate import SeparateLdap
from trio_chat.server.secret_file import SecretFileError, read_secret

DISCOVERY = "/.well-known/openid-configuration"


class Logins(NamedTuple):
    """What logs in besides the accounts themselves; None what is not configured."""

    sign_on: Provider | None = None
    directory: LdapDirectory | None = None


async def open_logins(
    settings: Settings, clock: Callable[[], float], before: SignOn | None = None
) -> Logins:
    """Return the provider and the directory of these settings; nothing is asked yet.

    Args:
        settings: all of config.ini.
        clock: returns seconds of Unix time.
        before: the provider until now, or None.

    Raises:
        LoginSetupError: something is missing; the message says what to do.
    """
    sign_on: Provider | None = None
    directory: LdapDirectory | None = None
    if settings.oidc.issuer:
        _require("joserfc", "[oidc]", "oidc")
        secret = await _secret(settings.oidc.client_secret_file, "[oidc] client_secret_file")
        context = await _context(settings.oidc.ca_file, "[oidc] ca_file")
        fetcher = JsonFetcher(_may_be_private(settings.oidc), context)
        sign_on = Provider(provider_settings(settings.oidc, secret), fetcher, clock)
        if isinstance(before, Provider):
            sign_on.follow(before)
    if settings.ldap.url:
        _check_base(settings.ldap.base)
        await _context(settings.ldap.ca_file, "[ldap] ca_file")  # libldap would not say why
        _require("bonsai", "[ldap]", "ldap")
        secret = await _secret(settings.ldap.bind_password_file, "[ldap] bind_password_file")
        directory = LdapDirectory(settings.ldap, secret, SeparateLdap(settings.ldap))
    return Logins(sign_on, directory)


def provider_settings(oidc: OidcSettings, secret: str) -> ProviderSettings:
    """Return what is known of a provider by the section [oidc]."""
    rules = TokenRules(
        issuer=oidc.issuer,
        audiences=frozenset(oidc.audience or (oidc.client_id,)),
        account_claim=oidc.account_claim,
        group_claim=oidc.group_claim,
        required_group=oidc.required_group,
        may_create=oidc.provision,
    )
    where = oidc.issuer.rstrip("/") + DISCOVERY
    offer = SignOnOffer(oidc.name, where, oidc.client_id, oidc.scope, oidc.token)
    return ProviderSettings(rules, offer, oidc.introspection, secret)


def _may_be_private(oidc: OidcSettings) -> Callable[[str], bool]:
    own, patterns = urlsplit(oidc.issuer).hostname or "", oidc.private_hosts

    def may_be(host: str) -> bool:
        host = host.lower()
        if host == own or "any" in patterns:
            return True
        return any(matches(host, pattern) for pattern in patterns)

    return may_be


def _check_base(base: str) -> None:
    try:
        if base:
            distinguished_names.check(base)
    except ValueError as error:
        raise LoginSetupError(
            f"[ldap] base is no name of an entry: {error}; a backslash stands before each sign of"
            ' , + " \\ ; and before # at the beginning of a value'
        ) from error


def _require(module: str, section: str, extra: str) -> None:
    if find_spec(module) is None:
        raise LoginSetupError(f"{section} needs the package {module}: {install_command(extra)}")


async def _context(file: Path | None, key: str) -> ssl.SSLContext | None:
    """Return what verifies by the authorities in a file; None without one."""
    if file is None:
        return None
    try:
        return await trio.to_thread.run_sync(lambda: ssl.create_default_context(cafile=str(file)))
    except OSError as error:
        raise LoginSetupError(f"{key}: {file} has no certificates that can be read") from error


async def _secret(file: Path | None, key: str) -> str:
    if file is None:
        return ""
    try:
        return await trio.to_thread.run_sync(read_secret, file, key)
    except SecretFileError as error:
        raise LoginSetupError(str(error)) from error
