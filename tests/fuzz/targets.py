"""Fuzz targets: functions of some bytes that raise when a rule is broken. `fuzz.py` feeds them; a
test runs the seeds.
"""

import logging
from dataclasses import replace
from functools import cache
from ipaddress import ip_network

import trio
from trio.testing import memory_stream_pair

import invariants
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Clock, Person, Town, run_now
from trio_chat.chat import response
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import (
    GatewaySettings,
    LimitSettings,
    ListenerSettings,
    ServerSettings,
    Settings,
    StorageSettings,
)
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import LineBuffer
from trio_chat.irc.masks import complete_mask, matches
from trio_chat.irc.message import MAX_BODY, MAX_CLIENT_TAGS, Message, ParseError, parse
from trio_chat.irc.names import InvalidName, fold_channel, fold_nick, fold_or_self
from trio_chat.irc.text import escape_controls, strip_formatting
from trio_chat.server.app import Server
from trio_chat.server.encryption import Encryption
from trio_chat.server.peer import Peer
from trio_chat.server.transport import StreamTransport
from trio_chat.server.uploads import content_types
from trio_chat.server.uploads import media as readers

SMALL = Lengths(
    channels_per_user=3,
    list_entries=3,
    monitor_entries=3,
    metadata_keys=2,
    metadata_subs=3,
    multiline_lines=4,
    multiline_bytes=600,
)


def lines(data: bytes) -> None:
    """The language: anything is lines, a line is a message or a ParseError, and what is written is
    read back.
    """
    buffer = LineBuffer(MAX_CLIENT_TAGS, MAX_BODY)
    for line in buffer.feed(data):
        if not isinstance(line, bytes):
            continue
        assert b"\n" not in line
        text = line.decode("utf-8", "replace")
        _read(text)
        strip_formatting(text)
        escape_controls(text).encode()
        _fold(text)
        matches(fold_or_self(complete_mask(text[:60])), text[60:])
    assert buffer.pending <= MAX_CLIENT_TAGS + MAX_BODY + 1


def _read(text: str) -> None:
    try:
        message = parse(text)
    except ParseError:
        return
    try:
        written = message.line()
    except (
        ValueError
    ):  # a source with a space, or a middle parameter that only a lenient reader lets through
        return
    assert parse(written) == Message(
        message.command, message.params, message.source, message.tags
    ), text


def _fold(text: str) -> None:
    for fold in (fold_nick, fold_channel):
        try:
            folded = fold(text, 64)
        except InvalidName:
            continue
        assert fold(folded, 200) == folded


def talk(data: bytes) -> None:
    """The rules: the first byte of each line says which of four people says the rest of it."""
    town, people = _four_people()
    for raw in data.split(b"\n")[:40]:
        if len(raw) < 2:
            continue
        index = raw[0] % len(people)
        person = people[index]
        line = raw[1:].rstrip(b"\r")
        buffer = LineBuffer(MAX_CLIENT_TAGS, MAX_BODY)
        for item in buffer.feed(line + b"\n"):
            town.clock.now += raw[0] // 16  # time goes on, so that deadlines pass
            witness = invariants.Witness(people)
            town.say_quietly(person, item)
            witness.check()
            invariants.check(town.world)
        if person.ended:
            people[index] = Person(town)


def _four_people() -> tuple[Town, list[Person]]:
    accounts = OpenAccounts()
    storage = StoragePorts(history=ListHistory(), accounts=accounts)
    town = Town(ServerInfo(created=NOON), SMALL, storage)
    people = [
        town.person(
            "ann",
            "#a",
            caps="batch draft/multiline labeled-response echo-message message-tags server-time",
        ),
        town.person(
            "bob", "#a", "#b", caps="draft/metadata-2 batch draft/event-playback draft/chathistory"
        ),
        town.person(
            "eve",
            caps="sasl away-notify account-notify extended-join multi-prefix userhost-in-names",
        ),
        town.newcomer(),
    ]
    accounts.add("ann", "secret-1")
    people[0].say("NS IDENTIFY secret-1")
    people[1].say("MODE #b +s")
    return town, people


def turns(data: bytes) -> None:
    """Long answers: each in parts as small as can be; a line without text is the turn of one part,
    of the person it names.
    """
    town, people = _four_people()
    rests: dict[Person, Output] = {}
    sizes = response.WORK_AT_ONCE, response.WORK_IN_TURN
    response.WORK_AT_ONCE = response.WORK_IN_TURN = 1
    try:
        for raw in data.split(b"\n")[:60]:
            index = raw[0] % len(people) if raw else 0
            person, line = people[index], raw[1:].rstrip(b"\r")
            if line:
                while person in rests:  # lines of one client are carried out one after the other
                    _go_on(town, person, rests)
                _give(town, person, rests, handle_line(town.world, person.session, line))
            elif person in rests:
                _go_on(town, person, rests)
            invariants.check(town.world)
            if person.ended:
                people[index] = Person(town)
    finally:
        response.WORK_AT_ONCE, response.WORK_IN_TURN = sizes


def _go_on(town: Town, person: Person, rests: dict[Person, Output]) -> None:
    rest = rests.pop(person)
    if not person.ended and rest.more is not None:
        _give(town, person, rests, rest.more())
    elif not person.ended and rest.later is not None:
        _give(town, person, rests, run_now(rest.later()))


def _give(town: Town, person: Person, rests: dict[Person, Output], output: Output) -> None:
    town.deliver(replace(output, more=None, later=None), person)
    if output.more is not None or output.later is not None:
        rests[person] = output


class _Defect(logging.Handler):
    """Makes an error out of what the server only logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was logged."""
        self.records.append(record)


def stream(data: bytes) -> None:
    """The edge: bytes in pieces (0xFF between them) from one peer; another goes on, and nothing is
    left when both are gone.
    """
    logger = logging.getLogger("trio_chat")
    defects = _Defect()
    logger.addHandler(defects)
    logger.propagate, before = False, logger.propagate
    try:
        trio.run(_stream, data, _encryption())
    finally:
        logger.removeHandler(defects)
        logger.propagate = before
    if defects.records:
        error = defects.records[0]
        raise AssertionError(error.getMessage()) from (
            error.exc_info[1] if error.exc_info else None
        )


_HERE = (ip_network("127.0.0.1/32"),)
# Who attacks comes from an address whose PROXY header, X-Forwarded-For and WEBIRC are believed: so
# all of these are read.
SETTINGS = Settings(
    server=ServerSettings(proxies=_HERE),
    storage=StorageSettings(file=None),
    limits=LimitSettings(outbox_bytes=8192, event_queue=16, clients=8, lengths=SMALL),
    gateways=(GatewaySettings(name="gate", addresses=_HERE, password="gate"),),
)


@cache
def _encryption() -> Encryption:
    """Return a certificate for all runs, read already: no thread decides how a run goes."""
    made = Encryption(SETTINGS)
    trio.run(made.load)
    return made


async def _stream(data: bytes, encryption: Encryption) -> None:
    server = Server(SETTINGS, Clock(NOON))
    server.encryption = encryption
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.broadcaster.run)
        async with trio.open_nursery() as clients:
            good, theirs = memory_stream_pair()
            clients.start_soon(server.serve_client, StreamTransport(theirs), Peer(host="127.0.0.1"))
            await good.send_all(b"NICK good\r\nUSER g 0 * :g\r\nJOIN #a,#lobby\r\n")
            await _attack(clients, server, data)
            await good.send_all(b"PING end\r\n")
            received = b""
            with trio.fail_after(30):
                while b"PONG chat.local :end" not in received:
                    received = received[-100:] + bytes(await good.receive_some())
            await good.aclose()
        invariants.check(server.world)
        assert not server.world.sessions
        assert not server.world.users
        assert not server.connections
        nursery.cancel_scope.cancel()


async def _attack(clients: trio.Nursery, server: Server, data: bytes) -> None:
    ours, theirs = memory_stream_pair()
    listener = ListenerSettings(name="", port=0)
    clients.start_soon(
        server.open_and_serve, StreamTransport(theirs), Peer(host="127.0.0.1"), listener
    )
    try:
        for piece in data.split(b"\xff")[:50]:
            await ours.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()
            invariants.check(server.world)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    await ours.aclose()


def media(data: bytes) -> None:
    """Run a file through the reader of its type: it is refused, or all that remains is its own."""
    try:
        plan = readers.clean(content_types.detect(data[: content_types.HEAD]), data)
    except readers.DamagedMedia:
        return
    if plan is not None:
        ranges = [part for part in plan.parts if isinstance(part, tuple)]
        assert all(0 <= start <= end <= len(data) for start, end in ranges)
        assert plan.size() <= len(data) + 64


TARGETS = {"lines": lines, "talk": talk, "turns": turns, "stream": stream, "media": media}
