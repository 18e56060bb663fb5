"""Exports of other programs for tests, as small as they can be."""

import json
import zipfile
from pathlib import Path
from typing import Any

DISCORD_EPOCH = 1_420_070_400_000
ANNA = {"id": "11", "name": "anna", "discriminator": "0000", "nickname": "Anna B.", "isBot": False}
BOB = {"id": "12", "name": "bob", "discriminator": "0000", "nickname": "bob", "isBot": False}


def snowflake(time: int, low: int = 0) -> str:
    """Return an id of Discord for a moment in milliseconds of Unix time."""
    return str((time - DISCORD_EPOCH) << 22 | low)


def said(time: int, content: str = "hi", low: int = 0, **more: Any) -> dict[str, Any]:
    """Return a message as DiscordChatExporter writes it."""
    message = {
        "id": snowflake(time, low),
        "type": "Default",
        "content": content,
        "author": ANNA,
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
    }
    return message | more


def discord_document(*messages: Any, **channel: str) -> dict[str, Any]:
    """Return a document of DiscordChatExporter."""
    described = {"id": "222", "type": "GuildTextChat", "name": "general"} | channel
    return {
        "guild": {"id": "1", "name": "Guild"},
        "channel": described,
        "messages": list(messages),
        "messageCount": len(messages),
    }


def write_json(path: str, value: object) -> None:
    """Write a document."""
    Path(path).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


SLACK_USERS = [
    {"id": "U1", "name": "anna", "profile": {"display_name": "Anna"}},
    {"id": "U2", "name": "bob", "real_name": "Bob C"},
]


def slack_files(**days: list[Any]) -> dict[str, str]:
    """Return the files of an export of Slack with the channel #general.

    Args:
        days: the messages by the file of a day, `d` and a number.
    """
    files: dict[str, Any] = {
        "users.json": SLACK_USERS,
        "channels.json": [{"id": "C1", "name": "general"}],
    }
    files |= {f"general/2024-01-0{name[1:]}.json": day for name, day in days.items()}
    return {name: json.dumps(content) for name, content in files.items()}


def write_zip(path: str, files: dict[str, str]) -> None:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def write_tree(root: str, files: dict[str, str | bytes]) -> None:
    """Write a directory."""
    for name, content in files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
