"""Slack: the archive that a workspace exports, or the directory of one.

Format: slack.com/help/articles/220556107. `channels.json`, `groups.json`, `dms.json` and
`mpims.json` name the conversations, `users.json` the people, and each conversation has a directory
with one file for each day. The export of an organisation (Enterprise Grid) has these for what its
workspaces share, with `org_users.json`, and again for each workspace in `teams/name`.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from trio_chat.i18n import _
from trio_chat.imports import messages, slack_text
from trio_chat.imports.fields import LONGEST_KEY, LONGEST_NAME, list_of, object_of, text_of
from trio_chat.imports.messages import (
    ImportFileError,
    MessageForm,
    Skipped,
    SourceChannel,
    SourceFile,
    SourceItems,
    SourceMessage,
    SourcePerson,
    SourceReaction,
    SourceReference,
)
from trio_chat.imports.tree import TooLarge, Tree

NETWORK = "slack"
_SPOKEN = frozenset(
    (
        "",
        "bot_message",
        "me_message",
        "file_share",
        "thread_broadcast",
        "file_comment",
        "slackbot_response",
    )
)
_LISTS = {"channels.json": False, "groups.json": True, "mpims.json": True, "dms.json": True}
"""The lists of conversations, and whether these are private."""
_PEOPLE = frozenset(("users.json", "org_users.json"))
_TEAM = re.compile(r"teams/[^/]+/")
_UPLOADS = "__uploads"
"""The directory in which slackdump and other programs put the files, which Slack leaves out."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.json")
_TS = re.compile(r"([0-9]{1,11})\.([0-9]{6})", re.ASCII)
_MOST_LISTED = 500_000
_MOST_ATTACHED = 100
"""As many as Slack accepts in a message."""


class _Conversation(NamedTuple):
    channel: SourceChannel
    directory: str


class SlackExport:
    """One export.

    Args:
        tree: its files.

    Raises:
        ImportFileError: it is no export of Slack.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        tree.enter(_PEOPLE)
        self.bytes_read = 0
        self.problems: list[str] = []
        """Clauses about files of it that could not be read, while the others are."""
        # By the directory that has them: that of the export, or of a workspace.
        files: dict[str, set[str]] = {"": set()}
        for name in tree.sizes:
            directory, separator, file = name.rpartition("/")
            if not separator or _TEAM.fullmatch(f"{directory}/"):
                files.setdefault(directory + separator, set()).add(file)
        if not files[""] & _PEOPLE or not any(each & _LISTS.keys() for each in files.values()):
            raise ImportFileError(
                _("the file is not an export of Slack: it has no users.json and channels.json")
            )
        self._people: dict[str, SourcePerson] = {}
        for place, found in files.items():
            for name in sorted(found & _PEOPLE):
                for user in self._listed(place + name):
                    self._people[text_of(user, "id", LONGEST_KEY)] = _person(user)
        self._conversations = [
            _Conversation(channel, place + directory)
            for place, found in files.items()
            for name, is_private in _LISTS.items()
            if name in found
            for each in self._conversations_in(place + name)
            for channel, directory in [self._channel(each, name, is_private=is_private)]
        ]
        names = {
            each.channel.key.rpartition(":")[2]: each.channel.name for each in self._conversations
        }
        self._text = slack_text.Mrkdwn(self._people, names)

    def _listed(self, name: str) -> list[dict[str, Any]]:
        try:
            found = json.loads(self._tree.read(name).decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError, TooLarge):
            raise ImportFileError(_("{file} in it is damaged").format(file=name)) from None
        if not isinstance(found, list):
            raise ImportFileError(_("{file} in it is damaged").format(file=name))
        return [each for each in found[:_MOST_LISTED] if isinstance(each, dict)]

    def _conversations_in(self, name: str) -> list[dict[str, Any]]:
        try:
            return self._listed(name)
        except (ImportFileError, OSError):
            # The other lists have conversations of their own.
            self.problems.append(_("{file} in it is damaged").format(file=name))
            return []

    def _channel(
        self, value: dict[str, Any], name: str, *, is_private: bool
    ) -> tuple[SourceChannel, str]:
        number = text_of(value, "id", LONGEST_KEY)
        shown = text_of(value, "name", LONGEST_NAME) or number
        members = value.get("members")
        parties: tuple[SourcePerson, ...] = ()
        if name == "dms.json" and isinstance(members, list):
            parties = tuple(self._known(str(each)) for each in members[:2])
        directory = number if name == "dms.json" else unicodedata.normalize("NFC", shown)
        return SourceChannel(f"slack:{number}", shown, is_private, parties), directory

    def _known(self, number: str) -> SourcePerson:
        person = self._people.get(number)
        return person or SourcePerson(f"slack:{number}", number, aliases=(number,))

    def items(self) -> SourceItems:
        """Yield the messages, channel by channel."""
        days: dict[str, list[str]] = {}
        for name in self._tree.sizes:
            directory, _separator, file = name.rpartition("/")
            if _DAY.fullmatch(file):
                days.setdefault(directory, []).append(name)
        for channel, directory in self._conversations:
            for name in sorted(days.get(directory, ())):
                yield from self._day(channel, name)
                self.bytes_read += self._tree.sizes[name]
        known = {directory for _channel, directory in self._conversations}
        if lost := sum(len(names) for where, names in days.items() if where not in known):
            yield Skipped(messages.UNLISTED, lost)

    def _day(self, channel: SourceChannel, name: str) -> SourceItems:
        try:
            found = json.loads(self._tree.read(name).decode("utf-8-sig", "replace"))
        except TooLarge:
            self.problems.append(_("{file} in it is too large").format(file=name))
            return
        except (ImportFileError, OSError, ValueError, RecursionError):
            found = None
        if not isinstance(found, list):
            self.problems.append(_("{file} in it is damaged").format(file=name))
            return
        self._learn(found)
        for element in found:
            if not isinstance(element, dict):
                yield Skipped(messages.DAMAGED)
            elif text_of(element, "subtype") not in _SPOKEN:
                yield Skipped(messages.SYSTEM)
            elif reference := _reference(channel, text_of(element, "ts", LONGEST_KEY)):
                yield self._message(channel, element, reference)
            else:
                yield Skipped(messages.TIMELESS)

    def _learn(self, day: list[Any]) -> None:
        """Note people of other workspaces (Slack Connect): no list has them, but their messages."""
        for element in day:
            profile = object_of(element, "user_profile") if isinstance(element, dict) else {}
            if profile and (number := text_of(element, "user", LONGEST_KEY)):
                names = {key: profile.get(key) for key in ("name", "real_name")}
                user = {"id": number, "profile": profile} | names
                self._people.setdefault(number, _person(user))

    def _message(
        self, channel: SourceChannel, element: dict[str, Any], reference: SourceReference
    ) -> SourceMessage:
        subtype = text_of(element, "subtype")
        thread = _reference(channel, text_of(element, "thread_ts", LONGEST_KEY))
        mentioned: dict[str, SourcePerson] = {}
        parts = [self._text.convert(text_of(element, "text"), mentioned)]
        if not parts[0]:
            parts = [self._text.of_blocks(list_of(element, "blocks"), mentioned)]
        parts += [
            self._text.of_attachment(each, mentioned)
            for each in list_of(element, "attachments", _MOST_ATTACHED)
        ]
        return SourceMessage(
            channel,
            reference.key,
            reference.time,
            self._author(element),
            "\n".join(filter(None, parts)),
            MessageForm.ACTION if subtype == "me_message" else MessageForm.TEXT,
            thread if thread is not None and thread.key != reference.key else None,
            tuple(self._files(element)),
            tuple(self._reactions(element)),
            tuple(mentioned.items()),
        )

    def _author(self, element: dict[str, Any]) -> SourcePerson:
        user = text_of(element, "user", LONGEST_KEY) or text_of(
            object_of(element, "comment"), "user", LONGEST_KEY
        )
        if user in self._people:
            return self._people[user]
        bot = text_of(element, "bot_id", LONGEST_KEY)
        profile = object_of(element, "user_profile")
        name = (
            text_of(element, "username", LONGEST_NAME)
            or text_of(profile, "display_name", LONGEST_NAME)
            or text_of(profile, "real_name", LONGEST_NAME)
            or text_of(object_of(element, "bot_profile"), "name", LONGEST_NAME)
            or user
            or bot
            or "unknown"
        )
        is_bot = bool(bot) or text_of(element, "subtype") == "bot_message"
        return SourcePerson(f"slack:{user or f'{bot}/{name}'}", name, is_bot, aliases=(user,))

    def _files(self, element: dict[str, Any]) -> Iterator[SourceFile]:
        # A message that was forwarded is an attachment, with files of its own.
        places = (element, *list_of(element, "attachments", _MOST_ATTACHED))
        for each in chain.from_iterable(
            list_of(place, "files", _MOST_ATTACHED) for place in places
        ):
            name = text_of(each, "name", LONGEST_NAME) or text_of(each, "title", LONGEST_NAME)
            url = text_of(each, "permalink", 2000) or text_of(each, "url_private", 2000)
            is_url = url.startswith(("https://", "http://")) and not re.search(r"\s", url)
            number = text_of(each, "id", LONGEST_KEY)
            local = unicodedata.normalize("NFC", f"{_UPLOADS}/{number}/{name}")
            yield SourceFile(
                f"slack:{number}",
                name or "file",
                url if is_url else "",
                self._tree.path_of(local)
                if local in self._tree.sizes and not self._tree.is_zip
                else None,
            )

    def _reactions(self, element: dict[str, Any]) -> Iterator[SourceReaction]:
        for each in list_of(element, "reactions", 50):
            users = each.get("users")
            if isinstance(users, list):
                people = tuple(self._known(str(user)) for user in users[:1000])
                yield SourceReaction(slack_text.emoji_of(text_of(each, "name", 100)), people)


def _reference(channel: SourceChannel, ts: str) -> SourceReference | None:
    """Return a message by its `ts`: seconds, and a fraction that distinguishes messages.

    In old exports the fraction counts the messages of a second, instead of microseconds.
    """
    match = _TS.fullmatch(ts)
    if match is None:
        return None
    fraction = int(match[2])
    time = int(match[1]) * 1000 + (fraction if fraction < 1000 else fraction // 1000)
    return SourceReference(f"{channel.key}/{ts}", time)


def _person(user: dict[str, Any]) -> SourcePerson:
    profile = object_of(user, "profile")
    number, name = text_of(user, "id", LONGEST_KEY), text_of(user, "name", LONGEST_NAME)
    shown = (
        text_of(profile, "display_name", LONGEST_NAME)
        or text_of(user, "real_name", LONGEST_NAME)
        or text_of(profile, "real_name", LONGEST_NAME)
        or name
        or number
    )
    return SourcePerson(
        f"slack:{number}", shown, user.get("is_bot") is True, aliases=(name, number)
    )
