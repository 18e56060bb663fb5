"""Single sign-on and a directory on a server: from config.ini to CAP, and REHASH."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge import Edge, edge
from storage_fakes import ListHistory, OpenAccounts
from trio_chat.chat.control import RehashError
from trio_chat.chat.identities import SignOn
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import OidcSettings, Settings
from trio_chat.server.accounts import COSTS
from trio_chat.server.app import Server
from trio_chat.server.control import ServerControl
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.login.problem import LoginSetupError

OIDC = OidcSettings(issuer="https://sso.example.org", client_id="chat", name="Example")


def storage() -> StoragePorts:
    """Return a storage with accounts."""
    return StoragePorts(history=ListHistory(), accounts=OpenAccounts())


async def test_a_configured_provider_is_offered() -> None:
    """By CAP, and on the page; nothing is asked before the first token."""
    async with edge(Settings(oidc=OIDC), storage()) as here:
        await here.server.reload_logins(here.server.settings)
        assert here.server.world.sign_on is not None
        assert here.server.world.sign_on.offer.name == "Example"
        ann = here.connect()
        await ann.send(b"CAP LS 302\r\n")
        line = await ann.until("CAP")
        while "sasl=" not in line.params[-1]:
            line = await ann.until("CAP")
        assert "OAUTHBEARER" in line.params[-1]


def offered(here: Edge) -> SignOn | None:
    """Return the provider of a server."""
    return here.server.world.sign_on


async def test_rehash_takes_another_provider() -> None:
    """And none; settings that cannot be used leave everything as it is."""
    loaded = [Settings()]
    async with edge(Settings(oidc=OIDC), storage()) as here:
        await here.server.reload_logins(here.server.settings)
        control = ServerControl(here.server, COSTS["low"], HashingThreads(), lambda: loaded[0])
        await control.rehash()
        assert offered(here) is None
        assert not here.server.world.server_info.account_rules.has_sign_on
        loaded[0] = Settings(oidc=replace(OIDC, name="Other"))
        await control.rehash()
        there = offered(here)
        assert there is not None
        assert there.offer.name == "Other"
        missing = replace(OIDC, name="Third", client_secret_file=Path("nowhere"))
        loaded[0] = Settings(oidc=missing)
        with pytest.raises(RehashError, match="nowhere"):
            await control.rehash()
        assert offered(here) is there


async def test_a_server_does_not_start_with_what_cannot_be_used() -> None:
    """The operator reads what is missing."""
    settings = Settings(oidc=replace(OIDC, client_secret_file=Path("nowhere")))
    with pytest.RaisesGroup(LoginSetupError, flatten_subgroups=True):
        await Server(settings, memory=storage()).serve([])
