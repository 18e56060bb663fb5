"""Completion of a word by the Tab key: a nickname, a channel, a command, an emoji."""

from collections.abc import Iterable, Sequence

from trio_chat.client.model import emoji_names


def completions(
    text: str,
    position: int,
    *,
    nicks: Iterable[str],
    channels: Iterable[str],
    commands: Iterable[str],
) -> Sequence[tuple[str, int]]:
    """Return the texts that completing the word before the cursor could give, each with the
    position of the cursor.

    Args:
        text: the typed text.
        position: the position of the cursor.
        nicks: nicknames, the one that is meant most likely first.
        channels: names of channels.
        commands: names of commands, without the slash.
    """
    start = max(text.rfind(" ", 0, position), text.rfind("\n", 0, position)) + 1
    word, before, after = text[start:position], text[:start], text[position:]
    begins = not before
    if word.startswith("/") and begins:
        found = [f"/{name} " for name in sorted(commands) if name.startswith(word[1:].lower())]
    elif word[:1] in ("#", "&"):
        found = [f"{name} " for name in _matching(word, channels)]
    elif word.startswith(":"):
        found = [f"{sign} " for sign in emoji_names.named(word)]
    elif word:
        tail = ": " if begins else " "
        # There it refers to a message: /reply @bob.
        sign = "@" if word.startswith("@") and text.startswith("/") else ""
        found = [sign + name + tail for name in _matching(word.removeprefix("@"), nicks)]
    else:
        found = []
    return [(before + each + after.removeprefix(" "), len(before + each)) for each in found]


def _matching(word: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.casefold().startswith(word.casefold())]
