"""RPL_ISUPPORT (005) as a client needs it: the features of a server, with defaults until it
announces them.
"""

from collections.abc import Iterable, Sequence

from trio_chat.irc import extbans, modes
from trio_chat.irc.calls import is_base
from trio_chat.irc.casemapping import fold_function
from trio_chat.irc.isupport import CALL, mode_types, parse_prefix, unescape
from trio_chat.irc.modes import ModeType

_DEFAULT_CHANMODES = "beIq,k,l"
_QUIET = "q"
"""The list mode that mutes on charybdis, Solanum and their relatives."""
_MUTE_EXTBANS = {"": extbans.MUTE, "$": extbans.MUTE, "~": "q"}
"""The letter of the extended ban that mutes, by the prefix that EXTBAN announces: InspIRCd, Ergo
and this server have no prefix, ircd-hybrid has `$`. After `~` (UnrealIRCd, Nefarious) `m` means
something else.
"""


class Features:
    """The features of one server, read from the tokens of RPL_ISUPPORT as they come.

    Attributes:
        network: the name of the network, "" for none.
        chantypes: the characters that the names of channels begin with.
        ranks: the letters of the ranks in a channel, the highest first.
        prefixes: their signs, in the same order.
        history_limit: how many messages CHATHISTORY returns at most; 0 for no limit.
        reference_types: the types of message references that CHATHISTORY takes.
        fold: the function that folds a name for comparison.
        filehost: the address for uploads, "" for none.
        call_base: the address that rooms for calls are under, "" for none.
        has_upload_tokens: whether TOKEN gives tokens for that (IRCv3 `draft/authtoken`).
        bot_mode: the letter of the user mode of bots (IRCv3 bot-mode), "" for none.
        has_whox: whether WHO takes fields (WHOX).
        account_extban: what precedes an account in a mask (IRCv3 account-extban), "" for none.
        mute: the list mode that mutes, and what precedes its masks; None when there is none.
    """

    def __init__(self) -> None:
        self.network = ""
        self.chantypes = "#&"
        self.ranks = "qaohv"
        self.prefixes = "~&@%+"
        self.history_limit = 0
        self.reference_types: tuple[str, ...] = ("msgid", "timestamp")
        self.mute: tuple[str, str] | None = None
        self.filehost = ""
        self.call_base = ""
        self.has_upload_tokens = False
        self.bot_mode = ""
        self._casemapping = "rfc1459"
        self._utf8mapping = ""
        self._chanmodes = ""
        self.has_whox = False
        self.account_extban = ""
        self._extban = ""
        self._account_extban = ""
        self.fold = fold_function(self._casemapping)
        self._mode_types = mode_types(_DEFAULT_CHANMODES, self.ranks)

    def read(self, tokens: Iterable[str]) -> None:
        """Take over the tokens of one line; unknown ones are ignored, `-NAME` takes NAME back."""
        for token in tokens:
            name, _, value = token.partition("=")
            match name:
                case "NETWORK":
                    self.network = unescape(value)
                case "CHANTYPES":
                    self.chantypes = value
                case "PREFIX":
                    signs = parse_prefix(value)
                    self.ranks, self.prefixes = "".join(signs), "".join(signs.values())
                case "CHANMODES" if value.count(",") >= 2:
                    self._chanmodes = value
                case "EXTBAN" | "-EXTBAN":
                    self._extban = value
                case "CHATHISTORY" if value.isascii() and value.isdigit():
                    self.history_limit = int(value[:9])
                case "MSGREFTYPES":
                    self.reference_types = tuple(value.split(","))
                case "draft/FILEHOST" | "soju.im/FILEHOST" | "-draft/FILEHOST":
                    self.filehost = unescape(value)
                case "draft/AUTHTOKEN" | "-draft/AUTHTOKEN":
                    self.has_upload_tokens = name[0] != "-"
                case "BOT" | "-BOT":
                    self.bot_mode = value[:1]
                case _:
                    self._read_rarer(name, value)
        self.fold = fold_function(self._casemapping, self._utf8mapping)
        self._mode_types = mode_types(self._chanmodes or _DEFAULT_CHANMODES, self.ranks)
        self.mute = self._find_mute()
        sign, name = self._extban.partition(",")[0], self._account_extban.partition(",")[0]
        self.account_extban = f"{sign}{name}:" if name else ""

    def _read_rarer(self, name: str, value: str) -> None:
        if name == "CASEMAPPING":
            self._casemapping = value
        elif name in ("UTF8MAPPING", "-UTF8MAPPING"):
            self._utf8mapping = value
        elif name.removeprefix("-") == "ACCOUNTEXTBAN":
            self._account_extban = value
        elif name.removeprefix("-") == "WHOX":
            self.has_whox = name[0] != "-"
        elif name.removeprefix("-") == CALL:
            base = unescape(value)
            self.call_base = base if is_base(base) else ""

    def _find_mute(self) -> tuple[str, str] | None:
        if self._chanmodes and self._mode_types.get(_QUIET) is ModeType.LIST:
            return _QUIET, ""
        prefix, _, letters = self._extban.partition(",")
        letter = _MUTE_EXTBANS.get(prefix)
        return (modes.BAN, f"{prefix}{letter}:") if letter and letter in letters else None

    def rank_changes(self, words: Sequence[str]) -> list[tuple[str, str, bool]]:
        """Return the changes of ranks in the parameters of MODE after its target.

        Returns: for each change the nickname, the sign of the rank, and whether the member has it
            now.
        """
        if not words:
            return []
        return [
            (nick, self._sign(letter), adding)
            for adding, letter, nick in modes.split_changes(words[0], words[1:], self._mode_types)
            if nick is not None and self._mode_types.get(letter) is ModeType.MEMBER
        ]

    def sorted_ranks(self, prefixes: Iterable[str]) -> str:
        """Return prefixes, the highest first."""
        return "".join(prefix for prefix in self.prefixes if prefix in prefixes)

    def _sign(self, letter: str) -> str:
        position = self.ranks.index(letter)
        return self.prefixes[position : position + 1]

    def same(self, one: str, other: str) -> bool:
        """Return whether two names are one name on this server."""
        return one == other or self.fold(one) == self.fold(other)

    def is_channel(self, target: str) -> bool:
        """Return whether a target is written like a channel."""
        return target[:1] != "" and target[0] in self.chantypes
