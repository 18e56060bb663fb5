"""Errors of config.ini and of the database in both languages."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from trio_chat.config import KEYS, NAMED, ConfigError, load
from trio_chat.config.values import ValueType
from trio_chat.i18n import install
from trio_chat.storage.errors import StorageError
from trio_chat.storage.maintenance import connected
from trio_chat.storage.schema import APPLICATION_ID
from trio_chat.storage.transactions import explain

_LATIN = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")
_NAMES = (
    "UTF SQLite argon trio chat db check operator hash k M TLS localhost none any same all yes no"
    " mailto https http socks cp koi r iso en ru certificate ini config"
)
"""Names and values that stay as they are in every language."""
_ADDRESS = re.compile(r"(?:(?:https?|ldaps?)://)?(?:\*\.)?[\w-]*\.?example\.org\S*|#lobby")
_TYPES: dict[str, ValueType] = {
    f"{section} {key}": kind
    for section, keys in [*KEYS.items(), *((word, named.keys) for word, named in NAMED.items())]
    for key, kind in keys.items()
}
_KNOWN = {
    *_LATIN.findall(_NAMES),
    *KEYS,
    *NAMED,
    *(name.split()[1] for name in _TYPES),
}
_MAIL = "[mail]\nsmtp_host = a.example.org\n"

BROKEN = [
    ("port = 1", "1: a section such as [server] must come before the first key"),
    ("[tls]\n[tls]", "2: section [tls] is there twice; keep one"),
    ("[server]\nport = 1\nport = 2", "3: [server] port is there twice; keep one"),
    ("[server]\nport", '2: expected "key = value" or "[section]"'),
    ("[tsl]", "1: there is no section [tsl]; did you mean 'tls'?"),
    (
        "[%%%]",
        f"1: there is no section [%%%]; allowed: {', '.join([*KEYS, *NAMED])}",
    ),
    ("[server]\nprot = 1", "2: [server] has no key 'prot'; did you mean 'port'?"),
    ("[server]\nclients = 1", "2: [server] has no key 'clients'; it belongs in [limits]"),
    (
        "[discovery]\n%%% = 1",
        "2: [discovery] has no key '%%%'; allowed: enabled, name, qr",
    ),
    (
        "[listener]",
        "1: a section [listener] needs a name, such as [listener office]: letters, digits, '-',"
        " '_' and '.', at most 32",
    ),
    (
        "[gateway web]\naddresses = ::1",
        "1: [gateway web] needs password: 1 to 500 bytes in UTF-8, or their argon2 hash",
    ),
    (
        "[server]\nport = 99999",
        '2: [server] port = "99999": allowed: a whole number from 0 to 65535 (0: any free one)',
    ),
    (
        "[server]\ncloak_secret = 1",
        "2: [server] cloak_secret = a value that is not shown: allowed: 16 to 200 characters"
        " without spaces, or nothing",
    ),
    (
        "[server]\nport = 1\n port = 2",
        '2: [server] port = "1\\x0aport = 2": the next line begins with a space and so belongs to'
        " this value; remove the space, or the line",
    ),
    (
        "[server]\nlobby = #lobby\n[limits]\nchannel_length = 3",
        '2: [server] lobby = "#lobby": longer than [limits] channel_length = 3 allows',
    ),
    (
        f"[server]\nlobby_topic = {'1' * 21}\n[limits]\ntopic_length = 20",
        f'2: [server] lobby_topic = "{"1" * 21}": longer than [limits] topic_length = 20 bytes'
        " allows",
    ),
    ("[listener web]", "1: [listener web] needs either a port or a path"),
    (
        "[tls]\nsts_duration = 1",
        "2: [tls] sts_duration: clients refuse a certificate of the server's own making then; give"
        " one of yours",
    ),
    ("[tls]\nkey = key", "2: [tls] key: a key without its certificate; give both"),
    (
        "[operator web]",
        "1: [operator web] needs a password or an account; `trio-chat operator hash` makes what to"
        " write for a password",
    ),
    (
        "[operator web]\naccount = web\n[operator WEB]\naccount = web",
        "3: [operator WEB] is there twice, since capital and small letters are the same; keep one",
    ),
    (
        f"{_MAIL}sendmail = mail",
        "3: [mail] sendmail: there is an smtp_host, too; keep one of them",
    ),
    (
        f"{_MAIL}smtp_password = 1",
        "3: [mail] smtp_password: a password without a user; give smtp_user, too",
    ),
    (
        f"{_MAIL}smtp_user = 1\nsmtp_password = 1\nsmtp_tls = off",
        "5: [mail] smtp_tls = off: everybody on the way could read smtp_password; use starttls or"
        " tls, or localhost",
    ),
    (
        "[accounts]\nemail = verified",
        "2: [accounts] email = verified needs a [mail] section with mail_from, and with smtp_host"
        " or sendmail",
    ),
    (b"\xff", "1: not UTF-8; save the file with the encoding UTF-8"),
    (b"\0", " not plain text; save the file with the encoding UTF-8"),
    (
        b"#" * 1_000_001,
        " larger than 1000000 bytes; this is not a configuration file",
    ),
]
"""Broken files, with the line and the English text of their errors."""


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    install("en")
    yield
    install("en")


def refusal(path: Path) -> str:
    """Return the error of a file, after its path."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    return text.removeprefix(str(path))


def foreign(text: str, *, quoted: str = "") -> set[str]:
    """Return the Latin words of a text that are neither names nor values, nor quoted from a
    file.
    """
    return set(_LATIN.findall(_ADDRESS.sub("", text))) - _KNOWN - set(_LATIN.findall(quoted))


@pytest.mark.parametrize(("content", "english"), BROKEN)
def test_an_error_is_in_the_language_of_the_user(
    tmp_path: Path, content: str | bytes, english: str
) -> None:
    """In English as ever; in Russian nothing is left in English but names and values."""
    path = tmp_path / "config.ini"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    text = refusal(path).removeprefix(":" if english.startswith(" ") else ", line ")
    assert text == english
    install("ru")
    russian = refusal(path)
    assert re.search("[а-я]{4}", russian)
    quoted = content if isinstance(content, str) else ""
    assert foreign(russian, quoted=f"{quoted} office starttls tls x0aport") == set()
    assert re.findall(r"\[[a-z ]+\]", russian) == re.findall(
        r"\[[a-z ]+\]", english.replace('"[section]"', "")
    )


@pytest.mark.parametrize("name", _TYPES)
def test_what_is_allowed_is_in_the_language_of_the_user(name: str) -> None:
    """The tables are made before the language is known, and are translated when they are shown."""
    allowed = _TYPES[name].allowed
    english = str(allowed)
    install("ru")
    russian = str(allowed)
    assert re.search("[а-я]", russian)
    values = english.partition("one of ")[2] or (
        english.partition("some of ")[2].removesuffix(", separated by commas")
    )
    assert foreign(russian, quoted=f"{values} {english.partition('letters of ')[2]}") == set()
    assert sorted(re.findall(r"\d+", russian)) == sorted(re.findall(r"\d+", english))
    install("en")
    assert str(allowed) == english


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The reasons are translated, too."""
    missing = tmp_path / "config.ini"
    assert refusal(missing) == ": there is no such file"
    assert refusal(tmp_path) == ": cannot be read: it is a directory"
    install("ru")
    for path in (missing, tmp_path):
        assert foreign(refusal(path)) == set()
    with pytest.raises(ConfigError, match="такого имени"):
        load(Path("a\0b"))


@pytest.mark.parametrize(
    ("application", "version", "english"),
    [
        (1, 0, "it is a database of another program; choose another file"),
        (
            APPLICATION_ID,
            9999,
            "it was written by a newer version of trio-chat (schema 9999, this version knows",
        ),
    ],
)
def test_a_database_that_cannot_be_used(
    tmp_path: Path, application: int, version: int, english: str
) -> None:
    """`trio-chat doctor` and the start of a server quote these errors."""
    file = tmp_path / "1.db"
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute("CREATE TABLE message (id)")
        connection.pragma("application_id", application)
        connection.pragma("user_version", version)

    def refused() -> str:
        with pytest.raises(StorageError) as caught, connected(file):
            pass
        return str(caught.value).removeprefix(str(file))

    assert refused().startswith(f" cannot be used: {english}")
    install("ru")
    assert foreign(refused()) == set()


@pytest.mark.parametrize(
    "error",
    [
        apsw.FullError,
        apsw.IOError,
        apsw.ReadOnlyError,
        apsw.CantOpenError,
        apsw.PermissionsError,
        apsw.AuthError,
        apsw.BusyError,
        apsw.LockedError,
        apsw.CorruptError,
        apsw.NotADBError,
        apsw.NoMemError,
        apsw.InterruptError,
    ],
)
def test_an_error_of_sqlite_is_explained(error: type[Exception]) -> None:
    """Only the name of the result code, by which a search finds help, is English."""
    install("ru")
    explanation = re.sub(r" \(\w+\)$", "", explain(error()))
    assert re.search("[а-я]{4}", explanation)
    assert foreign(explanation) == set()
