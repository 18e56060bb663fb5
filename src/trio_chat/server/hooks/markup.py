"""Text of senders, in the markup of Slack, Markdown or HTML, as IRC shows it (Modern IRC,
Formatting).

All functions are pure, and take time that grows with the length of a text, which is cut before.
"""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from trio_chat.html_references import unescape
from trio_chat.irc.text import cut, strip_controls, strip_formatting

BOLD, ITALIC, MONOSPACE, STRIKE, UNDERLINE, RESET = "\x02", "\x1d", "\x11", "\x1e", "\x1f", "\x0f"
RED, GREEN, ORANGE, GREY = "04", "03", "07", "14"
LONGEST = 17_000
"""Characters of a text that are looked at: no message has room for more (`[limits]
multiline_bytes`).
"""

_LINE_END = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_ESCAPE = re.compile("&(?:amp|lt|gt|quot|#39|#x27);")
_EVERYBODY = re.compile(r"(?<![\w/])@(?=(?:everyone|here|channel|all|room)\b)", re.IGNORECASE)
_CODE = r"`(?P<code>[^`\n]{1,500})`"
_URL = r"(?P<url>https?://[^\s<>]+)"
_TARGET = r"<?(?P<target>%s(?:[^()\s<>]|\([^()\s<>]{0,300}\)){1,2000})>?(?: +\"[^\"\n]{0,300}\")?"
_BOLD = r"(?<![A-Za-z0-9_])\*\*(?P<bold2>(?:[^*\n]|\*(?!\*)){1,500})\*\*"
"""Within a word, too, as many languages have no spaces; but not in `x**2 + y**2`."""
_MRKDWN = re.compile(  # of Slack, and what Markdown has besides: Mattermost takes the same payloads
    rf"```(?P<block>.{{0,4000}}?)```|{_CODE}"
    rf"|!?\[(?P<label>[^\[\]\n]{{0,300}})\]\({_TARGET % '(?:https?://|mailto:)'}\)"
    rf"|<(?P<link>[^<>\n]{{1,2000}})>|{_URL}"
    rf"|{_BOLD}"
    r"|(?<![\w*])\*(?P<bold>[^*\n]{1,500})\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^_\n]{1,500})_(?!\w)"
    r"|(?<!\w)~{1,2}(?P<strike>[^~\n]{1,500})~{1,2}(?!\w)"
    r"|^\#{2,6}[ ]+(?P<heading>[^\n]{1,500})",
    re.DOTALL | re.MULTILINE,
)
_MARKDOWN = re.compile(
    rf"```(?:[\w+-]{{0,20}}\n)?(?P<block>.{{0,4000}}?)```|{_CODE}"
    r"|\\(?P<escaped>[*_~`|\[\]])"
    rf"|!?\[(?P<label>[^\[\]\n]{{0,300}})\]\({_TARGET % ''}\)"
    rf"|<(?P<link>[^<>\n]{{1,2000}})>|{_URL}"
    r"|(?<![\w*])\*\*\*(?P<both>[^*\n]{1,500})\*\*\*(?![\w*])"
    rf"|{_BOLD}"
    r"|(?<!\w)__(?P<bold>(?:[^_\n]|_(?!_)){1,500})__(?!\w)"
    r"|(?<![\w*])\*(?P<italic>[^*\s](?:[^*\n]{0,500}))\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic2>[^_\s](?:[^_\n]{0,500}))_(?![\w_])"
    r"|~~(?P<strike>[^~\n]{1,500})~~"
    r"|^\#{1,6}[ ]+(?P<heading>[^\n]{1,500})",
    re.DOTALL | re.MULTILINE,
)
_BADGE = re.compile(r"\[!\[([^\[\]\n]{0,300})\]\([^()\s]{0,2000}\)\](?=\()")
"""A picture as the text of a link, of which only the words are shown."""
_DISCORD = re.compile(
    r"(?P<kind>@[!&]?|\#|:|a:)(?P<name>\w{2,32}:)?\d{1,20}|t:(?P<time>-?\d{1,13})(?::[tTdDfFR])?"
)


def plain(text: str) -> str:
    """Return a text without formatting, control characters but LF, invisible ones, and a highlight
    of everybody.
    """
    lines = _LINE_END.split(text[:LONGEST].replace("\t", "    "))
    return _EVERYBODY.sub("", "\n".join(strip_controls(strip_formatting(line)) for line in lines))


def unescaped(text: str) -> str:
    """Return a text of Slack without its escapes. It has no others than these: in `?a=1&copy=2`,
    which HTML would take for a sign, there is none.
    """
    return _ESCAPE.sub(lambda match: html.unescape(match[0]), text)


def first_line(text: str, most: int = 240) -> str:
    """Return the first line of a text that has something, cut to so many characters."""
    line = next((line.strip() for line in plain(text).split("\n") if line.strip()), "")
    return line if len(line) <= most else f"{cut(line, most - 1).rstrip()}…"


def comment_line(text: str, most: int = 240) -> str:
    """Return the first line that the author of a comment in Markdown wrote, cut to so many
    characters: neither a quotation, a fence of code nor what is hidden in `<!-- -->`.
    """
    *pieces, rest = text[:LONGEST].split("-->")
    parts = [piece.partition("<!--") for piece in pieces]
    shown = "".join(before if sign else f"{before}-->" for before, sign, _ in parts)
    lines = f"{shown}{rest.partition('<!--')[0]}".splitlines()
    own = "\n".join(line for line in lines if not line.lstrip().startswith((">", "```")))
    return from_markdown(first_line(own, most) or first_line(text, most))


def bold(text: str) -> str:
    """Return a text in bold; "" for nothing."""
    return f"{BOLD}{text}{BOLD}" if text else ""


def coloured(text: str, colour: str) -> str:
    """Return a text in a colour, after which all formatting ends."""
    return f"\x03{colour}{text}{RESET}" if text else ""


def link(text: str, url: str) -> str:
    """Return a link as `text (url)`, or the URL alone where the text says nothing else."""
    if not url or text == url or not text:
        return url or text
    return f"{text} ({url})"


def web_address(text: str) -> str:
    """Return an address of the web; "" for what is none, such as a path."""
    found = plain(text).strip()
    return found if found.startswith(("http://", "https://")) and " " not in found else ""


def from_mrkdwn(text: str) -> str:
    """Return a text in the markup of Slack, or of Mattermost where Slack has none."""
    return unescaped(_replace(_MRKDWN, plain(text), _slack_link))


def from_markdown(text: str) -> str:
    """Return a text in Markdown, as GitHub, Mattermost and Discord have it."""
    return _replace(_MARKDOWN, _BADGE.sub(r"[\1]", plain(text)), _angle)


def _replace(pattern: re.Pattern[str], text: str, in_angles: Callable[[str], str]) -> str:
    def one(match: re.Match[str]) -> str:
        groups = match.groupdict()
        kind = match.lastgroup or ""
        inner = groups.get(kind) or ""
        if kind == "block":
            return inner.strip("\n")
        if kind == "code":
            return f"{MONOSPACE}{inner}{MONOSPACE}"
        if kind == "escaped":
            return inner
        if kind == "target":
            return link(_replace(pattern, groups["label"] or "", in_angles), inner)
        if kind == "link":
            return in_angles(inner)
        code = _STYLES.get(kind)
        if code is None or inner != inner.strip():
            return match[0]
        # A code within itself would end it.
        shown = _replace(pattern, inner, in_angles).translate(dict.fromkeys(map(ord, code)))
        return f"{code}{shown}{code}"

    return pattern.sub(one, text)


_STYLES = {
    "bold": BOLD,
    "bold2": BOLD,
    "both": BOLD + ITALIC,
    "heading": BOLD,
    "italic": ITALIC,
    "italic2": ITALIC,
    "strike": STRIKE,
}


def _slack_link(inner: str) -> str:
    """Return what Slack writes in angle brackets: a link, a user, a channel, or a command."""
    target, _, label = inner.partition("|")
    if target.startswith("!date^"):
        return label or target
    if target.startswith("!"):
        return label.lstrip("@") or target[1:].partition("^")[0]
    if target.startswith("@"):
        return f"@{label.lstrip('@')}" if label else target
    if target.startswith("#"):
        return f"#{label.lstrip('#')}" if label else target
    if not label and ":" not in target:  # such as List<String>, which is no link
        return f"<{inner}>"
    return link(label, target.removeprefix("mailto:"))


def _angle(inner: str) -> str:
    """Return what Markdown and Discord write in angle brackets."""
    if inner.startswith(("http://", "https://", "mailto:")):
        return inner.removeprefix("mailto:")
    match = _DISCORD.fullmatch(inner)
    if match is None:
        return f"<{inner}>"
    if match["name"]:
        return f":{match['name']}"
    if match["time"]:
        return _moment(int(match["time"]))
    return f"@{inner.lstrip('@!&')}" if inner.startswith("@") else inner


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # fromtimestamp() has no times before it on Windows


def _moment(seconds: int) -> str:
    try:
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M UTC}"
    except OverflowError:
        return str(seconds)


_BLOCKS = frozenset(
    (
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    )
)
_HIDDEN = frozenset(("script", "style", "template", "title", "head"))
_OF_TAGS = {"b": BOLD, "strong": BOLD, "i": ITALIC, "em": ITALIC, "code": MONOSPACE}


_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-z][^\s<>/]*+)(?P<attributes>(?:[^<>\"']|\"[^<\"]*+\"|'[^<']*+')*+)>",
    re.IGNORECASE | re.ASCII,
)
"""A tag, without `<` in its attributes: so no character is looked at more often than a few times.
`html.parser` takes a time that grows with the square of the length.
"""
_HREF = re.compile(
    r"(?:^|[\s/])href\s*+=\s*+(?:\"(?P<one>[^\"]*+)\"|'(?P<other>[^']*+)'|(?P<plain>[^\s\"'>]++))",
    re.IGNORECASE | re.ASCII,
)
_RAW = {
    name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE | re.ASCII)
    for name in ("script", "style", "title")
}
"""Hidden elements whose content has no tags, each with what ends it."""


class _Reader:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._hidden = self._preformatted = 0
        self._target = ""
        self._label = 0

    def read(self, text: str) -> None:
        """Read a text from its beginning to its end."""
        shown = at = 0  # up to where it was read, and up to where it was searched
        while (at := text.find("<", at)) >= 0:
            tag = _TAG.match(text, at)
            if tag is None and not text.startswith(("<!", "<?"), at):
                at += 1  # a sign like any other
                continue
            self._take_text(text[shown:at])
            shown = at = self._end(text, at, tag)
            if tag is not None and tag["end"]:
                self._take_end(tag["name"].lower())
            elif tag is not None:
                self._take_start(tag["name"].lower(), tag["attributes"])
        self._take_text(text[shown:])

    @staticmethod
    def _end(text: str, at: int, tag: re.Match[str] | None) -> int:
        """Return where the text goes on behind a tag, comment or declaration."""
        if tag is None:
            end = "-->" if text.startswith("<!--", at) else ">"
            found = text.find(end, at + 2)
            return len(text) if found < 0 else found + len(end)
        raw = None if tag["end"] else _RAW.get(tag["name"].lower())
        if raw is None:
            return tag.end()
        last = raw.search(text, tag.end())
        return len(text) if last is None else last.start()

    def _take_start(self, tag: str, attributes: str) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _BLOCKS:
            self._preformatted += tag == "pre"
            self.parts.append("\n")
        elif tag == "a":
            found = _HREF.search(attributes)
            values = found.group("one", "other", "plain") if found else ()
            self._target = unescape(next(filter(None, values), ""))
            self._label = len(self.parts)
        self.parts.append(_OF_TAGS.get(tag, ""))

    def _take_end(self, tag: str) -> None:
        self.parts.append(_OF_TAGS.get(tag, ""))
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a" and self._target:
            label = "".join(self.parts[self._label :])
            if self._target.startswith(("http://", "https://")):
                self.parts[self._label :] = [link(label, plain(self._target))]
            self._target = ""
        elif tag in _BLOCKS and tag != "br":
            self._preformatted = max(0, self._preformatted - (tag == "pre"))
            self.parts.append("\n")

    def _take_text(self, text: str) -> None:
        if text and not self._hidden:
            text = unescape(text)
            # Again, as a reference to a character could be anything.
            self.parts.append(plain(text if self._preformatted else re.sub(r"\s+", " ", text)))


def from_html(text: str) -> str:
    """Return a text in HTML, with links and line ends, and without scripts."""
    reader = _Reader()
    reader.read(plain(text))
    lines = "".join(reader.parts).split("\n")
    return "\n".join(line.strip(" ") for line in lines if line.strip())
