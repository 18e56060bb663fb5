"""Why the server said no, in sentences for people: what happened and what to do next.

Keyed by numeric or FAIL code. A code that is not here is told in the server's own words.
"""

from trio_chat.i18n import N_, _

_NICK = {
    "431": N_("A nickname is needed."),
    "432": N_(
        'The server does not allow the nickname "{name}": begin with a letter, use letters and'
        " digits, and keep it short."
    ),
    "433": N_('The nickname "{name}" is in use by someone else. Choose another.'),
    "436": N_('The nickname "{name}" is in use on another server. Choose another.'),
    "437": N_(
        'The nickname "{name}" is not free yet. Choose another, or try again in a few minutes.'
    ),
    "438": N_("You are changing your nickname too fast. Wait a little and try again."),
    "447": N_("This channel does not allow changing nicknames while you are in it."),
    "484": N_("Your connection is restricted: you may not change your nickname."),
    "NICKNAME_RESERVED": N_(
        'The nickname "{name}" belongs to an account. If it is yours: /login {name}, then /nick'
        " {name}. If not, choose another."
    ),
}
_ACCOUNT = {
    "902": N_("The account {name} is locked. Ask the server's administrator."),
    "904": N_(
        "Not logged in as {name}: check the account and the password, then try again with /login"
        " {name}."
    ),
    "905": N_("The password is too long."),
    "906": N_("Logging in as {name} was broken off. Try again with /login {name}."),
    "907": N_("You are logged in already."),
    "908": N_("The server knows no way to log in that this program knows."),
    "NOT_ENCRYPTED": N_(
        "Not logged in as {name}: the connection is not encrypted, and a password that is kept is"
        " not sent where it can be read. /login {name} asks for it."
    ),
    "LOST": N_("The connection ended before the server answered. Try again when it is back."),
    "NO_ACCOUNTS": N_("This server has no accounts."),
    "NO_SPACES": N_("This server takes no password with spaces in it."),
    "ACCOUNT_EXISTS": N_("There is an account {name} already. If it is yours: /login {name}"),
    "ACCOUNT_NAME_MUST_BE_NICK": N_(
        "This server wants an account to be called like your nickname: /register"
    ),
    "ALREADY_AUTHENTICATED": N_("You are logged in already."),
    "BAD_ACCOUNT_NAME": N_("An account cannot be called {name}."),
    "DISALLOWED": N_("Accounts cannot be registered on this server."),
    "INVALID_EMAIL": N_("This server wants an e-mail address: /register account address"),
    "UNACCEPTABLE_EMAIL": N_("The server does not take this e-mail address."),
    "WEAK_PASSWORD": N_("The password is too easy to guess. Choose a longer one."),
    "UNACCEPTABLE_PASSWORD": N_("The server does not take this password. Choose another."),
    "INVALID_CODE": N_("That is not the code."),
    "TEMPORARILY_UNAVAILABLE": N_("The server cannot do this at the moment. Try again later."),
}
_JOIN = {
    "403": N_(
        "{name} cannot be joined: that is not the name of a channel. Channel names begin with #."
    ),
    "405": N_("{name} cannot be joined: you are in too many channels. Leave one first with /part."),
    "437": N_("{name} cannot be joined at the moment. Try again in a few minutes."),
    "471": N_("{name} cannot be joined: the channel is full."),
    "473": N_(
        "{name} cannot be joined without an invitation. Ask one of its operators to invite you."
    ),
    "474": N_("{name} cannot be joined: you are banned from it."),
    "475": N_("{name} cannot be joined without its key. Give it: /join {name} key"),
    "476": N_(
        "{name} cannot be joined: that is not the name of a channel. Channel names begin with #."
    ),
    "479": N_("{name} cannot be joined: the server does not allow this name."),
}
_MESSAGE = {
    "401": N_("there is nobody called {name}"),
    "403": N_("there is no channel {name}"),
    "404": N_("you may not write in {name}"),
    "407": N_("too many receivers"),
    "412": N_("there is no text"),
    "417": N_("it is too long"),
    "442": N_("you are not in {name}"),
}
_ENTRY = {
    "463": N_("The server does not accept connections from your address."),
    "464": N_("The server's password is missing or wrong. Check it and connect again."),
    "465": N_("You are banned from this server. Ask its administrator."),
    "466": N_("You are about to be banned from this server. Ask its administrator."),
}
_OTHER = {
    "401": N_("There is nobody called {name}."),
    "403": N_("There is no channel {name}."),
    "421": N_("The server does not know the command {name}."),
    "441": N_("{name} is not in that channel."),
    "442": N_("You are not in {name}. Join it first: /join {name}"),
    "443": N_("{name} is in that channel already."),
    "461": N_("{name} needs more than that."),
    "482": N_("Only operators of {name} may do that."),
    "NICKNAME_RESERVED": _NICK["NICKNAME_RESERVED"],
}
_ABOUT_NOBODY = {
    "464": N_("You were not made an operator: check the name and the password."),
    "491": N_("You were not made an operator: this server has none of that name for you."),
}
"""What is said once we are in, and names nothing."""
_EXPLAINED = frozenset(
    ("904", "BAD_ACCOUNT_NAME", "WEAK_PASSWORD", "UNACCEPTABLE_PASSWORD", "TEMPORARILY_UNAVAILABLE")
)
"""Where the server's own words say more than we can."""


def _sentence(table: dict[str, str], code: str, name: str) -> str:
    known = table.get(code, "")
    return _(known).format(name=name) if known else ""


def nick_refused(nick: str, code: str, reason: str) -> str:
    """Return why a nickname is refused and what to do."""
    return _sentence(_NICK, code, nick) or _(
        'The server refuses the nickname "{name}": {reason}'
    ).format(name=nick, reason=reason)


def join_refused(channel: str, code: str, reason: str) -> str:
    """Return why a channel cannot be joined."""
    return _sentence(_JOIN, code, channel) or _("{name} cannot be joined: {reason}").format(
        name=channel, reason=reason
    )


def message_refused(target: str, code: str, reason: str) -> str:
    """Return why a message was not delivered, as half a sentence."""
    return _sentence(_MESSAGE, code, target) or reason


def account_refused(account: str, code: str, reason: str) -> str:
    """Return why we were not logged in, or an account was not registered."""
    known = _sentence(_ACCOUNT, code, account)
    if known and code in _EXPLAINED:
        return f"{known} ({reason})" if reason else known
    return known or reason or _("The server did not do it.")


def not_let_in(code: str, reason: str) -> str:
    """Return why the server does not let us in."""
    known = _sentence(_ENTRY, code, "")
    if known:
        return f"{known} ({reason})" if reason else known
    return _("The server does not let you in: {reason}").format(reason=reason)


def other_error(code: str, about: str, reason: str) -> str:
    """Return what an error reply says that belongs to nothing else."""
    known = _sentence(_OTHER, code, about) if about else _sentence(_ABOUT_NOBODY, code, "")
    return known or (f"{about}: {reason}" if about else reason)
