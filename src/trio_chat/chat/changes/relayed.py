"""Changes of messages that come from no line of a client: from a webhook, a program or a timer."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change


@dataclass(frozen=True, slots=True)
class RelayedMessage(Change):
    """A message to a channel that no client has sent; see `trio_chat.chat.relaying`.

    A second message of a sender with the same delivery id changes nothing.

    Args:
        channel: the folded name.
        name: the nickname that is shown, such as `grafana/hook`; or one that an account has.
        label: the kind of its sender, such as `hook`: the user name in the source of the message.
        text: its lines, as `multiline.join` makes them one text; each fits into a line.
        sender: identifies its sender, for the keys that follow.
        delivery: the delivery id; "" when there is none.
        thread: the key of the matter that it is about: it is a reply to the first message about
            that; "" when there is none.
        ends_thread: whether the matter is over, so that another message about it begins anew.
        tags: client-only tags, by their names.
        account: the number of the account that it is from; 0 for none.
        is_bot: whether it has the tag `bot`.
        token: for the server that waits for it; see `RelayedIds.awaited`.
    """

    channel: str
    name: str
    label: str
    text: str
    sender: str = ""
    delivery: str = ""
    thread: str = ""
    ends_thread: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    account: int = 0
    is_bot: bool = True
    token: str = ""


@dataclass(frozen=True, slots=True)
class RelayedMessageRefused(Change):
    """A relayed message could not be stored, so that it can be sent again; not in a cluster.

    Args:
        sender: see `RelayedMessage`.
        delivery: see `RelayedMessage`.
        thread: see `RelayedMessage`.
        number: the id that the message would have had.
    """

    sender: str
    delivery: str
    thread: str
    number: int


@dataclass(frozen=True, slots=True)
class RelaySenderForgotten(Change):
    """A sender is gone, with the keys of its messages."""

    sender: str
