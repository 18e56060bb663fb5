"""Calls: addresses of rooms, and the command that posts them."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

import client_fakes  # noqa: F401  the tests read English
from support import Town
from test_client_commands import Asked
from trio_chat.chat.server_info import ServerInfo
from trio_chat.client.commands import COMMANDS
from trio_chat.client.registry import interpret
from trio_chat.client.session.features import Features
from trio_chat.config import values
from trio_chat.irc import calls

TABLE = json.loads(Path(__file__).with_name("call_addresses.json").read_text("utf-8"))
BASE: str = TABLE["base"]
OPENED = f"{BASE}lobby-{'a' * 26}"
ROOM = re.compile(re.escape(BASE) + r"([a-z0-9-]+)-[a-z2-7]{26}")


@pytest.mark.parametrize("url", TABLE["rooms"])
def test_a_room_is_directly_under_the_base(url: str) -> None:
    """Also one that another client has named."""
    assert calls.is_room(BASE, url)


@pytest.mark.parametrize("url", TABLE["others"])
def test_no_other_address_is_a_room(url: str) -> None:
    """A message must not lead to another site, or to another part of this one, as a call."""
    assert not calls.is_room(BASE, url)
    if url == url.strip():
        assert not calls.room_in(BASE, f"{calls.SIGN} {url}")


@pytest.mark.parametrize("url", TABLE["bases"])
def test_rooms_are_under_https_or_on_this_machine(url: str) -> None:
    """A path is possible: the rooms of Galene have one."""
    assert calls.is_base(url)


@pytest.mark.parametrize("url", TABLE["no_bases"])
def test_no_other_address_can_have_rooms(url: str) -> None:
    """Neither one that is read on its way, nor one whose end could be taken for another part."""
    assert not calls.is_base(url)


@pytest.mark.parametrize("sign", [" ", "\n", "\x1f", "\x02"])
def test_a_room_is_found_as_a_word_of_its_own(sign: str) -> None:
    """Also between the codes of styles."""
    assert calls.room_in(BASE, f"here:{sign}{BASE}a{sign}now") == f"{BASE}a"


@pytest.mark.parametrize("sign", ["\x85", "\ufeff", "\u200b", "x"])
def test_what_no_client_takes_for_a_space_separates_no_words(sign: str) -> None:
    """The page and the client of the terminal see the same calls."""
    assert not calls.room_in(BASE, f"here:{sign}{BASE}a{sign}now")


def test_the_host_is_compared_in_lower_case() -> None:
    """However the operator has written it."""
    assert values.optional_call_base("HTTPS://Meet.Example.org/Chat") == (
        "https://meet.example.org/Chat/"
    )


@pytest.mark.parametrize(
    ("channel", "label"),
    [
        ("#lobby", "lobby"),
        ("#Release 1.0!", "release-1-0"),
        ("#кухня", "call"),
        ("", "call"),
        ("#" + "x" * 60, "x" * 24),
        ("#../../etc", "etc"),
    ],
)
def test_a_room_cannot_be_guessed(channel: str, label: str) -> None:
    """It has 128 random bits behind what people can read, and is a room for every client."""
    url, other = (calls.new_room(BASE, channel) for _ in range(2))
    found = ROOM.fullmatch(url)
    assert found is not None
    assert found[1] == label
    assert calls.is_room(BASE, url)
    assert url != other


def test_the_server_announces_the_base() -> None:
    """A client understands it."""
    town = Town(server_info=ServerInfo(call_base=BASE))
    features = Features()
    for message in town.newcomer().say("NICK ann", "USER ann 0 * :Ann"):
        if message.command == "005":
            features.read(message.params[1:-1])
    assert features.call_base == BASE


@pytest.mark.parametrize("value", ["", "http://meet.example.org/", "https://a@b/", "\\x00"])
def test_a_client_takes_no_base_that_it_would_not_lead_to(value: str) -> None:
    """A server may announce anything."""
    features = Features()
    features.read([f"trio-chat/CALL={value}"])
    assert features.call_base == ""


def test_the_base_can_be_taken_back() -> None:
    """By a server whose configuration was changed."""
    features = Features()
    features.read([f"trio-chat/CALL={BASE}"])
    features.read(["-trio-chat/CALL"])
    assert features.call_base == ""


class Talking(Asked):
    """A client on a server with rooms for calls, in a conversation."""

    def __init__(self, current: str = "#lobby", *texts: tuple[float, str]) -> None:
        super().__init__(current, f"trio-chat/CALL={BASE}")
        self._texts = texts

    def recent_texts(self) -> Iterator[tuple[float, str]]:
        """Yield the given messages."""
        yield from self._texts


def called(client: Asked, line: str) -> tuple[str, ...]:
    """Return the only thing that a line led to."""
    trio.run(interpret, client, line, COMMANDS)
    (done,) = client.done
    assert isinstance(done, tuple)
    return done


@pytest.mark.parametrize(
    ("line", "current", "text"),
    [
        ("/call", "#lobby", "📞 {lobby}"),
        ("/call  stand-up ", "#lobby", "📞 stand-up {lobby}"),
        ("/call new", "#lobby", "📞 {lobby}"),
        ("/call new plans", "#lobby", "📞 new plans {lobby}"),
        ("/call", "bob", "📞 {call}"),
    ],
)
def test_a_call_is_a_message_that_every_client_shows(line: str, current: str, text: str) -> None:
    """The room of a private conversation does not name it."""
    kind, target, said = called(Talking(current), line)
    assert (kind, target) == ("message", current)
    label, url = ROOM.search(said)[1], ROOM.search(said)[0]  # type: ignore[index]
    expected = text.replace("new plans", "plans").format(lobby=url, call=url)
    assert said == expected
    assert label == ("lobby" if current == "#lobby" else "call")


def test_people_meet_in_one_room() -> None:
    """A recent call is shown instead of another one."""
    now = time.time()
    room = calls.new_room(BASE, "#lobby")
    texts = (now, "where?"), (now - 60, f"📞 {room}"), (now - 90, calls.new_room(BASE, "#lobby"))
    kind, text = called(Talking("#lobby", *texts), "/call")
    assert kind == "info"
    assert room in text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("/call new", f"📞 {OPENED}"),
        ("/call", f"📞 https://evil.example/?{OPENED}"),
        ("/call", f"📞 {BASE}prepared"),
        ("/call", "no call"),
    ],
)
def test_another_room_is_opened_when_that_is_wanted(line: str, text: str) -> None:
    """Or where there is no recent call, but perhaps something that looks like one."""
    assert called(Talking("#lobby", (time.time(), text)), line)[0] == "message"


def test_an_old_call_is_over() -> None:
    """After an hour another room is opened."""
    client = Talking("#lobby", (time.time() - 3700, f"📞 {calls.new_room(BASE)}"))
    assert called(client, "/call")[0] == "message"


@pytest.mark.parametrize("current", ["", "#lobby"])
def test_without_rooms_or_a_conversation_there_is_no_call(current: str) -> None:
    """The user learns why."""
    client = Talking("") if not current else Asked(current)
    kind, text = called(client, "/call")
    assert kind == "error"
    assert ("[call] base" in text) is bool(current)
