"""Commands about one message: replies, reactions, deletion, pins, reports."""

from collections.abc import Sequence
from functools import partial

from trio_chat import i18n
from trio_chat.client.registry import COMMANDS, Actions, TargetMessage, channel_name, command
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.i18n import N_, _


@command(
    N_("[@nickname] text"),
    N_("answers the last message, or that of somebody; @2 is the last but one"),
    1,
    2,
    lines=True,
)
async def _reply(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=False)
    if not rest:
        await client.tell(
            _("Usage: {usage}").format(usage=COMMANDS["reply"].synopsis()), error=True
        )
    elif target_message:
        await client.answer(target_message, " ".join(rest))


@command(
    N_("[@nickname] emoji"),
    N_("reacts to the last message, or that of somebody; again: takes that back"),
    1,
    2,
)
async def _react(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=False)
    if len(rest) != 1:
        await client.tell(
            _("Usage: {usage}").format(usage=COMMANDS["react"].synopsis()), error=True
        )
    elif target_message:
        reaction, take_back = rest[0], rest[0] in target_message.reactions
        react = partial(
            ClientProtocol.react,
            target=target_message.conversation,
            msgid=target_message.msgid,
            reaction=reaction,
            take_back=take_back,
        )
        await client.do(f"/react {reaction}", react)


@command(
    N_("[@nickname] [reason]"),
    N_("deletes your last message, or that of somebody if you may"),
    0,
    2,
)
async def _redact(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=True)
    if target_message:
        reason = [" ".join(rest)] if rest else []
        await client.do(
            "/redact",
            lambda protocol: protocol.send(
                "REDACT", target_message.conversation, target_message.msgid, *reason
            ),
        )


@command(
    N_("[@nickname]"),
    N_("pins the last message of the channel, or that of somebody, if you are its operator"),
    0,
    1,
)
async def _pin(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=None)
    if rest:
        await client.tell(_("Usage: {usage}").format(usage=COMMANDS["pin"].synopsis()), error=True)
    elif target_message:
        channel, msgid = target_message.conversation, target_message.msgid
        await client.do("/pin", lambda protocol: protocol.send("CHANSERV", "PIN", channel, msgid))


@command(N_("number"), N_("takes a pin back; /pins shows the numbers"), 1, 1)
async def _unpin(client: Actions, words: list[str]) -> None:
    channel = client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do("/unpin", lambda protocol: protocol.send("CHANSERV", "UNPIN", channel, *words))


@command(N_("[#channel]"), N_("shows the pinned messages of the channel"), 0, 1)
async def _pins(client: Actions, words: list[str]) -> None:
    channel = channel_name(client, words[0]) if words else client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do("/pins", lambda protocol: protocol.send("CHANSERV", "PINS", channel))


@command(
    N_("[@nickname] reason"),
    N_(
        "reports the last message, or that of somebody, to the operators of the channel; a private"
        " one to those of the server"
    ),
    1,
    2,
)
async def _report(client: Actions, words: list[str]) -> None:
    target_message, reason = await _target_message(client, words, own=False)
    if not reason:
        await client.tell(
            _("Usage: {usage}").format(usage=COMMANDS["report"].synopsis()), error=True
        )
    elif target_message:
        conversation, msgid = target_message.conversation, target_message.msgid
        is_private = not client.is_channel(conversation)

        def send(protocol: ClientProtocol) -> None:
            # Of the private messages of a user without an account the server keeps none for it.
            lacks_message = is_private and not protocol.authentication.account
            about = (conversation,) if lacks_message else (conversation, msgid)
            service = () if is_private else ("CHANSERV",)
            protocol.send(*service, "REPORT", *about, " ".join(reason))

        await client.do("/report", send)


@command(
    N_("[@nickname] [language] | language text"),
    N_(
        "translates the last message of somebody else into your language, or a text that you are"
        " about to write"
    ),
    0,
    3,
)
async def _translate(client: Actions, words: list[str]) -> None:
    is_text = len(words) > 1 and not words[0].startswith("@")
    if is_text:
        language, text = words[0], " ".join(words[1:])
        place = client.current  # where it is about to be said
        await client.do(
            "/translate",
            lambda protocol: protocol.translations.ask_for_text(place, "", language, text),
        )
        return
    message, rest = await _target_message(client, words, own=False)
    if len(rest) > 1:
        await client.tell(
            _("Usage: {usage}").format(usage=COMMANDS["translate"].synopsis()), error=True
        )
    elif message:
        language = rest[0] if rest else i18n.language()
        ask = partial(ask_for_translation, message=message, language=language)
        await client.do("/translate", ask)


def ask_for_translation(protocol: ClientProtocol, *, message: TargetMessage, language: str) -> None:
    """Ask for the translation of a message.

    The server may not have a private message of a user without an account, so its text is sent.

    Args:
        protocol: of the connection.
        message: it.
        language: the code of the language.
    """
    place, msgid = message.conversation, message.msgid
    is_kept = protocol.features.is_channel(place) or protocol.authentication.account
    if is_kept or not message.text or "\n" in message.text:
        protocol.translations.ask_for_message(place, msgid, language)
    else:
        protocol.translations.ask_for_text(place, msgid, language, message.text)


async def _target_message(
    client: Actions, words: Sequence[str], *, own: bool | None
) -> tuple[TargetMessage | None, Sequence[str]]:
    """Return the message that the words name, and the words behind its name.

    The user is informed when there is no such message.
    """
    is_named = bool(words) and len(words[0]) > 1 and words[0].startswith("@")
    name, rest = (words[0][1:], words[1:]) if is_named else ("", words)
    target_message = client.target_message(name, own=own)
    if target_message is None:
        text = _("There is no such message here, or this server gives messages no identifiers.")
        await client.tell(text, error=True)
    return target_message, rest
