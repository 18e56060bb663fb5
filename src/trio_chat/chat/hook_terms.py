"""Terms of a new webhook, as its maker says them, and what is wrong with them."""

import base64
import re
import secrets
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.hooks import (
    EVENTS,
    MAX_FILTER,
    MAX_FILTERS,
    MAX_SIGNING,
    MAX_URL,
    Filter,
    Hook,
)
from trio_chat.chat.relaying import MAX_NAME, is_name
from trio_chat.irc.names import fold_or_self

_PRINTABLE: Final = re.compile("[!-~]+")


@dataclass(frozen=True, slots=True)
class HookTerms:
    """The terms.

    Args:
        name: under which messages are shown.
        url: where it posts; "" for an incoming hook.
        signing: the secret for signatures; "" for none of an incoming hook, and for a new one of
            an outgoing hook.
        events: see `Filter`.
        nicks: see `Filter`.
        words: see `Filter`.
    """

    name: str
    url: str = ""
    signing: str = ""
    events: tuple[str, ...] = ()
    nicks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def checked(self) -> "HookTerms":
        """Return the terms in the form in which they are compared.

        Raises:
            BadTerms: something is wrong.
        """
        if not is_name(self.name):
            raise BadTerms(
                f"A name has up to {MAX_NAME} letters, digits or -, and is not that of a service",
                "name",
            )
        if self.signing and not (
            len(self.signing) <= MAX_SIGNING and _PRINTABLE.fullmatch(self.signing)
        ):
            raise BadTerms(
                f"A secret has up to {MAX_SIGNING} characters of ASCII, without spaces", "signing"
            )
        if not self.url:
            if self.events or self.nicks or self.words:
                raise BadTerms("Only a webhook with a URL has filters", "url")
            return self
        _check_url(self.url)
        events, nicks, words = map(_stripped, (self.events, self.nicks, self.words))
        for values in (events, nicks, words):
            if len(values) > MAX_FILTERS or any(len(value) > MAX_FILTER for value in values):
                raise BadTerms(
                    f"A filter has up to {MAX_FILTERS} values of up to {MAX_FILTER} characters"
                )
        if unknown := [event for event in events if event.lower() not in EVENTS]:
            raise BadTerms(
                f"There is no event {unknown[0]}; the events are {', '.join(EVENTS)}", "events"
            )
        return replace(
            self,
            signing=self.signing or _new_signing(),
            events=tuple(event.lower() for event in events),
            nicks=tuple(fold_or_self(nick) for nick in nicks),
            words=tuple(word.lower() for word in words),
        )

    def hook(
        self, digest: str, channel: int, setter: str, account: int, now: int, cursor: int
    ) -> Hook:
        """Return the hook of checked terms; see there for the arguments."""
        chosen = Filter(self.events, self.nicks, self.words) if self.events else Filter()
        chosen = chosen._replace(nicks=self.nicks, words=self.words)
        return Hook(
            digest,
            channel,
            self.name,
            setter,
            account,
            now,
            signing=self.signing,
            url=self.url,
            filter=chosen if self.url else Filter(),
            cursor=cursor if self.url else 0,
        )


def _stripped(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return values without the spaces around them, as in "error, warning"."""
    return tuple(filter(None, map(str.strip, values)))


def _new_signing() -> str:
    """Return a secret as libraries of Standard Webhooks take it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _check_url(url: str) -> None:
    if len(url) > MAX_URL or not _PRINTABLE.fullmatch(url):
        raise BadTerms(f"An address has up to {MAX_URL} characters of ASCII", "url")
    try:
        parts = urlsplit(url)
        is_right = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    else:
        is_right = is_right and parts.scheme in ("https", "http") and "@" not in parts.netloc
    if not is_right or "#" in url:
        raise BadTerms("An address is like https://example.org/path, without a user and a #", "url")


def parse_terms(words: list[str]) -> HookTerms:
    """Read a name, and then the URL, and `key=value` for signing, events, nicks and words.

    Raises:
        BadTerms: something is wrong.
    """
    if not words:
        raise BadTerms("A webhook needs a name")
    terms = HookTerms(words[0])
    for word in words[1:]:
        key, sign, value = word.partition("=")
        values = tuple(filter(None, value.split(",")))
        if word.lower().startswith(("https://", "http://")):
            terms = replace(terms, url=word)
        elif sign and key == "signing":
            terms = replace(terms, signing=value)
        elif sign and key == "events":
            terms = replace(terms, events=values)
        elif sign and key == "nicks":
            terms = replace(terms, nicks=values)
        elif sign and key == "words":
            terms = replace(terms, words=values)
        else:
            raise BadTerms(f"There is no {word}: give a URL, signing=, events=, nicks= or words=")
    return terms.checked()
