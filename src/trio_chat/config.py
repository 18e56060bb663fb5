"""config.ini to frozen, validated settings; every error names file, section, key, value and what is allowed.

`KEYS` is the one table of what can be written: parsing, errors and the tests of the shipped file are derived from it.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from trio_chat import config_values as values
from trio_chat.config_file import IniError, Sections, line_of, parse, without_comments
from trio_chat.config_values import Kind
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.names import InvalidName, fold_channel
from trio_chat.irc.text import escape_controls

FILE_NAME = "config.ini"
_LARGEST_FILE = 1_000_000
_LONGEST_SHOWN = 60


class ConfigError(Exception):
    """The configuration cannot be used; the text is one line for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """[server]: where to listen and what the server says of itself."""

    host: tuple[str, ...] = ("0.0.0.0",)  # noqa: S104 - everybody on the network can join; README says how to keep it local
    port: int = 5000
    name: str = "chat.local"
    network: str = "trio-chat"
    description: str = "A trio-chat server"
    password: str = ""
    lobby: str = "#lobby"
    lobby_topic: str = ""
    motd: tuple[str, ...] = ()
    admin: str = ""
    shutdown_grace: float = 3.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingSettings:
    """[logging]: what is written down, and where."""

    level: str = "info"
    file: Path | None = Path("logs/server_log.txt")  # empty: no file
    rotate_bytes: int = 5_000_000
    keep: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """[storage]: what is remembered, where, and for how long."""

    file: Path | None = Path("trio-chat.db")  # none: nothing is remembered
    keep_days: int = 0  # 0: for ever
    synchronous: str = "full"
    playback: int = 20  # messages
    most_messages: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """[accounts]: names that belong to people."""

    registration: str = "open"
    before_connect: bool = True
    min_password: int = 6  # characters
    multi_session: bool = True
    reservation: str = "refuse"
    hash_cost: str = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """[limits]: what one client may cost."""

    clients: int = 10_000
    registration_timeout: float = 30.0  # seconds
    ping_interval: float = 90.0  # seconds
    ping_timeout: float = 60.0  # seconds
    flood_burst: int = 40  # lines
    flood_rate: float = 8.0  # lines a second
    flood_exempt: tuple[IPv4Network | IPv6Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    outbox_bytes: int = 1_048_576
    event_queue: int = 1024
    whowas_entries: int = 200
    lengths: Lengths = field(default_factory=Lengths)  # each a key of its own: nick, channel, topic, …


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """[client]: what `trio-chat connect` uses when the command line does not say."""

    nick: str = ""
    channel: str = ""  # empty: the [server] lobby
    language: str = ""  # empty: the locale's


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of config.ini."""

    server: ServerSettings = field(default_factory=ServerSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    accounts: AccountSettings = field(default_factory=AccountSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    client: ClientSettings = field(default_factory=ClientSettings)


LENGTHS: dict[str, tuple[str, Kind]] = {
    # key: (field of Lengths, kind). Upper bounds keep a whole message within the 512 bytes of RFC 1459 §2.3 for ASCII
    # names; lower ones keep every client that asks for something usual working.
    "nick_length": ("nick", values.whole(3, values.LONGEST_NICK, " characters")),
    "channel_length": ("channel", values.whole(3, values.LONGEST_CHANNEL, " characters")),
    "topic_length": ("topic", values.whole(20, 390, " bytes")),
    "kick_length": ("kick", values.whole(20, 390, " bytes")),
    "away_length": ("away", values.whole(20, 390, " bytes")),
    "realname_length": ("realname", values.whole(10, 200, " bytes")),
    "username_length": ("username", values.whole(3, 32, " characters")),
    "key_length": ("key", values.whole(4, 64, " bytes")),
    "host_length": ("host", values.whole(15, 64, " characters")),
    "channels_per_user": ("channels_per_user", values.whole(1, 10_000)),
    "targets": ("targets", values.whole(1, 100)),
    "mode_changes": ("modes", values.whole(3, 20)),
    "list_entries": ("list_entries", values.whole(1, 10_000)),
    "monitor_entries": ("monitor_entries", values.whole(1, 10_000)),
    "multiline_bytes": ("multiline_bytes", values.whole(512, 16_384)),
    "multiline_lines": ("multiline_lines", values.whole(2, 1000)),
    "metadata_keys": ("metadata_keys", values.whole(1, 1000)),
    "metadata_bytes": ("metadata_bytes", values.whole(16, 300)),
    "metadata_subs": ("metadata_subs", values.whole(1, 1000)),
}
"""The keys of [limits] that become `LimitSettings.lengths`."""

KEYS: dict[str, dict[str, Kind]] = {
    "server": {
        "host": Kind(values.hosts, "one or more addresses or host names, separated by commas or spaces"),
        "port": values.whole(0, 65535, " (0: any free one)"),
        "name": Kind(values.server_name, "at most 63 English letters, digits, dots, '-' and '_', such as chat.example.org"),
        "network": values.some_text(64),
        "description": values.some_text(200),
        "password": values.text(200, secret=True),
        "lobby": Kind(values.channel_or_none, "a channel name such as #lobby, without spaces and commas, or none"),
        "lobby_topic": values.text(390),
        "motd": values.text_lines(500, 400),
        "admin": values.text(200),
        "shutdown_grace": values.decimal(0, 600, "seconds"),
    },
    "logging": {
        "level": values.choice("debug", "info", "warning", "error"),
        "file": Kind(values.no_or_path, "a path, seen from the directory of this file, or none"),
        "rotate_bytes": values.size(1024, 2**40),
        "keep": values.whole(1, 1000),
    },
    "storage": {
        "file": Kind(values.no_or_path, "a path, seen from the directory of this file, or none"),
        "keep_days": values.whole(0, 36_500, " (0: for ever)"),
        "synchronous": values.choice("full", "normal", "off"),
        "playback": values.whole(0, 1000),
        "most_messages": values.whole(1, 10_000),
    },
    "accounts": {
        "registration": values.choice("open", "closed"),
        "before_connect": values.YES_OR_NO,
        "min_password": values.whole(1, 100, " characters"),
        "multi_session": values.YES_OR_NO,
        "reservation": values.choice("refuse", "rename", "off"),
        "hash_cost": values.choice("normal", "low"),
    },
    "limits": {
        "clients": values.whole(1, 1_000_000),
        "registration_timeout": values.decimal(0.1, 3600, "seconds"),
        "ping_interval": values.decimal(0.1, 86_400, "seconds"),
        "ping_timeout": values.decimal(0.1, 86_400, "seconds"),
        "flood_burst": values.whole(1, 1_000_000, " lines"),
        "flood_rate": values.decimal(0.1, 100_000, "lines a second"),
        "flood_exempt": Kind(values.networks, "addresses and networks such as 10.0.0.0/8, separated by commas, or none"),
        "outbox_bytes": values.size(8192, 2**30),
        "event_queue": values.whole(1, 1_000_000),
        "whowas_entries": values.whole(0, 1_000_000),
        **{key: kind for key, (_, kind) in LENGTHS.items()},
    },
    "client": {
        "nick": Kind(values.no_or_nick, "a nickname without spaces that does not begin with a digit, or nothing"),
        "channel": Kind(values.no_or_channel, "a channel name such as #lobby, or nothing"),
        "language": Kind(values.no_or_language, "en, ru, or nothing"),
    },
}
"""Every key that config.ini may have, by section."""


def load(path: Path | None) -> Settings:
    """Read the settings.

    Args:
        path: the file; None for `config.ini` in the working directory if there is one, or else the defaults.

    Raises:
        ConfigError: when there is no such file, or anything in it is not understood.
    """
    file = Path(FILE_NAME) if path is None else path
    try:
        text = _read(file)
    except FileNotFoundError:
        if path is None:
            return Settings()
        raise ConfigError(f"{_path(file)}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        # Windows calls opening a directory a lack of permission.
        reason = "it is a directory" if file.is_dir() else getattr(error, "strerror", None) or error
        raise ConfigError(f"{_path(file)}: cannot be read: {reason}") from None
    return _Reader(file, text).settings()


def _read(file: Path) -> str:
    with file.open("rb") as stream:
        data = stream.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise ConfigError(f"{_path(file)}: larger than {_LARGEST_FILE} bytes; this is not a configuration file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The position is counted behind a byte order mark, which has no line end in it, so the line is right anyway.
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{_path(file)}, line {line}: not UTF-8; save the file with the encoding UTF-8") from None
    if "\0" in text:
        raise ConfigError(f"{_path(file)}: not plain text; save the file with the encoding UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Reader:
    """Turns the text of one file into settings, and knows how to say where something is wrong."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._text = text

    def settings(self) -> Settings:
        try:
            sections = parse(self._text)
        except IniError as error:
            raise self._error(error.line, error.problem) from None
        self._check_names(sections)
        parsed = {
            section: {key: self._value(section, key, value) for key, value in sections.get(section, {}).items()}
            for section in KEYS
        }
        settings = _build(parsed, self._file.parent)
        self._check_together(settings)
        return settings

    def _check_names(self, sections: Sections) -> None:
        for section, keys in sections.items():
            if section not in KEYS:
                problem = f"there is no section [{section}]; {_nearest(section, KEYS)}"
                raise self._error(line_of(self._text, section), problem)
            for key in keys:
                if key not in KEYS[section]:
                    # Its value is not shown: it could be a password behind a misspelt key.
                    problem = f"[{section}] has no key {_shown(key)!r}; {_where_is(section, key)}"
                    raise self._error(line_of(self._text, section, key), problem)

    def _value(self, section: str, key: str, written: str) -> object:
        kind = KEYS[section][key]
        value = without_comments(written, prose=kind.prose)
        shown = "a value that is not shown" if kind.secret else f'"{_shown(value)}"'
        if "\n" in value and not kind.lines:
            problem = "the next line begins with a space and so belongs to this value; remove the space, or the line"
        else:
            try:
                return kind.parse(value)
            except ValueError:
                problem = f"allowed: {kind.allowed}"
        raise self._error(line_of(self._text, section, key), f"[{section}] {key} = {shown}: {problem}")

    def _check_together(self, settings: Settings) -> None:
        lengths = settings.limits.lengths
        server = settings.server
        try:
            if server.lobby:
                fold_channel(server.lobby, lengths.channel)
        except InvalidName:
            problem = f"longer than [limits] channel_length = {lengths.channel} allows"
            raise self._error(*self._both("lobby", server.lobby, problem)) from None
        if len(server.lobby_topic.encode()) > lengths.topic:
            problem = f"longer than [limits] topic_length = {lengths.topic} bytes allows"
            raise self._error(*self._both("lobby_topic", server.lobby_topic, problem))

    def _both(self, key: str, value: str, problem: str) -> tuple[int, str]:
        line = line_of(self._text, "server", key)
        return line, f'[server] {key} = "{_shown(value)}": {problem}'

    def _error(self, line: int, problem: str) -> ConfigError:
        where = f", line {line}" if line else ""
        return ConfigError(escape_controls(f"{_path(self._file)}{where}: {problem}"))


def _build(parsed: dict[str, dict[str, Any]], directory: Path) -> Settings:
    limits = parsed["limits"]
    lengths = Lengths(**{name: limits.pop(key) for key, (name, _) in LENGTHS.items() if key in limits})
    logging = LoggingSettings(**parsed["logging"])
    if logging.file is not None:
        # Beside config.ini, whatever the working directory is: that is where an operator looks for it.
        logging = replace(logging, file=directory / logging.file)
    storage = StorageSettings(**parsed["storage"])
    if storage.file is not None:
        storage = replace(storage, file=directory / storage.file)
    return Settings(
        server=ServerSettings(**parsed["server"]),
        logging=logging,
        storage=storage,
        accounts=AccountSettings(**parsed["accounts"]),
        limits=LimitSettings(**limits, lengths=lengths),
        client=ClientSettings(**parsed["client"]),
    )


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(names)}"


def _where_is(section: str, key: str) -> str:
    for other, keys in KEYS.items():
        if key in keys:
            return f"it belongs in [{other}]"
    return _nearest(key, KEYS[section])


def _path(file: Path) -> str:
    return escape_controls(str(file))


def _shown(text: str) -> str:
    escaped = escape_controls(text)
    return escaped if len(escaped) <= _LONGEST_SHOWN else escaped[:_LONGEST_SHOWN] + "…"
