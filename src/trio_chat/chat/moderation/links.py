"""Links in messages: their hosts, in each spelling that a client or a person follows."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from trio_chat.chat.moderation.normal_forms import looks, plain

_DOT_WORDS: Final = f"d[o0]t|{plain('точка')}"
_DOT: Final = re.compile(
    rf"\s?[\[({{<]\s?(?:\.|punkt|{_DOT_WORDS})\s?[\])}}>]\s?|\s(?:{_DOT_WORDS})\s"
)
"""Ways to write a dot: `[.]`, `(dot)`, ` dot `."""
_DOTS: Final = str.maketrans("\u3002\uff61\uff0e", "...")
"""The dots of other scripts in hosts (UTS #46 §2.3)."""
_SPACE: Final = re.compile(r"\s+")
_ENCODED: Final = "xn--"
_SPACED_DOT: Final = re.compile(r"(?<=\w) ?\. ?(?=\w)")
_SPELLED: Final = re.compile(
    r"(?<!\w)[^\W_](?P<gap>\s{1,3}|[-_*|~+=,])"
    r"(?:[^\W_]|[./:])"
    r"(?:(?:(?P=gap)|(?<=\.)\s{0,3}|\s{0,3}(?=\.))(?:[^\W_]|[./:]))+(?!\w)"
)
"""Single letters with the same between each two of them, except beside a dot: `e v i l . c o m`."""
_SPELLED_END: Final = re.compile(r"(?<=\w\w) ?\. ?(c o m|n e t|o r g)(?!\w)(?! \w(?!\w))")
_SHORTEST_SPELLED: Final = 4
"""Letters before the end of a host that is spelled: `w t f. r u ok` has fewer."""
_may_have_link: Final = re.compile(r"[./%]|[^\x00-\x7f]|d[o0]t", re.IGNORECASE).search
_SLASHES: Final = re.compile(r"\s?[:;]\s?[/\\]\s?[/\\]\s?")
_SCHEME: Final = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,15}://([^\s/?#\\]+)")
_BARE: Final = re.compile(r"(?<![\w.-])((?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62})(?![\w-])")
_WORDS: Final = "ai am at be by do es im in is it la ly me my no so to us work world"
"""Ends that are words: they are taken for links only with a path, since `sure.it` lacks a space."""
_FULL_ADDRESS: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?=[:/])")
_ENDS: Final = (
    "app biz blog cc chat click cloud club co com de dev edu eu fr fun gg gov icu info io"
    " life link live lol mobi net news nl online onion org pl pro pw ru sbs se shop site"
    " space store stream su tech tk top tv ua uk vip wiki win ws xyz zip p\u0278"
)
"""Ends of hosts that are taken for links without a scheme: else `file.py` would be one.
The last is what `рф` looks like."""
_KNOWN_ENDS, _WORDS_AS_ENDS = frozenset(_ENDS.split()), frozenset(_WORDS.split())


def hosts(text: str) -> frozenset[str]:
    """Return the hosts of the links in a text, in lower case."""
    return _hosts(text) if _may_have_link(text) else frozenset()


@lru_cache(maxsize=64)
def _hosts(text: str) -> frozenset[str]:
    return frozenset(host for shown in looks(text.translate(_DOTS)) for host in _of_look(shown))


def _of_look(shown: str) -> set[str]:
    text = unquote(shown)
    # One space for several, so that each pattern has a bound.
    dotted = _with_schemes(_DOT.sub(".", _SPACE.sub(" ", text)))
    found = {_host(each) for each in _SCHEME.findall(dotted)}
    found.update(_FULL_ADDRESS.findall(dotted))
    for spelling in {dotted, _SPACED_DOT.sub(".", dotted), _SPELLED_END.sub(_as_end, dotted)}:
        found.update(match[1] for match in _BARE.finditer(spelling) if _is_bare_link(match))
    for run in _SPELLED.finditer(_DOT.sub(".", text)):
        found.update(_of_spelled(_SPACE.sub("", run[0].replace(run["gap"], ""))))
    return {_decoded(host) for host in found if host}


def _with_schemes(text: str) -> str:
    return _SLASHES.sub("://", text).replace("hxxp", "http")


def _as_end(match: re.Match[str]) -> str:
    return f".{match[1].replace(' ', '')}"


def _of_spelled(text: str) -> set[str]:
    """Return the hosts in letters that were spelled; others than the usual ones are none there."""
    text = _with_schemes(text)
    return {_host(each) for each in _SCHEME.findall(text)} | {
        match[1]
        for match in _BARE.finditer(text)
        if _is_bare_link(match)
        and (
            text.startswith("/", match.end())
            or len(match[1].rpartition(".")[0].rpartition(".")[2]) >= _SHORTEST_SPELLED
        )
    }


def _is_bare_link(match: re.Match[str]) -> bool:
    """Return whether a host without a scheme is meant as a link."""
    host, end = match[1], match[1].rpartition(".")[2]
    if host.startswith("www.") or end in _KNOWN_ENDS or end.startswith(_ENCODED):
        return True
    return end in _WORDS_AS_ENDS and match.string.startswith(("/", ":"), match.end())


def _decoded(host: str) -> str:
    """Return a host with its labels of other scripts as they look (RFC 3490, ToUnicode)."""
    if _ENCODED not in host:
        return host
    try:
        return plain(host.encode().decode("idna"))
    except UnicodeError:
        return host


def _host(authority: str) -> str:
    """Return the host of an authority (RFC 3986 §3.2), without user and port."""
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].strip(".,;)>\"'")


def is_within(host: str, wanted: str) -> bool:
    """Return whether a host is another one, or below it."""
    return host == wanted or host.endswith(f".{wanted}")
