"""Links in messages: their exact extent and target."""

import pytest

from trio_chat.client.model.formatting import pieces


def links(text: str) -> list[tuple[str, str]]:
    """Return the links of a text: as they are shown, and where they lead."""
    return [(piece, style.link) for piece, style in pieces(text) if style.link]


@pytest.mark.parametrize(
    "link",
    [
        "https://host/a_(b)",
        "https://en.wikipedia.org/wiki/Chat_(disambiguation)_(x)",
        "https://host/(a)",
        "https://host/a(b)c",
        "https://[2001:db8::1]:8080/x",
        "HTTPS://HOST/Path",
        "Http://host",
        "irc://irc.example.org/#channel",
        "ircs://irc.example.org:6697/%23a",
        "https://host/?q=a&b=[1]",
        "https://host/a-b_c~d",
        "https://user@host:8080/#fragment",
        "mailto:ann@example.org",
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "see {}",
        "see {}.",
        "({})",
        "“{}”",
        "{}, and",
        "[{}]!",
        "is it {}?",
        "<{}>",
        "*{}*",
        "«{}».",
    ],
)
def test_a_link_is_whole(link: str, around: str) -> None:
    """Brackets and punctuation that belong to it stay, those of the sentence do not."""
    assert links(around.format(link)) == [(link, link)]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://ru.wikipedia.org/wiki/Чат", "https://ru.wikipedia.org/wiki/%D0%A7%D0%B0%D1%82"),
        (
            "https://пример.рф/путь?x=1",
            "https://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C?x=1",
        ),
        ("http://пример.рф", "http://xn--e1afmkfd.xn--p1ai"),
        ("http://пример.рф:8080/а", "http://xn--e1afmkfd.xn--p1ai:8080/%D0%B0"),
        ("https://例え.jp/あ(い)", "https://xn--r8jz45g.jp/%E3%81%82(%E3%81%84)"),
        ("https://host/a%20b/ü", "https://host/a%20b/%C3%BC"),
    ],
)
def test_a_link_in_any_script(link: str, target: str) -> None:
    """RFC 3987 §3.1: an IRI leads where the URI leads that it is mapped to; it is shown as it was
    written.
    """
    assert links(f"({link}).") == [(link, target)]


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "https:// x",
        "xhttp://host",
        "mailto:x",
        "a://b",
        "javascript:alert(1)",
        "://host",
        "http://.",
    ],
)
def test_what_is_no_link(text: str) -> None:
    """It is text like any other."""
    assert links(text) == []


def test_two_links() -> None:
    """Each by itself."""
    assert [link for link, _target in links("http://a/b,http://c http://d/(e)")] == [
        "http://a/b,http://c",
        "http://d/(e)",
    ]


def test_a_long_run_of_brackets_takes_no_time() -> None:
    """The sender cannot block the client with it."""
    text = "http://h/" + "(" * 200_000 + ")" * 100_000 + "." * 100_000
    assert len(pieces(text)) <= 3
