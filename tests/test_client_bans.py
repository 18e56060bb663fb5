"""Bans for nicknames: the same masks as in the page (`ban_cases.json`)."""

import json
from pathlib import Path
from typing import Any

import pytest

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.session.events import (
    ListedMask,
    MaskListEnd,
    Note,
    ServerError,
    ServerText,
)
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.irc.message import parse

CASES = json.loads(Path(__file__).with_name("ban_cases.json").read_text("utf-8"))


def client(isupport: str = "") -> ClientProtocol:
    """Return the client of alice."""
    made = ClientProtocol("alice")
    made.receive(parse(":srv 001 alice :Welcome"))
    if isupport:
        made.receive(parse(f":srv 005 alice {isupport} :are supported"))
    made.take_lines()
    made.take_events()
    return made


def row(member: str, *, whox: bool, channel: str = "#a") -> str:
    """Return a reply to WHO for `nick!user@host account`."""
    source, account = member.split()
    nick, _, address = source.partition("!")
    user, _, host = address.partition("@")
    if whox:
        account = "0" if account == "*" else account
        return f":srv 354 alice 7 {channel} {user} {host} {nick} {account}"
    return f":srv 352 alice {channel} {user} {host} srv {nick} H :0 name"


def answer(made: ClientProtocol, members: list[str], *, whox: bool = True) -> list[str]:
    """Answer what was asked about #a and bob; return the lines that this leads to."""
    there = [member for member in members if member.startswith("bob!")]
    rows = [row(member, whox=whox) for member in members]
    again = [row(member, whox=whox, channel="*") for member in there]
    for line in (*rows, ":srv 315 alice #a :End", *again, ":srv 315 alice bob :End"):
        assert made.take_lines() == []
        made.receive(parse(line))
    return made.take_lines()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
@pytest.mark.parametrize(("sign", "verb"), [("+", "ban"), ("-", "unban")])
def test_a_ban_covers_the_user_and_no_other_member(
    case: dict[str, Any], sign: str, verb: str
) -> None:
    """The mask is the widest one that does so; a ban is lifted whatever mask it has."""
    made = client(f"WHOX {case['isupport']}")
    made.bans.change("#a", f"{sign}b", ["bob"])
    assert made.take_lines() == ["WHO #a %tcuhna,7", "WHO bob %tcuhna,7"]
    masks = case[verb]
    lines = answer(made, case["members"])
    assert lines == [f"MODE #a {sign}{'b' * len(masks)} {' '.join(masks)}"]


def test_a_server_without_whox_says_nothing_about_accounts() -> None:
    """The ban is of the host, or else of the user name at that host."""
    made = client("EXTBAN=,a ACCOUNTEXTBAN=a")
    made.bans.change("#a", "+b", ["bob"])
    assert made.take_lines() == ["WHO #a", "WHO bob"]
    members = ["bob!web@192.0.2.1 bob", "carl!desk@192.0.2.1 *"]
    assert answer(made, members, whox=False) == ["MODE #a +b *!web@192.0.2.1"]
    assert made.take_events() == []


def test_a_user_that_has_left_is_banned_by_host() -> None:
    """The members of the channel do not tell its host; the server does."""
    made = client("WHOX")
    made.bans.change("#a", "+b", ["bob"])
    made.take_lines()
    made.receive(parse(":srv 315 alice #a :End"))
    made.receive(parse(row("bob!web@198.51.100.7 *", whox=True, channel="*")))
    made.receive(parse(":srv 315 alice bob :End"))
    assert made.take_lines() == ["MODE #a +b *!*@198.51.100.7"]


def test_who_lifts_a_ban_of_somebody_who_is_not_here_learns_what_is_left() -> None:
    """The server would not say that no ban was lifted."""
    made = client("WHOX")
    made.bans.change("#a", "-b", ["bob"])
    made.take_lines()
    assert answer(made, []) == ["MODE #a -b bob!*@*"]
    [note] = made.take_events()
    assert isinstance(note, Note)
    assert note.text.startswith("bob is not here, so only a ban of this nickname is lifted.")


def test_who_is_banned_and_removed_cannot_come_back_in_between() -> None:
    """The ban is there before the KICK."""
    made = client("WHOX")
    made.bans.change("#a", "+b", ["bob"], reason="too loud")
    made.take_lines()
    assert answer(made, ["bob!web@198.51.100.7 *"]) == [
        "MODE #a +b *!*@198.51.100.7",
        "KICK #a bob :too loud",
    ]


def test_a_who_of_the_user_is_shown() -> None:
    """Only what a ban waits for is not."""
    made = client("WHOX")
    line = ":srv 354 alice 9 #a web 192.0.2.1 bob 0"
    made.receive(parse(line))
    made.bans.change("#a", "+b", ["bob"])
    made.receive(parse(line))
    shown = ServerText("9 #a web 192.0.2.1 bob 0")
    assert made.take_events() == [shown, shown]


def test_quiet_masks_are_listed_like_bans() -> None:
    """Other servers have a list of their own for mutes, with the letter of its mode."""
    made = client()
    for line in (
        ":srv 728 alice #a q *!*@192.0.2.2 bob!b@h 1796037688",
        ":srv 728 alice #a q eve!*@*",
        ":srv 729 alice #a q :End of channel quiet list",
    ):
        made.receive(parse(line))
    assert made.take_events() == [
        ListedMask("#a", "*!*@192.0.2.2", "bob", "1796037688"),
        ListedMask("#a", "eve!*@*", "", ""),
        MaskListEnd("#a", "q", 2),
    ]


def test_a_mask_that_only_might_have_been_there_is_not_missed() -> None:
    """To lift the ban of a user, all masks are tried that might be it; a mask that the user has
    typed is another thing.
    """
    made = client("WHOX")
    made.bans.change("#a", "-b", ["bob"])
    made.take_lines()
    answer(made, ["bob!web@198.51.100.7 *"])
    for mask in ("*!*@198.51.100.7", "bob!*@*", "eve!*@*"):
        made.receive(parse(f":srv 698 alice #a {mask} b :The list does not contain {mask}"))
    assert made.take_events() == [ServerError("The list does not contain eve!*@*", "698", "#a")]
