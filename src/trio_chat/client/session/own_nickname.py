"""The nickname of this client on one connection, and the one that it wants."""

from trio_chat.client.session.effects import Effects
from trio_chat.client.session.features import Features


class OwnNickname:
    """The nickname.

    Args:
        nick: the nickname to ask for first.
        wanted: the nickname to take back as soon as it is free; "" means `nick`.
        effects: where NICK is sent.
        features: of the server.

    Attributes:
        current: the nickname that the client has, or asks for before registration.
        wanted: the nickname that the client wants to have.
        asked: the nickname in the latest NICK of this client.
        refused: the nickname that the server refused last, "" after another NICK with it.
        is_taking_back: whether the latest NICK was sent by itself, so that a refusal of it is not
            reported.
        source: the `nick!user@host` that others see; "" until the server shows it.
        is_registered: whether the connection is registered (RFC 2812 §3.1).
    """

    def __init__(self, nick: str, wanted: str, effects: Effects, features: Features) -> None:
        self.current = nick
        self.wanted = wanted or nick
        self.asked = nick
        self.refused = ""
        self.is_taking_back = False
        self.source = ""
        self.is_registered = False
        self._effects = effects
        self._features = features

    def is_me(self, nick: str) -> bool:
        """Return whether a nickname is that of this client."""
        return self._features.same(nick, self.current)

    def registered(self, nick: str) -> None:
        """Note that the server has completed the registration under a nickname, which it may have
        cut; "" for the one that was asked for.
        """
        self.is_registered = True
        self.current = nick or self.current
        if self.asked == self.wanted:
            self.wanted = self.current

    def ask(self, nick: str) -> None:
        """Send NICK; before registration the nickname counts as that of this client."""
        self._effects.send("NICK", nick)
        self.asked = nick
        if self._features.same(nick, self.refused):
            self.refused = ""  # else a second answer to the former NICK may be on its way
        if not self.is_registered:
            self.current = nick

    def change(self, nick: str) -> None:
        """Ask for a nickname, and want it from now on."""
        self.wanted = nick
        self.is_taking_back = False
        self.ask(nick)

    def take_back(self) -> None:
        """Ask again for the wanted nickname; a refusal of this is not reported."""
        self.is_taking_back = True
        self.ask(self.wanted)

    def freed(self, nick: str) -> None:
        """Take the wanted nickname back if it is this one, which nobody has any longer."""
        if self._features.same(nick, self.wanted):
            self.take_back()

    def changed(self, old: str, new: str) -> None:
        """Note that this client has another nickname, whether it asked for that or not."""
        self.current = new
        self.is_taking_back = False
        if not self._features.same(new, self.asked):
            self.wanted = new  # the server changed it; contending with the server would never end
        self.source = self.source.replace(old, new, 1)
