"""Command lines in the documents: the program takes them as they stand there."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from trio_chat.cli.commands import CommandGroup
from trio_chat.cli.program import COMMANDS

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "packaging/*.md")
    for page in ROOT.glob(pattern)
    if page.name != "CHANGELOG.md"  # what earlier versions had
)
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:^    .+\n)+", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
PROGRAM = re.compile(r"(?:^|.*[ (])(?:trio-chat|python3 run\.py) (.*)")
OF_RUN = {"test", "browser", "check", "docs", "lock", "release", "package"}
"""Commands of run.py itself, which passes all others on."""
SHELL = re.compile(r" [|<>&#].*|\).*")
"""What ends a command in a shell."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(exit_on_error=False)
    commands = whole.add_subparsers(required=True)
    for command in COMMANDS:
        command.add_to(commands, argparse.ArgumentParser(add_help=False))
    return whole


def typed(page: Path) -> Iterator[list[str]]:
    """Yield the arguments of the program in each line that somebody types: those behind a `$`, and
    those of indented blocks.
    """
    text = page.read_text("utf-8")
    console = "\n".join(match[2] for match in BLOCK.finditer(text) if match[1] == "console")
    lines = [line.lstrip() for line in console.replace("\\\n", " ").splitlines()]
    lines = [line for line in lines if line.startswith("$ ")]
    lines += "".join(INDENTED.findall(BLOCK.sub("", text))).splitlines()
    for line in lines:
        if match := PROGRAM.fullmatch(SHELL.sub("", line)):
            words = shlex.split(match[1])
            if words[0] not in OF_RUN:
                yield words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_line_is_one_of_the_program(page: Path) -> None:
    """Its command and its options exist, and nothing is missing."""
    for words in typed(page):
        try:
            parser().parse_args(words)
        except (argparse.ArgumentError, SystemExit):
            pytest.fail(f"{page.name}: trio-chat {shlex.join(words)}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_sentence_names_commands_of_the_program(page: Path) -> None:
    """The command of `trio-chat WORD …` exists, and that of its group."""
    groups = {
        each.name: {one.name for one in each.commands} if isinstance(each, CommandGroup) else None
        for each in COMMANDS
    }
    for code in CODE.findall(BLOCK.sub("", page.read_text("utf-8"))):
        if not (match := re.match(r"trio-chat\s+([a-z]+)(?:\s+([a-z0-9-]+))?", code)):
            continue
        assert match[1] in groups, code
        inner = groups[match[1]]
        assert match[2] is None or inner is None or match[2] in inner, code
