"""Values in the documents: limits, defaults and codes are those of the program."""

import re
from pathlib import Path

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Town, offered
from trio_chat.chat.accounts import MAX_PASSWORD
from trio_chat.chat.bans import MAX_MASK
from trio_chat.chat.commands.accounts import MAX_FAILED_LOGINS
from trio_chat.chat.commands.playback import MAX_CONVERSATIONS
from trio_chat.chat.ids import msgid
from trio_chat.chat.sasl import CHUNK, MAX_MESSAGE
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import KEYS, LENGTHS, NAMED, Settings
from trio_chat.irc import numerics
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import ENDLESS
from trio_chat.irc.message import MAX_BODY, MAX_CLIENT_TAGS, MAX_LABEL

DOCS = Path(__file__).parent.parent / "docs"
PROTOCOL = " ".join((DOCS / "protocol.md").read_text("utf-8").split())
OPERATIONS = (DOCS / "operations.md").read_text("utf-8")
NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?([KM]iB|[kM]\b)?")
UNITS = {"": 1, "KiB": 1 << 10, "k": 1 << 10, "MiB": 1 << 20, "M": 1 << 20}
KEY = re.compile(r"\[([a-z_]+(?:, [a-z_]+)*)((?:: \d+)?)\]")
"""Keys as docs/protocol.md names them: `[targets]`, or `[sessions_per_user: 20]` with a value."""
DEFAULTS = {
    key: getattr(Lengths(), LENGTHS[key][0])
    if key in LENGTHS
    else getattr(getattr(Settings(), section), key)
    for section, keys in KEYS.items()
    for key in keys
}
"""The default of each key of config.ini."""


def numbers(text: str) -> list[float]:
    """Return the numbers in a text; sizes as bytes."""
    return [float(digits) * UNITS[unit] for digits, unit in NUMBER.findall(text)]


def keys_of_protocol() -> list[tuple[str, str]]:
    """Return each key that docs/protocol.md names, with the words before it."""
    found = []
    for match in KEY.finditer(PROTOCOL):
        words = re.split(r"[.;|(] ", PROTOCOL[: match.start()])[-1]
        found += [(key, words + match[2]) for key in match[1].split(", ")]
    return found


def test_every_key_in_the_protocol_is_one_of_the_configuration() -> None:
    """A name in brackets is a key of config.ini, or a section of it."""
    known = {*KEYS, *DEFAULTS, *(key for kind in NAMED.values() for key in kind.keys)}
    assert {key for key, _ in keys_of_protocol()} - known == set()


@pytest.mark.parametrize(("key", "words"), keys_of_protocol())
def test_a_number_before_a_key_is_its_default(key: str, words: str) -> None:
    """A limit in docs/protocol.md is the default of the key behind it."""
    default, found = DEFAULTS.get(key), numbers(words.replace("=", " "))
    if found and isinstance(default, int | float) and not isinstance(default, bool) and default:
        assert default - ("further" in words) in found  # the sign of a channel is a character


def test_the_limits_that_operators_change_have_their_defaults() -> None:
    """The table in docs/operations.md: keys in the first cell, their defaults in the second."""
    lines = re.findall(r"^\| (`.+?) \| (.+?) \| ", OPERATIONS, re.MULTILINE)
    table = {
        key: value
        for keys, values in lines
        for key, value in zip(re.findall(r"`(\w+)`", keys), values.split(", "), strict=False)
        if key in DEFAULTS
    }
    assert len(table) > 20
    for key, value in table.items():
        if value == "this machine":
            assert all(network.is_loopback for network in DEFAULTS[key]), key
        elif value == "never":
            assert DEFAULTS[key] == 0, key
        else:
            assert numbers(value)[0] == DEFAULTS[key], key


def test_capabilities_have_the_values_of_the_table() -> None:
    """A value in the table of capabilities is the one that CAP LS 302 has by default."""
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts()))
    values = dict(word.split("=", 1) for word in offered(town.newcomer()) if "=" in word)
    table = re.findall(r"\| (`draft/[^|]+) \| [^|]+ \| value `([^`]+)`", PROTOCOL)
    assert len(table) > 2
    for names, value in table:
        for name in re.findall(r"`([^`]+)`", names):
            assert values[name] == value, name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{} bytes without CR LF", MAX_BODY),
        ("before that {} bytes of tags", MAX_CLIENT_TAGS),
        ("after {} bytes without a line end", ENDLESS),
        ("labels | at most {} bytes", MAX_LABEL),
        ("`msgid` | {} characters", len(msgid(1))),
        ("Masks have at most {} bytes", MAX_MASK),
        ("[min_password] to {} bytes", MAX_PASSWORD),
        ("chunks of {} bytes", CHUNK),
        ("at most {} bytes in all (905", MAX_MESSAGE),
        ("The {} failure ends the connection", {5: "fifth"}[MAX_FAILED_LOGINS]),
        ("(clears nothing). {} names", MAX_CONVERSATIONS),
    ],
)
def test_limits_without_a_key_are_those_of_the_program(text: str, value: object) -> None:
    """A limit in docs/protocol.md that nobody can change is the constant in the code."""
    assert text.format(value) in PROTOCOL


def test_every_numeric_that_the_protocol_lists_is_sent() -> None:
    """The numerics that docs/protocol.md lists beyond the RFCs are in the table of the code."""
    listed = PROTOCOL.partition("**Numerics** are")[2].partition(" ## ")[0]
    codes = set()
    for first, last in re.findall(r"\b(\d{3})(?:–(\d{3}))?\b", listed):
        codes |= {f"{code:03}" for code in range(int(first), int(last or first) + 1)}
    known = {value for value in vars(numerics).values() if isinstance(value, numerics.Numeric)}
    assert codes - known == set()
