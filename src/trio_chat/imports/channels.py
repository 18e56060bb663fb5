"""Names of imported channels: legal, distinct, and as the operator maps them."""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from trio_chat.imports import messages
from trio_chat.imports.messages import Skipped, SourceChannel
from trio_chat.imports.source_ids import digest
from trio_chat.irc.names import CHANTYPES, InvalidName, fold_channel, fold_or_self

_FORBIDDEN = re.compile(r"[\s,\x00-\x20\x7f:]+")


class ChannelName(NamedTuple):
    """The name of a channel here, as shown and folded."""

    name: str
    folded: str


class ChannelNames:
    """The names of all channels of an import.

    Args:
        mapping: names here, which are valid, by names and keys at the source.
        longest: the most characters of a name.
        only_mapped: whether the other channels are left out.
    """

    def __init__(
        self, mapping: Mapping[str, str], longest: int, *, only_mapped: bool = False
    ) -> None:
        self._mapping = {name.removeprefix(CHANTYPES): value for name, value in mapping.items()}
        self._longest = longest
        self.only_mapped = only_mapped
        # By folded name; those of the mapping are for the channels that it names.
        self._keys = {fold_or_self(name): "" for name in mapping.values()}
        self.found: dict[str, tuple[SourceChannel, ChannelName | Skipped]] = {}
        """All channels so far, by key."""

    def of(self, channel: SourceChannel) -> ChannelName | Skipped:
        """Return the name of a channel here, or why it is not imported."""
        if channel.key not in self.found:
            self.found[channel.key] = (channel, self._name(channel))
        return self.found[channel.key][1]

    def _name(self, channel: SourceChannel) -> ChannelName | Skipped:
        number = channel.key.rpartition(":")[2].removeprefix(CHANTYPES)
        for name in (channel.key, number, channel.name):
            chosen = self._mapping.get(name)
            if chosen is not None:
                return ChannelName(chosen, fold_channel(chosen, self._longest))
        if channel.is_private:
            return Skipped(messages.PRIVATE)
        if self.only_mapped:
            return Skipped(messages.NOT_CHOSEN)
        return self._legal(channel)

    def _legal(self, channel: SourceChannel) -> ChannelName | Skipped:
        text = unicodedata.normalize("NFKC", channel.name)
        plain = "".join(char for char in text if char.isalnum() or char in "-_")
        mark = f"-{digest(channel.key)}"
        for candidate in (text, plain, f"imported{mark}"):
            shown = f"#{_FORBIDDEN.sub('-', candidate).strip('-')}"[: self._longest]
            for name in (shown, f"{shown[: self._longest - len(mark)]}{mark}"):
                try:
                    folded = fold_channel(name, self._longest)
                except InvalidName:
                    break
                if self._keys.setdefault(folded, channel.key) == channel.key:
                    return ChannelName(name, folded)
        return Skipped(messages.DAMAGED)
