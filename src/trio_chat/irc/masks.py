"""Masks such as `*!*@192.0.2.*`: how ban lists, WHO and LIST say which names they mean."""

import re
from functools import lru_cache

_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}(?:[0-9]{1,3}|\*)|(?:[0-9a-f]{1,4}:){3}[0-9a-f:*]*", re.ASCII)


def matches(mask: str, text: str) -> bool:
    """Tell whether a glob (`*` any run, `?` any one character) covers the whole text.

    Both must be folded already. Masks that were asked for lately are kept as expressions; see `compiled` for what it costs.
    """
    return _kept(mask).fullmatch(text) is not None


def compiled(mask: str) -> re.Pattern[str]:
    """Return a glob as an expression whose `fullmatch` tells whether it covers a text.

    Each run of text after a `*` is looked for once, from the left, and never again (atomic groups): where it is found first
    leaves the most room for what follows. The last one can only be at the end, and is looked for there alone. So a hostile mask
    takes at most len(mask) * len(text) steps, all of them in C.
    """
    mask = _RUN.sub(_in_order, mask)
    first, *rest = (_QUESTIONS.sub(_as_count, re.escape(piece)) for piece in mask.split("*"))
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    size = len(mask) - mask.rindex("*") - 1
    end = f"(?=.{{{size}}}).*+(?<={last})" if size else ".*"
    return re.compile(f"{first}{found}{end}", re.DOTALL)


_kept = lru_cache(maxsize=4096)(compiled)
_RUN = re.compile(r"[*?]{2,}")
_QUESTIONS = re.compile(r"(?:\\\?)+")


def _in_order(run: re.Match[str]) -> str:
    """Return a run of wildcards with all `?` first and one `*` at most: what follows the `*` then begins with a character."""
    return "?" * run[0].count("?") + "*" * ("*" in run[0])


def _as_count(run: re.Match[str]) -> str:
    return f".{{{len(run[0]) // 2}}}"


def has_wildcard(mask: str) -> bool:
    """Tell whether a mask can cover more than one text."""
    return "*" in mask or "?" in mask


def names_address(mask: str) -> bool:
    """Tell whether the host of a mask is an address, or says three of its numbers or groups: `192.0.2.*`, `2001:db8:1:*`.

    Only such a mask is compared with addresses that a cloak hides. With `*!*@1*` an operator of a channel could find out an
    address digit by digit; this way it must be known, or nearly.
    """
    return bool(_ADDRESS.fullmatch(mask.rpartition("@")[2]))


def complete(mask: str) -> str:
    """Return a mask as `nick!user@host`, with `*` for what was left out; runs of `*` become one."""
    nick, bang, rest = mask.partition("!")
    if bang:
        user, _, host = rest.partition("@")
    elif "@" in nick:
        nick, (user, _, host) = "", nick.partition("@")
    elif "." in nick or ":" in nick:
        nick, user, host = "", "", nick
    else:
        user, host = "", ""
    full = f"{nick or '*'}!{user or '*'}@{host or '*'}"
    while "**" in full:
        full = full.replace("**", "*")
    return full
