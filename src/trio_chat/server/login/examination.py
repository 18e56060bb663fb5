"""Examination of the provider of single sign-on, and of the directory, by config.ini."""

import time
from dataclasses import replace

import trio

from trio_chat.chat.identities import ProviderUnavailable
from trio_chat.config import LdapSettings, OidcSettings, Settings
from trio_chat.server.login.directory import DirectoryError
from trio_chat.server.login.problem import LoginSetupError
from trio_chat.server.login.setup import open_logins


def examine_sign_on(settings: Settings) -> str:
    """Return why the provider cannot be asked, or ""; its keys are fetched. It blocks."""
    return trio.run(_examine, replace(settings, ldap=LdapSettings()))


def examine_directory(settings: Settings) -> str:
    """Return why the directory cannot be asked, or ""; nobody's password is tried. It blocks."""
    return trio.run(_examine, replace(settings, oidc=OidcSettings()))


async def _examine(settings: Settings) -> str:
    try:
        logins = await open_logins(settings, time.time)
        if logins.sign_on is not None:
            await logins.sign_on.examine()
        if logins.directory is not None:
            await logins.directory.examine()
    except (DirectoryError, LoginSetupError, ProviderUnavailable) as error:
        return str(error)
    return ""
