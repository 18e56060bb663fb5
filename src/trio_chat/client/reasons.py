"""Reasons of refusals, by numeric or FAIL code: what happened, and what the user can do next.

For a code that is not in these tables, the server's own words are shown.
"""

from trio_chat.i18n import N_, _
from trio_chat.irc import numerics

_NICK: dict[str, str] = {
    numerics.ERR_NONICKNAMEGIVEN: N_("A nickname is needed."),
    numerics.ERR_ERRONEUSNICKNAME: N_(
        'The server does not allow the nickname "{name}": begin with a letter, use letters and'
        " digits, and keep it short."
    ),
    numerics.ERR_NICKNAMEINUSE: N_(
        'The nickname "{name}" is in use by someone else. Choose another.'
    ),
    numerics.ERR_BANNICKCHANGE: N_(
        "You are banned or muted in a channel, and cannot change your nickname while you are in it."
    ),
    numerics.ERR_NICKCOLLISION: N_(
        'The nickname "{name}" is in use on another server. Choose another.'
    ),
    numerics.ERR_UNAVAILRESOURCE: N_(
        'The nickname "{name}" is not free yet. Choose another, or try again in a few minutes.'
    ),
    numerics.ERR_NICKTOOFAST: N_(
        "You are changing your nickname too fast. Wait a little and try again."
    ),
    numerics.ERR_NONICKCHANGE: N_(
        "This channel does not allow changing nicknames while you are in it."
    ),
    numerics.ERR_RESTRICTED: N_("Your connection is restricted: you may not change your nickname."),
    "NICKNAME_RESERVED": N_(
        'The nickname "{name}" belongs to an account. If it is yours: /login {name}, then /nick'
        " {name}. If not, choose another."
    ),
}
_ACCOUNT: dict[str, str] = {
    numerics.ERR_NICKLOCKED: N_("The account {name} is locked. Ask the server's administrator."),
    numerics.ERR_SASLFAIL: N_(
        "Not logged in as {name}: check the account and the password, then try again with /login"
        " {name}."
    ),
    numerics.ERR_SASLTOOLONG: N_("The password is too long."),
    numerics.ERR_SASLABORTED: N_("The login as {name} was aborted. Try again with /login {name}."),
    numerics.ERR_SASLALREADY: N_("You are logged in already."),
    numerics.RPL_SASLMECHS: N_("The server and this program have no login method in common."),
    "NOT_ENCRYPTED": N_(
        "Not logged in as {name}: the connection is not encrypted, and a password that is kept is"
        " not sent where it can be read. /login {name} asks for it."
    ),
    "LOST": N_("The connection ended before the server answered. Try again when it is back."),
    "NO_ACCOUNTS": N_("This server has no accounts."),
    "NO_SPACES": N_("This server accepts no passwords with spaces."),
    "ACCOUNT_EXISTS": N_("There is an account {name} already. If it is yours: /login {name}"),
    "ACCOUNT_NAME_MUST_BE_NICK": N_(
        "This server wants an account to be called like your nickname: /register"
    ),
    "ALREADY_AUTHENTICATED": N_("You are logged in already."),
    "BAD_ACCOUNT_NAME": N_("An account cannot be called {name}."),
    "DISALLOWED": N_("Accounts cannot be registered on this server."),
    "INVITATION_REQUIRED": N_("This server accepts new accounts by invitation only."),
    "INVALID_INVITATION": N_(
        "This server accepts new accounts by invitation only. Yours is missing, has expired, or was"
        " used."
    ),
    "INVALID_EMAIL": N_("This server wants an e-mail address: /register account address"),
    "UNACCEPTABLE_EMAIL": N_("The server does not take this e-mail address."),
    "WEAK_PASSWORD": N_("The password is too easy to guess. Choose a longer one."),
    "UNACCEPTABLE_PASSWORD": N_("The server does not take this password. Choose another."),
    "INVALID_CODE": N_("The code is wrong."),
    "CODE_REQUIRED": N_(
        "The account {name} asks for a code besides the password. A program that cannot ask for one"
        " uses an app password."
    ),
    "TEMPORARILY_UNAVAILABLE": N_("The server cannot do this at the moment. Try again later."),
}
_JOIN: dict[str, str] = {
    numerics.ERR_NOSUCHCHANNEL: N_(
        "{name} cannot be joined: that is not the name of a channel. Channel names begin with #."
    ),
    numerics.ERR_TOOMANYCHANNELS: N_(
        "{name} cannot be joined: you are in too many channels. Leave one first with /part."
    ),
    numerics.ERR_UNAVAILRESOURCE: N_(
        "{name} cannot be joined at the moment. Try again in a few minutes."
    ),
    numerics.ERR_CHANNELISFULL: N_("{name} cannot be joined: the channel is full."),
    numerics.ERR_INVITEONLYCHAN: N_(
        "{name} cannot be joined without an invitation. Ask one of its operators to invite you."
    ),
    numerics.ERR_BANNEDFROMCHAN: N_("{name} cannot be joined: you are banned from it."),
    numerics.ERR_BADCHANNELKEY: N_(
        "{name} cannot be joined without its key. Give it: /join {name} key"
    ),
    numerics.ERR_NEEDREGGEDNICK: N_(
        "{name} can be joined only by users that are logged in: /login, then /join {name}"
    ),
    numerics.ERR_BADCHANMASK: N_(
        "{name} cannot be joined: that is not the name of a channel. Channel names begin with #."
    ),
    numerics.ERR_BADCHANNAME: N_("{name} cannot be joined: the server does not allow this name."),
}
_MESSAGE: dict[str, str] = {
    numerics.ERR_NOSUCHNICK: N_("there is nobody called {name}"),
    numerics.ERR_NOSUCHCHANNEL: N_("there is no channel {name}"),
    numerics.ERR_CANNOTSENDTOCHAN: N_("you may not write in {name}"),
    numerics.ERR_TOOMANYTARGETS: N_("too many receivers"),
    numerics.ERR_NOTEXTTOSEND: N_("there is no text"),
    numerics.ERR_INPUTTOOLONG: N_("it is too long"),
    numerics.ERR_NOTONCHANNEL: N_("you are not in {name}"),
    numerics.ERR_NEEDREGGEDNICK: N_("{name} accepts messages only from users that are logged in"),
    numerics.ERR_CANNOTSENDTOUSER: N_("{name} does not accept this kind of message"),
    "SLOW_MODE": N_("{name} is in slow mode"),
    "RAID_MODE": N_("not everybody may write everything at the moment"),
    "PROBATION": N_("not everything is allowed to newcomers"),
    "MESSAGE_FILTERED": N_("a filter does not let it through"),
    "MESSAGE_HELD": N_("it waits for an operator to release it; do not send it again"),
    "QUOTA_EXCEEDED": N_("the server does not store it"),
    "TEMPORARILY_UNAVAILABLE": N_("the server cannot do this at the moment"),
}
_ENTRY: dict[str, str] = {
    numerics.ERR_NOPERMFORHOST: N_("The server does not accept connections from your address."),
    numerics.ERR_PASSWDMISMATCH: N_(
        "The server's password is missing or wrong. Check it and connect again."
    ),
    numerics.ERR_YOUREBANNEDCREEP: N_("You are banned from this server. Ask its administrator."),
    numerics.ERR_YOUWILLBEBANNED: N_(
        "You are about to be banned from this server. Ask its administrator."
    ),
    "ACCOUNT_REQUIRED": N_("This server accepts only users that log in to an account."),
}
_OTHER: dict[str, str] = {
    numerics.ERR_NOSUCHNICK: N_("There is nobody called {name}."),
    numerics.ERR_NOSUCHCHANNEL: N_("There is no channel {name}."),
    numerics.ERR_CANNOTSENDTOCHAN: N_("You may not write in {name}."),
    numerics.ERR_UNKNOWNCOMMAND: N_("The server does not know the command {name}."),
    numerics.ERR_USERNOTINCHANNEL: N_("{name} is not in that channel."),
    numerics.ERR_NOTONCHANNEL: N_("You are not in {name}. Join it first: /join {name}"),
    numerics.ERR_USERONCHANNEL: N_("{name} is in that channel already."),
    numerics.ERR_NEEDMOREPARAMS: N_("{name} needs more parameters."),
    numerics.ERR_UNKNOWNMODE: N_("The server does not know the mode {name}."),
    numerics.ERR_CHANOPRIVSNEEDED: N_("Your rank in {name} is too low for that."),
    numerics.ERR_WASNOSUCHNICK: N_("Nobody was called {name} lately."),
    numerics.ERR_NEEDREGGEDNICK: N_("{name}: only users that are logged in may do that: /login"),
    numerics.ERR_BANLISTFULL: N_("A list of {name} is full: take something off it first."),
    numerics.ERR_INVALIDKEY: N_("{name} cannot have such a key."),
    numerics.ERR_INVALIDMODEPARAM: N_("{name}: a mode cannot have this value."),
    numerics.ERR_UMODEUNKNOWNFLAG: N_("The server does not know the mode {name}."),
    numerics.ERR_HELPNOTFOUND: N_("The server has no help about {name}."),
    numerics.ERR_TOOMANYKNOCK: N_("You have knocked at {name} already. Wait a little."),
    numerics.ERR_CHANOPEN: N_("{name} is open: /join {name}"),
    numerics.ERR_KNOCKONCHAN: N_("You are in {name} already."),
    "NICKNAME_RESERVED": _NICK["NICKNAME_RESERVED"],
}
_ABOUT_NOBODY: dict[str, str] = {
    numerics.ERR_NOPRIVILEGES: N_("Only operators of the server may do that."),
    numerics.ERR_PASSWDMISMATCH: N_(
        "You were not made an operator: check the name and the password."
    ),
    numerics.ERR_NOOPERHOST: N_(
        "You were not made an operator: this server has none of that name for you."
    ),
    numerics.ERR_UMODEUNKNOWNFLAG: N_("The server does not know this mode of users."),
    numerics.ERR_USERSDONTMATCH: N_("You cannot change the modes of another user."),
}
"""Errors after registration that name no target."""
_SERVICES = frozenset(("NICKSERV", "CHANSERV", "INVITATION"))
"""What commands such as `/at` and `/pin` ask, which only this server has everywhere."""
_TRANSLATION: dict[str, str] = {
    "NO_TRANSLATION": N_("This server does not translate messages."),
    "LOST": N_("The connection ended before the translation came. Try again when it is back."),
    "TOO_LONG": N_("This text is too long to be translated so: translate it in parts."),
    "UNKNOWN_MSGID": N_(
        "This message cannot be translated: it was deleted, or you cannot read it any more."
    ),
    "UNKNOWN_LANGUAGE": N_("Messages cannot be translated into this language."),
    "NOTHING_TO_TRANSLATE": N_("There is no text to translate."),
    "RATE_LIMITED": N_("You have asked for many translations. Try again in a minute."),
    "REFUSED": N_(
        "The translation service does not take this text: it is too long, or in a language that"
        " the service does not know."
    ),
    "TEMPORARILY_UNAVAILABLE": N_("There is no translation at the moment. Try again later."),
}
_EXPLAINED = frozenset(
    (
        numerics.ERR_SASLFAIL,
        "BAD_ACCOUNT_NAME",
        "WEAK_PASSWORD",
        "UNACCEPTABLE_PASSWORD",
        "TEMPORARILY_UNAVAILABLE",
        "UNKNOWN_LANGUAGE",
        "SLOW_MODE",
        "RAID_MODE",
        "PROBATION",
        "MESSAGE_FILTERED",
        "QUOTA_EXCEEDED",
        numerics.ERR_INVALIDMODEPARAM,
    )
)
"""Codes whose texts by the server have more information than these."""


def _sentence(table: dict[str, str], code: str, name: str) -> str:
    known = table.get(code, "")
    return _(known).format(name=name) if known else ""


def _explained(known: str, code: str, reason: str) -> str:
    """Return a sentence with the server's own words, where these say more."""
    return f"{known} ({reason})" if known and reason and code in _EXPLAINED else known


def nick_refused(nick: str, code: str, reason: str) -> str:
    """Return why a nickname is refused and what to do."""
    return _sentence(_NICK, code, nick) or _(
        'The server refuses the nickname "{name}": {reason}'
    ).format(name=nick, reason=reason)


def join_refused(channel: str, code: str, reason: str, *, had_key: bool) -> str:
    """Return why a channel cannot be joined."""
    if had_key and code in (numerics.ERR_INVITEONLYCHAN, numerics.ERR_BADCHANNELKEY):
        return _(
            "{name} cannot be joined: the invitation or key is wrong, has expired, was used up, or"
            " was revoked. Ask whoever gave it to you for a new one."
        ).format(name=channel)
    return _sentence(_JOIN, code, channel) or _("{name} cannot be joined: {reason}").format(
        name=channel, reason=reason
    )


def message_refused(target: str, code: str, reason: str) -> str:
    """Return why a message was not delivered, as a clause."""
    return _explained(_sentence(_MESSAGE, code, target), code, reason) or reason


def account_refused(account: str, code: str, reason: str) -> str:
    """Return why the user was not logged in, or an account was not registered. A login by single
    sign-on names no account.
    """
    is_nobody = not account and "{name}" in _ACCOUNT.get(code, "")
    known = _("You were not logged in.") if is_nobody else _sentence(_ACCOUNT, code, account)
    if known and is_nobody and reason:
        return f"{known} ({reason})"
    return _explained(known, code, reason) or reason or _("The server did not do it.")


def translation_refused(code: str, reason: str) -> str:
    """Return why there is no translation, and what to do."""
    known = _sentence(_TRANSLATION, code, "")
    return _explained(known, code, reason) or reason


def not_let_in(code: str, reason: str) -> str:
    """Return why the server refuses the connection."""
    known = _sentence(_ENTRY, code, "")
    if known:
        return f"{known} ({reason})" if reason and code != "ACCOUNT_REQUIRED" else known
    return _("The server does not let you in: {reason}").format(reason=reason)


def other_error(code: str, about: str, reason: str) -> str:
    """Return the text of any other error reply."""
    if code == numerics.ERR_UNKNOWNCOMMAND and about.upper() in _SERVICES:
        return _("This server cannot do that: it has no services that would.")
    known = _sentence(_OTHER, code, about) if about else _sentence(_ABOUT_NOBODY, code, "")
    return _explained(known, code, reason) or (f"{about}: {reason}" if about else reason)
