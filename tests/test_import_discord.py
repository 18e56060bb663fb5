"""`trio-chat import discord`: documents of DiscordChatExporter."""

import io
import json
import time
from pathlib import Path
from typing import Any

import apsw
import pytest

from database_fakes import DAY, fill, kept, ran
from import_fakes import ANNA, BOB, discord_document, said, snowflake, write_json
from trio_chat.admin import importer
from trio_chat.chat.history import HistoryFilter, Record, Span
from trio_chat.chat.ids import msgid, server_time
from trio_chat.storage import maintenance
from trio_chat.storage.events import select_messages_and_events

pytestmark = pytest.mark.usefixtures("working_directory")

T = 1_700_000_000_000
THUMB = {"emoji": {"id": "", "name": "👍"}, "count": 1, "users": [BOB]}


def imported(*messages: Any, options: tuple[str, ...] = (), **channel: str) -> list[Record]:
    """Import a document into a new database; return what #general has then."""
    fill()
    write_json("a.json", discord_document(*messages, **channel))
    assert ran("import", "discord", "a.json", *options) == 0
    return kept("#general")


def everything(buffer: str = "#general") -> list[Record]:
    """Return messages and events of a channel."""
    connection = apsw.Connection("trio-chat.db")
    try:
        return select_messages_and_events(
            connection, buffer, Span(from_newest=False), 1000, 0, HistoryFilter.WITH_TAGMSG
        )
    finally:
        connection.close()


def test_a_message_has_its_author_and_time() -> None:
    """As they were there."""
    (record,) = imported(said(T, "hello\nall"))
    assert (record.source, record.text) == ("Anna_B!imported@discord", "hello\nall")
    assert server_time(record.id, record.shift) == "2023-11-14T22:13:20.000Z"
    assert (record.account, record.account_id, record.is_private, record.is_bot) == (
        "",
        0,
        False,
        False,
    )


def test_a_document_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `-`, so that it can be unpacked on the way."""
    fill()
    document = json.dumps(discord_document(said(T, "hello"))).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(document)))
    assert ran("import", "discord", "-") == 0
    assert [record.text for record in kept("#general")] == ["hello"]


@pytest.mark.parametrize("named", ["export", "export/*.json", "export/a*"])
def test_a_directory_or_a_pattern_names_files(named: str) -> None:
    """The shells of Windows leave patterns to the program."""
    fill()
    Path("export").mkdir()
    Path("export/readme.txt").touch()
    write_json("export/a [part 1].json", discord_document(said(T, "1")))
    write_json("export/a [part 2].json", discord_document(said(T + 1, "2")))
    assert ran("import", "discord", named) == 0
    assert [record.text for record in kept("#general")] == ["1", "2"]


@pytest.mark.parametrize("named", ["export", "export/*.json", "x*"])
def test_files_that_are_not_there_are_reported(
    named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty directory would look like success."""
    fill()
    Path("export").mkdir()
    assert ran("import", "discord", named) == 1
    assert "there are no such files" in capsys.readouterr().err


def test_messages_are_in_the_order_of_time_before_those_of_the_server() -> None:
    """Wherever the file has them, and whatever was said here already."""
    fill(Record("#general", 1 << 60, "PRIVMSG", "zoe!z@h", "", "later"))
    write_json("a.json", discord_document(said(T + 5, "2"), said(T, "1"), said(T - 10**12, "0")))
    assert ran("import", "discord", "a.json") == 0
    assert [record.text for record in kept("#general")] == ["1", "2", "later"]


def test_importing_twice_adds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither messages nor reactions, and the summary says so."""
    first = imported(said(T, "a", reactions=[THUMB]), said(T + 1, "b"))
    before = everything()
    assert ran("import", "discord", "a.json") == 0
    assert kept("#general") == first
    assert everything() == before
    assert "#general: 2 messages, 0 new" in capsys.readouterr().out


def test_an_interrupted_import_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written stays, and the next import adds the rest."""
    monkeypatch.setattr(importer, "_AT_ONCE", 2)
    real, calls = maintenance.insert_messages, 0

    def insert(connection: apsw.Connection, records: list[Record]) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return real(connection, records)

    fill()
    write_json("a.json", discord_document(*(said(T + n, str(n)) for n in range(5))))
    monkeypatch.setattr(maintenance, "insert_messages", insert)
    assert ran("import", "discord", "a.json") != 0
    assert [record.text for record in kept("#general")] == ["0", "1"]
    assert ran("import", "discord", "a.json") == 0
    assert [record.text for record in kept("#general")] == ["0", "1", "2", "3", "4"]


def test_a_later_export_adds_what_is_new() -> None:
    """An export of the same channel that has more."""
    imported(said(T, "a"))
    write_json("b.json", discord_document(said(T, "a"), said(T + 1, "b")))
    assert ran("import", "discord", "b.json") == 0
    assert [record.text for record in kept("#general")] == ["a", "b"]


def test_what_was_redacted_here_does_not_come_again() -> None:
    """A deletion counts more than an import."""
    (record,) = imported(said(T, "a"))
    connection = apsw.Connection("trio-chat.db")
    connection.execute("INSERT INTO redacted VALUES (1, ?)", (record.id,))
    connection.execute("DELETE FROM message")
    connection.close()
    assert ran("import", "discord", "a.json") == 0
    assert kept("#general") == []


def test_an_answer_refers_to_its_message() -> None:
    """By the msgid, also when that message is in another file or not there at all."""
    reference = {"messageId": snowflake(T), "channelId": "222", "guildId": "1"}
    first, second = imported(said(T, "a"), said(T + 1, "b", type="Reply", reference=reference))
    assert second.tags == {"+reply": msgid(first.id), "+draft/reply": msgid(first.id)}


def test_messages_of_one_millisecond_stay_apart_and_in_order() -> None:
    """However many there are; and answers find them."""
    reference = {"messageId": snowflake(T, 1500)}
    messages = [said(T, str(low), low) for low in range(2000)]
    found = imported(*messages, said(T + 1, "next"), said(T + 9000, "answer", reference=reference))
    assert [record.text for record in found] == [*map(str, range(2000)), "next", "answer"]
    assert found[-1].tags["+reply"] == msgid(found[1500].id)
    assert ran("import", "discord", "a.json") == 0
    assert kept("#general") == found


def test_an_entry_that_is_there_twice_is_one_message() -> None:
    """In one file, or in two files of one import."""
    write_json("b.json", discord_document(said(T), said(T)))
    assert len(imported(said(T), said(T), options=("b.json",))) == 1


def test_a_time_that_the_id_does_not_say_counts() -> None:
    """The ids of some programs are only numbers; answers to them are found, too."""
    stated = {"timestamp": "2024-01-31T12:00:00.5+01:00"}
    found = imported(
        said(0, "one") | {"id": "1"} | stated,
        said(0, "two") | {"id": "2"} | stated,
        said(0, "three", reference={"messageId": "2"}) | {"id": "3", "timestamp": "2024-02-01T00Z"},
    )
    assert [record.text for record in found] == ["one", "two", "three"]
    assert server_time(found[0].id) == "2024-01-31T11:00:00.500Z"
    assert found[2].tags["+reply"] == msgid(found[1].id)


def test_a_thread_is_answers_in_its_channel() -> None:
    """It has the id of the message that it begins with."""
    imported(said(T, "question"))
    thread = discord_document(
        said(T + 1, "answer"),
        id=snowflake(T),
        type="GuildPublicThread",
        categoryId="222",
        category="general",
        name="thread",
    )
    write_json("thread.json", thread)
    assert ran("import", "discord", "thread.json") == 0
    first, second = kept("#general")
    assert second.tags["+reply"] == msgid(first.id)


def test_reactions_are_messages_of_tags() -> None:
    """From each person, just after the message."""
    imported(said(T, "a", reactions=[THUMB]))
    message, reaction = everything()
    assert (reaction.command, reaction.source) == ("TAGMSG", "bob!imported@discord")
    assert reaction.tags == {"+draft/react": "👍", "+draft/reply": msgid(message.id)}
    assert reaction.id > message.id


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"content": "<:party:123> <a:x:4>"}, ":party: :x:"),
        ({"content": "hi <@11>", "mentions": [ANNA]}, "hi @Anna_B"),
        ({"content": "hi @Anna B.", "mentions": [ANNA]}, "hi @Anna_B"),
        (
            {
                "content": "@Anna B. @Anna B. Goode",
                "mentions": [ANNA, {**BOB, "nickname": "Anna B. Goode"}],
            },
            "@Anna_B @Anna_B_Goode",
        ),
        ({"content": "at <t:1700000000:R>"}, "at 2023-11-14 22:13 UTC"),
        ({"embeds": [{"thumbnail": {"url": "https://t/1"}}]}, "hi\nhttps://t/1"),
        (
            {
                "content": "https://t/2",
                "embeds": [{"url": "https://t/2", "thumbnail": {"url": "https://t/3"}}],
            },
            "https://t/2",
        ),
        ({"content": "try </play music:12>"}, "try /play music"),
        ({"forwardedMessage": {"content": "<:tea:1> </play:2>"}}, "hi\n:tea: /play"),
        ({"content": "", "stickers": [{"id": "1", "name": "Wave"}]}, "[Wave]"),
        (
            {
                "content": "",
                "embeds": [
                    {
                        "title": "T",
                        "url": "https://x.org/",
                        "description": "D",
                        "author": {"name": "A"},
                        "fields": [{"name": "n", "value": "v"}],
                        "footer": {"text": "F"},
                    }
                ],
            },
            "A\nT — https://x.org/\nD\nn: v\nF",
        ),
        (
            {"attachments": [{"id": "9", "url": "https://cdn/x.png", "fileName": "x.png"}]},
            "hi\nhttps://cdn/x.png",
        ),
        ({"attachments": [{"id": "9", "url": "javascript:x", "fileName": "x"}]}, "hi\n[x]"),
        (
            {
                "content": "",
                "reference": {"type": "Forward", "messageId": snowflake(T - 1)},
                "forwardedMessage": {
                    "content": "quoted",
                    "stickers": [{"id": "1", "name": "Wave"}],
                    "attachments": [{"id": "9", "url": "https://cdn/y.png", "fileName": "y.png"}],
                },
            },
            "quoted\n[Wave]\nhttps://cdn/y.png",
        ),
        (
            {
                "content": "",
                "embeds": [
                    {
                        "title": "T",
                        "image": {"url": "a_Files/x.png", "canonicalUrl": "https://cdn/x.png"},
                        "images": [{"url": "a_Files/x.png", "canonicalUrl": "https://cdn/x.png"}],
                        "video": {"url": "a_Files/x.mp4"},
                    }
                ],
            },
            "T\nhttps://cdn/x.png",
        ),
        (
            {
                "content": "see <https://x.org/a>",
                "embeds": [
                    {"title": "T", "url": "https://x.org/a", "description": "D"},
                    {"title": "", "url": "https://x.org/a"},
                    {"title": "U", "url": "https://x.org/"},
                ],
            },
            "see <https://x.org/a>\nT\nD\nU — https://x.org/",
        ),
        ({"type": "20", "content": "answer of a bot"}, "answer of a bot"),
        ({"content": "a\0b\u202e\x07"}, "ab\u202e"),
    ],
)
def test_what_a_message_contains_is_text(more: dict[str, Any], text: str) -> None:
    """Embeds, stickers, attachments, emoji and mentions."""
    (record,) = imported(said(T, **more))
    assert (record.text, record.tags) == (text, {})


def test_bots_are_bots() -> None:
    """Clients show them so; a webhook has many names and one number."""
    bots = [{**BOB, "isBot": True, "nickname": name, "name": name} for name in ("one", "two")]
    records = imported(*(said(T + low, author=bot) for low, bot in enumerate(bots)))
    assert [(record.source.partition("!")[0], record.is_bot) for record in records] == [
        ("one", True),
        ("two", True),
    ]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (said(T, type="GuildMemberJoin"), "messages of the other program itself"),
        (said(T, type="8"), "messages of the other program itself"),
        (said(T, ""), "messages without a text"),
        (said(T) | {"id": "x"}, "entries that are damaged"),
        (7, "entries that are damaged"),
        (said(int(time.time() * 1000) + 10**7), "messages dated in the future"),
        (said(T, reactions=[{"emoji": {"name": "👍"}, "count": 2}]), "reactions without the names"),
        (
            said(
                T,
                reactions=[
                    {"emoji": {"name": "👍"}, "users": [{"id": str(n)} for n in range(201)]}
                ],
            ),
            "reactions to messages that have more than 200 of them: 1",
        ),
    ],
)
def test_what_is_left_out_is_told(
    message: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason and the number."""
    imported(message)
    assert f"left out: {reason}" in capsys.readouterr().out


def test_old_messages_are_not_imported_to_be_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    """The retention of the server would delete them within the hour."""
    Path("config.ini").write_text("[storage]\nkeep_days = 30\n", encoding="utf-8")
    now = int(time.time() * 1000)
    assert len(imported(said(T), said(now - int(DAY * 1000)))) == 1
    assert "left out: messages older than the server keeps them" in capsys.readouterr().out


def test_since_and_until_bound_the_import() -> None:
    """The first moment counts, and the last does not."""
    messages = [said(T + 1000 * number, str(number)) for number in range(4)]
    options = ("--since", "2023-11-14T22:13:21", "--until", "2023-11-14T22:13:23")
    assert [record.text for record in imported(*messages, options=options)] == ["1", "2"]


def test_channels_can_be_named_anew() -> None:
    """By the name or the number, and --only leaves the others out."""
    options = ("--channel", "222=#Lobby", "--only")
    imported(said(T), options=options)
    write_json("b.json", discord_document(said(T), id="3", name="random"))
    assert ran("import", "discord", "b.json", *options) == 0
    assert (len(kept("#lobby")), kept("#random")) == (1, [])


def test_a_name_longer_than_the_server_allows_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is an error of the command line, and no damage of the database."""
    Path("config.ini").write_text("[limits]\nchannel_length = 10\n", encoding="utf-8")
    fill()
    write_json("a.json", discord_document(said(T)))
    options = ("--channel", "general=#elevencharacters")
    assert ran("import", "discord", "a.json", *options) == 2
    assert "'#elevencharacters' is not the name of a channel" in capsys.readouterr().err


def test_people_can_be_named_anew() -> None:
    """On the command line, or in a file; the command line counts."""
    Path("people.txt").write_text("# people\nAnna B.=annie\nbob=robert\n", encoding="utf-8")
    options = ("--map-file", "people.txt", "--map", "bob=bobby")
    records = imported(said(T), said(T + 1, author=BOB), options=options)
    assert [record.source.partition("!")[0] for record in records] == ["annie", "bobby"]


def test_a_map_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """In words."""
    assert ran("import", "discord", "a.json", "--map-file", "people.txt") == 2
    problem = "trio-chat: people.txt: cannot be read: No such file or directory\n"
    assert capsys.readouterr().err == problem


@pytest.mark.parametrize("name", ["NickServ", "chanserv", "N1ckServ"])
@pytest.mark.parametrize("option", ["--map", "--map-file"])
def test_nobody_is_named_like_a_service(
    option: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Users would send a password to it."""
    fill()
    Path("people.txt").write_text(f"bob={name}\n", encoding="utf-8")
    write_json("a.json", discord_document(said(T)))
    value = "people.txt" if option == "--map-file" else f"bob={name}"
    assert ran("import", "discord", "a.json", option, value) == 2
    assert f"'{name}' is the name of a service, or looks like one" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["DirectTextChat", "GuildPrivateThread"])
def test_private_channels_need_a_name(kind: str) -> None:
    """Nobody should find them in a public channel."""
    assert imported(said(T), type=kind, categoryId="222", category="general") == []


def test_a_post_of_a_forum_begins_with_its_title() -> None:
    """The exporter has it as the name of the thread, whose number is that of its first message."""
    (question, answer) = imported(
        said(T, "why?"),
        said(T + 1, "so"),
        id=snowflake(T),
        type="GuildPublicThread",
        name="It fails",
        categoryId="222",
        category="general",
    )
    assert (question.text, question.tags) == ("It fails\nwhy?", {})
    assert (answer.text, answer.tags["+reply"]) == ("so", msgid(question.id))


@pytest.mark.parametrize("is_first", [True, False])
def test_a_private_thread_is_a_channel_of_its_own(is_first: bool) -> None:
    """Its channel is public, and has none of it, whichever file comes first."""
    fill()
    write_json("channel.json", discord_document(said(T, "public")))
    thread = {"id": "333", "type": "GuildPrivateThread", "name": "staff"}
    parent = {"categoryId": "222", "category": "general"}
    write_json("thread.json", discord_document(said(T + 1, "secret"), **thread, **parent))
    files = ("thread.json", "channel.json") if is_first else ("channel.json", "thread.json")
    assert ran("import", "discord", *files, "--channel", "staff=#staff") == 0
    found = [[record.text for record in kept(name)] for name in ("#general", "#staff")]
    assert found == [["public"], ["secret"]]


def test_a_dry_run_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """But tells what would be imported, and how people would be called."""
    assert imported(said(T), options=("--dry-run",)) == []
    out = capsys.readouterr().out
    assert "#general: 1 message, 1 new" in out
    assert "Anna B. is Anna_B here" in out


@pytest.mark.parametrize("at_once", [1, 100])
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_message_in_two_files_is_new_once(
    options: tuple[str, ...],
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A trial counts as the import does, whether both are in one transaction or not."""
    monkeypatch.setattr(importer, "_AT_ONCE", at_once)
    fill()
    write_json("a.json", discord_document(said(T), said(T + 1)))
    write_json("b.json", discord_document(said(T + 1), said(T + 2)))
    assert ran("import", "discord", "a.json", "b.json", *options) == 0
    assert "#general: 4 messages, 3 new" in capsys.readouterr().out


def test_a_damaged_file_does_not_keep_the_others_out(capsys: pytest.CaptureFixture[str]) -> None:
    """What comes before the damage is imported, too."""
    fill()
    text = json.dumps(discord_document(said(T), said(T + 1)))
    Path("a.json").write_text(text[:-80], encoding="utf-8")
    write_json("b.json", discord_document(said(T + 2)))
    Path("c.json").write_text("{}", encoding="utf-8")
    assert ran("import", "discord", "a.json", "b.json", "c.json", "d.json") == 1
    assert len(kept("#general")) == 2
    err = capsys.readouterr().err
    assert "a.json: the file ends too early, or is damaged, after message 1" in err
    assert "c.json: the file is not a JSON document of DiscordChatExporter" in err
    assert "d.json: cannot be read" in err


@pytest.mark.parametrize("text", ["<!DOCTYPE html>", "AuthorID,Author\n", "====\nGuild: G\n", ""])
def test_a_file_in_another_format_of_the_exporter(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says how the file can be had."""
    fill()
    Path("a.html").write_text(text, encoding="utf-8")
    assert ran("import", "discord", "a.html") == 1
    assert "again in the format JSON (--format Json)" in capsys.readouterr().err


def attached(url: str) -> dict[str, Any]:
    """Return a message with a file."""
    return said(T, attachments=[{"id": "9", "url": url, "fileName": "cat.png"}])


def uploads() -> list[tuple[Any, ...]]:
    """Return the uploads: names, sizes and authors."""
    connection = apsw.Connection("trio-chat.db")
    try:
        return list(connection.execute("SELECT name, size, author FROM upload"))
    finally:
        connection.close()


def test_an_attached_file_becomes_an_upload() -> None:
    """Once; and the message has a link to it."""
    Path("files").mkdir()
    Path("files/cat.png").write_bytes(b"is no picture here")
    options = ("--url", "https://chat.example.org")
    (record,) = imported(attached("files\\cat.png"), options=options)
    ((name, size, author),) = uploads()
    assert (size, author) == (18, record.source)
    assert record.text == f"hi\nhttps://chat.example.org/file/{name}/cat.png"
    assert Path("trio-chat.db-uploads", name).stat().st_size == size
    assert ran("import", "discord", "a.json", *options) == 0
    assert len(uploads()) == 1


def test_a_file_belongs_to_the_account_of_its_author() -> None:
    """It goes with the last message of the account that links to it."""
    fill()
    connection = apsw.Connection("trio-chat.db")
    values = "(7, 'anna', 'anna', 1, 'x', x'', 0, x'', x'', 0)"
    connection.execute(f"INSERT INTO account VALUES {values}")
    connection.close()
    Path("cat.png").write_bytes(b"text")
    imported(attached("cat.png"), options=("--url", "https://h", "--map", "Anna B.=anna"))
    connection = apsw.Connection("trio-chat.db")
    assert list(connection.execute("SELECT account FROM upload")) == [(7,)]
    connection.execute("DELETE FROM message")
    assert list(connection.execute("SELECT * FROM upload")) == []
    connection.close()


def test_an_interrupted_upload_is_stored_by_the_next_import() -> None:
    """A file of the same random name may have been left behind."""
    options = ("--url", "https://chat.example.org")
    Path("cat.png").write_bytes(b"text")
    (record,) = imported(attached("cat.png"), options=options)
    ((name, _size, _author),) = uploads()
    connection = apsw.Connection("trio-chat.db")
    connection.execute("DELETE FROM message; DELETE FROM upload; DELETE FROM upload_removed")
    connection.close()
    Path("trio-chat.db-uploads", f"{name}.part").touch()
    assert ran("import", "discord", "a.json", *options) == 0
    assert (kept("#general"), len(uploads())) == ([record], 1)


@pytest.mark.parametrize(
    "url",
    [
        "../secret.txt",
        "/etc/hostname",
        "files/../../secret.txt",
        "link",
        "missing.png",
        "files",
        "a\0b",
        "x" * 5000,
        "file:///etc/hostname",
    ],
)
def test_only_files_of_the_export_are_stored(
    url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A document from a stranger names any file of this machine."""
    secret = tmp_path.parent / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    Path("files").mkdir()
    Path("link").symlink_to(secret)
    Path("../secret.txt").write_text("secret", encoding="utf-8")
    (record,) = imported(attached(url), options=("--url", "https://chat.example.org/"))
    assert (record.text, uploads()) == ("hi\n[cat.png]", [])
    assert "left out: attached files that are missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "data", "reason"),
    [
        ("", b"\0\0\0\x18ftypmp42" + b"x" * 100, "that are damaged"),
        ("total_quota = 1M", bytes(1_100_000), "for which [uploads] total_quota has no room"),
        ("reserve = 1073741824M", b"x", "for which the disk has no room"),
    ],
)
def test_the_reason_why_a_file_was_not_stored_is_told(
    config: str, data: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is found out when the file is stored, after its message was read."""
    Path("config.ini").write_text(f"[uploads]\n{config}\n", encoding="utf-8")
    Path("film.mp4").write_bytes(data)
    imported(attached("film.mp4"), options=("--url", "https://h"))
    assert f"left out: attached files {reason}" in capsys.readouterr().out
    assert [size for _name, size, _author in uploads() if size] == []


@pytest.mark.parametrize("config", ["total_quota = 1M", "reserve = 1073741824M"])
def test_a_file_for_which_there_was_no_room_is_stored_by_the_next_import(config: str) -> None:
    """The link in its message leads to it then, and it goes with the message."""
    Path("config.ini").write_text(f"[uploads]\n{config}\n", encoding="utf-8")
    Path("cat.png").write_bytes(bytes(1_100_000))
    options = ("--url", "https://h")
    (record,) = imported(attached("cat.png"), options=options)
    Path("config.ini").write_text("", encoding="utf-8")
    for _again in range(2):
        assert ran("import", "discord", "a.json", *options) == 0
        ((name, size, author),) = uploads()
        assert (size, author) == (1_100_000, record.source)
        assert f"/file/{name}/" in record.text
        assert Path("trio-chat.db-uploads", name).stat().st_size == size
    connection = apsw.Connection("trio-chat.db")
    connection.execute("DELETE FROM message")
    connection.close()
    assert uploads() == []


def test_a_file_that_was_deleted_here_does_not_come_again() -> None:
    """Its message may still be there."""
    Path("cat.png").write_bytes(b"text")
    imported(attached("cat.png"), options=("--url", "https://h"))
    assert ran("uploads", "remove", uploads()[0][0]) == 0
    assert ran("import", "discord", "a.json", "--url", "https://h") == 0
    assert uploads() == []


@pytest.mark.parametrize(
    ("config", "options", "reason"),
    [
        ("", (), "the address of the server is not known"),
        ("[uploads]\nenabled = no\n", ("--url", "https://h"), "because [uploads] is off"),
        ("[uploads]\nmax_size = 1024\n", ("--url", "https://h"), "larger than [uploads] max_size"),
    ],
)
def test_a_file_that_cannot_be_stored_is_told(
    config: str, options: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its message is imported all the same."""
    Path("config.ini").write_text(config, encoding="utf-8")
    Path("cat.png").write_bytes(b"x" * 3_000_000)
    assert len(imported(attached("cat.png"), options=options)) == 1
    assert reason in capsys.readouterr().out


def test_markup_and_numbers_are_no_harm() -> None:
    """Wrong types where others are expected, at every place."""
    wrong: list[Any] = [None, 7, [], {}, "x", [None], [[]], {"id": {}}, True]
    keys = ("author", "attachments", "embeds", "stickers", "reactions", "mentions", "reference")
    messages = [
        said(T + 10 * number + place, **{key: value})
        for number, key in enumerate((*keys, "content", "type", "forwardedMessage"))
        for place, value in enumerate(wrong)
    ]
    assert imported(*messages)
