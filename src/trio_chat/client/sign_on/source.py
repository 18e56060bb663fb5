"""The token source of one server: each connection gets a token that is valid now."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import trio

from trio_chat.client.qr import qr_lines
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.client.sign_on.device_flow import DeviceCode, Tokens, get_tokens, renew
from trio_chat.client.sign_on.fetching import Fetch, fetch
from trio_chat.client.sign_on.offer import Offer, SignOnError, read_offer
from trio_chat.client.sign_on.tokens_file import TokensFile
from trio_chat.i18n import _
from trio_chat.irc.text import clean


class Tell(Protocol):
    """Shows a sentence."""

    def __call__(self, text: str, *, error: bool = False) -> Awaitable[None]:
        """Show it."""


class TokenSource:
    """The tokens for one server.

    Args:
        server: its address, for the file.
        file: returns the file of the refresh tokens.
        ask: asks the provider.
    """

    def __init__(self, server: str, file: Callable[[], TokensFile], ask: Fetch = fetch) -> None:
        self._server = server
        self._file = file
        self._ask = ask
        self._offered = ""
        self._has_failed = False

    def offered(self, text: str) -> None:
        """Note what the server has said about where tokens come from."""
        self._offered = text

    async def load(self, tell: Tell) -> LoginCredentials | None:
        """Return what the next connection logs in with: without a token the server is asked where
        tokens come from; None after a failure, of which the user knows.

        Cancelled, it ends the login in the browser.
        """
        if self._has_failed:
            await trio.lowlevel.checkpoint()
            return None
        try:
            tokens = await (self._begin(tell) if self._offered else self._renew())
        except SignOnError as error:
            self._has_failed = True
            await tell(str(error), error=True)
            return None
        return LoginCredentials("", tokens.sent if tokens else "", is_kept=True, is_token=True)

    async def _begin(self, tell: Tell) -> Tokens:
        text, self._offered = self._offered, ""
        offer = read_offer(text)

        async def show(code: DeviceCode) -> None:
            for line in qr_lines(code.complete) if code.complete else []:
                await tell(line)
            await tell(
                _(
                    "To log in to {server} by {name}, open {page} and enter the code {code}. Do"
                    " that only if you trust this server: it receives a token of yours."
                ).format(
                    server=self._server,
                    name=clean(offer.name or offer.host),
                    page=code.page,
                    code=clean(code.code),
                )
            )

        tokens = await get_tokens(offer, self._ask, show)
        await self._keep(offer, tokens.refresh)
        return tokens

    async def _renew(self) -> Tokens | None:
        kept = await trio.to_thread.run_sync(self._file().load, self._server)
        if kept is None:
            return None
        offer, refresh = kept
        tokens = await renew(offer, refresh, self._ask)
        await self._keep(offer, tokens.refresh if tokens is not None else "")
        return tokens

    async def _keep(self, offer: Offer, refresh: str) -> None:
        """Keep a refresh token; without the file, the user logs in in the browser again."""
        with suppress(OSError):
            await trio.to_thread.run_sync(self._file().save, self._server, offer, refresh)
