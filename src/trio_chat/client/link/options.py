"""Options of a link: what the user, the command line and the interface have decided beforehand."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """The options of one link.

    Args:
        nick: the nickname given beforehand, "" to ask or choose.
        password: the server's password, "" for none.
        interactive: whether a person is there who can be asked for a nickname.
        can_hide: whether a person can type a password that is not shown.
        sees_status: whether the interface shows who is away and who is typing.
        stays: whether the link goes on trying when the server cannot be reached at first, or has
            shut down.
        may_be_plain: whether the user has asked for a connection without encryption.
        encoding: the encoding of a line that is not UTF-8.
        hides_strangers: whether private messages of strangers are hidden.
        is_bot: whether the user is marked as a bot.
    """

    nick: str = ""
    password: str = field(default="", repr=False)
    interactive: bool = True
    can_hide: bool = True
    sees_status: bool = False
    stays: bool = False
    may_be_plain: bool = False
    encoding: str = "cp1252"
    hides_strangers: bool = False
    is_bot: bool = False
