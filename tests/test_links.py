"""Links to the page of the server: its address for others, a channel, an invitation."""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.config import ServerSettings, Settings, TlsSettings
from trio_chat.config.values import optional_page_url
from trio_chat.irc.weblinks import page_link
from trio_chat.server.http.hosts import Host, is_known
from trio_chat.server.links import public_url

LAN = (ip_address("192.168.1.7"), ip_address("fd00::7"))
OWN = TlsSettings(certificate=Path("chat.pem"))


def test_the_configured_address_is_the_one_of_all_links() -> None:
    """A proxy has a name and a port that the server cannot know; browsers may use that name."""
    settings = Settings(server=ServerSettings(url="https://chat.example.org/irc/"), tls=OWN)
    assert public_url(settings, 5000, LAN, ["other.example"]) == "https://chat.example.org/irc/"
    assert is_known(Host("chat.example.org", None), settings)


@pytest.mark.parametrize(
    ("settings", "port", "addresses", "certified", "expected"),
    [
        (Settings(), 5000, LAN, (), "http://192.168.1.7:5000/"),
        (Settings(), 80, LAN, (), "http://192.168.1.7/"),
        (Settings(), 5000, LAN[1:], (), "http://[fd00::7]:5000/"),
        (Settings(), 5000, (), (), "http://localhost:5000/"),
        (Settings(), 5000, LAN, ("laptop.local",), "http://192.168.1.7:5000/"),
        (Settings(tls=OWN), 443, LAN, ("*.example.org", "chat.example.org"), "https://chat.example.org/"),
        (Settings(tls=OWN), 5000, LAN, ("*.example.org",), "http://192.168.1.7:5000/"),
        (Settings(server=ServerSettings(tls="required")), 5000, LAN, (), "https://192.168.1.7:5000/"),
        (Settings(server=ServerSettings(tls="off"), tls=OWN), 80, (), ("a.example",), "http://localhost/"),
    ],
)  # fmt: skip
def test_an_address_is_derived_from_what_the_server_knows(
    settings: Settings,
    port: int,
    addresses: tuple[object, ...],
    certified: tuple[str, ...],
    expected: str,
) -> None:
    """A name that an authority vouches for is best, then the first address; https only if the
    browser will believe it, or nothing else is served.
    """
    assert public_url(settings, port, addresses, certified) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", ""),
        ("https://chat.example.org", "https://chat.example.org/"),
        ("http://[2001:db8::7]:5000/", "http://[2001:db8::7]:5000/"),
        ("https://chat.example.org:8443/chat", "https://chat.example.org:8443/chat/"),
    ],
)
def test_the_configured_address_ends_in_a_slash(written: str, meant: str) -> None:
    """A fragment can be appended to it as it is."""
    assert optional_page_url(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "chat.example.org",
        "https://chat.example.org/#lobby",
        "https://chat.example.org/?a",
        "https://user@chat.example.org/",
        "ftp://chat.example.org/",
        "https://",
        "https://a b/",
        "https://" + "a" * 200,
    ],
)
def test_what_is_no_address_of_a_page_is_refused(written: str) -> None:
    """A fragment would not be at its end, or it is no address at all."""
    with pytest.raises(ValueError, match=re.escape(written)):
        optional_page_url(written)


CHANNELS = st.text(
    st.characters(exclude_characters=" ,\x07", exclude_categories=["Cs", "Cc"]), min_size=1
)


@given(CHANNELS, st.text("abcXYZ019-_", min_size=1))
def test_every_channel_can_be_read_from_its_link(name: str, token: str) -> None:
    """The fragment up to the first `?` is the name without its `#`, with percent encoding."""
    fragment = urlsplit(page_link("https://chat.example.org/", f"#{name}", token)).fragment
    written, _, query = fragment.partition("?")
    assert unquote(written) == name
    assert query == f"invite={token}"
    assert fragment.isascii()


def test_links_without_a_channel_or_an_invitation() -> None:
    """An invitation alone is one for an account; without both it is the page."""
    base = "https://chat.example.org/"
    assert page_link(base) == base
    assert page_link(base, "#lobby") == f"{base}#lobby"
    assert page_link(base, "##c++") == f"{base}#%23c++"
    assert page_link(base, invitation="tok") == f"{base}#?invite=tok"
