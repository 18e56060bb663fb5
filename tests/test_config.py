"""config.ini: accepted values, and errors with their texts."""

import os
import re
from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trio_chat.config import (
    KEYS,
    LENGTHS,
    NAMED,
    ConfigError,
    ListenerSettings,
    Settings,
    load,
    reloader,
)
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.rights import RIGHTS

SHIPPED = Path(__file__).parent.parent / "config.ini"
WORDS = st.sampled_from(
    [
        "[server]",
        "[limits]",
        "port",
        "host",
        "motd",
        "=",
        " ",
        "\n",
        "\n ",
        "#",
        ";",
        "5000",
        "::1",
        "\0",
        "\ufeff",
        "\x85",
        "]",
    ]
)


Written = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return a function that writes config.ini and gives its path."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "config.ini"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def refused(written: Written) -> Refused:
    """Return a function that loads a text which must be refused, and gives the words for it."""

    def refuse(text: str | bytes) -> str:
        with pytest.raises(ConfigError) as caught:
            load(written(text))
        message = str(caught.value)
        assert "config.ini" in message
        assert "\n" not in message
        assert message.isprintable()
        return message

    return refuse


def beside(path: Path) -> Settings:
    """Return the defaults as a file in another directory means them."""
    default = Settings()
    assert default.logging.file is not None
    assert default.storage.file is not None
    assert default.server.downloads is not None
    return replace(
        default,
        server=replace(default.server, downloads=path.parent / default.server.downloads),
        logging=replace(default.logging, file=path.parent / default.logging.file),
        storage=replace(default.storage, file=path.parent / default.storage.file),
    )


def test_without_a_file_everything_has_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sections and keys are optional, and so is the file."""
    monkeypatch.chdir(tmp_path)
    assert load(None) == Settings()


def test_the_file_of_the_working_directory_is_found(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --config, config.ini of the working directory counts."""
    monkeypatch.chdir(written("[server]\nport = 6000\n").parent)
    assert load(None).server.port == 6000


def test_the_file_must_not_go(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults instead of it would take the operators away; without one they are read."""
    file = written("[server]\nport = 6000\n")
    monkeypatch.chdir(file.parent)
    reload = reloader(None)
    file.unlink()
    with pytest.raises(ConfigError, match=r"config\.ini: there is no such file"):
        reload()
    reload = reloader(None)
    assert reload() == Settings()
    file.write_text("[server]\nport = 6001\n", "utf-8")
    assert reload().server.port == 6001
    file.unlink()
    with pytest.raises(ConfigError):
        reload()


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """A path that was asked for and is not there is an error, not the defaults."""
    with pytest.raises(ConfigError, match=r"other\.ini: there is no such file"):
        load(tmp_path / "other.ini")


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right there")
def test_a_link_whose_file_is_away_is_no_lack_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defaults would open a server to everybody whose settings close it."""
    monkeypatch.chdir(tmp_path)
    Path("config.ini").symlink_to("elsewhere.ini")
    problem = r"config\.ini: cannot be read: the symbolic link leads to no file"
    for path in (None, Path("config.ini")):
        with pytest.raises(ConfigError, match=problem):
            load(path)
    with pytest.raises(ConfigError, match=problem):
        reloader(None)()


@pytest.mark.skipif(os.name == "nt", reason="Windows finds no such file")
def test_a_file_of_which_the_system_tells_nothing() -> None:
    """Asking whether it is a directory fails as well."""
    with pytest.raises(ConfigError) as raised:
        load(Path("a" * 300))
    assert str(raised.value).endswith(": cannot be read: File name too long")


def test_an_empty_file_means_the_defaults(written: Written) -> None:
    """Nothing written means nothing changed."""
    path = written("")
    assert load(path) == beside(path)


def test_the_shipped_file_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting with the file as shipped is the same as starting without."""
    monkeypatch.chdir(SHIPPED.parent)
    assert load(None) == Settings()


def test_the_shipped_file_says_where_to_listen() -> None:
    """The two keys that everybody changes are there to be changed."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert "\nhost = 0.0.0.0\n" in text
    assert "\nport = 5000\n" in text


def test_every_commented_key_of_the_shipped_file_shows_its_default(written: Written) -> None:
    """Removing every '#' before a key changes nothing, so the file cannot say what is not so."""
    settings, *_ = re.split(
        r"^#\[", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE
    )  # named sections have no defaults
    path = written(re.sub(r"^#(?=[a-z_]+ =)", "", settings, flags=re.MULTILINE))
    assert load(path) == beside(path)


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section, keys in KEYS.items() for key in keys]
)
def test_every_key_is_explained_in_the_shipped_file(section: str, key: str) -> None:
    """Each key stands in its section, below the words for what it may be."""
    text = SHIPPED.read_text(encoding="utf-8").split(f"\n[{section}]\n")[1].split("\n[")[0]
    explanation, found, _ = text.partition(f"\n{key} =" if f"\n{key} =" in text else f"\n#{key} =")
    assert found
    assert str(KEYS[section][key].allowed) in explanation.replace("\n# ", " ")


@pytest.mark.parametrize(
    ("word", "key"), [(word, key) for word, kind in NAMED.items() for key in kind.keys]
)
def test_every_key_of_a_named_section_is_explained_in_the_shipped_file(word: str, key: str) -> None:
    """The example of each kind of named section, commented out, explains all its keys."""
    text = re.split(rf"\n#\[{word} \w+\]\n", SHIPPED.read_text(encoding="utf-8"))[1].split("\n#[")[
        0
    ]
    explanation, found, _ = text.partition(f"\n#{key} =")
    assert found
    allowed = str(NAMED[word].keys[key].allowed)
    assert allowed.lower() in explanation.replace("\n# ", " ").lower()


def test_the_examples_of_named_sections_can_be_used(written: Written) -> None:
    """Removing every '#' before a header and a key gives a file that is understood."""
    path = written(
        re.sub(r"^#(?=[a-z_]+ =|\[)", "", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert all(getattr(load(path), kind.field) for kind in NAMED.values())


def test_every_setting_has_a_key() -> None:
    """No setting can only be changed in the source."""
    several = {kind.field for kind in NAMED.values()}
    parts = {
        field.name: getattr(Settings(), field.name)
        for field in fields(Settings)
        if field.name not in several
    }
    for section, part in parts.items():
        named = {field.name for field in fields(part)} - {"lengths"}
        assert named <= set(KEYS[section])
    assert {name for name, _ in LENGTHS.values()} == set(Lengths._fields)
    for kind in NAMED.values():
        assert {field.name for field in fields(kind.settings)} == {"name", *kind.keys}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("host = 0.0.0.0 # IP", ("0.0.0.0",)),
        ("host = 127.0.0.1, ::1 ; both", ("127.0.0.1", "::1")),
        ("host = [::1]\tlocalhost", ("::1", "localhost")),
        ("HOST=127.0.0.1", ("127.0.0.1",)),
        ("port = 0", 0),
        ("port = 65535", 65535),
        ("port = 7000#", None),
        ("lobby = #lobby  # where newcomers meet", "#lobby"),
        ("lobby = lobby", "#lobby"),
        ("lobby = none", ""),
        ("lobby = #кухня", "#кухня"),
        ("lobby = ##x", "##x"),
        ("lobby = # lobby", None),
        ("description = Talk in #lobby ;-)", "Talk in #lobby ;-)"),
        ("description = Office # on the third floor", "Office"),
        ("description = a = b", "a = b"),
        ("description = 100%", "100%"),
        ("description = %(port)s ${x}", "%(port)s ${x}"),
        ("password = # none", ""),
        ("password = #secret", "#secret"),
        ("admin =", ""),
        ("name = chat.example.org", "chat.example.org"),
        ("shutdown_grace = 0.5", 0.5),
    ],
)
def test_a_value_of_server(written: Written, line: str, expected: object) -> None:
    """A comment needs a space before it, and a space behind it where '#' can be part of the
    text.
    """
    path = written(f"[server]\n{line}\n")
    key = line.partition("=")[0].strip().lower()
    if expected is None:
        with pytest.raises(ConfigError):
            load(path)
    else:
        assert getattr(load(path).server, key) == expected


@pytest.mark.parametrize(
    ("written_size", "size"), [("8192", 8192), ("64k", 65536), ("2M", 2097152), ("2m", 2097152)]
)
def test_a_size_may_have_a_suffix(written: Written, written_size: str, size: int) -> None:
    """1024 and 1048576 are written k and M."""
    assert load(written(f"[limits]\noutbox_bytes = {written_size}\n")).limits.outbox_bytes == size


def test_the_greatest_size_is_written_as_the_documentation_writes_it(written: Written) -> None:
    """In bytes, without a suffix."""
    assert load(written(f"[uploads]\nreserve = {2**50}\n")).uploads.reserve == 2**50


def test_networks_are_a_list(written: Written) -> None:
    """Addresses, networks and networks with host bits are all taken."""
    limits = load(written("[limits]\nflood_exempt = 10.1.2.3/8, ::1 192.0.2.1\n")).limits
    assert limits.flood_exempt == tuple(
        ip_network(network) for network in ("10.0.0.0/8", "::1/128", "192.0.2.1/32")
    )


def test_no_networks_are_written_none(written: Written) -> None:
    """An empty list is said in a word."""
    assert load(written("[limits]\nflood_exempt = none\n")).limits.flood_exempt == ()


def test_lengths_are_single_keys(written: Written) -> None:
    """Each length has a key of its own, and the others keep their defaults."""
    lengths = load(written("[limits]\nnick_length = 20\nmode_changes = 5\n")).limits.lengths
    assert lengths == Lengths()._replace(nick=20, modes=5)


def test_a_relative_log_file_is_beside_the_configuration(written: Written, tmp_path: Path) -> None:
    """Where the log is does not depend on where the server was started."""
    path = written("[logging]\nfile = my logs/chat.txt\n")
    assert load(path).logging.file == tmp_path / "my logs" / "chat.txt"


def test_an_absolute_log_file_is_where_it_says(written: Written, tmp_path: Path) -> None:
    """An absolute path stays what it is."""
    file = tmp_path / "elsewhere" / "log.txt"
    assert load(written(f"[logging]\nfile = {file}\n")).logging.file == file


@pytest.mark.parametrize("value", ["", "none", " # none"])
def test_no_log_file(written: Written, value: str) -> None:
    """Nothing and the word none both mean no file."""
    assert load(written(f"[logging]\nfile ={value}\n")).logging.file is None


def test_the_motd_may_have_several_lines(written: Written) -> None:
    """Only this key goes on in indented lines; empty lines in the middle stay."""
    path = written(
        "[server]\nmotd = Welcome!\n\n  Be kind. # always\n\tHave\tfun.\n\nport = 6000\n"
    )
    server = load(path).server
    assert server.motd == ("Welcome!", "", "Be kind.", "Have    fun.")
    assert server.port == 6000


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf[server]\r\nport = 6000\r\n", b"[server]\rport = 6000\r"]
)
def test_what_editors_of_other_systems_write(written: Written, data: bytes) -> None:
    """A byte order mark and other line ends do not matter."""
    assert load(written(data)).server.port == 6000


def test_a_section_may_have_a_comment(written: Written) -> None:
    """A comment may follow a header."""
    assert load(written("[server] # here\nport = 6000\n")).server.port == 6000


def test_a_bad_value_names_everything(refused: Refused) -> None:
    """File, line, section, key, value, and what is allowed."""
    message = refused("[server]\nhost = ::1\nport = 99999 # big\n")
    assert message.endswith(
        'config.ini, line 3: [server] port = "99999": allowed: a whole number from 0 to 65535 (0:'
        " any free one)"
    )


@pytest.mark.parametrize(
    "line",
    [
        "[server]\nhost =",
        "[server]\nhost = 300.1.1.1",
        "[server]\nhost = 1.2.3",
        "[server]\nhost = a b!c",
        "[server]\nhost = -x-",
        "[server]\nhost = ::1]",
        "[server]\nport = -1",
        "[server]\nport = 5_000",
        "[server]\nport = 5e3",
        "[server]\nport = ５０００",
        "[server]\nport =",
        "[server]\nport = " + "9" * 5000,
        "[server]\nname = my server",
        "[server]\nname = nick!user@host",
        "[server]\nname = #chat",
        "[server]\nname = ::1",
        "[server]\nname =",
        "[server]\nname = " + "a" * 64,
        "[server]\nnetwork =",
        "[server]\ndescription = \x1b[31mred",
        "[server]\nlobby =",
        "[server]\nlobby = a b",
        "[server]\nlobby = a,b",
        "[server]\nlobby_topic = " + "a" * 391,
        "[server]\nmotd = " + "a" * 401,
        "[server]\nshutdown_grace = nan",
        "[server]\nshutdown_grace = inf",
        "[server]\nshutdown_grace = -1",
        "[logging]\nlevel = loud",
        "[logging]\nrotate_bytes = 5G",
        "[logging]\nkeep = 0",
        "[storage]\nfile = /",
        "[storage]\nfile = .",
        "[storage]\nfile = ..",
        "[limits]\nclients = 0",
        "[limits]\nping_interval = 0",
        "[limits]\nflood_exempt =",
        "[limits]\nflood_exempt = 10.0.0.0/33",
        "[limits]\noutbox_bytes = 1",
        "[limits]\ntopic_length = 1000",
        "[client]\nnick = two words",
        "[client]\nnick = 1st",
        "[client]\nchannel = a b",
        "[client]\nlanguage = xx",
    ],
)
def test_a_value_that_is_refused(refused: Refused, line: str) -> None:
    """Every bad value is named with its line and with what is allowed."""
    message = refused(line)
    match = re.fullmatch(r"\[(\w+)\]\n(\w+) =.*", line, re.DOTALL)
    assert match is not None
    section, key = match.groups()
    assert f", line 2: [{section}] {key} = " in message
    assert str(KEYS[section][key].allowed) in message


def test_an_unknown_section_suggests_the_nearest(refused: Refused) -> None:
    """A slip in a header is not a section that nobody reads."""
    assert "line 1: there is no section [ server ]; did you mean 'server'?" in refused(
        "[ server ]\nport = 1\n"
    )
    assert "line 2: there is no section [sever]; did you mean 'server'?" in refused(
        "# x\n[sever]\nport = 1\n"
    )


def test_named_sections_become_settings_in_their_order(written: Written) -> None:
    """Each `[listener NAME]` is one listener; what is left out has its default."""
    text = (
        "[listener web]\nport = 6000\n[server]\nport = 1\n[listener Дом]\nport = 6001\nhost = ::1 #"
        " here\n"
    )
    assert load(written(text)).listeners == (
        ListenerSettings(name="web", port=6000),
        ListenerSettings(name="Дом", port=6001, host=("::1",)),
    )


@pytest.mark.parametrize(
    "header",
    ["listener", "listener ", "listener a b", "listener  a", "listener #x", f"listener {'a' * 33}"],
)
def test_a_named_section_needs_a_name(refused: Refused, header: str) -> None:
    """A name is one short word; the error shows how it is written."""
    assert "line 1: a section [listener] needs a name, such as [listener office]" in refused(
        f"[{header}]\nport = 1\n"
    )


def test_a_named_section_needs_what_has_no_default(refused: Refused) -> None:
    """A key that must be there is named, with what it may be."""
    assert "line 2: [gateway web] needs password: 1 to 500" in refused(
        "#\n[gateway web]\naddresses = ::1\n"
    )


@pytest.mark.parametrize("lines", ["host = ::1", "port = 5001\npath = chat.sock"])
def test_a_listener_has_a_port_or_a_path(refused: Refused, lines: str) -> None:
    """One of the two, and not both."""
    assert "line 1: [listener web] needs either a port or a path" in refused(
        f"[listener web]\n{lines}\n"
    )


def test_a_key_needs_its_certificate(refused: Refused) -> None:
    """A slip would leave the server with a certificate of its own making."""
    assert "line 2: [tls] key: a key without its certificate" in refused(
        "[tls]\nkey = server.key\n"
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("[accounts]\nemail = verified\n", "needs a [mail] section"),
        ("[accounts]\nemail = verified\n[mail]\nsmtp_host = localhost\n", "mail_from"),
        ("[mail]\nsmtp_host = localhost\nsendmail = /usr/sbin/sendmail\n", "keep one"),
        ("[mail]\nsmtp_password = horse\n", "give smtp_user"),
        ("[mail]\nmail_from = somebody\n", "an e-mail address, or nothing"),
    ],
)
def test_mail_that_could_not_be_sent(refused: Refused, lines: str, words: str) -> None:
    """It is said before somebody wants to register."""
    message = refused(lines)
    assert words in message
    assert "horse" not in message


_SECRET_MAIL = "[mail]\nsmtp_user = chat\nsmtp_password = horse\nsmtp_tls = off\nsmtp_host = "


def test_a_profile_has_the_addresses_of_one_network(written: Written) -> None:
    """Each with or without a port."""
    path = written("[profile work]\nhost = a.example:5001, [::1]:5002 ::2,192.0.2.7\n")
    [profile] = load(path).profiles
    assert profile.host == (("a.example", 5001), ("::1", 5002), ("::2", None), ("192.0.2.7", None))


@pytest.mark.parametrize(
    "host", ["", ",", "a:", "a:0", "a:65536", "a:b", "::1]:5", "a, 1.2.3", "ü:x"]
)
def test_an_address_of_a_profile_is_checked(refused: Refused, host: str) -> None:
    """The words say what is allowed."""
    assert "each with or without :port" in refused(f"[profile work]\nhost = {host}\n")


@pytest.mark.parametrize(
    "host", ["mail.example.org", "192.0.2.1", "10.0.0.1", "localhost.example.org"]
)
def test_a_mail_password_is_not_sent_in_the_clear(refused: Refused, host: str) -> None:
    """What to do is said, the password is not."""
    problem = refused(_SECRET_MAIL + host)
    assert "line 4: [mail] smtp_tls = off" in problem
    assert "use starttls or tls" in problem
    assert "horse" not in problem


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.1.2.3", "::1", "mail.localhost"]
)
def test_a_mail_server_on_this_machine(written: Written, host: str) -> None:
    """Nobody is on the way there."""
    assert load(written(_SECRET_MAIL + host)).mail.smtp_host == host


def test_without_a_mail_password_there_is_nothing_to_hide(written: Written) -> None:
    """So a relay in an own network may be without encryption."""
    assert load(written("[mail]\nsmtp_host = 10.0.0.1\nsmtp_tls = off\n")).mail.smtp_tls == "off"


@pytest.mark.parametrize("value", ["any, same", "example.org", "https://*", "https://a/b", "*"])
def test_an_origin_that_is_none(refused: Refused, value: str) -> None:
    """An origin is a scheme and a host, perhaps with a port (RFC 6454)."""
    assert "line 2: [server] origins = " in refused(f"[server]\norigins = {value}\n")


def test_a_listener_on_a_path(written: Written) -> None:
    """The path is beside the file, the mode is octal."""
    path = written(
        "[listener web]\npath = run/chat.sock\nmode = 600\ntls = off\nwebsocket = no\nproxy = yes\n"
    )
    unix = ListenerSettings(
        name="web",
        path=path.parent / "run/chat.sock",
        mode=0o600,
        tls="off",
        websocket=False,
        proxy=True,
    )
    assert load(path).listeners == (unix,)


def test_a_bad_value_in_a_named_section_names_everything(refused: Refused) -> None:
    """Line, section, key, value, and what is allowed, as everywhere."""
    message = refused("[listener web]\nport = x\n")
    assert 'line 2: [listener web] port = "x": allowed: a whole number from 0 to 65535' in message


def test_an_unknown_key_of_a_named_section_suggests_the_nearest(refused: Refused) -> None:
    """A slip is not silently the default there either."""
    assert "line 2: [listener web] has no key 'prt'; did you mean 'port'?" in refused(
        "[listener web]\nprt = 1\n"
    )


def test_default_is_no_section(refused: Refused) -> None:
    """configparser's [DEFAULT] has no special meaning here."""
    assert "there is no section [DEFAULT]" in refused("[DEFAULT]\nport = 1\n")


def test_an_unknown_key_suggests_the_nearest(refused: Refused) -> None:
    """A slip in a key is not silently the default."""
    assert "line 2: [server] has no key 'prot'; did you mean 'port'?" in refused(
        "[server]\nprot = 6000\n"
    )


def test_a_key_in_the_wrong_section_is_sent_to_the_right_one(refused: Refused) -> None:
    """A known key says where it belongs."""
    assert "it belongs in [limits]" in refused("[server]\nclients = 5\n")


def test_a_key_like_none_lists_all(refused: Refused) -> None:
    """Without a similar key, the error lists the choices."""
    assert "allowed: level, format, file, rotate_bytes, keep" in refused("[logging]\nqqqq = 5\n")


@pytest.mark.parametrize("line", ["port", "port: 5000", "= 5000", "server]", "just words"])
def test_a_line_that_is_no_key_and_value(refused: Refused, line: str) -> None:
    """A line without its '=' is named by its number."""
    assert 'line 2: expected "key = value"' in refused(f"[server]\n{line}\n")


@pytest.mark.parametrize("before", ["", "[server]\n", "[server]\nport = 1\n"])
@pytest.mark.parametrize("line", ["[limits", "[limits] clients = 5", "[]", "[limits = 5"])
def test_a_section_has_both_brackets_and_a_line_of_its_own(
    refused: Refused, before: str, line: str
) -> None:
    """The error says how a section is written, wherever in the file it is."""
    number = before.count("\n") + 1
    words = f"line {number}: a section is written as in [server], alone in its line"
    assert words in refused(f"{before}{line}\n")


def test_a_key_needs_a_section(refused: Refused) -> None:
    """The first key must be in a section."""
    assert "line 1: a section such as [server] must come before" in refused("port = 5000\n")


def test_a_key_is_there_once(refused: Refused) -> None:
    """Two values for one key are a mistake, in whatever case."""
    assert "line 3: [server] port is there twice" in refused("[server]\nport = 1\nPort = 2\n")


def test_a_section_is_there_once(refused: Refused) -> None:
    """Two sections of one name are a mistake."""
    assert "line 3: section [server] is there twice" in refused("[server]\nport = 1\n[server]\n")


def test_an_indented_line_is_not_joined_silently(refused: Refused) -> None:
    """Removing only the '#' of '# port' must not change the key above."""
    message = refused("[server]\nhost = ::1\n\n port = 6000\n")
    assert "line 2: [server] host = " in message
    assert "remove the space" in message


@pytest.mark.parametrize(
    "text",
    [
        "[server]\npassword = hunter2\x07\n",
        "[server]\npassword = hunter2\n  hunter2\n",
        "[server]\npassword = a\npassword = hunter2\n",
        "[server]\npassword: hunter2\n",
        "[server]\npasword = hunter2\n",
        "password = hunter2\n",
        "[limits]\npassword = hunter2\n",
        "[server]\npassword =\nhunter2\n",
        f"[server]\npassword = {'hunter2' * 100}\n",
    ],
)
def test_a_password_is_never_shown(refused: Refused, text: str) -> None:
    """An error may be read by anybody; what could be the password is not in it."""
    assert "hunter2" not in refused(text)


def test_the_lobby_keeps_to_the_length_of_channels(refused: Refused) -> None:
    """What the server itself refuses to its users it cannot have."""
    message = refused("[server]\nlobby = #abcdef\n[limits]\nchannel_length = 5\n")
    assert '[server] lobby = "#abcdef": longer than [limits] channel_length = 5' in message


def test_the_topic_keeps_to_the_length_of_topics(refused: Refused) -> None:
    """The same for the topic; bytes count."""
    message = refused(f"[server]\nlobby_topic = {'я' * 11}\n[limits]\ntopic_length = 20\n")
    assert "longer than [limits] topic_length = 20" in message


@pytest.mark.parametrize("data", [b"[server]\n# caf\xe9\n", "[server]\n".encode("utf-16")])
def test_other_encodings_are_named(refused: Refused, data: bytes) -> None:
    """The error names the encoding that the editor must use."""
    assert "UTF-8" in refused(data)


def test_the_line_that_is_not_utf8_is_named(refused: Refused) -> None:
    """The bad byte is found without a hex editor."""
    assert "line 3: not UTF-8" in refused(b"\xef\xbb\xbf[server]\n# ok\n# caf\xe9\n")


def test_zero_bytes_are_no_text(refused: Refused) -> None:
    """UTF-16 without a mark is valid UTF-8 with zeros in it."""
    assert "not plain text" in refused("[server]\nport = 1\n".encode("utf-16-le"))


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """A directory is refused in words, also on Windows, which says that access is denied."""
    with pytest.raises(ConfigError, match="cannot be read: it is a directory"):
        load(tmp_path)


def test_a_path_with_a_zero_is_no_file() -> None:
    """A path that the system cannot even look for is refused like one that is not there."""
    with pytest.raises(ConfigError, match=r"a\\x00b: cannot be read"):
        load(Path("a\0b"))


def test_a_huge_file_is_not_read(refused: Refused) -> None:
    """A wrong path must not fill the memory."""
    assert "larger than" in refused(b"#" * 1_000_001)


def test_hostile_names_are_shown_harmless(refused: Refused) -> None:
    """What stands in the file reaches the terminal without its control characters."""
    assert "\\x1b" in refused("[\x1b[31m]\n")


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.lists(WORDS).map("".join).map(str.encode)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_file_gives_settings_or_one_line(written: Written, data: bytes) -> None:
    """Any file gives settings or a ConfigError of one line."""
    path = written(data)
    message = ""
    try:
        load(path)
    except ConfigError as error:
        message = str(error)
    assert "\n" not in message


HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXRoaW5ncmFuZG9t$MBfDyZyFk0cTgCmi6Aj7hEGk0GkHxwPkyyeeGRmgv2Y"


def test_an_operator(written: Written) -> None:
    """Every key, and what is left out: all rights, from anywhere."""
    text = f"[operator root]\npassword = {HASH} # made by a command\n"
    text += "[operator Анна]\naccount = Анна\nhost = 10.1.2.3/8\nrights = BAN, kill\n"
    root, anna = load(written(text)).operators
    assert (root.password, root.account, root.host, root.rights) == (HASH, "", "", tuple(RIGHTS))
    assert (anna.password, anna.account, anna.host, anna.rights) == (
        "",
        "Анна",
        "10.0.0.0/8",
        ("kill", "ban"),
    )


def test_an_operator_by_a_group(written: Written) -> None:
    """A distinguished name has commas and signs of equality, and is one value."""
    text = "[oidc]\nissuer = https://sso.example.org\nclient_id = chat\n"
    text += "[ldap]\nurl = ldaps://ldap.example.org\nbase = dc=x\n"
    text += "[operator a]\noidc_group = /chat admins\nldap_group = cn=a\\, b,dc=x\n"
    (operator,) = load(written(text)).operators
    assert (operator.oidc_group, operator.ldap_group) == ("/chat admins", "cn=a\\, b,dc=x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[operator a]\n", "line 1: [operator a] needs a password or an account"),
        ("[operator a]\npassword =\n", "needs a password or an account"),
        (
            "[operator a]\npassword = correct horse\n",
            "line 2: [operator a] password = a value that is not shown: allowed: what",
        ),
        ("[operator a]\naccount = x y\n", "allowed: the name of an account"),
        ("[operator a]\naccount = x\nrights = kill, fly\n", "line 3"),
        ("[operator a]\naccount = x\nrights =\n", "all, or some of kill, ban"),
        ("[operator a]\naccount = x\nhost = 10.0.0.0/99\n", "line 3"),
        (
            "[operator a]\naccount = x\n[operator A]\naccount = x\n",
            "line 3: [operator A] is there twice",
        ),
        (
            f"[operator a]\noidc_group = x\npassword = {HASH}\n",
            "[operator a] has a group, so it has neither a password nor an account",
        ),
        ("[operator a]\nldap_group = x\naccount = x\n", "has a group"),
        ("[operator a]\noidc_group = x\n", "oidc_group needs [oidc] with an issuer"),
        ("[operator a]\nldap_group = x\n", "ldap_group needs [ldap] with a url"),
        (f"[operator a]\noidc_group = {'x' * 301}\n", "line 2"),
        ("[server]\ncloak_secret = too short\n", "cloak_secret = a value that is not shown"),
    ],
)
def test_a_wrong_operator(refused: Refused, text: str, words: str) -> None:
    """A plain password is refused and not shown; a block must say how one proves to be it."""
    message = refused(text)
    assert words in message
    assert "horse" not in message
