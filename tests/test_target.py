"""Targets of `trio-chat connect`: addresses and URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.client.target import ServerAddress, TargetError, parse, reachable
from trio_chat.i18n import install


@pytest.fixture(autouse=True)
def _english() -> None:
    install("en")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("chat.example.org", ServerAddress("chat.example.org", None)),
        ("localhost:7000", ServerAddress("localhost", 7000)),
        ("192.0.2.7:5000", ServerAddress("192.0.2.7", 5000)),
        ("::1", ServerAddress("::1", None)),
        ("2001:db8::7", ServerAddress("2001:db8::7", None)),
        ("fe80::1%eth0", ServerAddress("fe80::1%eth0", None)),
        ("[::1]", ServerAddress("::1", None)),
        ("[::1]:5000", ServerAddress("::1", 5000)),
        ("[2001:DB8::7]:65535", ServerAddress("2001:db8::7", 65535)),
        (
            "a.example,b.example:5001",
            ServerAddress("a.example", None, others=(("b.example", 5001),)),
        ),
        (
            " [::1]:5000, ::2 ,",
            ServerAddress("::1", 5000, others=(("::2", None),)),
        ),
        (
            "ircs://a.example,[::1]:7000,b.example/tea",
            ServerAddress(
                "a.example", 6697, "#tea", True, others=(("::1", 7000), ("b.example", 6697))
            ),
        ),
        ("http://192.0.2.7:5000/", ServerAddress("192.0.2.7", 5000)),
        ("http://192.0.2.7:5000/#lobby", ServerAddress("192.0.2.7", 5000, "#lobby")),
        (
            "http://[fd00::7]:5000/#tea?invite=abc23",
            ServerAddress("fd00::7", 5000, "#tea", key="abc23"),
        ),
        (
            "https://chat.example.org/irc/#%23c++?invite=abc23",
            ServerAddress("chat.example.org", 443, "##c++", is_encrypted=True, key="abc23"),
        ),
        ("https://192.0.2.7:5000/#a", ServerAddress("192.0.2.7", 5000, "#a")),
        ("http://192.0.2.7/#?invite=abc23", ServerAddress("192.0.2.7", 80)),
        ("http://192.0.2.7/#a?invite=a%0d%0ab", ServerAddress("192.0.2.7", 80, "#a")),
        ("irc://irc.example.org", ServerAddress("irc.example.org", 6667)),
        ("irc://irc.example.org/#", ServerAddress("irc.example.org", 6667)),
        ("irc://irc.example.org/", ServerAddress("irc.example.org", 6667)),
        ("IRC://irc.example.org:7000/#python", ServerAddress("irc.example.org", 7000, "#python")),
        ("irc://irc.example.org/python", ServerAddress("irc.example.org", 6667, "#python")),
        ("irc://irc.example.org/%23python", ServerAddress("irc.example.org", 6667, "#python")),
        ("irc://irc.example.org/##python", ServerAddress("irc.example.org", 6667, "##python")),
        (
            "irc://irc.example.org/%D1%87%D0%B0%D1%82",
            ServerAddress("irc.example.org", 6667, "#чат"),
        ),
        ("irc://irc.example.org/чат", ServerAddress("irc.example.org", 6667, "#чат")),
        ("irc://irc.example.org/python?key=x", ServerAddress("irc.example.org", 6667, "#python")),
        ("irc://[::1]:7000/a/b", ServerAddress("::1", 7000, "#a/b")),
    ],
)
def test_a_target(text: str, target: ServerAddress) -> None:
    """Every form that people know from other programs means what it means there."""
    assert parse(text) == target


@pytest.mark.parametrize(
    ("text", "host"), [("0.0.0.0:5000", "127.0.0.1"), ("[::]:5000", "::1"), ("::", "::1")]
)
def test_every_address_means_this_machine(text: str, host: str) -> None:
    """What a server listens on is often copied; nobody but Linux can connect to it."""
    assert parse(text).host == host
    assert reachable(host) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":5000",
        "host:",
        "host:0",
        "host:65536",
        "host:-1",
        "host:+1",
        "host:５",
        "host:http",
        "host name",
        "user@host",
        "300.1.1.1",
        "#lobby",
        "host/channel",
        "host\n",
        "\x1b[31m",
        "[::1",
        "[::1]5000",
        "[::1]:",
        "[localhost]:5000",
        "1:2:3",
        "irc://",
        "irc:///lobby",
        "irc://nick@host/lobby",
        "http://nick@host:5000/",
        "host,nick@host",
        "irc://host/a,b",
        "irc://host/a%20b",
        "irc://host/%ff",
        "irc://host/%0d%0aQUIT",
        "irc://host/%2a%00",
        "ftp://example.org/",
        "ws://host",
    ],
)
def test_what_is_no_target(text: str) -> None:
    """Anything else is refused in words."""
    with pytest.raises(TargetError, match=r"\w"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["irc://ann:hunter2@host", "irc://ann:h,unter2@host", "a:hunter2@h"]
)
def test_a_password_in_an_address_is_refused_and_not_shown(text: str) -> None:
    """The error says by what options a user and a password are given."""
    with pytest.raises(TargetError, match="--nick and --password-file") as refused:
        parse(text)
    assert "unter" not in str(refused.value)


def test_ircs_means_tls() -> None:
    """And its own port (RFC 7194)."""
    assert parse("ircs://host/lobby") == ServerAddress("host", 6697, "#lobby", is_encrypted=True)
    assert parse("ircs://host:5000").port == 5000


def test_a_bad_port_tells_what_is_allowed() -> None:
    """The answer is in the error."""
    with pytest.raises(
        TargetError, match="'70000' is not a port: allowed is a whole number from 1 to 65535"
    ):
        parse("host:70000")


@given(st.text() | st.text(alphabet="irc:/[]#%0123456789abcdef.@?,").map("irc://".__add__))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    """No text ends in another error, and no target has a port that is none."""
    try:
        target = parse(text)
    except TargetError:
        return
    assert target.host
    assert target.port is None or 0 < target.port < 65536
