"""Credentials in typed lines: they are masked on the screen, in line histories, errors and logs. In
answers of services they are masked in logs.

Users send passwords to services as messages (`/msg NickServ IDENTIFY hunter2`), to servers as
commands (`/quote OPER ann hunter2`), and to channels as keys. Everything behind such a command
counts as secret: masking a word too many does no harm.
"""

import re

MASK = "***"
_SERVICE = re.compile(r"(?:\w*serv|q|x|l|authserv|cserve)(?:[@!].*)?", re.IGNORECASE)
"""Services that accept passwords in messages: NickServ, ChanServ, Q (QuakeNet), X (Undernet)."""
_SHORT = {
    "ns": "NickServ",
    "cs": "ChanServ",
    "nickserv": "NickServ",
    "chanserv": "ChanServ",
    "hs": "HostServ",
    "os": "OperServ",
}
"""Commands that a server turns into messages to services."""
_TO_SERVICE = re.compile(
    r"\s*(?:identify|id|sidentify|login|logon|auth|authcookie|register|group|ghost|recover|release"
    r"|regain|reclaim|link|drop|verify|confirm|passwd|password|newpass|setpass|resetpass|chgpass"
    r"|set\s+\S*pass\w*|saset\s+\S+\s+\S*pass\w*|set\s+\S+\s+\S*pass\w*|cert\s+\S+|2fa\s+\S+|hello)\b",
    re.IGNORECASE,
)
_OF_CHANNELS = re.compile(r"(?:chanserv|cs)(?:[@!].*)?", re.IGNORECASE)
"""The service of channels, whose first word is the name of one."""
_CHANNEL = re.compile(r"\s+[#&+!]\S*")
_OF_SERVER = {
    "oper": 2,
    "pass": 1,
    "authenticate": 1,
    "identify": 1,
    "login": 1,
    "auth": 1,
    "register": 3,
    "webirc": 1,
    "die": 1,
    "restart": 1,
}
"""Commands of servers, each with the index of its first secret word."""

_IN_ANSWERS = re.compile(
    r"otpauth://\S+|\b[A-Z2-7]{26,}\b|\b[a-z2-9]{4,5}(?:-[a-z2-9]{4,5}){3,}\b", re.ASCII
)
"""What our server tells its user once: the secret of an authenticator, as an address and as a key,
recovery codes, and app passwords.
"""


def is_service(target: str) -> bool:
    """Return whether a name is that of a network's service."""
    return _SERVICE.fullmatch(target) is not None


def mask_message(target: str, text: str) -> str:
    """Return a message with its credentials masked."""
    if not is_service(target):
        return text
    command = _TO_SERVICE.match(text)
    if command is None:
        return text
    shown = command.end()
    if _OF_CHANNELS.fullmatch(target) and (channel := _CHANNEL.match(text, shown)):
        shown = channel.end()
    return f"{text[:shown]} {MASK}" if text[shown:].strip() else text


def mask_answer(sender: str, text: str) -> str:
    """Return what a service has answered with its credentials masked; what others say stays."""
    return _IN_ANSWERS.sub(MASK, text) if is_service(sender) else text


def mask_line(text: str, target: str = "") -> str:
    """Return a typed line with its credentials masked.

    Args:
        text: a command, or a message.
        target: the target of messages where it was typed.
    """
    if not text.startswith("/") or text.startswith("//"):
        return mask_message(target, text)
    name, _space, rest = text[1:].partition(" ")
    name = name.lower()
    if name in ("msg", "query", "notice", "m"):
        to, _space, message = rest.lstrip().partition(" ")
        masked = mask_message(to, message)
        return text if masked == message else f"/{name} {to} {masked}"
    if name in ("quote", "raw"):
        return f"/{name} {mask_protocol(rest)}"
    if name in _SHORT:
        masked = mask_message(_SHORT[name], rest)
        return text if masked == rest else f"/{name} {masked}"
    return (
        f"/{mask_protocol(text[1:])}"
        if name in ("oper", "join", "mode", "identify", "auth", "pass", "j")
        else text
    )


def mask_protocol(line: str) -> str:
    """Return a line of the protocol with its credentials masked."""
    words = line.split(" ")
    command = words[0].lower()
    if command in ("privmsg", "notice") and len(words) > 2:
        message = " ".join(words[2:])
        masked = mask_message(words[1], message.removeprefix(":"))
        return line if masked == message.removeprefix(":") else f"{words[0]} {words[1]} :{masked}"
    if command in _SHORT:
        return f"{words[0]} {mask_message(_SHORT[command], ' '.join(words[1:]))}"
    first = _OF_SERVER.get(command)
    if command in ("join", "j"):
        first = 2
    elif command == "mode":
        first = 3 if len(words) > 3 and "k" in words[2] else None
    if first is None or not "".join(words[first:]):
        return line
    return " ".join([*words[:first], MASK])


def has_credentials(text: str, target: str = "") -> bool:
    """Return whether a typed line has credentials; see `mask_line`."""
    return mask_line(text, target) != text
