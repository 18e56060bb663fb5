"""Conversion of imported messages to the records of the history."""

import re
import time as clock
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from trio_chat.chat.history import Record, buffer_of
from trio_chat.chat.ids import msgid
from trio_chat.config.values import LONGEST_CHANNEL
from trio_chat.imports import messages as source
from trio_chat.imports.channels import ChannelNames
from trio_chat.imports.messages import (
    MessageForm,
    Skipped,
    SourceFile,
    SourceMessage,
    irc_person,
)
from trio_chat.imports.people import Nicknames, Speaker
from trio_chat.imports.source_ids import FIRST_TIME, source_id
from trio_chat.imports.texts import MOST_PARTS, actions_of, clean_text, parts_of
from trio_chat.irc import tag_names
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import MAX_CLIENT_TAGS, NO_TAGS, format_tags, truncate
from trio_chat.irc.text import strip_controls

_AHEAD_MS = 60_000
"""Milliseconds by which the clock of the other program may have been ahead."""
_LONGEST_EMOJI = 100
_LONGEST_REASON = 300
"""Bytes of the reason of a PART or QUIT."""
_MOST_REACTIONS = 200
_MOST_MOVED = 1_000_000
"""Messages whose other times are remembered, for answers to them."""


class FileToStore(NamedTuple):
    """A file on this machine that a record links to.

    Args:
        name: the random name of the upload.
        filename: the name that readers see.
        path: where it is.
    """

    name: str
    filename: str
    path: Path


class Converted(NamedTuple):
    """The records of one message: itself, its further parts, and the reactions to it.

    Args:
        channel: the name of the channel here, or of the conversation.
        records: in order; the first one is the message.
        files: what they link to.
    """

    channel: str
    records: tuple[Record, ...]
    files: tuple[FileToStore, ...] = ()


FileLink = Callable[[SourceFile], tuple[str, FileToStore | None] | Skipped]
"""Returns the text for an attached file, and the file if it is to be stored."""


def remote_link(file: SourceFile) -> tuple[str, FileToStore | None]:
    """Return the text for a file that stays where it is."""
    return file.url or f"[{file.name}]", None


class Moments:
    """The times of messages, of which no two in a channel are the same.

    Messages of one millisecond keep the order in which their file has them, each a millisecond
    after the one before. So they keep that order here, and two digests are never compared.
    """

    def __init__(self) -> None:
        # By channel: the time in the file, the time here, and the key.
        self._last: dict[str, tuple[int, int, str]] = {}
        self._moved: dict[str, int] = {}

    def begin_file(self) -> None:
        """Forget where the messages before were: another file may have some of them again."""
        self._last.clear()

    def place(self, message: SourceMessage) -> SourceMessage:
        """Return a message with the time that it has here; and so the one that it answers."""
        before, last, key = self._last.get(message.channel.key, (-1, -1, ""))
        is_shared = before <= message.time <= last
        time = last + (key != message.key) if is_shared else message.time
        self._last[message.channel.key] = (message.time, time, message.key)
        if time != message.time:
            if len(self._moved) < _MOST_MOVED:
                self._moved[message.key] = time
            message = message._replace(time=time)
        answered = message.reply_to
        if self._moved and answered is not None and answered.key in self._moved:
            moved = answered._replace(time=self._moved[answered.key])
            message = message._replace(reply_to=moved)
        return message


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRules:
    """What is imported, and how.

    Args:
        nicknames: the nicknames of people.
        channels: the names of channels.
        lengths: the limits of the server.
        since: milliseconds of Unix time from which messages are imported.
        until: milliseconds of Unix time before which they are.
        oldest: returns the milliseconds of Unix time from which a channel keeps messages, by its
            folded name; None stands for private conversations.
        link: the text for an attached file.
        now: seconds of Unix time.
        moments: the times of messages so far.
    """

    nicknames: Nicknames
    channels: ChannelNames
    lengths: Lengths = field(default_factory=Lengths)
    since: float = 0
    until: float = float("inf")
    oldest: Callable[[str | None], float] = lambda _folded: 0
    link: FileLink = remote_link
    now: Callable[[], float] = clock.time
    moments: Moments = field(default_factory=Moments)


def convert(
    items: Iterable[SourceMessage | Skipped], rules: ImportRules
) -> Iterator[Converted | Skipped]:
    """Yield the records of the messages of a file, and what is skipped with the reasons."""
    rules.moments.begin_file()
    for item in items:
        if isinstance(item, Skipped):
            yield item
        elif reason := _why_not(item, rules):
            yield Skipped(reason)
        else:
            yield from _convert(rules.moments.place(item), rules)


def _why_not(message: SourceMessage, rules: ImportRules) -> str:
    if not rules.since <= message.time < rules.until:
        return source.OUT_OF_RANGE
    if message.time < FIRST_TIME:
        return source.TOO_OLD
    if message.time > rules.now() * 1000 + _AHEAD_MS:
        return source.FUTURE
    return ""


def _convert(message: SourceMessage, rules: ImportRules) -> Iterator[Converted | Skipped]:
    speaker = rules.nicknames.of(message.author)
    place = _place(message, rules)
    if isinstance(place, Skipped):
        yield place
        return
    name, buffer, folded = place
    if message.time < rules.oldest(folded):
        yield Skipped(source.EXPIRED)
        return
    if message.form is MessageForm.EVENT:
        yield Converted(name, (_event(message, buffer, speaker, rules.nicknames),))
        return
    if message.form is MessageForm.REACTION:
        yield from _lone_reaction(message, name, buffer, rules.nicknames)
        return
    files: list[FileToStore] = []
    text = _mention(message, rules)
    for file in message.files:
        linked = rules.link(file)
        if isinstance(linked, Skipped):
            yield linked
            linked = remote_link(file)
        text = f"{text}\n{linked[0]}" if text else linked[0]
        if linked[1] is not None:
            files.append(linked[1])
    texts = list(_texts(clean_text(text), name, speaker, message.form, rules.lengths))
    if not texts:
        yield Skipped(source.EMPTY)
        return
    if len(texts) > MOST_PARTS:
        yield Skipped(source.LEFT_OVER, len(texts) - MOST_PARTS)
    said = list(_records(message, buffer, speaker, texts[:MOST_PARTS]))
    reactions = _reactions(message, said[0], rules.nicknames)
    count = sum(len(reaction.people) for reaction in message.reactions)
    if count > _MOST_REACTIONS:
        yield Skipped(source.TOO_MANY, count - _MOST_REACTIONS)
    yield Converted(name, (*said, *reactions), tuple(files))


def _place(message: SourceMessage, rules: ImportRules) -> tuple[str, str, str | None] | Skipped:
    """Return the name of the channel or conversation, its buffer, and the folded channel."""
    channel = message.channel
    if channel.parties:
        if rules.channels.only_mapped:
            return Skipped(source.NOT_CHOSEN)
        accounts = [rules.nicknames.of(person).account for person in channel.parties]
        numbers = [account.id for account in accounts if account is not None]
        if len(numbers) != len(channel.parties):
            return Skipped(source.CONVERSATION)
        first, second = str(numbers[0]), str(numbers[-1])
        names = sorted({account.name for account in accounts if account is not None})
        return ", ".join(names), buffer_of(first, second), None
    name = rules.channels.of(channel)
    if isinstance(name, Skipped):
        return name
    return name.name, name.folded, name.folded


def _mention(message: SourceMessage, rules: ImportRules) -> str:
    """Return the text with the nicknames of the mentioned people."""
    if not message.mentions:
        return message.text
    people = dict(message.mentions)
    # At once, and the longest first: one name may be the beginning of another one.
    spellings = "|".join(map(re.escape, sorted(people, key=len, reverse=True)))
    return re.sub(
        spellings, lambda match: f"@{rules.nicknames.of(people[match[0]]).nick}", message.text
    )


def _texts(
    text: str, name: str, speaker: Speaker, form: MessageForm, lengths: Lengths
) -> Iterator[str]:
    # The name of an account may be longer one day, and that of a channel has a limit.
    target = name if name[:1] == "#" else "x" * LONGEST_CHANNEL
    if not text:
        return iter(())
    if form is MessageForm.ACTION:
        return actions_of(text, target, speaker.source)
    return parts_of(text, target, speaker.source, lengths)


def _records(
    message: SourceMessage, buffer: str, speaker: Speaker, texts: list[str]
) -> Iterator[Record]:
    tags: Mapping[str, str] = NO_TAGS
    if message.reply_to is not None and message.reply_to.time >= FIRST_TIME:
        answered = msgid(source_id(message.reply_to.time, message.reply_to.key)[0])
        tags = {tag_names.REPLY: answered, tag_names.DRAFT_REPLY: answered}
    account = speaker.account
    for number, text in enumerate(texts):
        key = f"{message.key}/{number}" if number else message.key
        made, shift = source_id(message.time + number, key)
        yield Record(
            buffer,
            made,
            "NOTICE" if message.form is MessageForm.NOTICE else "PRIVMSG",
            speaker.source,
            account.name if account is not None else "",
            text,
            tags if not number else NO_TAGS,
            is_private="," in buffer,
            is_bot=message.author.is_bot,
            shift=shift,
            account_id=account.id if account is not None else 0,
        )


def _event(message: SourceMessage, buffer: str, speaker: Speaker, nicknames: Nicknames) -> Record:
    """Return the record of an event of a channel."""
    made, shift = source_id(message.time, message.key)
    account = speaker.account
    text = truncate(strip_controls(message.text), _LONGEST_REASON)
    if message.command == "NICK":
        params: tuple[str, ...] = (nicknames.of(irc_person(message.text)).nick,)
    elif message.command == "JOIN":  # with extended-join
        params = (account.name if account is not None else "*", speaker.nick)
    else:
        params = (text,) if text else ()
    return Record(
        buffer,
        made,
        message.command,
        speaker.source,
        account.name if account is not None else "",
        "",
        params=params,
        shift=shift,
        account_id=account.id if account is not None else 0,
    )


def _lone_reaction(
    message: SourceMessage, name: str, buffer: str, nicknames: Nicknames
) -> Iterator[Converted | Skipped]:
    """Yield the records of a reaction that is apart from its message."""
    answered = message.reply_to
    if answered is None or answered.time < FIRST_TIME:
        yield Skipped(source.EVENTS)
        return
    number, _shift = source_id(answered.time, answered.key)
    found = Record(buffer, number, "TAGMSG", "", "", "", is_private="," in buffer)
    records = tuple(_reactions(message, found, nicknames, message.time))
    yield Converted(name, records) if records else Skipped(source.EVENTS)


def _reactions(
    message: SourceMessage, record: Record, nicknames: Nicknames, time: int = 0
) -> Iterator[Record]:
    """Yield the reactions to a record as messages of tags alone (IRCv3 `draft/react`), at their
    time, or else just after it.
    """
    count = 0
    for reaction in message.reactions:
        for person in reaction.people:
            count += 1
            if count > _MOST_REACTIONS:
                return
            speaker = nicknames.of(person)
            made, shift = source_id(
                time or message.time + 1, f"{message.key}/{reaction.emoji}/{person.key}"
            )
            name = tag_names.UNREACT if reaction.is_taken_back else tag_names.REACT
            tags = {
                name: clean_text(reaction.emoji)[:_LONGEST_EMOJI],
                tag_names.DRAFT_REPLY: msgid(record.id),
            }
            if not tags[name] or len(format_tags(tags)) > MAX_CLIENT_TAGS:
                continue
            yield record._replace(
                id=made,
                command="TAGMSG",
                source=speaker.source,
                account=speaker.account.name if speaker.account is not None else "",
                text="",
                tags=tags,
                is_bot=person.is_bot,
                shift=shift,
                account_id=speaker.account.id if speaker.account is not None else 0,
            )
