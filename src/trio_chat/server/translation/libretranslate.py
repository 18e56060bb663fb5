"""The HTTP client of LibreTranslate (its API: `POST /translate`, `GET /languages`).

The operator names the service, which may be in a private network. Nothing of its answers is trusted
all the same: redirects are not followed, each answer has a size and a deadline, and a translation
is text without control characters.
"""

import json
import math
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import trio

from trio_chat.chat.translation import Translation, TranslationFailed, is_language
from trio_chat.irc.text import clean, strip_controls
from trio_chat.server.bounded_http import FAILURES, BoundedHttp, explain
from trio_chat.server.push.addresses import is_public
from trio_chat.server.push.client import NotPublic, PublicNetwork, Resolver, resolved

MAX_TEXT = 65_536
"""Characters of a translation."""
MAX_LANGUAGES = 500
_LANGUAGES_FOR = 3600.0
"""Seconds for which the languages are known."""
_SHOWN = 200
"""Characters of an error of the service that the log has."""

_TRY_LATER = "The translation service does not answer as it should, try again later"
_ITS_OPERATOR = (
    "The translation service does not accept this server: tell an operator of this server"
)
_BUSY = "The translation service has too much to do, try again in a minute"
_REFUSED = (
    "The translation service does not translate this text: it may be too long for the service, or"
    " in a language that the service does not know"
)


class Unavailable(TranslationFailed):
    """The service has not translated.

    Args:
        reason: what happened, for the log: without the key, and without the text.
        code: see `TranslationFailed`.
        text: see `TranslationFailed`.
    """

    def __init__(
        self, reason: str, code: str = "TEMPORARILY_UNAVAILABLE", text: str = _TRY_LATER
    ) -> None:
        super().__init__(code, text)
        self.reason = reason


class Service(NamedTuple):
    """The service, as it is configured.

    Args:
        url: its address, with a `/` at its end.
        key: the key of its API, or "".
        timeout: seconds for one translation, from the resolution of the name to the answer.
    """

    url: str
    key: str
    timeout: float

    def __repr__(self) -> str:
        """Return no secret."""
        return f"Service({self.url!r})"


class LibreTranslate:
    """Asks a LibreTranslate.

    Args:
        service: which, and how.
        context: verifies certificates; one with the certificates of the system by default.
        resolve: see `trio_chat.server.push.client.Resolver`.
    """

    def __init__(
        self,
        service: Service,
        context: ssl.SSLContext | None = None,
        resolve: Resolver = resolved,
    ) -> None:
        self.service = service
        self._is_https = service.url.startswith("https:")
        self._resolve = resolve
        self._http = BoundedHttp(PublicNetwork(lambda host: True, self._addresses), context)
        self._languages: tuple[str, ...] = ()
        self._languages_until = -math.inf
        self._asking = trio.Lock()

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of the service: without TLS, texts stay in private networks."""
        found = list(await self._resolve(host, port))
        if self._is_https:
            return found
        private = [address for address in found if not is_public(address)]
        if found and not private:
            raise NotPublic(host)
        return private

    async def translate(self, text: str, language: str) -> Translation:
        """Translate a text.

        Args:
            text: it, with lines separated by LF.
            language: the code of the language to translate into, as a user writes it.

        Raises:
            TranslationFailed: there is no translation.
        """
        with trio.move_on_after(self.service.timeout):
            target = matching(language, await self._known_languages())
            question = {"q": text, "source": "auto", "target": target, "format": "text"}
            if self.service.key:
                question["api_key"] = self.service.key
            return _translation(await self._ask("POST", "translate", question), target)
        raise Unavailable(f"no answer within {self.service.timeout:g} seconds")

    async def _known_languages(self) -> tuple[str, ...]:
        async with self._asking:
            if trio.current_time() >= self._languages_until:
                self._languages = _languages(await self._ask("GET", "languages"))
                self._languages_until = trio.current_time() + _LANGUAGES_FOR
            return self._languages

    async def _ask(
        self, method: str, path: str, question: Mapping[str, str] | None = None
    ) -> object:
        """Return the document that answers a question.

        Raises:
            Unavailable: there is none.
        """
        body = json.dumps(question).encode() if question is not None else b""
        kind = [("Content-Type", "application/json")]
        try:
            url = f"{self.service.url}{path}"
            status, answer = await self._http.exchange(method, url, kind if body else [], body)
        except NotPublic:
            raise Unavailable("its address is public: [translation] url has to be https:") from None
        except FAILURES as error:
            raise Unavailable(explain(error)) from error
        return _document(status, answer)


def matching(language: str, known: Sequence[str]) -> str:
    """Return the code of a language as the service knows it: `ru` for `ru-RU`, and `zh-Hans` for
    `zh`.

    Raises:
        TranslationFailed: the service does not know the language; the text names the others.
    """
    wanted = language.replace("_", "-").lower()
    main = wanted.partition("-")[0]
    for candidates in (
        (code for code in known if code.lower() == wanted),
        (code for code in known if code.lower() == main),
        (code for code in known if code.lower().partition("-")[0] == main),
    ):
        if found := next(candidates, ""):
            return found
    offered = " ".join(known)
    raise TranslationFailed(
        "UNKNOWN_LANGUAGE",
        f"The translation service does not know this language; it knows {offered}",
    )


def _document(status: int, answer: bytes) -> object:
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        document = None
    if status != 200:
        raise _refusal(status, _field(document, "error"))
    return document


def _refusal(status: int, why: object) -> Unavailable:
    shown = f": {clean(why[:_SHOWN])}" if isinstance(why, str) and why else ""
    reason = f"HTTP {status}{shown}"
    match status:
        case 400 | 413 | 414 | 422:
            # It answers 400 when the key is missing, too, which is the operator's to mend.
            if "key" in shown.lower():
                return Unavailable(reason, text=_ITS_OPERATOR)
            return Unavailable(reason, "REFUSED", _REFUSED)
        case 401 | 402 | 403:
            return Unavailable(reason, text=_ITS_OPERATOR)
        case 429:
            return Unavailable(reason, text=_BUSY)
        case _:
            return Unavailable(reason)


def _field(document: object, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None


def _languages(document: object) -> tuple[str, ...]:
    entries = document[:MAX_LANGUAGES] if isinstance(document, list) else []
    codes = [_field(entry, "code") for entry in entries]
    found = dict.fromkeys(
        code for code in codes if isinstance(code, str) and code and is_language(code)
    )
    if not found:
        raise Unavailable("it names no languages")
    return tuple(found)


def _translation(document: object, target: str) -> Translation:
    text = _field(document, "translatedText")
    if not isinstance(text, str):
        raise Unavailable("its answer has no translation")
    if len(text) > MAX_TEXT:
        raise Unavailable("its translation is too long")
    source = _field(_field(document, "detectedLanguage"), "language")
    is_known = isinstance(source, str) and bool(source) and is_language(source)
    lines = [strip_controls(line.replace("\t", " ")).rstrip() for line in text.strip().splitlines()]
    if not any(lines):
        raise Unavailable("its translation is empty")
    return Translation("\n".join(lines), source if is_known else "", target)
