"""Handlers of the connection: connected or lost, logged in or not; and of events that are only
shown.
"""

from trio_chat.client.model.buffer import BufferKind
from trio_chat.client.model.connection_state import ConnectionState
from trio_chat.client.model.handlers.table import handles
from trio_chat.client.model.server import ServerState
from trio_chat.client.session import events
from trio_chat.client.session.events import Event
from trio_chat.i18n import _
from trio_chat.irc import numerics


@handles(events.Connected)
def _connected(server: ServerState, event: events.Connected) -> None:
    server.nick, server.state, server.retry_at = event.nick, ConnectionState.CONNECTED, None
    server.is_ready = False
    server.unconfirmed_levels = set(server.levels)
    server.asks_nick = False
    server.show(server.log, event)
    if server.was_lost and server.here() is not server.log:
        server.show(server.here(), events.Note(_("The connection is back."), error=False))
    server.was_lost = False


@handles(events.Ready)
def _ready(server: ServerState, event: events.Ready) -> None:
    server.is_ready = True


@handles(events.ServerText)
def _info(server: ServerState, event: events.ServerText) -> None:
    # The first texts are for a user who wants to read them; later ones answer a request.
    server.show(server.here() if server.is_ready else server.log, event)


@handles(events.Lost)
def _lost(server: ServerState, event: events.Lost) -> None:
    server.state, server.lag, server.was_lost = ConnectionState.LOST, None, True
    for buffer in server.buffers.values():
        if buffer.is_joined and buffer.kind is BufferKind.CHANNEL:
            buffer.members.clear()
        buffer.is_loading = False
    server.results = None
    for listing in server.listings:
        listing.end(_("The connection to the server is lost."))
    server.listings.clear()
    server.show(server.log, event)
    if server.here() is not server.log:
        server.show(server.here(), event)


@handles(events.Waiting)
def _waiting(server: ServerState, event: events.Waiting) -> None:
    server.state = ConnectionState.LOST
    server.retry_at = server.now() + event.seconds
    server.show(server.log, event)


@handles(events.Connecting)
def _connecting(server: ServerState, event: events.Connecting) -> None:
    server.show(server.log, event)


@handles(events.ServerShutDown)
def _shut_down(server: ServerState, event: events.ServerShutDown) -> None:
    for buffer in {id(each): each for each in (server.log, server.here())}.values():
        server.show(buffer, event)


@handles(events.Lag)
def _lag(server: ServerState, event: events.Lag) -> None:
    server.lag = event.seconds


@handles(events.LoggedIn, events.AccountCreated)
def _logged_in(server: ServerState, event: events.LoggedIn | events.AccountCreated) -> None:
    server.account = event.account
    server.show(server.here(), event)


@handles(events.LoggedOut)
def _logged_out(server: ServerState, event: events.LoggedOut) -> None:
    server.account = ""
    server.show(server.here(), event)


@handles(events.ListedChannel)
def _list_entry(server: ServerState, event: events.ListedChannel) -> None:
    if not server.listings:
        server.show(server.here(), event)
    elif server.features.is_channel(event.channel) and "," not in event.channel:
        # Only channels that can be joined.
        server.listings[0].add(event.channel, event.users, event.topic)


@handles(events.ListEnd)
def _list_end(server: ServerState, event: events.ListEnd) -> None:
    if server.listings:
        server.listings.pop(0).end()
    else:
        server.show(server.here(), event)


@handles(events.ServerError)
def _error(server: ServerState, event: events.ServerError) -> None:
    if server.listings and event.about.upper() == "LIST":
        server.listings.pop(0).end(event.text)
    server.show(server.here(), event)


@handles(
    events.NickRefused,
    events.ChannelInvitation,
    events.InvitationLink,
    events.SearchUnknown,
    events.MustVerify,
    events.AccountRefused,
    events.Note,
)
def _here(server: ServerState, event: Event) -> None:
    server.show(server.here(), event)


@handles(events.Whois)
def _whois(server: ServerState, event: events.Whois) -> None:
    buffer = server.get(event.nick)
    if buffer and event.code == numerics.RPL_WHOISUSER:
        buffer.is_away = False  # why the user is away follows, and belongs to the answer
    server.show(server.here(), event)


@handles(events.HistoryEnd, events.UnreadStart, events.PromptChanged)
def _nothing(server: ServerState, event: Event) -> None:
    """Show nothing: the buffer and the prompt show it otherwise."""
