"""API tokens: their names and bounds, and as state of the chat what is stored, and snapshots."""

import json
from typing import Any

import pytest

from storage_fakes import ListHistory
from support import NOON, Town
from trio_chat.chat import snapshot
from trio_chat.chat.api_tokens import (
    ADMIN,
    MOST,
    SCOPES,
    ApiToken,
    digest_of,
    make_secret,
    permits,
    scopes_of_rights,
)
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    ApiTokenMade,
    ApiTokenRemoved,
    ApiTokensRead,
    ApiTokenUsed,
    RelayedMessage,
)
from trio_chat.chat.relayed_ids import DELIVERY, RelayKey
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.rights import RIGHTS
from trio_chat.maintenance.api_tokens import checked_name, checked_scopes
from trio_chat.maintenance.refusals import InvalidValue


def token(name: str = "ci", **fields: Any) -> ApiToken:
    """Return a token."""
    made = ApiToken(digest_of(name), name, ("server:read",), "me", int(NOON))
    return made._replace(**fields)


def test_a_token_is_found_by_its_secret_alone() -> None:
    """Its hash is no secret."""
    town, secret = Town(), make_secret()
    made = token(digest=digest_of(secret))
    apply(town.world, ApiTokenMade(made))
    assert town.world.api_tokens.find(secret) == made
    assert town.world.api_tokens.find(made.digest) is None
    assert town.world.api_tokens.find(secret[:-1]) is None
    assert secret not in repr(made)


def test_a_name_is_that_of_one_token() -> None:
    """Two nodes of a cluster may decide on the same name at the same time."""
    town = Town()
    for digest in ("a", "b"):
        apply(town.world, ApiTokenMade(token(digest=digest)))
    assert [each.digest for each in town.world.api_tokens] == ["a"]


def test_tokens_are_bounded() -> None:
    """As many as a node has decided on, too."""
    town = Town()
    for number in range(MOST + 1):
        apply(town.world, ApiTokenMade(token(f"t{number}")))
    assert len(town.world.api_tokens) == MOST


def test_changes_are_marked_to_be_stored() -> None:
    """One that changes nothing is not."""
    town = Town()
    made = token()
    apply(town.world, ApiTokenMade(made))
    apply(town.world, ApiTokenUsed(made.digest, int(NOON) + 5))
    assert town.world.dirty.take().api_tokens == {made.digest}
    apply(town.world, ApiTokenUsed(made.digest, int(NOON)))
    apply(town.world, ApiTokenUsed("other", int(NOON)))
    apply(town.world, ApiTokenRemoved("other"))
    assert not town.world.dirty.take().api_tokens
    apply(town.world, ApiTokenRemoved(made.digest))
    assert town.world.dirty.take().api_tokens == {made.digest}


def test_the_keys_of_its_messages_end_with_a_token() -> None:
    """A later token with the same name has others."""
    town, made = Town(storage=StoragePorts(history=ListHistory())), token()
    apply(town.world, ApiTokenMade(made))
    message = RelayedMessage("#lobby", "ci/api", "api", "done", made.sender, "1")
    apply(town.world, message)
    key = RelayKey(made.sender, DELIVERY, "1")
    assert town.world.relayed.get(key)
    apply(town.world, ApiTokenRemoved(made.digest))
    assert not town.world.relayed.get(key)


def test_what_a_command_has_stored_is_read() -> None:
    """But for tokens that have changed here, and are not stored yet."""
    town, here, gone, there = Town(), token("here"), token("gone"), token("there")
    apply(town.world, ApiTokenMade(gone))
    town.world.dirty.take()
    apply(town.world, ApiTokenMade(here))
    apply(town.world, ApiTokensRead((there,)))
    assert {each.name for each in town.world.api_tokens} == {"here", "there"}


def test_a_snapshot_has_the_tokens() -> None:
    """One without any is as it was before there were tokens."""
    town, other = Town(), Town()
    assert "api tokens" not in snapshot.take(town.world)
    apply(town.world, ApiTokenMade(token(scopes=("audit:read", "server:read"), expires=7)))
    taken = json.loads(json.dumps(snapshot.take(town.world)))
    snapshot.restore(other.world, taken)
    assert list(other.world.api_tokens) == list(town.world.api_tokens)


def test_a_token_ends_at_its_second() -> None:
    """One without an end never does."""
    assert not token(expires=10).is_expired(9.9)
    assert token(expires=10).is_expired(10)
    assert not token().is_expired(1e12)


@pytest.mark.parametrize("name", ["", " a", "a\n", "a" * 41, "a\u202eb"])
def test_names_that_cannot_be_shown(name: str) -> None:
    """They stand in lists and in the audit log."""
    with pytest.raises(InvalidValue):
        checked_name(name)


def test_scopes() -> None:
    """They are in order, each once; `write` does not include `read`."""
    assert checked_scopes(["tokens:write", "audit:read", "audit:read"]) == (
        "audit:read",
        "tokens:write",
    )
    for wrong in ([], ["audit"], ["audit:delete"], ["ADMIN"]):
        with pytest.raises(InvalidValue, match="the scopes are"):
            checked_scopes(wrong)
    assert not permits(("audit:write",), "audit:read")
    assert all(permits((ADMIN,), scope) for scope in SCOPES)


def test_every_right_leads_to_known_scopes() -> None:
    """And none but all of them together to that of an administrator."""
    for right in RIGHTS:
        scopes = scopes_of_rights({right})
        assert scopes <= SCOPES - {ADMIN}
        assert not {scope for scope in scopes if scope.startswith(("tokens:", "backups:"))}
    assert scopes_of_rights(RIGHTS) == {ADMIN}
    assert scopes_of_rights(()) == frozenset()
