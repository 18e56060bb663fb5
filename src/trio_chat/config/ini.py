"""Strict parser of the text of an INI file: an invalid line is an error with its number, never
skipped.

Pure: text in, values out. configparser parses; the line of a value, which it does not report, is
looked up when an error needs it. The text of an invalid line is never shown: it may be a password
on the wrong line.
"""

import configparser
import re

from trio_chat.i18n import _

Sections = dict[str, dict[str, str]]

# A value may begin with '#' (a channel), so there only a '#' before a space begins a comment.
_COMMENT = re.compile(r"(?:(?<=\S)\s+[#;]|^[#;](?=\s|$)).*")
_COMMENT_IN_PROSE = re.compile(r"(?:(?<=\S)\s+|^)[#;](?:\s.*)?$")
_HEADER = re.compile(r"\[(?P<header>[^]]+)\]\s*(?:[#;].*)?$")


class IniError(ValueError):
    """A text that is not an INI file.

    Args:
        line: the line, counted from 1; 0 when it is unknown.
        problem: the problem, and what is expected.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


class _Parser(configparser.RawConfigParser):
    SECTCRE = _HEADER  # the standard one takes "[server] port = 1" for a header and drops the rest

    def __init__(self) -> None:
        # An empty default section cannot be written in a file, so [DEFAULT] is not special.
        super().__init__(
            delimiters=("=",), comment_prefixes=("#", ";"), strict=True, default_section=""
        )


def parse(text: str) -> Sections:
    """Return the values by section and lower-case key; line feeds separate the lines of a value.

    Raises:
        IniError: a line is neither a section, a key with a value, a comment, nor a further line of
            a value.
    """
    for number, written in enumerate(text.split("\n"), start=1):
        if written.startswith("[") and not _HEADER.match(written):
            raise IniError(number, _("a section is written as in [server], alone in its line"))
    parser = _Parser()
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise IniError(
            error.lineno, _("a section such as [server] must come before the first key")
        ) from None
    except configparser.DuplicateSectionError as error:
        problem = _("section [{section}] is there twice; keep one").format(section=error.section)
        raise IniError(error.lineno or 0, problem) from None
    except configparser.DuplicateOptionError as error:
        problem = _("[{section}] {key} is there twice; keep one").format(
            section=error.section, key=error.option
        )
        raise IniError(error.lineno or 0, problem) from None
    except configparser.Error as error:
        errors = getattr(error, "errors", None)  # of a ParsingError, in the order of the lines
        line = errors[0][0] if errors else 0
        raise IniError(line, _('expected "key = value" or "[section]"')) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def without_comments(value: str, *, prose: bool) -> str:
    """Remove the comments behind a value.

    Args:
        value: one or more lines.
        prose: whether the value is prose, in which '#' or ';' begins a comment only before a space.
    """
    pattern = _COMMENT_IN_PROSE if prose else _COMMENT
    return "\n".join(pattern.sub("", line, count=1).rstrip() for line in value.split("\n")).strip()


def line_of(text: str, section: str, key: str = "") -> int:
    """Return the line, counted from 1, of a section or of a key in it; 0 when it is not found."""
    current = None
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        header = _HEADER.match(stripped)
        if header:
            current = header["header"]
        name = stripped.partition("=")[0].strip().lower()
        if current == section and (name == key if key else header):
            return number
    return 0
