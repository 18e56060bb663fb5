"""Reader of config.ini: errors name the place, the value, and what is allowed."""

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields, replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trio_chat.config.ini import IniError, Sections, line_of, parse, without_comments
from trio_chat.config.keys import KEYS, LENGTHS, NAMED, NamedSection
from trio_chat.config.settings import LimitSettings, Settings
from trio_chat.config.values import ValueType
from trio_chat.i18n import _
from trio_chat.installation import CONFIG_NAME, data_directory, default_config
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.names import InvalidName, fold_channel, fold_or_self
from trio_chat.irc.text import escape_controls

FILE_NAME = CONFIG_NAME
_LARGEST_FILE = 1_000_000
_LONGEST_SHOWN = 60
_NAME = re.compile(r"[\w.-]{1,32}")


class ConfigError(Exception):
    """An invalid configuration; the text is one line for the operator."""


def load(path: Path | None) -> Settings:
    """Read the settings.

    Args:
        path: the file; None for the one of this installation (`default_config`), or the defaults
            without one.

    Raises:
        ConfigError: there is no such file, or it has an error.
    """
    file = default_config() if path is None else path
    directory = data_directory() if path is None else file.parent
    try:
        text = _read(file)
    except FileNotFoundError:
        if os.path.islink(file):
            raise _unreadable(file, _("the symbolic link leads to no file")) from None
        if path is None:
            return _Reader(file, "", directory).settings()
        raise ConfigError(_("{file}: there is no such file").format(file=_path(file))) from None
    except ValueError:  # a NUL in the path
        raise _unreadable(file, _("no file can have such a name")) from None
    except OSError as error:
        # Windows calls opening a directory a lack of permission.
        reason = _("it is a directory") if os.path.isdir(file) else error.strerror or str(error)
        raise _unreadable(file, reason) from None
    return _Reader(file, text, directory).settings()


def reloader(path: Path | None) -> Callable[[], Settings]:
    """Return what reads the settings again, as `load(path)` does; a default file that there was
    must not be gone, as the defaults have no operators and trust no proxy.
    """
    was_there = default_config().exists()

    def reload() -> Settings:
        nonlocal was_there
        file = default_config()
        if was_there and not file.exists():
            return load(file)  # which says that it is gone
        was_there = file.exists()
        return load(path)

    return reload if path is None else partial(load, path)


def _unreadable(file: Path, reason: str) -> ConfigError:
    return ConfigError(
        _("{file}: cannot be read: {reason}").format(file=_path(file), reason=reason)
    )


def _read(file: Path) -> str:
    with file.open("rb") as stream:
        data = stream.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise ConfigError(
            _("{file}: larger than {most} bytes; this is not a configuration file").format(
                file=_path(file), most=_LARGEST_FILE
            )
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The position is relative to the end of a byte order mark, which has no line end, so the
        # line is correct.
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            _("{file}, line {line}: not UTF-8; save the file with the encoding UTF-8").format(
                file=_path(file), line=line
            )
        ) from None
    if "\0" in text:
        raise ConfigError(
            _("{file}: not plain text; save the file with the encoding UTF-8").format(
                file=_path(file)
            )
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Reader:
    """Parser of one file, which reports errors with their place in it.

    Args:
        file: its path.
        text: its content.
        directory: the one to which paths in it are relative.
    """

    def __init__(self, file: Path, text: str, directory: Path) -> None:
        self._file = file
        self._text = text
        self._directory = directory

    def settings(self) -> Settings:
        try:
            sections = parse(self._text)
        except IniError as error:
            raise self._error(error.line, error.problem) from None
        for section, written in sections.items():
            self._check_names(section, written)
        values_of = {
            section: self._values(section, KEYS[section], sections.get(section, {}))
            for section in KEYS
        }
        named = {
            kind.field: tuple(self._named(word, kind, sections)) for word, kind in NAMED.items()
        }
        settings = _build(values_of, named, self._directory)
        self._check_together(settings)
        return settings

    def _check_names(self, section: str, written: dict[str, str]) -> None:
        keys = self._keys(section)
        for key in written:
            if key not in keys:
                # Its value is not shown: a misspelt key may have a password.
                problem = _("[{section}] has no key {key!r}; {instead}").format(
                    section=_shown(section), key=_shown(key), instead=_where_is(keys, key)
                )
                raise self._error(line_of(self._text, section, key), problem)

    def _keys(self, section: str) -> dict[str, ValueType]:
        if section in KEYS:
            return KEYS[section]
        word, name = section.partition(" ")[::2]
        if word not in NAMED:
            near = (section.split() or [""])[0]  # also of a name that begins with a blank
            problem = _("there is no section [{section}]; {instead}").format(
                section=_shown(section), instead=_nearest(near, [*KEYS, *NAMED])
            )
        elif not _NAME.fullmatch(name):
            problem = _(
                "a section [{word}] needs a name, such as [{word} office]: letters, digits, '-',"
                " '_' and '.', at most 32"
            ).format(word=word)
        else:
            return NAMED[word].keys
        raise self._error(line_of(self._text, section), problem)

    def _named(self, word: str, kind: NamedSection, sections: Sections) -> Iterator[Any]:
        """Yield the settings of every section `[word NAME]`."""
        required = [key for key in kind.keys if _has_no_default(kind.settings, key)]
        for section, written in sections.items():
            if section.startswith(f"{word} "):
                for key in required:
                    if key not in written:
                        problem = _("[{section}] needs {key}: {allowed}").format(
                            section=section, key=key, allowed=kind.keys[key].allowed
                        )
                        raise self._error(line_of(self._text, section), problem)
                yield kind.settings(
                    name=section.partition(" ")[2], **self._values(section, kind.keys, written)
                )

    def _values(
        self, section: str, keys: dict[str, ValueType], written: dict[str, str]
    ) -> dict[str, Any]:
        return {key: self._value(section, key, keys[key], value) for key, value in written.items()}

    def _value(self, section: str, key: str, kind: ValueType, written: str) -> object:
        value = without_comments(written, prose=kind.prose)
        shown = _("a value that is not shown") if kind.secret else f'"{_shown(value)}"'
        if "\n" in value and not kind.lines:
            problem = _(
                "the next line begins with a space and so belongs to this value; remove the space,"
                " or the line"
            )
        else:
            try:
                return kind.parse(value)
            except ValueError:
                problem = _("allowed: {allowed}").format(allowed=kind.allowed)
        raise self._error(
            line_of(self._text, section, key), f"[{section}] {key} = {shown}: {problem}"
        )

    def _check_together(self, settings: Settings) -> None:
        lengths = settings.limits.lengths
        server = settings.server
        try:
            if server.lobby:
                fold_channel(server.lobby, lengths.channel)
        except InvalidName:
            problem = _("longer than [limits] channel_length = {most} allows").format(
                most=lengths.channel
            )
            raise self._error(*self._both("lobby", server.lobby, problem)) from None
        if len(server.lobby_topic.encode()) > lengths.topic:
            problem = _("longer than [limits] topic_length = {most} bytes allows").format(
                most=lengths.topic
            )
            raise self._error(*self._both("lobby_topic", server.lobby_topic, problem))
        for listener in settings.listeners:
            section = f"listener {listener.name}"
            if (listener.port is None) is (listener.path is None):
                problem = _("[{section}] needs either a port or a path").format(section=section)
                raise self._error(line_of(self._text, section), problem)
        if settings.tls.sts_duration is not None and settings.tls.certificate is None:
            problem = _(
                "[tls] sts_duration: clients refuse a certificate of the server's own making then;"
                " give one of yours"
            )
            raise self._error(line_of(self._text, "tls", "sts_duration"), problem)
        if settings.tls.key is not None and settings.tls.certificate is None:
            raise self._error(
                line_of(self._text, "tls", "key"),
                _("[tls] key: a key without its certificate; give both"),
            )

        self._check_mail(settings)
        self._check_logins(settings)
        self._check_operators(settings)

    def _check_operators(self, settings: Settings) -> None:
        seen = set[str]()
        for operator in settings.operators:
            problem = ""
            is_by_group = bool(operator.oidc_group or operator.ldap_group)
            if is_by_group and (operator.password or operator.account):
                problem = _(
                    "[{section}] has a group, so it has neither a password nor an account; make a"
                    " section of its own for them"
                )
            elif operator.oidc_group and not settings.oidc.issuer:
                problem = _("[{section}] oidc_group needs [oidc] with an issuer")
            elif operator.ldap_group and not settings.ldap.url:
                problem = _("[{section}] ldap_group needs [ldap] with a url")
            elif not (operator.password or operator.account or is_by_group):
                problem = _(
                    "[{section}] needs a password or an account; `trio-chat operator hash` makes"
                    " what to write for a password"
                )
            elif fold_or_self(operator.name) in seen:
                problem = _(
                    "[{section}] is there twice, since capital and small letters are the same; keep"
                    " one"
                )
            if problem:
                section = f"operator {operator.name}"
                raise self._error(line_of(self._text, section), problem.format(section=section))
            seen.add(fold_or_self(operator.name))

    def _check_mail(self, settings: Settings) -> None:
        mail = settings.mail
        if mail.smtp_host and mail.sendmail is not None:
            problem = _("[mail] sendmail: there is an smtp_host, too; keep one of them")
            raise self._error(line_of(self._text, "mail", "sendmail"), problem)
        if mail.smtp_password and not mail.smtp_user:
            problem = _("[mail] smtp_password: a password without a user; give smtp_user, too")
            raise self._error(line_of(self._text, "mail", "smtp_password"), problem)
        if mail.smtp_password and mail.smtp_tls == "off" and not _is_here(mail.smtp_host):
            problem = _(
                "[mail] smtp_tls = off: everybody on the way could read smtp_password; use starttls"
                " or tls, or localhost"
            )
            raise self._error(line_of(self._text, "mail", "smtp_tls"), problem)
        if settings.accounts.email == "verified" and not mail.is_usable:
            problem = _(
                "[accounts] email = verified needs a [mail] section with mail_from, and with"
                " smtp_host or sendmail"
            )
            raise self._error(line_of(self._text, "accounts", "email"), problem)

    def _check_logins(self, settings: Settings) -> None:
        oidc, ldap, found = settings.oidc, settings.ldap, ("", "", "")
        ldap_host = urlsplit(ldap.url).hostname or ""
        if oidc.issuer and not oidc.client_id:
            found = "oidc", "issuer", _("an issuer needs a client_id, the name of the chat there")
        elif oidc.issuer and oidc.introspection != "never" and oidc.client_secret_file is None:
            found = "oidc", "introspection", _("asking the provider needs a client_secret_file")
        elif ldap.url and not (ldap.base or ldap.bind_template):
            found = "ldap", "url", _("a directory needs a base to search, or a bind_template")
        elif ldap.url and ldap.bind_template and "{name}" not in ldap.bind_template:
            found = "ldap", "bind_template", _("it must contain {name}")
        elif ldap.url and ldap.base and "{name}" not in ldap.filter:
            found = "ldap", "filter", _("it must contain {name}")
        elif ldap.url and bool(ldap.bind_dn) != (ldap.bind_password_file is not None):
            found = "ldap", "bind_dn", _("bind_dn and bind_password_file need each other")
        elif ldap.url.startswith("ldap:") and not (ldap.starttls or _is_here(ldap_host)):
            found = "ldap", "starttls", _("without it, passwords could be read on their way")
        section, key, problem = found
        if problem:
            line = line_of(self._text, section, key)
            raise self._error(line, f"[{section}] {key}: {problem}")

    def _both(self, key: str, value: str, problem: str) -> tuple[int, str]:
        line = line_of(self._text, "server", key)
        return line, f'[server] {key} = "{_shown(value)}": {problem}'

    def _error(self, line: int, problem: str) -> ConfigError:
        text = _("{file}, line {line}: {problem}") if line else "{file}: {problem}"
        return ConfigError(
            escape_controls(text.format(file=_path(self._file), line=line, problem=problem))
        )


def _build(
    values_of: dict[str, dict[str, Any]], named: dict[str, tuple[Any, ...]], directory: Path
) -> Settings:
    limits = values_of["limits"]
    lengths = Lengths(
        **{field: limits.pop(key) for key, (field, _) in LENGTHS.items() if key in limits}
    )
    default = Settings(limits=LimitSettings(lengths=lengths))
    sections = {
        section: replace(getattr(default, section), **values)
        for section, values in values_of.items()
    }
    resolved: dict[str, Any] = {
        section: _with_resolved_paths(directory, values) for section, values in sections.items()
    }
    resolved |= {
        field: tuple(_with_resolved_paths(directory, one) for one in several)
        for field, several in named.items()
    }
    return Settings(**resolved)


def _with_resolved_paths(directory: Path, section: Any) -> Any:
    """Resolve the paths of a section relative to a directory."""
    paths = {field.name: getattr(section, field.name) for field in fields(section)}
    return replace(
        section,
        **{name: directory / path for name, path in paths.items() if isinstance(path, Path)},
    )


def _is_here(host: str) -> bool:
    """Return whether a host is this machine, so that nobody can intercept the connection."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return name in ("", "localhost") or name.endswith(".localhost")  # RFC 6761 §6.3


def _has_no_default(settings: type, name: str) -> bool:
    field = next(field for field in fields(settings) if field.name == name)
    return field.default is MISSING and field.default_factory is MISSING


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1)
    if near:
        return _("did you mean {name!r}?").format(name=near[0])
    return _("allowed: {allowed}").format(allowed=", ".join(names))


def _where_is(keys: dict[str, ValueType], key: str) -> str:
    for other, others in KEYS.items():
        if key in others:
            return _("it belongs in [{section}]").format(section=other)
    return _nearest(key, keys)


def _path(file: Path) -> str:
    return escape_controls(str(file))


def _shown(text: str) -> str:
    escaped = escape_controls(text)
    return escaped if len(escaped) <= _LONGEST_SHOWN else escaped[:_LONGEST_SHOWN] + "…"
