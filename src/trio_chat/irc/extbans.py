"""Extended bans: masks of another property than `nick!user@host`, or against another act than JOIN.

    [<act>:][<subject>:]<mask>      m:*!*@192.0.2.*    a:bob    m:a:bob

A name may be written for a letter (`account:bob`); masks are stored with letters. A prefix that is
not in the table belongs to an ordinary mask, which may contain an IPv6 address. EXTBAN and
ACCOUNTEXTBAN of RPL_ISUPPORT are derived from the table (IRCv3 account-extban).
"""

from typing import Final, NamedTuple


class Extban(NamedTuple):
    """One kind of extended ban.

    Args:
        letter: the form that is stored and shown.
        name: the longer form, which is accepted too.
        meaning: its effect, as help shows it.
        is_act: whether it names the forbidden act; otherwise it names what the mask is compared
            with.
    """

    letter: str
    name: str
    meaning: str
    is_act: bool = False


ACCOUNT: Final = "a"
MUTE: Final = "m"
REALNAME: Final = "r"

EXTBANS: Final[dict[str, Extban]] = {
    extban.letter: extban
    for extban in (
        Extban(ACCOUNT, "account", "a:<mask> covers users that are logged in to such an account"),
        Extban(
            MUTE,
            "mute",
            "m:<mask> covers users that may join but not speak; the mask can be of any kind",
            is_act=True,
        ),
        Extban(REALNAME, "realname", "r:<mask> covers users that have such a real name"),
    )
}
_BY_WORD: Final = EXTBANS | {extban.name: extban for extban in EXTBANS.values()}


class ParsedExtban(NamedTuple):
    """A mask and its prefixes.

    Args:
        acts: the letters of the forbidden acts; "" for the effect of the whole list.
        subject: the letter of the property that the mask is compared with; "" for `nick!user@host`.
        mask: the mask itself.
    """

    acts: str
    subject: str
    mask: str

    @property
    def prefix(self) -> str:
        """The prefixes of the mask, as letters."""
        return "".join(f"{letter}:" for letter in (*self.acts, *self.subject))


def parse(text: str) -> ParsedExtban:
    """Parse a mask of a ban, exception or invitation list."""
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
