"""Refusals of the rules of the chat, in the language of a command or an HTTP request.

The rules speak English, as IRC does, and know nothing of languages. Here are the sentences by which
they refuse what commands and HTTP requests ask for, with names for their values: a sentence that
one of them describes is translated, and any other one stays as it is.
"""

import re
from functools import cache

from trio_chat.i18n import N_, _

_SENTENCES = (
    # Modes of channels
    N_("No such nick/channel"),
    N_("They aren't on that channel"),
    N_("Not enough parameters"),
    N_("Channel list is full"),
    N_("Key is not well-formed"),
    N_("The limit is a number from 1 to 999999999"),
    N_("The seconds between two messages are a number from 1 to {most}"),
    N_("There is no such channel to forward to"),
    N_("{what}: only in bans and exceptions"),
    N_("This server has no public archive ([archive] enabled)"),
    N_("Only a registered channel can be public: /msg ChanServ REGISTER"),
    N_("{name} cannot be public, as no address of a page can have this name"),
    # Masks
    N_("This is neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/64: {address}"),
    N_("{word}: is no extended ban of this server, or nothing follows it; HELP EXTBANS lists them"),
    N_(
        "The host {host} can cover nobody: addresses are hidden here, and one must be known up to"
        " its last number to be named, such as 192.0.2.*, 192.0.2.0/24 or 2001:db8:1::/48"
    ),
    N_("The host {host} can cover nobody: it is an address or a cloak here, never a name"),
    N_("The nickname {nick} can cover nobody: no nickname is like that"),
    N_("The nickname {nick} can cover nobody: no account is like that"),
    N_("The user name {user} can cover nobody: none is like that"),
    N_("The mask {mask} would cover nearly everybody; it needs {least} letters or digits"),
    N_("The network {network} is too wide; the widest one is a /{widest}"),
    # Filters
    N_("A pattern has at most {most} characters"),
    N_("A pattern has one to {most} words"),
    N_("A pattern has letters, digits and *; or it is link, or link:<host>"),
    N_("A pattern has at least two letters, else nearly each message has it"),
    N_("After link: stands a host, as in link:example.org"),
    N_("A filter has an action (refuse, hold, flag or allow) and a pattern"),
    N_("There is no place {place}; the places are {places}"),
    N_("Only links can be allowed, as in allow link:example.org"),
    N_("There are {most} filters already; remove some first"),
    N_("Raid mode is for at most {longest}, such as 30m or 2h"),
    N_("The channel {name} is gone; the message {number} can only be dropped"),
    N_("The channel {name} has a longer name now, for which the message is too long"),
    # Webhooks and messages of programs
    N_("A name has up to {most} letters, digits or -, and is not that of a service"),
    N_("A secret has up to {most} characters of ASCII, without spaces"),
    N_("Only a webhook with a URL has filters"),
    N_("A filter has up to {most} values of up to {length} characters"),
    N_("There is no event {event}; the events are {events}"),
    N_("An address has up to {most} characters of ASCII"),
    N_("An address is like https://example.org/path, without a user and a #"),
    N_("the name {name} is banned from {channel}"),
    N_("the disk of this server is nearly full"),
    # Files
    N_("The file is empty"),
    N_("The file is larger than {size}, which is the limit here"),
    N_("The file is damaged: its private metadata cannot be removed"),
    N_("Your quota is used up: delete messages with files, or ask an operator"),
    N_("Your quota is used up, or your account was deleted"),
    N_("This server has no room for more files: tell an operator"),
    N_("The disk of this server is nearly full: tell an operator"),
    N_("The disk of this server is full"),
    N_("Files cannot be stored at the moment"),
    N_("You are uploading several files already: wait for one of them"),
    N_("Many files are being uploaded: try again in some seconds"),
    N_("Many files were uploaded: try again in {duration}"),
    N_("You cannot upload files yet, as the account is new"),
    N_("You cannot upload files yet, as you are new here without an account"),
    N_("Only operators of this server may upload files"),
    N_("Log in to an account to upload files"),
)
_VALUE = re.compile(r"\\\{([a-z]+)\\\}")


def translated(sentence: str) -> str:
    """Return what a rule says in the language of this task.

    Args:
        sentence: of the rule, in English.
    """
    for pattern, form in _forms():
        if (match := pattern.fullmatch(sentence)) is not None:
            return _(form).format(**match.groupdict())
    return sentence


@cache
def _forms() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(_VALUE.sub(r"(?P<\1>.+)", re.escape(form)), re.DOTALL), form)
        for form in _SENTENCES
    )
