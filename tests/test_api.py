"""The HTTP API: tokens, scopes, refusals, and its description."""

import json

import pytest

from api_fakes import SECRET, api
from edge import edge
from trio_chat.server.api.problems import sentence


async def test_a_request_with_a_token_is_answered() -> None:
    """The caller learns what its token may do."""
    async with api() as town:
        assert await town.get("/caller") == {"actor": "token test0", "scopes": ["admin"]}


async def test_no_token() -> None:
    """The answer says how one is sent (RFC 6750 §3)."""
    async with api() as town:
        answer = await town.ask("GET", "/server", token=None)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="trio-chat"'
        assert answer.headers["content-type"] == "application/problem+json"
        assert "token" in json.loads(answer.text)["detail"]


async def test_another_scope() -> None:
    """The answer names the scope that is missing."""
    async with api() as town:
        other = town.token("tca_other", "channels:read")
        answer = await town.ask("GET", "/server", token=other)
        assert answer.status == 403
        challenge = answer.headers["www-authenticate"]
        assert 'error="insufficient_scope", scope="server:read"' in challenge


async def test_a_token_is_made_and_revoked() -> None:
    """The new token works at once, and no longer once it is revoked."""
    async with api() as town:
        answer = await town.ask("POST", "/tokens", {"name": "ci", "scopes": ["server:read"]})
        assert answer.status == 201
        made = json.loads(answer.text)
        assert (await town.ask("GET", "/server", token=made["secret"])).status == 200
        assert made["secret"] not in (await town.ask("GET", "/tokens")).text
        assert (await town.ask("DELETE", "/tokens/ci")).status == 204
        assert (await town.ask("GET", "/server", token=made["secret"])).status == 401


async def test_a_token_makes_none_that_may_do_more() -> None:
    """Else the scope tokens:write would be all scopes."""
    async with api() as town:
        maker = town.token("tca_maker", "tokens:write", "server:read")
        wanted = {"name": "ci", "scopes": ["server:write"]}
        problem = await town.refusal(403, "POST", "/tokens", wanted, token=maker)
        assert problem["field"] == "scopes"


async def test_a_server_without_a_database_has_the_api() -> None:
    """Nothing is stored, and nothing waits for it."""
    async with edge() as here:
        assert here.server.site.committer is not None
        await here.server.site.committer.carry_out(list)


async def test_the_description_needs_no_token() -> None:
    """A program may read it before it has one."""
    async with api() as town:
        description = await town.get("/openapi.json", token=None)
        assert description["openapi"] == "3.1.0"
        assert SECRET not in json.dumps(description)


@pytest.mark.parametrize("name", [".", ".."])
async def test_a_name_that_no_address_can_have(name: str) -> None:
    """Clients drop it from a path, so nobody could revoke the token by its name."""
    async with api() as town:
        wanted = {"name": name, "scopes": ["server:read"]}
        problem = await town.refusal(400, "POST", "/tokens", wanted)
        assert problem["field"] == "name"


async def test_a_token_is_revoked_by_its_id() -> None:
    """One that was made under such a name by an earlier version, for example."""
    async with api() as town:
        (token,) = town.world.api_tokens
        assert (await town.get(f"/tokens/{token.id}"))["name"] == token.name
        assert (await town.ask("DELETE", f"/tokens/{token.id}")).status == 204


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("there is no user bob", "There is no user bob."),
        ("config.ini: it cannot be read", "config.ini: it cannot be read."),
        ("`limit` must be a number", "`limit` must be a number."),
    ],
)
def test_a_clause_becomes_a_sentence(text: str, shown: str) -> None:
    """But a name at its beginning stays as it is."""
    assert sentence(text) == shown
