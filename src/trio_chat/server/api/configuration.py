"""Resources of the configuration in force, without its secrets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from trio_chat.config import Settings
from trio_chat.config.keys import KEYS, LENGTHS, NAMED
from trio_chat.config.values import ValueType
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule

_OF_CLIENTS = ("client", "profile")
"""Sections of the program at a terminal."""


@dataclass(frozen=True, slots=True)
class SettingView:
    """A key of config.ini."""

    section: str
    key: str
    value: Annotated[str | None, Rule("null for none, and for every secret")]
    is_secret: bool


def _settings(settings: Settings) -> Iterator[SettingView]:
    for section, keys in KEYS.items():
        if section not in _OF_CLIENTS:
            yield from _section(section, getattr(settings, section), keys)
    for kind, named in NAMED.items():
        if kind not in _OF_CLIENTS:
            for each in getattr(settings, named.field):
                yield from _section(f"{kind} {each.name}", each, named.keys)


def _section(name: str, values: Any, keys: dict[str, ValueType]) -> Iterator[SettingView]:
    for key, kind in keys.items():
        if hasattr(values, key):
            value = getattr(values, key)
        elif name == "limits" and key in LENGTHS:
            value = getattr(values.lengths, LENGTHS[key][0])
        else:
            continue
        yield SettingView(name, key, None if kind.secret else _text(value), kind.secret)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(map(str, value)))
    return str(value)


def _list(call: Call) -> Page:
    found = _settings(call.site.settings)
    return call.page(found, lambda each: f"{each.section} {each.key}", lambda each: each)


RESOURCES = (
    Resource(
        method="GET",
        path="/configuration",
        scope="server:read",
        summary="List the keys of config.ini with the values in force; secrets are left out",
        handler=_list,
        query=PageQuery,
        answer=SettingView,
        is_list=True,
    ),
)
