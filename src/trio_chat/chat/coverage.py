"""Coverage of masks: a mask that can match no user is refused, as a ban without effect is worse
than none.

A host is an address or a cloak here, never a DNS name.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from trio_chat.chat.cloaks import ACCOUNT_PREFIX, SUFFIX
from trio_chat.irc import extbans, masks
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.masks import BadMask
from trio_chat.irc.names import RELAY_SEPARATOR, InvalidName, fold_nick

_GROUP: Final = re.compile("[0-9a-fA-F*?]*")
"""What can precede the first colon of an IPv6 address."""
_WILDCARDS: Final = re.compile("[*?]")
_USERNAME: Final = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)
_NICK: Final = re.compile(r"[A-Za-z0-9\[\]\\`_^{|}-]*", re.ASCII)
_DIGITS: Final = frozenset("0123456789")
_HEX: Final = _DIGITS | frozenset("abcdef")
_BASE32: Final = frozenset("abcdefghijklmnopqrstuvwxyz234567")

Step = tuple[frozenset[str] | None, bool]
"""Characters (None: those of nicknames) of which there is one, or any number."""


def _text(text: str) -> list[Step]:
    return [(frozenset(char), False) for char in text]


_DECIMAL: Final[list[Step]] = [(_DIGITS, False), (_DIGITS, True)]
_ADDRESSES: Final[tuple[list[Step], ...]] = (
    [*(step for _ in range(3) for step in (*_DECIMAL, *_text("."))), *_DECIMAL],
    [(_HEX, True), *_text(":"), (_HEX | {":"}, True)],
)
_CLOAKS: Final[tuple[list[Step], ...]] = (
    [(_BASE32 | {"."}, True), *_text(f".{SUFFIX}")],
    [*_text(ACCOUNT_PREFIX), (None, True)],
)
"""How hosts are written."""
_LARGEST_NUMBER: Final = 255
"""Of an IPv4 address."""


def overlaps(mask: str, steps: Sequence[Step]) -> bool:
    """Return whether a glob covers any of the texts that are written so."""
    seen, found = set[tuple[int, int]](), [(0, 0)]
    while found:
        place = found.pop()
        if place == (len(mask), len(steps)):
            return True
        if place not in seen:
            seen.add(place)
            found.extend(_next(mask, steps, *place))
    return False


def _next(mask: str, steps: Sequence[Step], at: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of positions in a glob and in steps that are reachable without a character,
    or with one that both accept.
    """
    is_run = mask[at : at + 1] == "*"
    if is_run:
        yield at + 1, step
    if step == len(steps):
        return
    chars, repeats = steps[step]
    if repeats:
        yield at, step + 1
    if at < len(mask) and (
        mask[at] in "*?" or (_is_of_nick(mask[at]) if chars is None else mask[at] in chars)
    ):
        yield at if is_run else at + 1, step if repeats else step + 1


def _is_of_nick(text: str) -> bool:
    """Return whether the characters of a text can be in a nickname; beyond ASCII they are not
    looked at.
    """
    return bool(_NICK.fullmatch("".join(filter(str.isascii, text))))


def check(mask: str, lengths: Lengths) -> None:
    """Raise `BadMask` if a complete mask can cover no user of this server.

    Args:
        mask: `nick!user@host`.
        lengths: the maximum lengths of names.
    """
    nick, user, host = _parts(mask)
    _check_nick(nick, lengths.nick)
    _check_rest(user, host, lengths)


def check_entry(text: str, lengths: Lengths, *, hides_addresses: bool) -> None:
    """Raise `BadMask` if a mask of a channel's list can cover no user.

    Args:
        text: the mask as it was written; see `irc.extbans`.
        lengths: the maximum lengths of names.
        hides_addresses: whether cloaks hide addresses, so that a mask can only name an address that
            is nearly complete.
    """
    parsed = extbans.parse(text)
    if parsed.subject == extbans.ACCOUNT:
        _check_nick(parsed.mask, lengths.nick, "account")
    if parsed.subject:
        return
    if _looks_like_extban(parsed.mask):
        word = parsed.mask.partition(":")[0]
        raise BadMask(
            f"{word}: is no extended ban of this server, or nothing follows it; HELP EXTBANS lists"
            " them"
        )
    mask = masks.complete_mask(parsed.mask)
    nick, user, host = _parts(mask)
    if RELAY_SEPARATOR not in nick and not _may_begin_with_digit(nick):
        _check_nick(nick, lengths.nick)
    _check_rest(user, host, lengths)
    if (
        hides_addresses
        and not masks.parse_mask(mask.lower()).by_address
        and not _overlaps_any(host, _CLOAKS)
    ):
        raise BadMask(
            f"The host {host} can cover nobody: addresses are hidden here, and one must be known up"
            " to its last number to be named, such as 192.0.2.*, 192.0.2.0/24 or 2001:db8:1::/48"
        )


def _looks_like_extban(mask: str) -> bool:
    """Return whether a mask has a colon that is of no address."""
    word, colon, rest = mask.partition(":")
    return bool(colon) and not (set(mask) & set("!@")) and not (rest and _GROUP.fullmatch(word))


def _parts(mask: str) -> tuple[str, str, str]:
    nick, _, rest = mask.partition("!")
    user, _, host = rest.partition("@")
    return nick, user, host


def _may_begin_with_digit(nick: str) -> bool:
    """Return whether a mask may match the name of a user of another network (`7up/discord`,
    RELAYMSG).
    """
    return nick[:1].isdigit() and masks.has_wildcard(nick)


def _check_nick(nick: str, longest: int, what: str = "nickname") -> None:
    literal = _WILDCARDS.sub("", nick)
    is_good = len(literal) <= longest and _is_of_nick(literal)
    if nick[:1] not in ("*", "?") and is_good:
        is_good = not (nick[0].isdigit() or nick[0] == "-")
    if is_good and literal == nick:
        try:
            fold_nick(nick, longest)
        except InvalidName:
            is_good = False
    if not is_good:
        raise BadMask(f"The nickname {nick} can cover nobody: no {what} is like that")


def _check_rest(user: str, host: str, lengths: Lengths) -> None:
    literal = _WILDCARDS.sub("", user)
    if not _USERNAME.fullmatch(literal) or len(literal) > lengths.username:
        raise BadMask(f"The user name {user} can cover nobody: none is like that")
    if (
        masks.host_network(host) is None
        and not _overlaps_any(host, _CLOAKS)
        and not _may_be_address(host)
    ):
        raise BadMask(
            f"The host {host} can cover nobody: it is an address or a cloak here, never a name"
        )


def _may_be_address(host: str) -> bool:
    """Return whether a host is an address, or a glob that covers one; 999.1.1.1 and 300.1.* are
    not.
    """
    if not masks.has_wildcard(host):
        return parse_address(host) is not None
    is_too_large = any(
        len(number) > 3 or int(number) > _LARGEST_NUMBER
        for number in host.split(".")
        if number.isdecimal()
    )
    return _overlaps_any(host, _ADDRESSES) and not is_too_large


def _overlaps_any(host: str, ways: Sequence[Sequence[Step]]) -> bool:
    return any(overlaps(host.lower(), steps) for steps in ways)
