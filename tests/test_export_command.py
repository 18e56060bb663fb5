"""`trio-chat export`: lines of JSON, text and pages of HTML."""

import json
import os
import re
import signal
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import apsw
import pytest
import trio

from database_fakes import fill, kept, ran
from remembered import record
from trio_chat.admin import exported_pages
from trio_chat.chat.history import HistoryFilter, Record, Span
from trio_chat.chat.ids import EPOCH_MS, first_id, msgid
from trio_chat.storage.database import open_database
from trio_chat.storage.events import select_messages_and_events
from trio_chat.storage.history import SqliteHistory

pytestmark = pytest.mark.usefixtures("working_directory")

NOON = first_id(1_769_860_800)  # 2026-01-31 12:00 UTC


def said(seconds: float, text: str, **more: Any) -> Record:
    """Return a message, so many seconds after noon."""
    return record(NOON + (int(seconds * 1000) << 20), text=text)._replace(**more)


def reaction(seconds: float, to: Record, emoji: str = "👍", tag: str = "+draft/react") -> Record:
    """Return a reaction."""
    tags = {tag: emoji, "+draft/reply": msgid(to.id)}
    return said(seconds, "", command="TAGMSG", tags=tags, source="bob!b@h")


def everything(name: str) -> list[Record]:
    """Return messages and reactions of #a."""
    connection = apsw.Connection(name)
    try:
        span = Span(from_newest=False)
        return select_messages_and_events(
            connection, "#a", span, 1000, 0, HistoryFilter.WITH_TAGMSG
        )
    finally:
        connection.close()


def add_account(name: str = "trio-chat.db") -> None:
    """Have the account ann, with the number 1."""
    connection = apsw.Connection(name)
    connection.execute(
        "INSERT INTO account VALUES (1, 'ann', 'ann', 1, 'secret', x'', 0, x'', x'', 0)"
    )
    connection.close()


@pytest.mark.skipif(os.name != "posix", reason="nothing sends SIGTERM on Windows")
@pytest.mark.parametrize("form", ["text --output a.txt", "html --output a", "jsonl --output a"])
def test_an_export_that_is_terminated_leaves_nothing_behind(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are in the unfinished files, whose names are hidden."""
    fill(said(0, "hello"))
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(
        "trio_chat.admin.progress.Progress.__call__",
        lambda *_arguments: signal.raise_signal(signal.SIGTERM),
    )
    assert ran("export", "a", "--format", *form.split()) == 143
    assert [path.name for path in Path().iterdir()] == ["trio-chat.db"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_export_can_be_imported_again() -> None:
    """With all tags and reactions, ids and times: the history is the same."""
    first = said(0, "hello", tags={"+reply": "0" * 13, "+x": "y; \\"}, is_bot=True)
    private = said(2, "\x02bold\nlines\n\rjoined", is_private=True, command="NOTICE")
    early = said(0, "old", id=1 << 50, shift=(1 << 30) + 10**12)
    fill(early, first, reaction(1, first), private)
    assert ran("export", "a", "--output", "a.jsonl") == 0
    fill(name="other.db")
    assert ran("import", "jsonl", "a.jsonl", "--database", "other.db") == 0
    assert everything("other.db") == everything("trio-chat.db")
    assert ran("import", "jsonl", "a.jsonl", "--database", "other.db") == 0
    assert everything("other.db") == everything("trio-chat.db")


def test_lines_can_go_into_another_channel(capsys: pytest.CaptureFixture[str]) -> None:
    """And only those of a time; invalid ones are reported."""
    fill(said(0, "a"), said(10, "b"), said(0, "c", buffer="#b", id=NOON + 1))
    ran("history", "export", "--output", "all.jsonl")
    with Path("all.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("{}\n")
    fill(name="other.db")
    options = ("--database", "other.db", "--channel", "a=#new", "--only")
    since = ("--since", "2026-01-31T12:00:05")
    assert ran("import", "jsonl", "all.jsonl", *options, *since) == 0
    assert [message.text for message in kept("#new", "other.db")] == ["b"]
    assert "all.jsonl, line 4: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        {"command": "TAGMSG", "text": "x"},
        {"command": "TAGMSG", "tags": {}},
        {"command": "JOIN"},
        {"command": "PRIVMSG"},
        {"tags": {"draft/react": "x"}},
    ],
)
def test_only_messages_that_could_be_sent_are_imported(line: dict[str, Any]) -> None:
    """A reaction has tags and no text, and a message a text."""
    message = said(0, "hi")
    fill(message, reaction(1, message))
    ran("export", "a", "--output", "a.jsonl")
    good = json.loads(Path("a.jsonl").read_text(encoding="utf-8").splitlines()[1])
    Path("bad.jsonl").write_text(json.dumps(good | line), encoding="utf-8")
    fill(name="other.db")
    assert ran("import", "jsonl", "bad.jsonl", "--database", "other.db") == 1
    assert everything("other.db") == []


def test_the_file_of_another_program_is_told_by_its_first_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It may have millions of them."""
    fill()
    Path("mattermost.jsonl").write_text('{"type":"post"}\n' * 1000, encoding="utf-8")
    assert ran("import", "jsonl", "mattermost.jsonl") == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-2].endswith("the file is nothing that `trio-chat export` has written")
    assert len(told) < 30


@pytest.mark.parametrize("command", ["import jsonl a.jsonl", "history import a.jsonl"])
def test_only_the_first_invalid_lines_are_reported(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them are counted."""
    fill(said(0, "hello"))
    ran("export", "a", "--output", "a.jsonl")
    with Path("a.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("{}\n" * 1000)
    fill(name="other.db")
    ran(*command.split(), "--database", "other.db")
    out, err = capsys.readouterr()
    assert sum("needs the keys" in line for line in err.splitlines()) == 20
    assert "1000" in out + err
    assert len(everything("other.db")) == 1


@pytest.mark.parametrize("command", ["import jsonl a.jsonl", "history import a.jsonl"])
def test_a_file_that_powershell_has_changed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes UTF-16 by `>`, and has misread every letter beyond ASCII before."""
    fill(said(0, "hello"))
    ran("export", "a", "--output", "b.jsonl")
    text = Path("b.jsonl").read_text(encoding="utf-8")
    Path("a.jsonl").write_text(text * 30, encoding="utf-16")
    assert ran(*command.split()) == 1
    err = capsys.readouterr().err
    assert "line 1: a shell such as PowerShell has changed the file: write it with --output" in err
    assert "line 2" not in err


def test_text_is_what_a_client_would_log(capsys: pytest.CaptureFixture[str]) -> None:
    """In UTC, with a line for each day; and it can be imported."""
    first = said(0, "hello")
    fill(
        first,
        reaction(1, first),
        said(2, "\x01ACTION waves\x01"),
        said(3, "careful", command="NOTICE"),
        said(86_400, "two\nlines\x1b[2J\x02"),
    )
    assert ran("export", "#a", "--format", "text") == 0
    out = capsys.readouterr().out
    assert out == (
        "--- Log opened Sat Jan 31 00:00:00 2026\n"
        "12:00:00 <ann> hello\n"
        "12:00:01 -!- bob reacts with 👍\n"
        "12:00:02  * ann waves\n"
        "12:00:03 -ann- careful\n"
        "--- Day changed Sun Feb 01 2026\n"
        "12:00:00 <ann> two\n"
        "12:00:00 <ann> lines\\x1b[2J\n"
    )
    Path("net").mkdir()
    Path("net/#a.log").write_text(out, encoding="utf-8")
    fill(name="other.db")
    assert ran("import", "irc", "net", "--timezone", "UTC", "--database", "other.db") == 0
    assert len(kept("#a", "other.db")) == 5


def test_text_has_what_readers_saw(capsys: pytest.CaptureFixture[str]) -> None:
    """A long line that was sent in parts is one line, and an action of several lines is an action;
    a reaction that was taken back is not left standing.
    """
    first = said(0, "a long\n\r line\nand another")
    fill(
        first,
        said(1, "\x01ACTION waves\nto all\x01"),
        reaction(2, first, "🎉"),
        reaction(3, first, "🎉", "+draft/unreact"),
    )
    assert ran("export", "#a", "--format", "text") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "12:00:00 <ann> a long line",
        "12:00:00 <ann> and another",
        "12:00:01  * ann waves to all",
        "12:00:02 -!- bob reacts with 🎉",
        "12:00:03 -!- bob takes 🎉 back",
    ]


@pytest.mark.parametrize(
    ("text", "page", "lines"),
    [
        (
            "one\n\x01ACTION waves\x01\ntwo",
            "one\n* ann waves\ntwo",
            ["<ann> one", " * ann waves", "<ann> two"],
        ),
        (
            "\x01ACTION waves\x01\nhello\n\r there",
            "* ann waves\nhello there",
            [" * ann waves", "<ann> hello there"],
        ),
    ],
)
def test_an_action_among_the_lines_of_a_message(
    text: str, page: str, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The others keep their lines, and no CTCP frame is shown."""
    fill(said(0, text))
    assert ran("export", "#a", "--format", "text") == 0
    assert [line[9:] for line in capsys.readouterr().out.splitlines()[1:]] == lines
    assert ran("export", "#a", "--format", "html", "--output", "pages") == 0
    assert f">{page}</span>" in Path("pages/2026-01-31.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        """Return the values of an attribute."""
        return [value for each, value in self.attributes if each == name]


def pages(*options: str, what: str = "#a") -> dict[str, Page]:
    """Export pages; return them by name."""
    chosen = (what,) if what else ()
    assert ran("export", *chosen, "--format", "html", "--output", "out", *options) == 0
    return {path.name: Page(path.read_text("utf-8")) for path in Path("out").glob("*.html")}


def test_pages_are_days() -> None:
    """With an index, and an anchor for each message."""
    first, second = said(0, "hello"), said(86_400, "again", tags={})
    fill(first, second._replace(tags={"+reply": msgid(first.id)}))
    found = pages()
    assert sorted(found) == ["2026-01-31.html", "2026-02-01.html", "index.html"]
    assert found["index.html"].values("href") == ["2026-01-31.html", "2026-02-01.html"]
    assert found["2026-01-31.html"].values("id") == [msgid(first.id)]
    assert f"2026-01-31.html#{msgid(first.id)}" in found["2026-02-01.html"].values("href")
    assert "2026-02-01.html" in found["2026-01-31.html"].values("href")


def test_an_answer_to_what_is_not_exported_leads_nowhere() -> None:
    """It has a sign, and no link: such a message was deleted for its age."""
    before, after = said(0, "hello"), said(86_400, "again")
    fill(after._replace(tags={"+reply": msgid(before.id)}))
    page = pages()["2026-02-01.html"]
    assert page.values("class").count("reply") == 1
    assert not [each for each in page.values("href") if msgid(before.id) in each]


def test_an_answer_to_a_deleted_message_leads_nowhere() -> None:
    """Its page has no anchor of it."""
    first, deleted, after = said(0, "hello"), said(1, "oops"), said(2, "again")
    fill(first, after._replace(tags={"+reply": msgid(deleted.id)}))
    page = pages()["2026-01-31.html"]
    assert page.values("class").count("reply") == 1
    assert not [each for each in page.values("href") if msgid(deleted.id) in each]


def test_a_long_day_has_several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the next one, and an answer finds the right one."""
    monkeypatch.setattr(exported_pages, "MOST_ON_PAGE", 2)
    messages = [said(number, str(number)) for number in range(5)]
    messages[4] = messages[4]._replace(tags={"+draft/reply": msgid(messages[2].id)})
    fill(*messages)
    found = pages()
    assert sorted(found) == [
        "2026-01-31-2.html",
        "2026-01-31-3.html",
        "2026-01-31.html",
        "index.html",
    ]
    assert f"2026-01-31-2.html#{msgid(messages[2].id)}" in found["2026-01-31-3.html"].values("href")


@pytest.mark.parametrize(("chosen", "code"), [("ru", "ru"), ("en", "en")])
def test_a_page_says_the_language_of_its_words(
    chosen: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of the system, or one that is preferred and has no translation."""
    monkeypatch.setenv("LANGUAGE", "de:C.UTF-8")
    fill(said(0, "x"))
    found = pages("--lang", chosen)
    assert found["index.html"].values("lang") == [code]


def test_reactions_are_with_their_message() -> None:
    """Those that were not withdrawn."""
    first = said(0, "hello")
    fill(
        first,
        reaction(1, first),
        reaction(2, first, "🎉"),
        reaction(3, first, "🎉", "+draft/unreact"),
        reaction(4, first, "<b>"),
    )
    page = pages()["2026-01-31.html"]
    assert [text for text in page.texts if text in ("👍 1", "<b> 1")] == ["👍 1", "<b> 1"]
    assert "🎉" not in "".join(page.texts)
    assert "bob" in page.values("title")


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("(see https://x.org/wiki/Foo_(bar)).", "https://x.org/wiki/Foo_(bar)"),
        ("(see https://x.org/a)", "https://x.org/a"),
        ("[https://x.org/?a[]=1&b={c}]!", "https://x.org/?a[]=1&b={c}"),
        ("'https://x.org/it's',", "https://x.org/it's"),
    ],
)
def test_a_link_has_its_own_brackets(text: str, link: str) -> None:
    """But not those of the sentence."""
    fill(said(0, text))
    assert link in pages()["2026-01-31.html"].values("href")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    'http://x.org/"onmouseover="alert(1)',
    "https://x.org/'><script>alert(1)</script>",
    "]]><!--",
    "</span></article></body>",
    "&lt;script&gt;",
    "\x00\x1b]0;x\x07\u202etxt",
    "http://" + "x" * 5000,
    "\x01ACTION <script>\x01",
]


def test_pasted_code_keeps_its_indentation(capsys: pytest.CaptureFixture[str]) -> None:
    """A tab becomes spaces, as in the client, and is not shown as a control character."""
    fill(said(0, "if tea:\n\tdrink()"))
    assert ran("export", "#a", "--format", "text") == 0
    assert "<ann>     drink()" in capsys.readouterr().out
    assert ran("export", "#a", "--format", "html", "--output", "out") == 0
    assert "if tea:\n    drink()" in Path("out", "2026-01-31.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://x.org/Tea_(drink)", "https://x.org/Tea_(drink)"),
        ("(see https://x.org/Tea_(drink)).", "https://x.org/Tea_(drink)"),
        ("(https://x.org/tea)", "https://x.org/tea"),
        ("https://x.org/tea?!", "https://x.org/tea"),
    ],
)
def test_a_link_ends_where_the_address_does(text: str, address: str) -> None:
    """A bracket that the address opens is a part of it, and the punctuation of the sentence is
    not.
    """
    fill(said(0, text))
    assert address in pages()["2026-01-31.html"].values("href")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text: str) -> None:
    """Nor does a nickname, a tag or a channel: only what the page itself has is an element."""
    fill(
        said(0, "plain"),
        said(1, text, source=f"{text.split(maxsplit=1)[0][:20]}!u@h", tags={"+reply": text}),
        said(2, "", command="TAGMSG", tags={"+draft/react": text, "+draft/reply": msgid(NOON)}),
    )
    page = pages()["2026-01-31.html"]
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "nav", "a", "article"}
    allowed |= {"time", "b", "span"}
    assert set(page.elements) <= allowed
    assert page.elements.count("article") == 2
    names = {name for name, _value in page.attributes}
    assert names <= {
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "href",
        "id",
        "class",
        "datetime",
        "rel",
        "title",
    }
    for url in page.values("href"):
        assert re.match(r"https?://|#[0-9a-z]|index\.html$|2026-", url)


def test_a_policy_forbids_scripts() -> None:
    """Whatever somebody smuggles in: the style is allowed by its hash alone."""
    fill(said(0, "x"))
    (policy,) = [
        value for value in pages()["2026-01-31.html"].values("content") if "default-src" in value
    ]
    assert policy.startswith("default-src 'none';")
    assert "script" not in policy
    assert "unsafe" not in policy


async def upload(*records: Record) -> None:
    """Store messages with links to an upload, which exists."""
    async with open_database(Path("trio-chat.db")) as database:
        await database.write(
            lambda connection: connection.execute(
                "INSERT INTO upload (name, filename, type, size, address, author, created)"
                " VALUES (?, 'cat.png', 'image/png', 3, '', '', 1)",
                ("A" * 22,),
            )
        )
        await SqliteHistory(database).commit(records)


def test_attached_files_are_copied() -> None:
    """Once, and the page shows them from the disk."""
    fill()
    link = f"http://h:5000/file/{'A' * 22}/cat.png"
    trio.run(upload, said(0, link), said(1, link), said(2, f"http://h/file/{'B' * 22}/x"))
    Path("trio-chat.db-uploads").mkdir()
    Path("trio-chat.db-uploads", "A" * 22).write_bytes(b"cat")
    page = pages()["2026-01-31.html"]
    assert page.values("src") == [f"files/{'A' * 22}-cat.png"] * 2
    assert Path("out", page.values("src")[0]).read_bytes() == b"cat"


def test_every_link_of_a_page_leads_somewhere() -> None:
    """To a file of the export, or to the web."""
    fill(*(said(number * 40_000, f"see https://x.org/{number}.") for number in range(5)))
    found = pages()
    for page in found.values():
        for url in page.values("href"):
            parts = urlsplit(url)
            assert (
                parts.scheme == "https"
                or not parts.path
                or Path("out", unquote(parts.path)).exists()
            )
    assert "https://x.org/0" in found["2026-01-31.html"].values("href")


def test_an_account_gets_all_that_is_its_own() -> None:
    """Its messages everywhere, and what is known of it, without secrets; and nothing of others."""
    fill()
    add_account()
    mine = {"account": "ann", "account_id": 1}
    records = [
        said(0, "mine", **mine),
        said(1, "other"),
        said(2, "whisper", buffer="1,~bob", is_private=True, **mine),
    ]

    async def commit() -> None:
        async with open_database(Path("trio-chat.db")) as database:
            await SqliteHistory(database).commit(records)

    trio.run(commit)
    assert ran("export", "--account", "ANN", "--output", "out") == 0
    text = Path("out/account.json").read_text("utf-8")
    assert json.loads(text)["account"]["name"] == "ann"
    assert "secret" not in text
    lines = Path("out/messages.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["mine", "whisper"]
    assert ran("export", "--account", "ann", "--format", "text", "--output", "text") == 0
    assert "12:00:02 <ann> bob: whisper\n" in Path("text/messages.txt").read_text("utf-8")
    found = pages("--account", "ann", "--force", what="")
    assert "other" not in "".join(found["2026-01-31.html"].texts)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_only_the_owner_can_read_an_export() -> None:
    """What was said behind closed doors is in it."""
    fill(said(0, "x"))
    pages()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (Path("out"), *Path("out").iterdir())}
    assert modes == {0o700, 0o600}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("#a", "--account", "ann"), 2),
        (("#a", "--format", "html"), 2),
        (("--account", "ann"), 2),
        (("#unknown",), 1),
        (("--account", "nobody", "--output", "x"), 1),
        (("#a", "--format", "html", "--output", "full"), 1),
        (("#a", "--format", "html", "--output", "full", "--force"), 1),
        (("#a", "--format", "html", "--output", "no/such/place"), 1),
        (("#a", "--output", "trio-chat.db", "--force"), 1),
    ],
)
def test_what_cannot_be_exported_is_told(
    arguments: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, and nothing is overwritten or left behind."""
    fill(said(0, "x"))
    Path("full").mkdir()
    Path("full/thesis.txt").touch()
    before = sorted(Path().iterdir())
    assert ran("export", *arguments) == code
    assert capsys.readouterr().err.startswith("trio-chat: ")
    assert sorted(Path().iterdir()) == before
    assert Path("full/thesis.txt").exists()


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
def test_a_link_to_a_directory_stays_one() -> None:
    """What it leads to is replaced."""
    fill(said(0, "x"))
    Path("real").mkdir()
    Path("out").symlink_to("real")
    pages()
    pages("--force")
    assert Path("out").is_symlink()
    assert Path("real/index.html").exists()


def test_an_earlier_export_is_told_from_something_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As with a file, the message names the option that replaces it."""
    fill(said(0, "x"))
    pages()
    capsys.readouterr()
    assert ran("export", "#a", "--format", "html", "--output", "out") == 1
    assert "--force replaces it" in capsys.readouterr().err
    Path("out/thesis.txt").touch()
    for options in ((), ("--force",)):
        assert ran("export", "#a", "--format", "html", "--output", "out", *options) == 1
        assert "there is something else" in capsys.readouterr().err


def test_an_earlier_export_can_be_replaced() -> None:
    """With --force."""
    fill(said(0, "x"))
    pages()
    assert ran("export", "#a", "--format", "html", "--output", "out") == 1
    pages("--force")


@pytest.mark.parametrize("other", ["photo.jpg", "files/thesis.txt", "2026/a.html"])
def test_a_directory_with_anything_else_is_never_replaced(other: str) -> None:
    """An index.html is in the directory of every website."""
    fill(said(0, "x"))
    Path("site", other).parent.mkdir(parents=True, exist_ok=True)
    for name in ("index.html", other):
        Path("site", name).touch()
    assert ran("export", "#a", "--format", "html", "--output", "site", "--force") == 1
    assert Path("site", other).exists()


def test_times_before_the_first_id_are_right() -> None:
    """On pages and in texts, as in the chat."""
    old = said(0, "old", id=1 << 50, shift=(1 << 30) + EPOCH_MS - 1_000_000_000_000)
    fill(old)
    assert "2001-09-09.html" in pages()
