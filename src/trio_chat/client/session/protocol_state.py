"""The state of the client's protocol on one connection, and the requests of the user.

Each part has its own state and knows only what its constructor is given. The handlers of received
messages (`handlers`) pass to the parts what concerns them.
"""

from collections.abc import Mapping, Sequence

from trio_chat.client.session import ping_tokens
from trio_chat.client.session.authentication import Authentication
from trio_chat.client.session.ban_masks import BanMasks
from trio_chat.client.session.channel_state import ChannelState
from trio_chat.client.session.channel_tracker import ChannelTracker
from trio_chat.client.session.effects import Effects
from trio_chat.client.session.event_sequencer import EventSequencer
from trio_chat.client.session.events import ChannelRenamed, Event, JoinRefused, Ready
from trio_chat.client.session.features import Features
from trio_chat.client.session.history import HistoryFetcher
from trio_chat.client.session.history_request import RequestQueue
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.open_batches import OpenBatches
from trio_chat.client.session.outgoing_messages import OutgoingMessages
from trio_chat.client.session.own_nickname import OwnNickname
from trio_chat.client.session.read_markers import ReadMarkers
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.client.session.sender_filter import SenderFilter
from trio_chat.client.session.service_requests import ServiceRequests
from trio_chat.client.session.sync_state import SyncState
from trio_chat.client.session.translations import Translations
from trio_chat.client.session.upload_tokens import UploadTokens
from trio_chat.irc import capability_names, tag_names
from trio_chat.irc.message import Message
from trio_chat.irc.names import clean_username

_CAP_VERSION = "302"
"""The version of capability negotiation (IRCv3 capability-negotiation, CAP LS Version)."""
TYPING_LABEL = "typing"
"""The label of notices of typing, whose refusals are not shown."""


class ProtocolState:
    """The state of one connection.

    Args:
        nick: the nickname to ask for first.
        password: the server's password, "" for none.
        channels: channels to join at once, each with its key ("" for none).
        wanted: the nickname to take back as soon as it is free; "" means `nick`.
        sync_state: what was shown and said on earlier connections; None for nothing.
        at_join: how many messages of its history to show of a channel that is joined.
        credentials: the account to log in to at once, if any.
        sees_status: whether the interface shows who is away, so that the server is asked.
        is_private: whether nobody between client and server can read along, or the user has
            accepted that.
        ignored: the ignore list; None for an empty one.
        hides_strangers: whether private messages of strangers are hidden.
        is_bot: whether the user is marked as a bot, where the server knows that (IRCv3 bot-mode).
        may_upgrade: whether the connection is given up for an encrypted one if the server demands
            that (IRCv3 `sts`).

    Attributes:
        ready: whether everything that was requested at the start was answered.
        settled: whether the server has answered the PING behind everything sent so far.
        lag_answered: whether the server has answered the PING that measures its delay.
        shut_down: whether the server has announced that it shuts down.
        restarts: whether the server has asked for another connection, because it is restarted.
        error: the text of ERROR, None until it comes.
        fatal: the code and the text of the numeric that refuses the connection, if one has come.
        clock: the latest server-time of a live message, "" before one comes.
        status_due: folded names of the joined channels whose WHO was not answered yet.
        listed: how many entries of the current answer to LIST have come.
        listed_masks: those of the current list of masks of a channel.
    """

    ready = False
    settled = False
    lag_answered = False
    shut_down = False
    restarts = False
    error: str | None = None
    fatal: tuple[str, str] | None = None
    clock = ""
    listed = 0
    listed_masks = 0

    def __init__(
        self,
        nick: str,
        *,
        password: str = "",
        channels: Sequence[tuple[str, str]] = (),
        wanted: str = "",
        sync_state: SyncState | None = None,
        at_join: int = 0,
        credentials: LoginCredentials | None = None,
        sees_status: bool = False,
        is_private: bool = True,
        ignored: IgnoreList | None = None,
        hides_strangers: bool = False,
        may_upgrade: bool = False,
        is_bot: bool = False,
    ) -> None:
        self._may_upgrade = may_upgrade
        self.sees_status = sees_status
        self._is_bot = is_bot
        self.status_due: set[str] = set()
        self.sync_state = sync = sync_state or SyncState()
        self._password = password
        self._first_channels = tuple(channels)

        effects, features, requests = Effects(), Features(), RequestQueue()
        negotiation = Negotiation(
            login_wanted=credentials is not None,
            sees_reactions=at_join > 0,
            follows_renaming=sees_status,
        )
        own = OwnNickname(nick, wanted, effects, features)
        joined = ChannelTracker(features)
        order = EventSequencer(effects, features, joined, sync, requests)
        markers = ReadMarkers(
            effects, negotiation, features, sync, is_watched=at_join > 0, sees_status=sees_status
        )
        self._effects, self._sequencer = effects, order
        self.features, self.negotiation = features, negotiation
        self.nickname, self.channel_tracker = own, joined
        self.batches = OpenBatches()
        self.upload_tokens = UploadTokens(effects)
        self.translations = Translations(effects, negotiation)
        self.services = ServiceRequests(effects, negotiation)
        self.bans = BanMasks(effects, features)
        self.read_markers = markers
        self.senders = SenderFilter(
            ignored or IgnoreList(), features, own, joined, sync, hides_strangers=hides_strangers
        )
        self.history = HistoryFetcher(
            effects, negotiation, features, sync, requests, order, markers, at_join
        )
        self.messages = OutgoingMessages(
            effects, order.emit, negotiation, features, own, joined, sync
        )
        self.authentication = Authentication(
            effects, negotiation, features, own, credentials, is_private=is_private
        )

    @property
    def nick(self) -> str:
        """The nickname that this client has, or asks for before registration."""
        return self.nickname.current

    @property
    def registered(self) -> bool:
        """Whether the connection is registered (RFC 2812 §3.1)."""
        return self.nickname.is_registered

    @property
    def upgrade_port(self) -> int:
        """The port at which the server wants an encrypted connection instead; 0 for none."""
        return self.negotiation.sts.port if self._may_upgrade else 0

    @property
    def channels(self) -> Mapping[str, ChannelState]:
        """The channels that this client is in, by folded names."""
        return self.channel_tracker.joined

    def channel(self, name: str) -> ChannelState | None:
        """Return a channel that this client is in."""
        return self.channel_tracker.get(name)

    def is_me(self, nick: str) -> bool:
        """Return whether a nickname is that of this client."""
        return self.nickname.is_me(nick)

    # Requests of the user

    def start(self) -> None:
        """Begin: negotiate capabilities and register."""
        self.send("CAP", "LS", _CAP_VERSION)
        if self._password:
            self.send("PASS", self._password)
        self.send("NICK", self.nick)
        self.send("USER", clean_username(self.nick, 10), "0", "*", self.nick)

    def join(self, channel: str, key: str = "") -> None:
        """Ask to join a channel."""
        self.send("JOIN", channel, key) if key else self.send("JOIN", channel)
        self.channel_tracker.asked(channel, has_key=bool(key))

    def react(self, target: str, msgid: str, reaction: str, *, take_back: bool = False) -> None:
        """React to a message, or take that back (IRCv3 `draft/react`)."""
        tag = tag_names.UNREACT if take_back else tag_names.REACT
        self.put(Message("TAGMSG", (target,), tags={tag_names.DRAFT_REPLY: msgid, tag: reaction}))

    def notify_typing(self, target: str, state: str) -> None:
        """Send the state of the user's typing: `active`, `paused` or `done` (IRCv3 typing)."""
        if self.negotiation.tags and self.ready:
            tags = {tag_names.TYPING: state}
            if self.negotiation.labels:
                tags[tag_names.LABEL] = TYPING_LABEL
            self.put(Message("TAGMSG", (target,), tags=tags))

    def set_away(self, reason: str) -> None:
        """Say that the user is away, also on later connections; "" for back."""
        self.send("AWAY", *filter(None, (reason,)))
        self.sync_state.away = reason

    def mark_read(self) -> None:
        """Inform the server how far the user has read, where it keeps that."""
        self.read_markers.send(self.channels, self.authentication.account)

    def send(self, command: str, *params: str) -> None:
        """Send a message.

        Raises:
            ValueError: when a parameter cannot be written on a line.
        """
        self._effects.send(command, *params)

    def put(self, message: Message) -> None:
        """Send a message with tags.

        Raises:
            ValueError: when a parameter cannot be written on a line.
        """
        self._effects.put(message)

    # Effects

    def take_lines(self) -> list[str]:
        """Remove and return the lines to be sent."""
        return self._effects.take_lines()

    def take_events(self) -> list[Event]:
        """Remove and return the events to be reported."""
        return self._effects.take_events()

    def emit(self, event: Event) -> None:
        """Report an event in its order: behind the history that is awaited before it."""
        self._sequencer.emit(event)

    def report(self, event: Event) -> None:
        """Report an event at once."""
        self._effects.report(event)

    # Readiness

    def mark_as_bot(self) -> None:
        """Mark the user as a bot, if it is one, as soon as the server has said how."""
        if self._is_bot and self.features.bot_mode:
            self._is_bot = False
            self.send("MODE", self.nick, f"+{self.features.bot_mode}")

    def join_first_channels(self) -> None:
        """Join the channels that were requested at the start; a PING behind them shows when all
        were answered.
        """
        for name, key in self._first_channels:
            self.join(name, key)
        if self._first_channels:
            self.send("PING", ping_tokens.READY)
        self.check_ready()

    def check_ready(self, *, answered: bool = False) -> None:
        """Report once that everything requested at the start was answered."""
        is_complete = answered or not self.channel_tracker.is_joining
        if self.registered and not self.ready and is_complete:
            self.ready = True
            self.emit(Ready())
            self.history.settle()
            self.request_levels()

    def request_levels(self) -> None:
        """Ask what the account is notified of, where the interface uses that, and the server has
        it.
        """
        if (
            self.ready
            and self.sees_status
            and self.authentication.account
            and capability_names.NOTIFY in self.negotiation.enabled
        ):
            self.send("NOTIFY")

    def rename_channel(self, old: str, new: str, by: str = "", reason: str = "") -> None:
        """Report that a channel has another name, which all that is known of it follows."""
        self._sequencer.release()  # what was said under the former name
        before, after = self.features.fold(old), self.features.fold(new)
        self.channel_tracker.rename_channel(old, new)
        self.history.rename(old, new)
        self.read_markers.rename(old, new)
        if before in self.status_due:
            self.status_due.discard(before)
            self.status_due.add(after)
        self.emit(ChannelRenamed(old, new, by, reason))

    def join_renamed(self, old: str, new: str) -> bool:
        """Join a channel by its new name, if a JOIN with a former one is awaited; return whether
        that is so.
        """
        if self.channel_tracker.answered(old) is None:
            return False
        same = self.features.same
        self.rename_channel(old, new)
        if self.channel(new):
            self.check_ready()
            return True
        self.join(new, next((key for name, key in self._first_channels if same(name, old)), ""))
        return True

    def refuse_join(self, channel: str, code: str, reason: str) -> bool:
        """Report that a JOIN was refused, if one is awaited; return whether that is so."""
        had_key = self.channel_tracker.answered(channel)
        if had_key is None:
            return False
        self.emit(JoinRefused(channel, code, reason, had_key))
        self.check_ready()
        return True

    def end(self, *, returns: bool) -> None:
        """Report what the end of the connection leaves open.

        Args:
            returns: whether another connection may follow and find out what became of it.
        """
        self._sequencer.release()
        self.authentication.end()
        self.upload_tokens.end("")
        self.translations.end()
        self.services.end()
        self.messages.end(returns=returns)
