"""Masks such as `*!*@192.0.2.*`: how ban lists, WHO and LIST say which names they mean."""

import re

_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}(?:[0-9]{1,3}|\*)|(?:[0-9a-f]{1,4}:){3}[0-9a-f:*]*", re.ASCII)


def matches(mask: str, text: str) -> bool:
    """Tell whether a glob (`*` any run, `?` any one character) covers the whole text.

    Both must be folded already. Takes at most len(mask) * len(text) steps, whatever a hostile mask looks like; that is why
    this is not a regular expression.
    """
    position = index = 0
    star = -1
    retry = 0
    while position < len(text):
        if index < len(mask) and mask[index] == "*":
            star, retry = index, position
            index += 1
        elif index < len(mask) and mask[index] in ("?", text[position]):
            index += 1
            position += 1
        elif star >= 0:
            retry += 1
            index, position = star + 1, retry
        else:
            return False
    return all(char == "*" for char in mask[index:])


def compiled(mask: str) -> re.Pattern[str]:
    """Return a glob as an expression whose `fullmatch` tells what `matches` tells, for masks that are asked again and again.

    Each run of text after a `*` is looked for once, from the left, and never again (atomic groups): where it is found first
    leaves the most room for what follows. So it takes at most len(mask) * len(text) steps too.
    """
    first, *rest = (re.escape(piece).replace(r"\?", ".") for piece in mask.split("*"))
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL)


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
