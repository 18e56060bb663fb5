"""`trio-chat import irc`: logs of clients and bouncers."""

import bz2
import errno
import gzip
import io
import lzma
import os
import sys
from collections.abc import Callable
from datetime import UTC, date
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from database_fakes import fill, kept, ran
from import_fakes import write_tree
from trio_chat.chat.history import HistoryFilter, Span
from trio_chat.chat.ids import server_time
from trio_chat.imports import irc_logs, log_files, log_lines
from trio_chat.imports.irc_logs import IrcLog, LogName, detect, parse_name
from trio_chat.imports.log_lines import LineKind
from trio_chat.imports.messages import MessageForm, Skipped, SourceMessage
from trio_chat.imports.time_zones import time_zone
from trio_chat.storage.events import select_messages_and_events

pytestmark = pytest.mark.usefixtures("working_directory")

TEXT, ACTION, NOTICE = MessageForm.TEXT, MessageForm.ACTION, MessageForm.NOTICE
ZNC = "libera/#a/2026-01-31.log"


def read(text: str | bytes, path: str = ZNC, zone: str = "UTC") -> list[SourceMessage | Skipped]:
    """Return what a log has."""
    found = time_zone(zone)
    assert found is not None
    data = text if isinstance(text, bytes) else text.encode()
    return list(IrcLog(io.BytesIO(data), PurePosixPath(path), found).items())


def talk(text: str | bytes, path: str = ZNC, zone: str = "UTC") -> list[tuple[str, ...]]:
    """Return the messages of a log: their times, authors, texts and forms."""
    return [
        (
            server_time((item.time - 1_577_836_800_000) << 20)[:19],
            item.author.name,
            item.text,
            item.form.name,
        )
        for item in read(text, path, zone)
        if isinstance(item, SourceMessage)
    ]


FORMATS: list[tuple[str, str, str]] = [
    (
        "znc",
        ZNC,
        "[12:00:00] *** Joins: anna (a@host)\n"
        "[12:00:01] <anna> hello\n"
        "[12:00:02] * bob waves\n"
        "[12:00:03] -bob- careful\n"
        "[12:00:04] *** anna is now known as annie\n",
    ),
    (
        "trio-chat",
        "chat.example.org/#a/2026-01-31.txt",
        "[12:00:01] <anna> hello\n"
        "[12:00:02] * bob waves\n"
        "[12:00:03] -bob- careful\n"
        "[12:00:04] *** anna left the channel\n",
    ),
    (
        "irssi",
        "libera/#a.log",
        "--- Log opened Sat Jan 31 11:59:00 2026\n"
        "11:59:59 -!- anna [a@host] has joined #a\n"
        "12:00:01 <@anna> hello\n"
        "12:00:02  * bob waves\n"
        "12:00:03 -bob:#a- careful\n"
        "--- Log closed Sat Jan 31 12:01:00 2026\n",
    ),
    (
        "mIRC",
        "libera/#a.log",
        "\nSession Start: Sat Jan 31 11:59:00 2026\nSession Ident: #a\n"
        "[12:00:01] <@\x0304anna\x03> hello\n"
        "[12:00:02] * bob waves\n"
        "[12:00:03] -bob:#a- careful\n"
        "Session Close: Sat Jan 31 12:01:00 2026\n",
    ),
    (
        "The Lounge",
        "libera/#a.log",
        "[2026-01-31T11:59:59.123Z] *** anna (a@host) joined\n"
        "[2026-01-31T12:00:01.000Z] <anna> hello\n"
        "[2026-01-31T13:00:02.999+01:00] * bob waves\n"
        "[2026-01-31T12:00:03.000Z] -bob- careful\n",
    ),
    (
        "dated",
        "#a.log",
        "2026-01-31 12:00:01 <anna> hello\n"
        "2026-01-31 12:00:02 * bob waves\n"
        "2026-01-31T12:00:03  -bob- careful\n",
    ),
    (
        "weechat",
        "irc.libera.#a.weechatlog",
        "2026-01-31 11:59:59\t-->\tanna (a@host) has joined #a\n"
        "2026-01-31 12:00:01\t@anna\thello\n"
        "2026-01-31 12:00:02\t *\tbob waves\n"
        "2026-01-31 12:00:03\t--\tNotice(bob) -> #a: careful\n"
        "2026-01-31 12:00:04\t--\tanna is now known as annie\n",
    ),
    (
        "weechat 4.8",
        "irc.libera.#a.weechatlog",
        "2026-01-31 11:59:59.000000Z\t-->\tanna (a@host) has joined #a\n"
        "2026-01-31 12:00:01.123456Z\tanna\thello\n"
        "2026-01-31T13:00:02+0100\t *\tbob waves\n"
        "2026-01-31 12:00:03.999999Z\t--\tNotice(bob) -> #a: careful\n",
    ),
    (
        "hexchat",
        "libera/#a.log",
        "**** BEGIN LOGGING AT Sat Jan 31 11:59:00 2026\n\n"
        "Jan 31 11:59:59 *\tanna (a@host) has joined\n"
        "Jan 31 12:00:01 <anna>\thello\n"
        "Jan 31 12:00:02 *\tbob waves\n"
        "Jan 31 12:00:03 -bob/#a-\tcareful\n"
        "Jan 31 12:00:04 *\tbob has quit (bye)\n"
        "**** ENDING LOGGING AT Sat Jan 31 12:01:00 2026\n",
    ),
    (
        "a clock of twelve hours",
        "libera/#a/2026-01-31.log",
        "[12:00:01pm] <anna> hello\n[12:00:02 PM] * bob waves\n[12:00:03 p.m.] -bob- careful\n",
    ),
    (
        "the day first",
        "#a.log",
        "31.01.2026 12:00:01 <anna> hello\n[31.01.2026, 12:00:02] * bob waves\n"
        "31.01.2026 12:00:03  -bob- careful\n",
    ),
    (
        "slashes, and zones",
        "#a.log",
        "2026/01/31 12:00:01 <anna> hello\n[2026/01/31 13:00:02 +0100] * bob waves\n"
        "[2026.01.31 12:00:03 UTC] -bob- careful\n",
    ),
    (
        "round brackets",
        "libera/#a/2026-01-31.log",
        "(11:59:59) *** Joins: anna (a@host)\n(12:00:01 pm) <anna> hello\n"
        "(12:00:02) * bob waves\n(12:00:03) -bob- careful\n",
    ),
    (
        "round brackets around dates",
        "#a.log",
        "(2026-01-31 12:00:01) <anna> hello\n(31.01.2026 13:00:02 +0100) * bob waves\n"
        "(2026-01-31 12:00:03) -bob- careful\n",
    ),
    (
        "Textual",
        "Libera (0A1B2)/Channels/#a/2026-01-31.txt",
        "[2026-01-31T12:00:00+0000] anna (a@host) joined the channel\n"
        "[2026-01-31T12:00:01+0000] <anna> hello\n"
        "[2026-01-31T13:00:02+0100] \u2022 bob: waves\n"
        "[2026-01-31T12:00:03+0000] -bob- careful\n",
    ),
    (
        "Eggdrop",
        "#a.log.20260131",
        "[12:00:00] anna (a@host) joined #a.\n[12:00:01] <anna> hello\n"
        "[12:00:02] Action: bob waves\n[12:00:03] -bob:#a- careful\n",
    ),
    (
        "weechat without dates",
        "irc.libera.#a.2026-01-31.weechatlog",
        "11:59:59\t-->\tanna (a@host) has joined #a\n12:00:01\t@anna\thello\n"
        "12:00:02\t *\tbob waves\n12:00:03\t--\tNotice(bob) -> #a: careful\n",
    ),
]


@pytest.mark.parametrize(("path", "text"), [each[1:] for each in FORMATS])
def test_every_format_is_recognised(path: str, text: str) -> None:
    """Messages, actions and notices, with their times; events are none of them."""
    assert talk(text, path) == [
        ("2026-01-31T12:00:01", "anna", "hello", "TEXT"),
        ("2026-01-31T12:00:02", "bob", "waves", "ACTION"),
        ("2026-01-31T12:00:03", "bob", "careful", "NOTICE"),
    ]
    reasons = {item.reason for item in read(text, path) if isinstance(item, Skipped)}
    assert reasons <= {"events, such as joins and topics", "lines in an unknown format"}


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("[12:00:00] *** Joins: anna (a@host)", ("JOIN", "anna", "")),
        ("[12:00:00] *** Parts: anna (a@host) (see you)", ("PART", "anna", "see you")),
        ("[12:00:00] *** Parts: anna (a@host) ()", ("PART", "anna", "")),
        ("[12:00:00] *** Quits: anna (a@host) (Ping timeout)", ("QUIT", "anna", "Ping timeout")),
        ("12:00 -!- anna [a@host] has joined #a", ("JOIN", "anna", "")),
        ("12:00 -!- anna [a@host] has left #a [bye]", ("PART", "anna", "bye")),
        ("12:00 -!- anna [a@host] has quit [Quit: x]", ("QUIT", "anna", "Quit: x")),
        ("12:00 -!- anna is now known as annie", ("NICK", "anna", "annie")),
        ("2026-01-31 12:00:00\t-->\tanna (a@host) has joined #a", ("JOIN", "anna", "")),
        ("2026-01-31 12:00:00\t<--\tanna (a@host) has quit (bye)", ("QUIT", "anna", "bye")),
        (
            "2026-01-31 12:00:00\t-->\tanna [acc] (Anna B.) (a@host) has joined #a",
            ("JOIN", "anna", ""),
        ),
        ("2026-01-31 12:00:00\t→\tanna (a@host) has joined #a", ("JOIN", "anna", "")),
        ("Jan 31 12:00:00 *\tanna (a@host) has left", ("PART", "anna", "")),
        ("Mär 31 12:00:00 *\tanna (a@host) ist beigetreten.", ("JOIN", "anna", "")),
        ("Mär 31 12:00:00 *\tanna (a@host) ist gegangen (bye).", ("PART", "anna", "bye")),
        ("Mär 31 12:00:00 *\tanna hat die Verbindung getrennt (bye).", ("QUIT", "anna", "bye")),
        ("janv. 31 12:00:00 *\tanna a quitté (bye)", ("QUIT", "anna", "bye")),
        ("янв 31 12:00:00 *\tanna теперь известен как annie", ("NICK", "anna", "annie")),
        (" 1月 31 12:00:00 *\tanna 已退出(bye)", ("QUIT", "anna", "bye")),
        ("ene 31 12:00:00 *\tanna da op a bob", ("", "", "")),
        ("Jan 31 12:00:00 *\tanna setzt Modus +m auf #a", ("", "", "")),
        ("Jan 31 12:00:00 *\tanna gives channel operator status to bob", ("", "", "")),
        ("Jan 31 12:00:00 *\tSie sprechen jetzt in #a", ("", "", "")),
        ("jan 31 12:00:00 *\tVocê mudou de apelido para annie", ("", "", "")),
        (" 1月 31 12:00:00 *\t 已离开频道 #a", ("", "", "")),
        ("[2026-01-31T12:00:00Z] *** anna (a@host) joined", ("JOIN", "anna", "")),
        ("[2026-01-31T12:00:00Z] *** anna changed nick to annie", ("NICK", "anna", "annie")),
        ("12:00 -!- mode/#a [+o anna] by bob", ("", "", "")),
        ("12:00 -!- Irssi: #a: Total of 3 nicks", ("", "", "")),
    ],
)
def test_events_are_recognised(line: str, event: tuple[str, str, str]) -> None:
    """Joins, parts, quits and changes of nicknames; others are events without a command."""
    parse = detect([line])
    assert parse is not None
    parsed = parse(line)
    assert parsed is not None
    assert (parsed.kind, parsed.command, parsed.nick, parsed.text) == (LineKind.EVENT, *event)


@pytest.mark.parametrize(
    "text",
    [
        "gives anna a cookie",
        "removes his hat",
        "has left the building",
        "has joined the club",
        "sets the table",
        "a quitté la ville",
        "setzt sich",
        "agora é um homem feliz",
    ],
)
def test_an_action_that_begins_like_an_event_of_hexchat(text: str) -> None:
    """Only the whole words of an event are one."""
    said = f"{HEXCHAT}\nJan 31 12:00:00 *\tbob {text}\n"
    assert [each[1:] for each in talk(said, "#a.log")] == [("bob", text, "ACTION")]


@pytest.mark.parametrize(
    "line",
    [
        "**** BEGINNE LOGBUCH UM Sat Jan 31 11:59:00 2026",
        "*** ZAČENJAM BELEŽENJE Sat Jan 31 11:59:00 2026",
        "**** Sat Jan 31 11:59:00 2026 からログ記録開始",
    ],
)
def test_a_log_of_hexchat_begins_in_any_language(line: str) -> None:
    """The date in it is always English."""
    text = f"{line}\n\n 1月 31 12:00:00 <anna>\thi\n"
    assert [each[:2] for each in talk(text, "#a.log")] == [("2026-01-31T12:00:00", "anna")]


IRSSI = "--- Log opened Sat Jan 31 11:59:00 2026"
HEXCHAT = "**** BEGIN LOGGING AT Sat Jan 31 11:59:00 2026"
MIRC = "Session Start: Sat Jan 31 11:59:00 2026"
WEECHAT = "2026-01-31 11:59:59\t-->\tanna (a@host) has joined #a"
PRIVATE, OWN = "notices to the owner of the log", "notices of the owner of the log, whom"


@pytest.mark.parametrize(
    ("first", "line", "result"),
    [
        (IRSSI, "12:00 -bob:#a- hi", ("bob", "hi")),
        (IRSSI, "12:00 -bob(~b@host)- psst", PRIVATE),
        (IRSSI, "12:00 -bob:@#a- psst", PRIVATE),
        (IRSSI, "12:00 [notice(#a)] hi", OWN),
        (IRSSI, "12:00 [notice(bob)] psst", PRIVATE),
        (HEXCHAT, "Jan 31 12:00:00 -bob/#a-\thi", ("bob", "hi")),
        (HEXCHAT, "Jan 31 12:00:00 -bob/&a-\thi", ("bob", "hi")),
        (HEXCHAT, "Jan 31 12:00:00 -bob/@#a-\tpsst", PRIVATE),
        (HEXCHAT, "Jan 31 12:00:00 -NickServ-\tpsst", PRIVATE),
        (HEXCHAT, "Jan 31 12:00:00 >#a<\thi", OWN),
        (HEXCHAT, "Jan 31 12:00:00 >bob<\tpsst", PRIVATE),
        (HEXCHAT, "Jan 31 12:00:00 >#a<\tCTCP VERSION", "events"),
        (MIRC, "[12:00] -bob:#a- hi", ("bob", "hi")),
        (MIRC, "[12:00] -NickServ- psst", PRIVATE),
        (MIRC, "[12:00] -> -#a- hi", OWN),
        (MIRC, "[12:00] -> -bob- psst", PRIVATE),
        (WEECHAT, "2026-01-31 12:00:00\t--\tNotice(bob) -> #a: hi", ("bob", "hi")),
        (WEECHAT, "2026-01-31 12:00:00\t--\tNotice(NickServ): psst", PRIVATE),
        (WEECHAT, "2026-01-31 12:00:00\t--\tHinweis(bob) -> #a: hi", ("bob", "hi")),
        (WEECHAT, "2026-01-31 12:00:00\t--\tAviso(NickServ): psst", PRIVATE),
        (WEECHAT, "2026-01-31 12:00:00\t--\tNotice -> #a: hi", OWN),
        (WEECHAT, "2026-01-31 12:00:00\t--\tNotice -> bob: psst", PRIVATE),
        ("[11:59:59] <anna> hi", "[12:00:00] -anna/discord- hi", ("anna/discord", "hi")),
    ],
)
def test_notices_have_their_authors_and_receivers(
    first: str, line: str, result: str | tuple[str, str]
) -> None:
    """What a program showed to its user alone stays out of the channel."""
    path = "irc.libera.#a.weechatlog" if first == WEECHAT else ZNC
    item = read(f"{first}\n{line}\n", path)[-1]
    if isinstance(result, tuple):
        assert isinstance(item, SourceMessage)
        assert (item.author.name, item.text, item.form) == (*result, NOTICE)
    else:
        assert isinstance(item, Skipped)
        assert item.reason.startswith(result)


def test_further_lines_of_a_private_notice_are_private() -> None:
    """As of The Lounge."""
    time = "[2026-01-31T12:00:00.000Z]"
    items = read(f"{time} -bob(b@h)- psst\n{time} | secret\n", "libera/#a.log")
    assert [type(item) for item in items] == [Skipped, Skipped]


@pytest.mark.parametrize("nick", ["@+anna", "~&@anna", "     anna", "   @anna"])
def test_the_signs_before_a_nickname_are_no_part_of_it(nick: str) -> None:
    """Clients show all of them with multi-prefix, and users align the nicknames."""
    for line in (f"[12:00:00] <{nick}> hi\n", f"2026-01-31 12:00:00\t{nick}\thi\n"):
        (said,) = talk(line)
        assert said[1] == "anna"


def test_the_own_nickname_can_be_named() -> None:
    """Several programs do not write it to notices of their user."""
    write_tree(".", {"net/#a.log": f"{IRSSI}\n12:00 [notice(#a)] hi\n12:01 <anna> ho\n"})
    fill()
    command = ("import", "irc", "net", "--timezone", "UTC", "--own-nick", "anna")
    assert ran(*command) == 0
    assert [(record.source, record.command, record.text) for record in kept("#a")] == [
        ("anna!imported@irc", "NOTICE", "hi"),
        ("anna!imported@irc", "PRIVMSG", "ho"),
    ]


@pytest.mark.parametrize("color", ["", "\x0303", "03"])
@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("Now talking in #a", ("", "", "")),
        ("Topic is 'hello'", ("", "", "")),
        ("bob sets mode: +o anna", ("", "", "")),
        ("bob was kicked by anna (bye)", ("", "", "")),
        ("Joins: bob (b@host)", ("JOIN", "bob", "")),
        ("bob (b@host) has joined #a", ("JOIN", "bob", "")),
        ("bob (b@host) has left #a (bye)", ("PART", "bob", "bye")),
        ("bob (b@host) Quit (Ping timeout)", ("QUIT", "bob", "Ping timeout")),
        ("bob has quit IRC (Ping timeout)", ("QUIT", "bob", "Ping timeout")),
        ("bob is now known as rob", ("NICK", "bob", "rob")),
    ],
)
def test_events_of_mirc_are_no_actions(text: str, event: tuple[str, str, str], color: str) -> None:
    """Though its lines look so, with the colour of a line or without."""
    line = f"{color}[12:00] * {text}"
    parse = detect(["Session Start: Sat Jan 31 11:59:00 2026", "Session Ident: #a", line])
    assert parse is not None
    parsed = parse(line)
    assert parsed is not None
    assert (parsed.kind, parsed.command, parsed.nick, parsed.text) == (LineKind.EVENT, *event)


def test_an_action_of_another_program_is_no_event_of_mirc() -> None:
    """Others mark their events."""
    text = "[12:00:00] * bob is now known as the king\n[12:00:01] <anna> hi\n"
    assert [each[3] for each in talk(text)] == ["ACTION", "TEXT"]


def test_events_are_imported_on_request() -> None:
    """Between the messages, as the server stores its own."""
    text = (
        "[12:00:00] *** Joins: anna (a@host)\n[12:00:01] <anna> hi\n"
        "[12:00:02] *** anna is now known as annie\n[12:00:03] *** Quits: annie (a@h) (bye)\n"
    )
    write_tree(".", {"net/#a/2026-01-31.log": text})
    fill()
    command = ("import", "irc", "net", "--timezone", "UTC")
    for options in ((), ("--events",), ("--events",)):
        assert ran(*command, *options) == 0
    connection = apsw.Connection("trio-chat.db")
    events = select_messages_and_events(
        connection, "#a", Span(from_newest=False), 10, 0, HistoryFilter.WITH_EVENTS
    )
    connection.close()
    assert [(each.command, each.source.partition("!")[0], each.params) for each in events] == [
        ("JOIN", "anna", ("*", "anna")),
        ("PRIVMSG", "anna", ()),
        ("NICK", "anna", ("annie",)),
        ("QUIT", "annie", ("bye",)),
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/logs/anna/libera/#a/2026-01-31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("anna_libera_#a_20260131.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("irc.libera.#a.b.weechatlog", LogName("libera", "#a.b", None)),
        ("irclogs/libera/#a.log", LogName("libera", "#a", None)),
        ("/x/libera/moddata/log/#a/2026-01-31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("weechat/logs/libera/#a.weechatlog", LogName("libera", "#a", None)),
        ("/irclogs/#a.log", LogName("", "#a", None)),
        ("irclogs/libera/#a-2026-01-31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("irclogs/2026/libera/#a.01-31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("2026/irc.libera.#a.01-31.weechatlog", LogName("libera", "#a", date(2026, 1, 31))),
        ("irclogs/libera/#a.01-31.log", LogName("libera", "#a", None)),
        ("libera/#a.2026.01.31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("libera/#a_2026_01_31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("libera/#a/2026/01/31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("libera/#a/2026/01-31.weechatlog", LogName("libera", "#a", date(2026, 1, 31))),
        ("libera/#a/2026-01/31.log", LogName("libera", "#a", date(2026, 1, 31))),
        ("2026-01-31/libera/#a.log", LogName("libera", "#a", None)),
        ("libera/2026/13/31.log", LogName("libera", "31", None)),
        ("irclogs/libera/#a-2026-01.log", LogName("libera", "#a", None)),
        ("irclogs/libera/2026/01/#a_202601.log", LogName("libera", "#a", None)),
        ("irc.libera.#a.2026-01.weechatlog", LogName("libera", "#a", None)),
        ("irc.irc.oftc.net.#a.b.weechatlog", LogName("irc.oftc.net", "#a.b", None)),
        ("irc.irc.oftc.net.bob.weechatlog", LogName("irc.oftc.net", "bob", None)),
        ("irc.libera.bob.weechatlog", LogName("libera", "bob", None)),
        ("irc.oftc.net.bob.2026-01.weechatlog", LogName("oftc.net", "bob", None)),
        ("mirc/logs/#A.LOG", LogName("mirc", "#A", None)),
        ("Libera/Channels/#a/2026-01-31.txt", LogName("Libera", "#a", date(2026, 1, 31))),
        ("Libera/Queries/bob/2026-01-31.txt", LogName("Libera", "bob", date(2026, 1, 31))),
        ("irclogs/libera/#a-10.log", LogName("libera", "#a-10", None)),
        ("libera/#a-13-31/2026-01-31.log", LogName("libera", "#a-13-31", date(2026, 1, 31))),
        ("libera/#a-2026-01/2026-01-31.log", LogName("libera", "#a-2026-01", date(2026, 1, 31))),
        ("host/#%d0%b0/2026-01-31.txt", LogName("host", "#а", date(2026, 1, 31))),
        ("xchatlogs/Free-Node-#a-#b.log", LogName("Free-Node", "#a-#b", None)),
        ("xchatlogs/FreeNode-bob.log", LogName("", "FreeNode-bob", None)),
        ("libera/#a-#b.log", LogName("libera", "#a-#b", None)),
        ("libera/bob.log", LogName("libera", "bob", None)),
        ("#a.log", LogName("", "#a", None)),
        ("libera/#a/2026-13-31.log", LogName("#a", "2026-13-31", None)),
    ],
)
def test_paths_name_channels(path: str, name: LogName) -> None:
    """As the programs name their files."""
    assert parse_name(PurePosixPath(path)) == name


def test_a_name_with_two_signs_keeps_them() -> None:
    """`##a` is another channel than `#a`, also for `--channel`."""
    files = {f"net/{name}/2026-01-31.log": f"[12:00:00] <a> {name}\n" for name in ("#a", "##a")}
    write_tree(".", dict(files))
    fill()
    assert ran("import", "irc", "net", "--timezone", "UTC") == 0
    assert [kept(name)[0].text for name in ("#a", "##a")] == ["#a", "##a"]
    fill(name="new.db")
    options = ("--channel", "a=#one", "--channel", "##a=#two", "--database", "new.db")
    assert ran("import", "irc", "net", "--timezone", "UTC", *options) == 0
    assert [kept(name, "new.db")[0].text for name in ("#one", "#two")] == ["#a", "##a"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have names in UTF-8 alone")
def test_the_path_of_a_log_may_be_in_windows_1252() -> None:
    """Two channels with such names stay two."""
    names = [parse_name(PurePosixPath(os.fsdecode(name))) for name in (b"#\xe9.log", b"#\xe8.log")]
    assert [name.channel for name in names] == ["#é", "#è"]


@pytest.mark.parametrize(
    ("line", "nick", "text"),
    [
        ("12:00 < bob> hi", "bob", "hi"),
        ("12:00 <+bob> <b>", "bob", "<b>"),
        ("12:00 <bob> ", "bob", ""),
        ("12:00 <[a]|b^> -x- * y", "[a]|b^", "-x- * y"),
        ("23:59:60 <bob> leap", "bob", "leap"),
    ],
)
def test_a_line_is_taken_apart(line: str, nick: str, text: str) -> None:
    """With the prefix of a rank, and whatever the text looks like."""
    parsed = log_lines.plain(line)
    assert parsed is not None
    assert (parsed.kind, parsed.nick, parsed.text) == (LineKind.MESSAGE, nick, text)


@pytest.mark.parametrize("prefix", ["bob", "@bob", "<bob>", "< @bob>", "\x1b[32m@\x1b[36mbob"])
def test_a_nickname_of_weechat_may_have_marks(prefix: str) -> None:
    """That of a rank, those around all nicknames, and colours."""
    parsed = log_lines.weechat(f"2026-01-31 12:00:00\t{prefix}\thi")
    assert parsed is not None
    assert (parsed.kind, parsed.nick, parsed.text) == (LineKind.MESSAGE, "bob", "hi")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "25:00 <a> b",
        "[12:60:00] <a> b",
        "(12:00] <a> b",
        "(12:00 <a> b",
        "12:00) <a> b",
        "(12:00:00) anna: hello",
        "(12:00:00)",
        "\0",
        "2026-01-31",
    ],
)
def test_a_line_in_no_format_is_none(line: str) -> None:
    """Nothing is guessed."""
    assert [parse(line) for parse in log_lines.FORMATS.values()] == [None] * 5


@given(st.text(max_size=80) | st.from_regex(r"\[1[0-9]:0[0-9]:0[0-9]\] [<*-]?.{0,20}"))
def test_no_line_is_too_strange(line: str) -> None:
    """A format takes a line apart, or says that it is not its own."""
    for parse in log_lines.FORMATS.values():
        parsed = parse(line)
        if parsed is not None and parsed.kind is LineKind.MESSAGE:
            assert parsed.nick
            assert 0 <= parsed.clock < 86_400


@given(st.binary(max_size=300))
def test_no_file_is_too_strange(data: bytes) -> None:
    """Whatever is in it, nothing is raised."""
    read(data)
    read(b"--- Log opened Sat Jan 31 11:59:00 2026\n" + data, "x/#a.log")


def test_further_lines_of_a_message_are_messages() -> None:
    """As The Lounge writes them, without the nickname."""
    time = "[2026-01-31T12:00:00.000Z]"
    text = f"{time} <a> 1\n{time} | 2\n{time} *** b (b@h) joined\n{time} | 3\n"
    assert [each[1:3] for each in talk(text, "x/#a.log")] == [("a", "1"), ("a", "2")]


def test_dates_come_from_lines() -> None:
    """Of irssi, whose lines have none."""
    text = (
        "--- Log opened Sat Jan 31 23:59:00 2026\n23:59 <a> 1\n"
        "--- Day changed Sun Feb 01 2026\n00:00 <a> 2\n"
    )
    assert [each[0] for each in talk(text, "x/#a.log")] == [
        "2026-01-31T23:59:00",
        "2026-02-01T00:00:00",
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Вс мар 01",
        "So Mär 01",
        "So Mrz 01",
        "dim. mars 01",
        "dg. de març 01",
        "dom mar 01",
        "sk kov. 01",
        "ni mar 01",
        "日  3月 01",
        "일 3월 01",
    ],
)
def test_dates_are_in_the_language_of_the_user(words: str) -> None:
    """As `strftime` writes them."""
    text = f"--- Log opened {words} 10:00:00 2026\n10:00 <a> 1\n"
    assert [each[0] for each in talk(text, "x/#a.log")] == ["2026-03-01T10:00:00"]


@pytest.mark.parametrize(
    ("clock", "hour"),
    [("[12:05am]", 0), ("1:05 AM", 1), ("[11:05am]", 11), ("[12:05pm]", 12), ("1:05 pm", 13)],
)
def test_a_clock_of_twelve_hours(clock: str, hour: int) -> None:
    """Noon is 12 pm, and midnight 12 am."""
    assert talk(f"{clock} <anna> hi\n")[0][0] == f"2026-01-31T{hour:02}:05:00"


@pytest.mark.parametrize(
    "words", ["2026-02-01", "01.02.2026", "So 01.02.2026", "Sun 1 Feb 2026", "1 févr. 2026"]
)
def test_a_date_may_have_another_form(words: str) -> None:
    """Users of irssi choose it (`log_day_changed`)."""
    text = f"{IRSSI}\n10:00 <a> 1\n--- Day changed {words}\n09:00 <a> 2\n"
    assert [each[0][:10] for each in talk(text, "#a.log")] == ["2026-01-31", "2026-02-01"]


@pytest.mark.parametrize("words", ["Klingon 1", "xyz lip 01 2026", "Sun Feb 30 2026", ""])
def test_messages_after_an_unknown_date_are_left_out(words: str) -> None:
    """They are not those of the day before. Two months have the name `lip`."""
    text = (
        "--- Log opened Sat Jan 31 10:00:00 2026\n10:00 <a> 1\n"
        f"--- Day changed {words}\n10:00 <a> 2\n"
    )
    assert [each[2] for each in talk(text, "x/#a.log")] == ["1"]


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("śro lip 01 2026", "2026-07-01"),
        ("Pon Lip 01 2026", "2026-06-01"),
        ("nie lis 01 2026", "2026-11-01"),
        ("Čet Lis 01 2026", "2026-10-01"),
        ("so srp 01 2026", "2026-08-01"),
        ("Sri Srp 01 2026", "2026-07-01"),
        ("xyz lip 31 2026", "2026-07-31"),
        ("lun. jui. 01 2026", "2026-06-01"),
        ("Mer Jui 01 2026", "2026-07-01"),
    ],
)
def test_a_name_of_two_months_is_told_by_the_weekday(words: str, day: str) -> None:
    """`lip` is July in Poland and June in Croatia, and a day is never the same one in both."""
    text = f"--- Log opened Thu Jan 01 10:00:00 2026\n--- Day changed {words}\n10:00 <a> 1\n"
    assert [each[0] for each in talk(text, "x/#a.log")] == [f"{day}T10:00:00"]


def test_dates_of_hexchat_are_in_the_language_of_the_user() -> None:
    """But for that of the line with the year."""
    text = "**** НАЧАЛО ВХОЖДЕНИЯ НА Thu Dec 31 23:00:00 2026\n\nдек 31 23:59:59 <a>\t1\n"
    assert [each[0] for each in talk(text, "x/#a.log")] == ["2026-12-31T23:59:59"]


@pytest.mark.parametrize("time", ["2026-01-31 12:00:02", "[12:00:02]", "Jan 31 12:00:02"])
def test_hexchat_is_known_with_any_time(time: str) -> None:
    """Its user can choose the format; an asterisk and a tab begin its actions and events."""
    text = (
        f"**** BEGIN LOGGING AT Sat Jan 31 11:59:00 2026\n{time} <a>\thi\n{time} *\tbob waves\n"
        f"{time} *\tbob has quit (bye)\n{time} *\tbob (b@host) зашёл\n"
    )
    assert [each[3] for each in talk(text, "x/#a/2026-01-31.log")] == ["TEXT", "ACTION"]


def test_a_new_year_comes_from_the_months() -> None:
    """Of HexChat, whose lines have no year."""
    text = (
        "**** BEGIN LOGGING AT Thu Dec 31 23:00:00 2026\n"
        "Dec 31 23:59:59 <a>\t1\nJan 01 00:00:00 <a>\t2\nFeb 29 00:00:00 <a>\t3\n"
    )
    assert [each[0][:10] for each in talk(text, "x/#a.log")] == [
        "2026-12-31",
        "2027-01-01",
        "2027-01-01",  # no such day: the date stays
    ]


def test_messages_without_a_date_are_left_out() -> None:
    """A file without one in its name, nor in a line."""
    assert {type(each) for each in read("[12:00:00] <a> b\n", "libera/#a.log")} == {Skipped}


def test_the_time_zone_is_that_of_the_log() -> None:
    """In winter and in summer."""
    line = "[12:00:00] <a> b\n"
    berlin = "Europe/Berlin"
    assert talk(line, "x/#a/2026-01-31.log", berlin)[0][0] == "2026-01-31T11:00:00"
    assert talk(line, "x/#a/2026-07-31.log", berlin)[0][0] == "2026-07-31T10:00:00"
    assert talk(line, "x/#a/2026-07-31.log", "-03:30")[0][0] == "2026-07-31T15:30:00"


def test_an_hour_that_occurs_twice_goes_on() -> None:
    """At the end of summer time, by the order of the lines."""
    text = "".join(
        f"[{clock}] <a> b\n" for clock in ("01:59:00", "02:30:00", "02:10:00", "03:00:00")
    )
    assert [each[0][11:] for each in talk(text, "x/#a/2026-10-25.log", "Europe/Berlin")] == [
        "23:59:00",
        "00:30:00",
        "01:10:00",
        "02:00:00",
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        (
            f"{IRSSI}\n23:59 <a> b\n00:01 <a> b\n00:02 <a> b\n23:59 <a> b\n00:00 <a> b\n",
            "31 1 1 1 2",
        ),
        (f"{IRSSI}\n23:59 -!- a [a@h] has joined #a\n00:01 <a> b\n", "1"),
        (
            f"{IRSSI}\n23:59 <a> b\n--- Day changed Sun Feb 01 2026\n00:01 <a> b\n",
            "31 1",
        ),
        (f"{MIRC}\n[23:59] <a> b\nSession Ident: #a\n[23:59] <a> b\n[00:01] <a> b\n", "31 31 1"),
        (f"{IRSSI}\n13:00 <a> b\n09:00 <a> b\n", "31 31"),
        ("--- Log opened Fri Dec 31 12:00:00 9999\n23:59 <a> b\n00:01 <a> b\n", ""),
    ],
    ids=["irssi", "event", "day line", "mIRC", "set back", "the last day"],
)
def test_a_new_day_begins_at_midnight(text: str, days: str) -> None:
    """Also where no line says so. A clock that was set back by less than that does not matter."""
    found = [int(each[0][8:10]) for each in talk(text, "net/#a.log") if each[0] < "2027"]
    assert found == list(map(int, days.split()))


@given(st.lists(st.integers(0, 59), min_size=1, max_size=60))
def test_messages_of_one_moment_stay_in_order(seconds: list[int]) -> None:
    """Their times are a millisecond apart, and the same each time."""
    text = "".join(f"[12:00:{second:02}] <a> b\n" for second in sorted(seconds))
    items = [item for item in read(text) if isinstance(item, SourceMessage)]
    times = [item.time for item in items]
    assert times == sorted(set(times))
    assert [item.key for item in items] == [
        item.key for item in read(text) if isinstance(item, SourceMessage)
    ]


def test_a_log_that_has_grown_keeps_its_ids() -> None:
    """So importing it again adds what is new."""
    text = "[12:00:00] <a> 1\n[12:00:00] <a> 2\n"
    assert read(text + "[12:00:00] <a> 3\n")[:2] == read(text)


def test_other_encodings_are_read() -> None:
    """Line by line: old clients wrote Windows-1252."""
    assert [
        each[2]
        for each in talk("[12:00:00] <a> \xe9\n".encode("cp1252") + b"[12:00:01] <a> \xc3\xa9\n")
    ] == ["é", "é"]


@pytest.mark.parametrize(
    ("text", "options", "is_told"),
    [
        ("привет".encode("cp1251"), (), True),
        ("привет".encode("cp1251"), ("--encoding", "cp1251"), False),
        ("привет".encode(), (), False),
    ],
)
def test_a_guessed_encoding_is_told(
    text: bytes, options: tuple[str, ...], is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any bytes are some text in Windows-1252, and an import cannot be mended by another one."""
    write_tree(".", {"libera/#a/2026-01-31.log": b"[12:00:00] <a> " + text})
    fill()
    assert ran("import", "irc", "libera", "--timezone", "UTC", "--dry-run", *options) == 0
    told = "not all in UTF-8, so read as Windows-1252 (see --encoding): " in capsys.readouterr().out
    assert told is is_told


@pytest.mark.parametrize("name", ["cp1251", "koi8-r"])
def test_the_encoding_can_be_named(name: str) -> None:
    """Lines in UTF-8 are read as that all the same."""
    data = "[12:00:00] <a> привет\n".encode(name) + "[12:00:01] <a> мир\n".encode()
    write_tree(".", {ZNC: data})
    fill()
    command = ("import", "irc", "libera", "--timezone", "UTC")
    assert ran(*command, "--encoding", name) == 0
    assert [record.text for record in kept("#a")] == ["привет", "мир"]


@pytest.mark.parametrize("name", ["klingon", "utf-16", "rot13", "punycode", "undefined"])
def test_an_encoding_in_which_a_line_is_no_line_is_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines are found before they are decoded."""
    assert ran("import", "irc", "libera", "--timezone", "UTC", "--encoding", name) == 2
    assert "is not an encoding" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_logs_in_utf_16_are_read(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a byte order mark, as some programs for Windows write them."""
    monkeypatch.setattr(log_files, "_CHUNK", 3)  # in the middle of characters
    data = "\ufeff[12:00:00] <a> привет 🎉\r\n[12:00:01] <a> ਊ\r\n".encode(encoding)
    write_tree(".", {ZNC: data})
    fill()
    assert ran("import", "irc", "libera", "--timezone", "UTC") == 0
    assert [record.text for record in kept("#a")] == ["привет 🎉", "ਊ"]


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_packed_logs_are_read(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    """Also those of several parts, which were packed one after the other."""
    data = pack(b"[12:00:00] <a> 1\n") + pack(b"[12:00:01] <a> 2\n")
    write_tree(".", {ZNC: b"[12:00:00] <a> 1\n", f"packed/{ZNC}{suffix}": data})
    fill()
    assert ran("import", "irc", "packed", "--timezone", "UTC") == 0
    assert [record.text for record in kept("#a")] == ["1", "2"]


@pytest.mark.parametrize("newest", [".1", "-20260202"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_parts_of_a_rotated_log_are_one_log(
    pack: Callable[[bytes], bytes], newest: str
) -> None:
    """The oldest is read first, and the next one goes on at its date and within its minute."""
    begin = b"--- Log opened Sat Jan 31 10:00:00 2026\n"
    old = {
        ".1": {".10": b"10:00 <a> 1\n", ".2": b"10:00 <a> 2\n", ".1": b"10:00 <a> 3\n"},
        "-20260202": {"-20251231": b"10:00 <a> 1\n10:00 <a> 2\n", newest: b"10:00 <a> 3\n"},
    }[newest]
    first, *_others = old
    parts = {**old, first: begin + old[first]}
    packed = ".gz" if pack is gzip.compress else ""
    files = {f"net/#a.log{age}{packed}": pack(data) for age, data in parts.items()}
    write_tree(".", {**files, "net/#a.log": b"10:00 <a> 4\n"})
    fill()
    assert ran("import", "irc", "net", "--timezone", "UTC") == 0
    found = kept("#a")
    assert [record.text for record in found] == ["1", "2", "3", "4"]
    assert {server_time(record.id)[:19] for record in found} == {"2026-01-31T10:00:00"}


def test_a_log_that_was_rotated_since_keeps_its_ids() -> None:
    """So importing it again adds what is new, whether its old part is packed or not."""
    begin, more = b"--- Log opened Sat Jan 31 10:00:00 2026\n", b"10:00 <a> 2\n10:00 <a> 3\n"
    write_tree(".", {"net/#a.log": begin + b"10:00 <a> 1\n" + more})
    fill()
    assert ran("import", "irc", "net", "--timezone", "UTC") == 0
    before = kept("#a")
    old = begin + b"10:00 <a> 1\n"
    parts = {"net/#a.log.1": old, "net/#a.log.1.gz": gzip.compress(old), "net/#a.log": begin + more}
    write_tree(".", dict(parts))
    assert ran("import", "irc", "net", "--timezone", "UTC") == 0
    assert kept("#a") == before


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (gzip.compress(b"[12:00:00] <a> b\n")[:-9], "it ends too early"),
        (b"\x1f\x8b\x08 no archive", "the archive cannot be read"),
        (bz2.compress(b"x")[:-1] + b"\0", "the archive cannot be read"),
        (lzma.compress(b"x")[:-1] + b"\0", "the archive cannot be read"),
        (lzma.compress(b"x")[:-9], "it ends too early"),
        (gzip.compress(bytes(1000)), "it unpacks to more than 0 MiB: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "unpack it first (zstd -d)"),
    ],
    ids=["short", "gzip", "bzip2", "xz", "short xz", "large", "zstd"],
)
def test_a_packed_log_that_cannot_be_read_is_reported(
    data: bytes, problem: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the others are imported."""
    monkeypatch.setattr(log_files, "MOST_UNPACKED", 999)
    write_tree(".", {"net/#a.log.gz": data, "net/#b/2026-01-31.log": b"[12:00:00] <a> b\n"})
    fill()
    assert ran("import", "irc", "net", "--timezone", "UTC") == 1
    (told,) = (line for line in capsys.readouterr().err.splitlines() if "#a.log.gz" in line)
    assert problem in told
    assert [record.text for record in kept("#b")] == ["b"]


def test_unpacking_a_log_takes_bounded_memory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dictionary of an archive may have 4 GiB."""
    monkeypatch.setattr(log_files, "_MEMORY", 1 << 20)
    write_tree(".", {"net/#a.log.xz": lzma.compress(b"x")})
    fill()
    assert ran("import", "irc", "net", "--timezone", "UTC") == 1
    assert "Memory usage limit exceeded" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["libera", "libera/notes.log"])
def test_files_of_which_none_is_a_log_are_an_error(
    named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as an archive; a script would take it for imported otherwise."""
    write_tree(".", {"libera/notes.log": "some\ntext\n"})
    fill()
    assert ran("import", "irc", named, "--timezone", "UTC") == 1
    written = capsys.readouterr()
    assert "not understood as a log: " in written.out
    assert written.err.endswith(f"trio-chat: {Path(named)}: there are no logs\n")


def test_the_summary_names_the_files_that_are_no_logs(capsys: pytest.CaptureFixture[str]) -> None:
    """By their names, or by their lines; but not hidden ones."""
    files = {ZNC: "[12:00:00] <a> b\n", "libera/a.rtf": "", "libera/notes.txt": "some\ntext\n"}
    write_tree(".", {**files, "libera/.hidden": "", "libera/empty.log": ""})
    fill()
    assert ran("import", "irc", "libera", "--timezone", "UTC") == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "not understood" in line]
    names = (Path("libera", name) for name in ("a.rtf", "notes.txt"))
    assert told == [f"not understood as a log: {name}" for name in names]


def test_the_summary_names_symbolic_links(capsys: pytest.CaptureFixture[str]) -> None:
    """They are not followed, so what they lead to may be missing."""
    write_tree(".", {ZNC: "[12:00:00] <a> b\n", "disk/b.log": "[12:00:00] <a> c\n"})
    Path("libera/b.log").symlink_to(Path("disk/b.log").absolute())
    Path("libera/old").symlink_to(Path("disk").absolute())
    fill()
    assert ran("import", "irc", "libera", "--timezone", "UTC") == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "symbolic" in line]
    names = (Path("libera", name) for name in ("b.log", "old"))
    assert told == [f"a symbolic link, not followed: {name}" for name in names]


def test_a_directory_of_symbolic_links_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The user names what they lead to instead."""
    write_tree(".", {"disk/b.log": "[12:00:00] <a> c\n", "links/a.txt.rtf": ""})
    Path("links/b.log").symlink_to(Path("disk/b.log").absolute())
    fill()
    assert ran("import", "irc", "links", "--timezone", "UTC") == 1
    assert "symbolic links, which are not followed" in capsys.readouterr().err


def test_line_ends_and_marks_of_windows_are_read() -> None:
    """CR LF, and a byte order mark at the beginning."""
    assert [each[2] for each in talk(b"\xef\xbb\xbf[12:00:00] <a> b\r\n")] == ["b"]


def test_a_giant_line_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one is read."""
    monkeypatch.setattr(irc_logs, "LONGEST_LINE", 100)
    text = f"[12:00:00] <a> {'x' * 1000}\n[12:00:01] <a> b\n[12:00:02] <a> c\n"
    assert [each[2] for each in talk(text)] == ["b", "c"]


def test_a_format_needs_most_of_the_lines() -> None:
    """A text file that happens to be there is no log."""
    assert detect(["[12:00:00] <a> b", "other", "text"]) is None
    assert {type(each) for each in read("some\ntext\n")} == {Skipped}


def test_time_zones_have_names_and_offsets() -> None:
    """Others are refused."""
    assert time_zone("utc") is time_zone("GMT") is UTC
    assert time_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert [time_zone(text) for text in ("Mars", "", "../etc/passwd", "+25:00", "/")] == [None] * 5


def test_a_directory_is_imported(capsys: pytest.CaptureFixture[str]) -> None:
    """All channels in it, once, whichever of its directories is named."""
    fill()
    files: dict[str, Any] = {f"logs/{path}": text for _name, path, text in FORMATS[:3]}
    files["logs/libera/bob/2026-01-31.log"] = "[12:00:00] <bob> psst\n"
    files["logs/libera/picture.png"] = b"\x89PNG"
    write_tree(".", files)
    Path("logs/loop").symlink_to(".")
    command = ("import", "irc", "--timezone", "UTC")
    assert ran(*command, "logs") == 0
    out = capsys.readouterr().out
    assert "left out: messages of private channels" in out
    (hello, *_rest) = kept("#a")
    assert (hello.source, hello.text, hello.command) == ("anna!imported@irc", "hello", "PRIVMSG")
    before = kept("#a")
    for again in ("logs", "logs/libera", "logs/libera/#a.log"):
        assert ran(*command, again) == 0
    assert kept("#a") == before
    assert "NOTICE" in {record.command for record in before}


def test_suffixes_may_be_in_capital_letters() -> None:
    """Windows does not tell them apart."""
    write_tree(".", {"net/#a/2026-01-31.LOG": "[12:00:00] <a> b\n"})
    fill()
    assert ran("import", "irc", "net", "--timezone", "UTC") == 0
    assert [record.text for record in kept("#a")] == ["b"]


def test_a_directory_without_logs_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing would look like success."""
    fill()
    Path("empty").mkdir()
    assert ran("import", "irc", "--timezone", "UTC", "empty") == 1
    assert "empty: there are no logs" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["irc --timezone UTC", "ergo", "discord", "slack", "jsonl"])
def test_a_file_that_is_not_there_is_reported(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words."""
    fill()
    assert ran("import", *command.split(), "nothing") == 1
    problem = "trio-chat: nothing: cannot be read: No such file or directory"
    assert problem in capsys.readouterr().err.splitlines()


_IMPORTS = ("irc --timezone UTC", "ergo", "discord", "slack", "jsonl")


@pytest.mark.skipif(os.name == "nt", reason="Windows finds no such file")
@pytest.mark.parametrize("command", _IMPORTS)
def test_a_file_of_which_the_system_tells_nothing(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in the home of another user, asking whether it is a directory fails as well."""
    fill()
    name = "a" * 300
    assert ran("import", *command.split(), name) == 1
    problem = f"trio-chat: {name}: cannot be read: File name too long"
    assert problem in capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("command", [each for each in _IMPORTS if each != "ergo"])
def test_a_directory_that_cannot_be_read(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not called empty."""
    fill()
    Path("export").mkdir()

    def refuse(path: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    assert ran("import", *command.split(), "export") == 1
    problem = "trio-chat: export: cannot be read: Permission denied"
    assert problem in capsys.readouterr().err.splitlines()
