"""The HTTP API: the e-mail address of an account, with a database."""

import json
from typing import Any

import pytest

from api_fakes import ApiEnd
from test_invite_command import _here, registered, served
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted, EmailSet
from trio_chat.chat.credentials import Email
from trio_chat.server.state import save_state

__all__ = ["_here"]


async def test_an_operator_sets_and_verifies_an_address(caplog: pytest.LogCaptureFixture) -> None:
    """A field that is left out stays; the address is not in the audit log."""

    async def steps(here: Any) -> None:
        await registered(here)
        end = ApiEnd(here)
        end.token()

        async def changed(**fields: object) -> tuple[str | None, bool]:
            answer = await end.ask("PATCH", "/accounts/ann", fields)
            assert answer.status == 200, answer.text
            shown = json.loads(answer.text)
            assert await end.get("/accounts/ann") == shown
            return shown["email"], shown["is_email_verified"]

        assert await changed(email="ann@Example.org") == ("ann@example.org", False)
        assert await changed(is_email_verified=True) == ("ann@example.org", True)
        assert await changed(email="ann@example.org") == ("ann@example.org", True)
        assert await changed(email="ann@other.example") == ("ann@other.example", False)
        assert await changed(email="") == (None, False)
        for status, body in (
            (400, {}),
            (400, {"email": "no address"}),
            (400, {"email": "a@b\r\nRCPT TO:<x>"}),
            (409, {"is_email_verified": True}),
        ):
            await end.refusal(status, "PATCH", "/accounts/ann", body)
        await end.refusal(404, "PATCH", "/accounts/nobody", {"email": ""})
        assert "EMAIL ann: not verified" in caplog.text
        assert "example.org" not in caplog.text

    await served(steps)


async def test_the_address_of_a_deleted_account_is_not_stored() -> None:
    """A command may delete it at the same time; what else was changed is stored."""

    async def steps(here: Any) -> None:
        await registered(here)
        world, email = here.server.world, Email("ann@example.org", is_verified=True)
        account = world.accounts.known["ann"]
        apply(world, EmailSet(account.id, email))
        await world.accounts.delete(account.id)
        apply(world, AccountDeleted(account))
        await save_state(world, world.storage.store)
        apply(world, EmailSet(account.id, email))
        assert await world.accounts.email(account.id) is None

    await served(steps)
