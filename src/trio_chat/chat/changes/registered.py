"""Changes of registered channels: owner, access, ranks that ChanServ gives, retention."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change


@dataclass(frozen=True, slots=True)
class ChannelRegistered(Change):
    """A channel comes to belong to the account of a member, which becomes its founder."""

    channel: str
    by: str


@dataclass(frozen=True, slots=True)
class ChannelTransferred(Change):
    """A registered channel comes to belong to another account, by its number."""

    channel: str
    account: int


@dataclass(frozen=True, slots=True)
class ChannelDropped(Change):
    """A registered channel belongs to nobody any longer."""

    channel: str


@dataclass(frozen=True, slots=True)
class AccessSet(Change):
    """An account, by its number, gets a rank on joining a registered channel; with "" none."""

    channel: str
    account: int
    rank: str


@dataclass(frozen=True, slots=True)
class RetentionSet(Change):
    """Messages of a registered channel are kept for so many days; see `Registration.history`."""

    channel: str
    days: int | None


@dataclass(frozen=True, slots=True)
class RankSet(Change):
    """ChanServ gives a member of a channel a rank, or takes it."""

    channel: str
    user: str
    letter: str
    adding: bool
