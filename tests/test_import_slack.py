"""`trio-chat import slack`: archives of a workspace."""

import json
import re
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import apsw
import pytest

from database_fakes import fill, kept, ran
from import_fakes import slack_files, write_tree, write_zip
from trio_chat.chat.history import Record
from trio_chat.chat.ids import msgid
from trio_chat.imports import tree

pytestmark = pytest.mark.usefixtures("working_directory")


def said(ts: str, text: str = "hi", **more: Any) -> dict[str, Any]:
    """Return a message as Slack exports it."""
    return {"type": "message", "user": "U1", "text": text, "ts": ts} | more


def imported(*messages: Any, options: tuple[str, ...] = ()) -> list[Record]:
    """Import an archive into a new database; return what #general has then."""
    fill()
    write_zip("a.zip", slack_files(d1=list(messages)))
    assert ran("import", "slack", "a.zip", *options) == 0
    return kept("#general")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<@U2> and <@U9|zoe>", "@Bob_C and @zoe"),
        ("<#C1> <#C1|general> <#C9>", "#general #general #C9"),
        ("<https://x.org|the page>", "the page (https://x.org)"),
        ("<https://x.org|x.org> <https://y.org>", "https://x.org https://y.org"),
        ("<mailto:a@x.org|a@x.org>", "a@x.org"),
        ("<!here> <!subteam^S1|@team> <!date^1^x|May>", "@here @team May"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        (":+1: :tada: :no-such-one: 12:30:45", "👍 🎉 :no-such-one: 12:30:45"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("*bold* _it_", "*bold* _it_"),
        ("<https://x.org/:100:/a|:100:> :100:", "💯 (https://x.org/:100:/a) 💯"),
        ("<https://x.org/a:100:b>", "https://x.org/a:100:b"),
    ],
)
def test_mrkdwn_becomes_text(text: str, plain: str) -> None:
    """With the nicknames of people and the names of channels."""
    (record,) = imported(said("1700000000.000100", text))
    assert record.text == plain


def test_a_reference_to_a_number_that_is_too_long() -> None:
    """Python refuses to read it, so it stays as it is."""
    records = imported(said("1700000000.000100", f"&#65; &#{'9' * 5000};"))
    assert "".join(record.text for record in records).startswith("A &#999")


def test_threads_and_reactions_are_kept() -> None:
    """An answer refers to the message that its thread begins with."""
    first, second = imported(
        said("1700000000.123456", "a", reactions=[{"name": "+1", "users": ["U2"], "count": 1}]),
        said("1700000001.000100", "b", thread_ts="1700000000.123456"),
    )
    assert second.tags["+reply"] == msgid(first.id)
    connection = apsw.Connection("trio-chat.db")
    ((tags,),) = connection.execute("SELECT tags FROM event")
    connection.close()
    assert json.loads(tags) == {"+draft/react": "👍", "+draft/reply": msgid(first.id)}


def test_messages_of_one_second_stay_in_order() -> None:
    """Old exports count the messages of a second instead of microseconds."""
    messages = [said(f"1400000000.{number:06}", str(number)) for number in range(2, 40)]
    assert [record.text for record in imported(*messages)] == [str(n) for n in range(2, 40)]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"subtype": "me_message", "text": "waves"}, "\x01ACTION waves\x01"),
        (
            {"text": "", "attachments": [{"title": "T", "title_link": "https://x", "text": "B"}]},
            "T — https://x\nB",
        ),
        ({"text": "", "attachments": [{"fallback": "F"}]}, "F"),
        (
            {"text": "", "attachments": [{"title": "T", "image_url": "https://x/:a:?b=1&amp;c"}]},
            "T\nhttps://x/:a:?b=1&c",
        ),
        (
            {
                "text": "",
                "attachments": [{"fallback": "F: https://x/a", "image_url": "https://x/a"}],
            },
            "F: https://x/a",
        ),
        (
            {
                "text": "",
                "blocks": [
                    {
                        "type": "image",
                        "title": {"type": "plain_text", "text": "cat"},
                        "image_url": "https://x/a.gif",
                        "alt_text": "a cat",
                    },
                    {"type": "image", "image_url": "https://x/b.gif", "alt_text": "dog"},
                ],
            },
            "cat https://x/a.gif\ndog https://x/b.gif",
        ),
        (
            {
                "text": "",
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": "*hi* <@U2>"}},
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "text", "text": "see "},
                                    {"type": "link", "url": "https://x.org"},
                                ],
                            }
                        ],
                    },
                ],
            },
            "*hi* @Bob_C\nsee https://x.org",
        ),
        (
            {
                "text": "",
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "usergroup", "usergroup_id": "S1"},
                                    {"type": "text", "text": " meet "},
                                    {"type": "date", "timestamp": 1, "fallback": "on May 1"},
                                    {"type": "text", "text": " in "},
                                    {"type": "color", "value": "#fff"},
                                ],
                            }
                        ],
                    },
                ],
            },
            "@subteam meet on May 1 in #fff",
        ),
        (
            {
                "text": "",
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "text", "text": "a "},
                                    {"type": "link", "url": "https://x.org/:100:", "text": "b c"},
                                    {"type": "text", "text": " "},
                                    {"type": "broadcast", "range": "here"},
                                    {"type": "text", "text": "\n"},
                                ],
                            },
                            {
                                "type": "rich_text_list",
                                "elements": [
                                    {"type": "rich_text_section", "elements": [item]}
                                    for item in (
                                        {"type": "text", "text": "one"},
                                        {"type": "user", "user_id": "U2"},
                                    )
                                ],
                            },
                            {
                                "type": "rich_text_preformatted",
                                "elements": [{"type": "text", "text": "x\ny"}],
                            },
                        ],
                    },
                    {
                        "type": "section",
                        "text": {"type": "mrkdwn", "text": "s"},
                        "fields": [{"type": "mrkdwn", "text": each} for each in ("f", "g")],
                    },
                ],
            },
            "a b c (https://x.org/:100:) @here\none\n@Bob_C\nx\ny\ns\nf\ng",
        ),
        (
            {"text": "", "attachments": [{"text": "<@U2>"}, {"fallback": "<@U2>"}]},
            "@Bob_C\n@Bob_C",
        ),
        (
            {"files": [{"id": "F1", "name": "a.png", "permalink": "https://s/F1"}]},
            "hi\nhttps://s/F1",
        ),
        ({"files": [{"id": "F1", "mode": "tombstone"}]}, "hi\n[file]"),
        (
            {
                "attachments": [
                    {
                        "fallback": "[no preview available]",
                        "blocks": [
                            {
                                "type": "table",
                                "rows": [
                                    [{"type": "raw_text", "text": word} for word in ("a", "b")],
                                    [
                                        {
                                            "type": "rich_text",
                                            "elements": [
                                                {
                                                    "type": "rich_text_section",
                                                    "elements": [{"type": "text", "text": "c"}],
                                                }
                                            ],
                                        },
                                        {"type": "raw_text", "text": "d"},
                                    ],
                                    "x",
                                ],
                            }
                        ],
                    }
                ]
            },
            "hi\na | b\nc | d",
        ),
        (
            {
                "text": "",
                "blocks": [{"type": "video", "title": {"text": "V"}, "title_url": "https://v/1"}],
            },
            "V https://v/1",
        ),
        (
            {"attachments": [{"text": str(number)} for number in range(22)]},
            "\n".join(["hi", *map(str, range(22))]),
        ),
        (
            {
                "attachments": [
                    {"text": "look", "files": [{"id": "F1", "permalink": "https://s/1"}]}
                ]
            },
            "hi\nlook\nhttps://s/1",
        ),
    ],
)
def test_what_a_message_contains_is_text(more: dict[str, Any], text: str) -> None:
    """Attachments, blocks and files."""
    (record,) = imported(said("1700000000.000100") | more)
    assert record.text == text


def test_a_bot_has_the_name_it_gave_itself() -> None:
    """Integrations have no account in the workspace."""
    (record,) = imported(
        {"subtype": "bot_message", "bot_id": "B1", "username": "CI", "text": "x", "ts": "9.000100"}
        | {"ts": "1700000000.000100"}
    )
    assert (record.source, record.is_bot) == ("CI!imported@slack", True)


def test_a_person_of_another_workspace_has_the_name_of_the_messages() -> None:
    """`users.json` lacks these people, and not all of their messages have the profile."""
    profile = {"name": "nina", "display_name": "Nina K", "real_name": "Nina Kay"}
    records = imported(
        said("1700000000.000100", "hi <@U9>"),
        said("1700000001.000100", user="U9"),
        said("1700000002.000100", user="U9", user_profile=profile),
        said("1700000003.000100", user="U8", user_profile=profile | {"name": "other"}),
        options=("--map", "other=zoe"),
    )
    assert records[0].text == "hi @Nina_K"
    assert [record.source.partition("!")[0] for record in records[1:]] == [
        "Nina_K",
        "Nina_K",
        "zoe",
    ]


def test_a_comment_on_a_file_is_of_its_author() -> None:
    """Old exports name that one in the comment alone."""
    comment = {"id": "Fc1", "user": "U2", "comment": "nice"}
    old = said("1700000000.000100", "nice", subtype="file_comment", comment=comment)
    del old["user"]
    (record,) = imported(old)
    assert record.source.startswith("Bob_C!")


def test_an_answer_of_slackbot_is_a_message() -> None:
    """Others have seen it, and answered it."""
    more = {"subtype": "slackbot_response", "user": "USLACKBOT"}
    (record,) = imported(said("1700000000.000100", "tea is at four", **more))
    assert record.text == "tea is at four"


def test_an_unpacked_archive_is_the_same() -> None:
    """The directory and the archive give the same ids."""
    files = slack_files(d1=[said("1700000000.000100")])
    first = imported(said("1700000000.000100"))
    write_tree("unpacked", dict(files))
    assert ran("import", "slack", "unpacked") == 0
    assert kept("#general") == first


def test_an_archive_may_have_backslashes() -> None:
    """As one that was packed again by an older PowerShell."""
    first = imported(said("1700000000.000100"))
    files = slack_files(d1=[said("1700000000.000100")]) | {"general/": ""}
    write_zip("b.zip", {f"My export/{k}".replace("/", "\\"): v for k, v in files.items()})
    assert ran("import", "slack", "b.zip") == 0
    assert kept("#general") == first


def test_an_archive_may_have_a_directory_around_it() -> None:
    """As one that was unpacked and packed again, on a Mac for example."""
    first = imported(said("1700000000.000100"))
    files = {f"My export/{k}": v for k, v in slack_files(d1=[said("1700000000.000100")]).items()}
    write_zip("b.zip", {"__MACOSX/users.json": "", "a/My/users.json": "", **files})
    write_tree("around", dict(files))
    assert ran("import", "slack", "b.zip", "around") == 0
    assert kept("#general") == first


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("is_flagged", [True, False])
def test_names_of_directories_are_compared_as_text(form: Any, is_flagged: bool) -> None:
    """macOS decomposes them when it packs an export anew, and does not say that they are UTF-8."""
    fill()
    files = slack_files(d1=[said("1700000000.000100")])
    files["channels.json"] = json.dumps([{"id": "C1", "name": "größe"}])
    files["größe/2024-01-01.json"] = files.pop("general/2024-01-01.json")
    write_zip("a.zip", {unicodedata.normalize(form, name): files[name] for name in files})
    if not is_flagged:
        remove_flags("a.zip")
    assert ran("import", "slack", "a.zip") == 0
    assert len(kept("#größe")) == 1


def remove_flags(path: str) -> None:
    """Remove the flags by which an archive says that its names are in UTF-8."""
    data = bytearray(Path(path).read_bytes())
    for sign, offset in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        for match in re.finditer(sign, data):
            data[match.start() + offset] &= ~8
    Path(path).write_bytes(data)


def test_a_conversation_that_is_not_listed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody should miss its messages unawares."""
    fill()
    files = slack_files(d1=[said("1700000000.000100")])
    files["other/2024-01-01.json"] = "[]"
    write_zip("a.zip", files)
    assert ran("import", "slack", "a.zip") == 0
    assert "conversations that the export does not list: 1" in capsys.readouterr().out


@pytest.mark.parametrize("around", ["", "Acme export/"])
def test_an_export_of_an_organisation_has_several_workspaces(around: str) -> None:
    """And channels that they share; each has its own people and days."""
    day = [said("1700000000.000100"), said("1700000001.000100", user="U3")]
    files = slack_files(d1=[said("1700000000.000100", "to all")])
    files["org_users.json"] = files.pop("users.json")
    for number, name in enumerate(("sales", "lab"), 2):
        people = [{"id": "U3", "name": "carl"}]
        files[f"teams/{name}/users.json"] = json.dumps(people)
        files[f"teams/{name}/channels.json"] = json.dumps([{"id": f"C{number}", "name": name}])
        files[f"teams/{name}/{name}/2024-01-01.json"] = json.dumps(day)
    fill()
    write_zip("a.zip", {around + name: content for name, content in files.items()})
    assert ran("import", "slack", "a.zip") == 0
    assert [record.text for record in kept("#general")] == ["to all"]
    for name in ("#sales", "#lab"):
        found = [record.source.partition("!")[0] for record in kept(name)]
        assert found == ["Anna", "carl"]


def test_files_beside_an_unpacked_export_become_uploads() -> None:
    """Slack itself exports none, but other programs put them there; others are left alone."""
    fill()
    files = [
        {"id": "F1", "name": "a.txt", "permalink": "https://s/F1"},
        {"id": "F2", "name": "../../users.json", "permalink": "https://s/F2"},
    ]
    export = slack_files(d1=[said("1700000000.000100", files=files)])
    write_tree("unpacked", {**export, "__uploads/F1/a.txt": "text"})
    assert ran("import", "slack", "unpacked", "--url", "https://chat.example.org") == 0
    (record,) = kept("#general")
    greeting, first, second = record.text.split("\n")
    assert first.startswith("https://chat.example.org/file/")
    assert (greeting, second) == ("hi", "https://s/F2")


def test_with_only_no_conversation_is_imported(capsys: pytest.CaptureFixture[str]) -> None:
    """It is no channel that --channel names."""
    fill()
    add_accounts("anna", "bob")
    conversation = {
        "dms.json": json.dumps([{"id": "D1", "members": ["U1", "U2"]}]),
        "D1/2024-01-01.json": json.dumps([said("1700000000.000100", "whisper")]),
    }
    write_zip("a.zip", slack_files() | conversation)
    options = ("--map", "U1=anna", "--map", "U2=bob", "--only", "--channel", "general=#a")
    assert ran("import", "slack", "a.zip", *options) == 0
    assert kept("1,2") == []
    assert "channels that --channel leaves out: 1" in capsys.readouterr().out


def add_accounts(*names: str) -> None:
    """Add accounts to the database, with numbers from 1 on."""
    connection = apsw.Connection("trio-chat.db")
    for name in names:
        connection.execute(
            "INSERT INTO account VALUES (NULL, ?1, ?1, 1, '', x'', 0, x'', x'', 0)", (name,)
        )
    connection.close()


def test_private_channels_and_conversations_need_the_operators_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A channel a name, and a conversation the accounts of both people."""
    fill()
    files = slack_files() | {
        "groups.json": json.dumps([{"id": "G1", "name": "secret"}]),
        "dms.json": json.dumps([{"id": "D1", "members": ["U1", "U2"]}]),
        "secret/2024-01-01.json": json.dumps([said("1700000000.000100", "closed")]),
        "D1/2024-01-01.json": json.dumps([said("1700000000.000100", "whisper")]),
    }
    write_zip("a.zip", files)
    add_accounts("anna", "bob")
    assert ran("import", "slack", "a.zip") == 0
    out = capsys.readouterr().out
    assert "left out: messages of private channels" in out
    assert "left out: private messages" in out
    options = ("--channel", "secret=#closed", "--map", "Anna=anna", "--map", "U2=bob")
    assert ran("import", "slack", "a.zip", *options) == 0
    assert [record.text for record in kept("#closed")] == ["closed"]
    assert "anna, bob: 1 message, 1 new" in capsys.readouterr().out
    (whisper,) = kept("1,2")
    assert (whisper.account, whisper.account_id, whisper.is_private) == ("anna", 1, True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 and no more",
        b"PK\x05\x06" + bytes(18),
        "текст".encode(),
    ],
)
def test_a_file_that_is_no_export_is_refused(
    content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one line."""
    fill()
    Path("a.zip").write_bytes(content)
    assert ran("import", "slack", "a.zip") == 1
    assert "a.zip: the " in capsys.readouterr().err


def test_a_bomb_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file is read up to the limit, whatever size the archive promises."""
    monkeypatch.setattr(tree, "MOST_OF_FILE", 10_000)
    fill()
    files = slack_files(d1=[said("1700000000.000100")], d2=[]) | {
        "general/2024-01-02.json": " " * 50_000_000
    }
    write_zip("a.zip", files)
    assert Path("a.zip").stat().st_size < 100_000
    assert ran("import", "slack", "a.zip") == 1
    assert len(kept("#general")) == 1
    assert "a.zip: general/2024-01-02.json in it is too large" in capsys.readouterr().err


def test_names_outside_the_archive_are_only_names() -> None:
    """Nothing is written to where they point."""
    fill()
    files = slack_files(d1=[said("1700000000.000100")])
    files["../evil.json"] = files["/tmp/evil/2024-01-01.json"] = "[]"
    write_zip("a.zip", files)
    assert ran("import", "slack", "a.zip") == 0
    assert not Path("../evil.json").exists()
    assert not Path("/tmp/evil").exists()


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them takes memory."""
    monkeypatch.setattr(tree, "MOST_FILES", 3)
    fill()
    write_zip("a.zip", slack_files(d1=[], d2=[], d3=[]))
    assert ran("import", "slack", "a.zip") == 1


def test_a_damaged_day_does_not_keep_the_others_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor one whose content is not what it should be; each is named."""
    fill()
    days: dict[str, list[Any]] = {
        "d1": [said("1700000000.000100", "a")],
        "d2": [7, {"ts": 1}, {}, said("x"), None],
    }
    files = slack_files(**days) | {
        "general/2024-01-03.json": "[{",
        "general/2024-01-04.json": "[" * 200_000,
        "general/2024-01-05.json": "7",
        "general/2024-01-06.json": json.dumps([said("1700000009.000100", "b")]),
    }
    write_zip("a.zip", files)
    assert ran("import", "slack", "a.zip") == 1
    assert [record.text for record in kept("#general")] == ["a", "b"]
    assert capsys.readouterr().err.splitlines()[:3] == [
        f"trio-chat: a.zip: general/2024-01-0{day}.json in it is damaged" for day in (3, 4, 5)
    ]


def damage(name: str) -> None:
    """Break the bytes of a file of a.zip, as a disk or a download does."""
    data = bytearray(Path("a.zip").read_bytes())
    with zipfile.ZipFile("a.zip") as archive:
        info = archive.getinfo(name)
    start = info.header_offset + 30 + len(name)
    data[start : start + info.compress_size] = bytes(info.compress_size)
    Path("a.zip").write_bytes(bytes(data))


def test_a_file_that_cannot_be_unpacked_does_not_end_the_import(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is named, the others are imported, and the exit code tells programs of it."""
    fill()
    days = {f"d{day}": [said(f"170000000{day}.000100", str(day))] for day in (1, 2, 3)}
    write_zip("a.zip", slack_files(**days))
    damage("general/2024-01-02.json")
    assert ran("import", "slack", "a.zip") == 1
    assert [record.text for record in kept("#general")] == ["1", "3"]
    assert capsys.readouterr().err.startswith(
        "trio-chat: a.zip: general/2024-01-02.json in it is damaged\n"
    )


def test_a_damaged_list_of_conversations_does_not_end_the_import(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The channels of the other lists are imported."""
    fill()
    write_zip("a.zip", slack_files(d1=[said("1700000000.000100")]) | {"mpims.json": "[]"})
    damage("mpims.json")
    assert ran("import", "slack", "a.zip") == 1
    assert len(kept("#general")) == 1
    assert "a.zip: mpims.json in it is damaged" in capsys.readouterr().err


def test_an_archive_with_a_password_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the reason."""
    fill()
    write_zip("a.zip", slack_files())
    data = bytearray(Path("a.zip").read_bytes())
    with zipfile.ZipFile("a.zip") as archive:
        offsets = [info.header_offset for info in archive.infolist()]
    for offset in offsets:
        data[offset + 6] |= 1
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    Path("a.zip").write_bytes(bytes(data))
    assert ran("import", "slack", "a.zip") == 1
    assert "the archive cannot be read" in capsys.readouterr().err
