"""The protocol: parser, writer, names, masks, modes and tables."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trio_chat.irc import capabilities as cap
from trio_chat.irc import isupport, masks, modes, numerics
from trio_chat.irc.lines import BadLine, LineBuffer
from trio_chat.irc.message import Message, ParseError, format_body, parse, truncate, wrap_words
from trio_chat.irc.names import (
    InvalidName,
    clean_username,
    fold,
    fold_channel,
    fold_nick,
    fold_or_self,
    is_channel_name,
)
from trio_chat.irc.text import cut, cut_bytes, escape_controls, strip_formatting

words = st.text(st.characters(codec="utf-8", exclude_characters=" \r\n\0"), min_size=1).filter(
    lambda word: word[0] not in ":@"
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"))
tag_keys = st.text(st.characters(codec="utf-8", exclude_characters=" \r\n\0;="), min_size=1)
tag_values = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
messages = st.builds(
    lambda command, middle, last, source, tags: Message(command, (*middle, *last), source, tags),
    st.from_regex(r"[A-Z]+|[0-9]{3}", fullmatch=True),
    st.lists(words, max_size=5).map(tuple),
    st.lists(texts, max_size=1).map(tuple),
    st.one_of(st.just(""), words),
    st.dictionaries(tag_keys, tag_values, max_size=4),
)


@given(messages)
def test_what_is_written_is_read_back(message: Message) -> None:
    """Writing a message and reading the line gives the same message."""
    assert parse(message.line()) == message


@given(st.text())
@example("@")
@example(":")
@example("@a=b\\")
@example(" :")
def test_the_parser_raises_nothing_but_parse_errors(line: str) -> None:
    """Any text is a message or a ParseError."""
    try:
        message = parse(line)
    except ParseError:
        return
    assert message.command == message.command.upper() != ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("PING", Message("PING")),
        ("ping x", Message("PING", ("x",))),
        (":a!b@c PRIVMSG #d :e  f ", Message("PRIVMSG", ("#d", "e  f "), "a!b@c")),
        (
            "@a=1;b;+c=x\\sy\\:\\\\ TAGMSG #d",
            Message("TAGMSG", ("#d",), "", {"a": "1", "b": "", "+c": "x y;\\"}),
        ),
        ("  JOIN   #a   #b  ", Message("JOIN", ("#a", "#b"))),
        ("TOPIC #a :", Message("TOPIC", ("#a", ""))),
        ("MODE #a +k ::", Message("MODE", ("#a", "+k", ":"))),
        ("@a=1;a=2 X", Message("X", (), "", {"a": "2"})),
        ("@a=\\b\\ X", Message("X", (), "", {"a": "b"})),
    ],
)
def test_reading(line: str, message: Message) -> None:
    """RFC 2812 §2.3.1 and IRCv3 message-tags: spaces in runs, empty trailing, last of equal keys,
    unknown escapes.
    """
    assert parse(line) == message


@pytest.mark.parametrize(
    "line", ["", " ", ":source", "@tags", ": @x", ":a @b c", "a\rb", "a\nb", "a\0b"]
)
def test_no_message(line: str) -> None:
    """A line without a command, or with CR, LF or NUL inside, is no message."""
    with pytest.raises(ParseError):
        parse(line)


@pytest.mark.parametrize("params", [("a b", "c"), ("", "c"), (":a", "c"), ("a\r\nQUIT",), ("a\0",)])
def test_a_line_that_would_be_read_otherwise_is_not_written(params: tuple[str, ...]) -> None:
    """One message can never become two, nor one parameter two."""
    with pytest.raises(ValueError, match=r"param|line"):
        format_body("PRIVMSG", params)


def test_the_text_of_a_message_has_its_colon() -> None:
    """Simple programs look for " :" even when the text is one word."""
    assert format_body("PRIVMSG", ("#a", "hi"), "b") == ":b PRIVMSG #a :hi"
    assert format_body("JOIN", ("#a",), "b") == ":b JOIN #a"


@given(st.lists(words), st.integers(1, 60))
def test_folded_lines_fit_and_lose_nothing(names: list[str], room: int) -> None:
    """Words joined into lines are all there, in order, and no line of several words is longer than
    allowed.
    """
    lines = wrap_words(names, room)
    assert " ".join(lines).split(" ") == (names or [""])
    assert all(len(line.encode()) <= room or " " not in line for line in lines)


@given(st.lists(words), st.integers(1, 60))
def test_folded_lines_are_as_few_as_possible(names: list[str], room: int) -> None:
    """A line ends only where the next word does not fit."""
    for line, after in pairwise(wrap_words(names, room)):
        assert len(f"{line} {after.split(' ')[0]}".encode()) > room


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["a,b", "c"], ["a,b", "c"]),
        (["aaaaa", "b"], ["aaaaa", "b"]),
        (["b", "ааа", "c"], ["b", "ааа", "c"]),
        (["", "", "cc"], [",", "cc"]),
        ([], []),
    ],
)
def test_no_word_is_cut(names: list[str], lines: list[str]) -> None:
    """Neither one that is longer than a line nor one that contains the separator."""
    assert wrap_words(names, 3, ",") == lines


@given(st.text(), st.integers(0, 40))
def test_cutting_never_splits_a_character(text: str, room: int) -> None:
    """IRCv3 utf8-only: a truncation does not end "in the middle of a UTF-8-encoded codepoint"."""
    cut = truncate(text, room)
    assert len(cut.encode()) <= room
    assert text.startswith(cut)


@given(
    st.lists(
        st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r")), max_size=8
    ),
    st.data(),
)
def test_lines_do_not_depend_on_how_bytes_arrive(lines: list[bytes], data: st.DataObject) -> None:
    """However a stream is cut into pieces, the same lines come out."""
    stream = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    buffer = LineBuffer(64, 64)
    out: list[bytes | BadLine] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        out += buffer.feed(stream[start:end])
    assert out == [line for line in lines if line]


def test_a_line_that_is_too_long_is_dropped_whole() -> None:
    """What is left of it does not become a line of its own, and the next line is read."""
    buffer = LineBuffer(10, 10)
    assert buffer.feed(b"x" * 30) == [BadLine()]
    assert buffer.feed(b"x" * 30 + b"QUIT\r\nPING\r\n") == [b"PING"]


def test_tags_and_the_rest_have_limits_of_their_own() -> None:
    """IRCv3 message-tags: the size of the tags does not count towards the 512 bytes of the rest."""
    buffer = LineBuffer(10, 10)
    assert buffer.feed(b"@abcdefgh 0123456789\r\n") == [b"@abcdefgh 0123456789"]
    assert buffer.feed(b"@abcdefghi 0\r\n@a 01234567890\r\n01234567890\n") == [
        BadLine(),
        BadLine(tags=b"a"),
        BadLine(),
    ]


def test_a_line_that_is_too_long_keeps_its_tags() -> None:
    """Its label is there, unless the tags are too long, however the bytes arrive."""
    for size in range(1, 30):
        for rest in (b"0" * 11, b"0" * 60):
            buffer, data = LineBuffer(10, 10), b"@label=x " + rest + b"\n"
            assert buffer.feed(data[:size]) + buffer.feed(data[size:]) == [BadLine(tags=b"label=x")]


def test_a_line_end_can_have_several_crs() -> None:
    """CR LF in text mode is CR CR LF on Windows."""
    buffer = LineBuffer(20, 20)
    assert buffer.feed(b"PING a\r\r\nPING b\r\r\r") == [b"PING a"]
    assert buffer.feed(b"\n\r\r\nPING\rc\r\n") == [b"PING b", b"PING\rc"]


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_the_line_buffer_is_bounded(pieces: list[bytes]) -> None:
    """A peer that never ends its line does not make us keep more than a line."""
    buffer = LineBuffer(20, 20)
    for piece in pieces:
        buffer.feed(piece)
        assert buffer.pending <= 41


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nick", "nICK"),
        ("ИВАН", "иван"),
        ("ÅSA", "åsa"),
        ("A\u030asa", "åsa"),
        ("Ｎｉｃｋ", "nick"),
        ("ΣΟΦΙΑ", "σοφια"),
    ],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    """RFC 8265 §3.3: width mapping, case mapping, normalisation."""
    assert fold_nick(one, 32) == fold_nick(other, 32)


@pytest.mark.parametrize("one", ["a[", "ß", "I"])
def test_ascii_punctuation_and_distinct_letters_stay_distinct(one: str) -> None:
    """CASEMAPPING is not rfc1459: `[` is not `{`; and sharp s is not ss."""
    assert fold(one) not in {"a{", "ss", "ı"}


@pytest.mark.parametrize(
    "nick",
    [
        "",
        "1st",
        "-a",
        "a b",
        "a!b",
        "a@b",
        "a.b",
        "a,b",
        "a*",
        "a?",
        "#a",
        "&a",
        "$a",
        ":a",
        "a\u200bb",
        "a\u202eb",
        "😀",
        "Ⅷ",
        "x" * 33,
        "a＊",
        "＃a",
        "a！b",
        "\u0301a",
        "a\x03b",
        "иван\u00a0",
    ],
)
def test_nicknames_that_nobody_can_have(nick: str) -> None:
    """Delimiters, masks, invisible and direction-changing characters, symbols, and wide forms that
    map to delimiters.
    """
    with pytest.raises(InvalidName):
        fold_nick(nick, 32)


def test_case_folding_tricks() -> None:
    """Characters that become an ASCII letter in another case or form are that letter: KELVIN SIGN,
    long s, full width.
    """
    assert fold_nick("\u212aelvin", 32) == "kelvin"
    assert fold_nick("ｒｏｏｔ", 32) == "root"
    for trick in (
        "ſam",
        "\u0130van",
        "ﬁsh",
    ):  # long s, I with a dot, a ligature: their own letter, or nobody's name
        try:
            assert fold_nick(trick, 32) not in ("sam", "ivan", "fish")
        except InvalidName:
            continue


@pytest.mark.parametrize(
    "nick", ["a", "[]\\`_^{|}", "a-1", "Иван", "日本", "בן", "Ωmega", "jürgen"]
)
def test_nicknames_in_any_script(nick: str) -> None:
    """Names are not for the English only."""
    assert fold_nick(nick, 32)


@given(st.text(max_size=12))
def test_folding_twice_changes_nothing(name: str) -> None:
    """A folded name is its own folded form, or it could be taken twice."""
    try:
        folded = fold_nick(name, 32)
    except InvalidName:
        return
    assert fold_nick(folded, 64) == folded


@pytest.mark.parametrize(
    "name",
    ["", "#", "a", "#a b", "#a,b", "#a\x07", "#" + "x" * 64, "＃a", "#😀", "#a\u202e", "#，"],
)
def test_channels_that_cannot_be(name: str) -> None:
    """RFC 2812 §1.3: no spaces, commas or control G; and nothing that PRECIS refuses."""
    with pytest.raises(InvalidName):
        fold_channel(name, 64)


def test_channels_in_any_script() -> None:
    """A channel name is folded like a nickname."""
    assert fold_channel("#ПРИВЕТ", 64) == fold_channel("#привет", 64) == "#привет"


@pytest.mark.parametrize("name", ["#שלום", "##שלום-1", "#سلام", "#خانه\u200cها"])
def test_channels_are_named_from_right_to_left(name: str) -> None:
    """The bidi rule (RFC 5893 §2) is for what follows the `#`."""
    assert fold_channel(name, 64) == fold_or_self(name) == name


@pytest.mark.parametrize("name", ["#aש", "#שa", "#1ש", "#ש#a"])
def test_a_name_has_one_direction(name: str) -> None:
    """RFC 5893 §2: otherwise parts of it change places when it is shown."""
    with pytest.raises(InvalidName):
        fold_channel(name, 64)
    assert is_channel_name("#a")
    assert not is_channel_name("a")


def test_user_names_cannot_break_a_mask() -> None:
    """What could be read as another part of nick!user@host is left out, and something is always
    left.
    """
    assert clean_username("a!b@c*d", 10) == "abcd"
    assert clean_username("😀", 10) == "user"
    assert clean_username("x" * 20, 10) == "x" * 10


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_masks_match_as_a_simple_definition_says(mask: str, text: str) -> None:
    """`*` is any run, `?` any one character; compared with the obvious recursive definition."""

    def slow(mask: str, text: str) -> bool:
        if not mask:
            return not text
        if mask[0] == "*":
            return slow(mask[1:], text) or (bool(text) and slow(mask, text[1:]))
        return bool(text) and mask[0] in ("?", text[0]) and slow(mask[1:], text[1:])

    assert (
        masks.matches(mask, text)
        == bool(masks.compile_glob(mask).fullmatch(text))
        == slow(mask, text)
    )


@pytest.mark.parametrize("text", ["[a]b", "a\nb", "a.b", "a\\b", "{2}"])
def test_masks_know_no_other_signs(text: str) -> None:
    """What means something in a regular expression, and a line feed, is a character like others."""
    assert masks.matches(text, text)
    assert masks.matches(f"?{text[1:]}", text)
    assert masks.matches(f"*{text[-2:]}", text)
    assert not masks.matches(text, "a" * len(text))


@pytest.mark.parametrize(
    ("mask", "full"),
    [
        ("nick", "nick!*@*"),
        ("nick!user", "nick!user@*"),
        ("user@host", "*!user@host"),
        ("192.0.2.*", "*!*@192.0.2.*"),
        ("2001:db8::*", "*!*@2001:db8::*"),
        ("****", "*!*@*"),
        ("a!b@c", "a!b@c"),
    ],
)
def test_short_masks_are_completed(mask: str, full: str) -> None:
    """What was left out of nick!user@host is anything."""
    assert masks.complete_mask(mask) == full


def test_mode_strings() -> None:
    """Parameters go to the modes that take one, in order."""
    changes, unknown = modes.parse_changes("+ovz-k+l", ["a", "b", "key", "5"])
    assert [(change.adding, change.mode.letter, change.param) for change in changes] == [
        (True, "o", "a"),
        (True, "v", "b"),
        (False, "k", "key"),
        (True, "l", "5"),
    ]
    assert unknown == ["z"]


def test_mode_strings_of_another_server() -> None:
    """CHANMODES and PREFIX of RPL_ISUPPORT say which letters take a parameter (Modern IRC)."""
    ranks = isupport.parse_prefix("(Yov)!@+")
    assert ranks == {"Y": "!", "o": "@", "v": "+"}
    types = isupport.mode_types("beI,k,lj,imnst", ranks)
    changes = list(modes.split_changes("+Yj-jkb+?o", ("ann", "5:1", "key", "*!*@x"), types))
    assert changes == [
        (True, "Y", "ann"),
        (True, "j", "5:1"),
        (False, "j", None),
        (False, "k", "key"),
        (False, "b", "*!*@x"),
        (True, "?", None),
        (True, "o", None),
    ]


@pytest.mark.parametrize("value", ["", "(ov)@", "ov@+", "()"])
def test_a_prefix_that_pairs_no_letters_with_signs_gives_no_ranks(value: str) -> None:
    """A server without ranks announces PREFIX without a value, or with an empty pair."""
    assert isupport.parse_prefix(value) == {}


def test_mode_strings_are_written_with_few_signs() -> None:
    """A sign stands only where it turns."""
    changes, _ = modes.parse_changes("+i+m-t+k", ["x"])
    assert modes.format_changes(changes) == ("+im-t+k", "x")


def test_isupport_tells_what_the_tables_say() -> None:
    """ISUPPORT is derived, so that it cannot lie."""
    tokens = isupport.tokens(isupport.Lengths(nick=20), "Our Chat")
    assert "CHANMODES=beI,k,flW,CEMPRUimnstu" in tokens
    assert "PREFIX=(qaohv)~&@%+" in tokens
    assert "NICKLEN=20" in tokens
    assert "NETWORK=Our\\x20Chat" in tokens
    assert "UTF8ONLY" in tokens
    assert tokens == sorted(tokens)


@pytest.mark.parametrize(
    ("network", "shown"),
    [
        ("Our Chat", r"Our\x20Chat"),
        ("a=b", r"a\x3Db"),
        ("a\\b", r"a\x5Cb"),
        (r"\x20", r"\x5Cx20"),
        ("Сеть", "Сеть"),
        ("=", r"\x3D"),
    ],
)
def test_isupport_values_are_escaped(network: str, shown: str) -> None:
    """Modern IRC, RPL_ISUPPORT: `\\x20`, `\\x5C` and `\\x3D` are how a value holds a space, a
    backslash and an equals sign.
    """
    assert f"NETWORK={shown}" in isupport.tokens(isupport.Lengths(), network)
    assert isupport.unescape(shown) == network


def test_capability_bits_are_distinct() -> None:
    """Two capabilities with one bit would be one capability."""
    bits = [entry.bit for entry in cap.CAPABILITIES.values()]
    assert len(set(bits)) == len(bits) == bin(sum(bits)).count("1")


def test_a_capability_without_what_it_needs_has_no_effect() -> None:
    """IRCv3 labeled-response: batch "MUST be negotiated to use labeled responses"."""
    assert cap.effective(cap.LABELED_RESPONSE) == 0
    assert cap.effective(cap.LABELED_RESPONSE | cap.BATCH) == cap.LABELED_RESPONSE | cap.BATCH


def test_numerics_have_distinct_codes() -> None:
    """No code is given to two numerics."""
    codes = [value for value in vars(numerics).values() if isinstance(value, numerics.Numeric)]
    assert len(set(codes)) == len(codes)
    assert all(len(code) == 3 and code.isdigit() for code in codes)


@given(st.text())
def test_escaped_text_moves_no_cursor(text: str) -> None:
    """No control character, no line end and nothing that turns the writing direction is left."""
    assert not any(
        char < " " or "\x7f" <= char <= "\x9f" or char in "\u202e\u2028\u2066"
        for char in escape_controls(text)
    )


def test_escaped_text_is_still_readable() -> None:
    """Ordinary text in any script is left alone; the rest shows its code."""
    assert escape_controls("Привет 😀 日本") == "Привет 😀 日本"
    assert escape_controls("a\x1b[2Jb\nc\u202ed") == "a\\x1b[2Jb\\x0ac\\u202ed"


def test_formatting_is_taken_out() -> None:
    """Modern IRC, Formatting: colours with their digits, styles."""
    assert (
        strip_formatting("\x02bold\x02 \x0304,12red\x03 \x04ff0000hex\x0f \x1ditalic")
        == "bold red hex italic"
    )


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"


@pytest.mark.parametrize(
    "sign",
    [
        FAMILY,
        FLAG,
        "\U0001f44d\U0001f3fd",
        "\u2764\ufe0f",
        "e\u0301",
        "\u0e01\u0e31",
        "\u1112\u1161\u11ab",
    ],
    ids=["family", "flag", "skin", "heart", "accent", "thai", "korean"],
)
def test_a_sign_is_not_cut(sign: str) -> None:
    """However many characters it has, and however many of it follow each other."""
    for before in ("a", "ab"):
        text = before + 3 * sign
        for most in range(len(before), len(text) + 2):
            whole = min(3, (most - len(before)) // len(sign))
            assert cut(text, most) == before + sign * whole
        assert cut_bytes(text, len((before + sign).encode()) + 1) == before + sign


def test_something_of_a_long_sign_is_left() -> None:
    """Else a text could not be divided into parts."""
    assert cut(FAMILY, 3) == FAMILY[:3]


def test_endless_marks_are_cut() -> None:
    """Else nothing of a text would be left that is one letter with thousands of marks."""
    assert len(cut("a" + "\u0301" * 1000, 100)) == 100
