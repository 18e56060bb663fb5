"""Extended bans, one table: masks that compare something else than `nick!user@host`, or that forbid
something else than to join.

    [<act>:][<subject>:]<mask>      m:*!*@192.0.2.*    a:bob    m:a:bob

Letters and names stand for each other (`account:bob`); a mask is kept with letters. What is not in
the table is an ordinary mask, so that an IPv6 address may stand in one. ISUPPORT's EXTBAN and
ACCOUNTEXTBAN are derived (IRCv3 account-extban).
"""

from typing import NamedTuple


class Extban(NamedTuple):
    """One kind of extended ban.

    Args:
        letter: how it is kept and shown.
        name: how it may be written too.
        meaning: what it does, as help shows it.
        is_act: whether it says what is forbidden; if not, it says what the mask is compared with.
    """

    letter: str
    name: str
    meaning: str
    is_act: bool = False


ACCOUNT = "a"
MUTE = "m"
REALNAME = "r"

EXTBANS: dict[str, Extban] = {
    extban.letter: extban
    for extban in (
        Extban(ACCOUNT, "account", "a:<mask> covers who is logged in to such an account"),
        Extban(
            MUTE, "mute", "m:<mask> may join, but not speak; a mask can be of any kind", is_act=True
        ),
        Extban(REALNAME, "realname", "r:<mask> covers who has such a real name"),
    )
}
_BY_WORD = EXTBANS | {extban.name: extban for extban in EXTBANS.values()}


class ParsedExtban(NamedTuple):
    """A mask and what is before it.

    Args:
        acts: letters of what it is about; "" for everything that a list is about.
        subject: the letter of what it is compared with; "" for `nick!user@host`.
        mask: the rest.
    """

    acts: str
    subject: str
    mask: str

    @property
    def prefix(self) -> str:
        """What stands before the mask, with letters."""
        return "".join(f"{letter}:" for letter in (*self.acts, *self.subject))


def parse(text: str) -> ParsedExtban:
    """Read a mask of a ban, exception or invitation list."""
    acts = ""
    while True:
        word, colon, rest = text.partition(":")
        extban = _BY_WORD.get(word) if colon and rest else None
        if extban is None:
            return ParsedExtban(acts, "", text)
        text = rest
        if not extban.is_act:
            return ParsedExtban(acts, extban.letter, text)
        if extban.letter not in acts:
            acts += extban.letter
