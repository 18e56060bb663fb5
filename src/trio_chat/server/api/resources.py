"""Resources: the one table of what the API answers.

To add one, write a handler, `[async] def handler(call)`, add its row to `RESOURCES` of its module,
and the module to `_MODULES`. The handler returns a dataclass, a `Page` or None (204); or an
`HttpResponse`. It refuses by raising `ApiProblem`. Authentication, scopes, limits, the body and its
schema are the work of `Api`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import unquote_to_bytes

from trio_chat.chat.api_tokens import NOT_IN_PATHS
from trio_chat.server.api.calls import Call
from trio_chat.server.api.schemas import has_controls

_MODULES = (
    "server_info",
    "sessions",
    "channels",
    "channel_actions",
    "messages",
    "announcements",
    "metrics",
    "tokens",
    "audit",
)
"""The modules of `trio_chat.server.api` with resources, in the order of the documentation."""
_MAINTENANCE = (
    "accounts",
    "app_passwords",
    "second_factors",
    "scheduled",
    "account_data",
    "bans",
    "hooks",
    "invitations",
    "devices",
    "reports",
    "server_moderation",
    "uploads",
    "history",
    "storage",
    "backups",
    "jobs",
    "certificates",
    "configuration",
)
"""Those that do what maintenance commands do."""
_PARAM = re.compile(r"\{([a-z_]+)\}")

ApiHandler = Callable[[Call], Any | Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A row of the table.

    Args:
        method: of HTTP.
        path: behind `/api/v1`, with names of parameters in braces: `/channels/{channel}`.
        scope: the scope that a token needs; "" for any token.
        summary: what it does, in a sentence without a full stop.
        handler: carries it out.
        query: the dataclass of its query, or None when it has none.
        body: the dataclass of its body, or None when it has none.
        answer: the dataclass of its answer, or of the items of a list; None for 204.
        is_list: whether the answer is a `Page`.
        status: of its answer.
        is_stream: whether the answer is a stream of events (`text/event-stream`).
        max_body: bytes of a body.
    """

    method: str
    path: str
    scope: str
    summary: str
    handler: ApiHandler
    query: type | None = None
    body: type | None = None
    answer: type | None = None
    is_list: bool = False
    status: int = 200
    is_stream: bool = False
    max_body: int = 65_536

    @property
    def names(self) -> list[str]:
        """The names of the parameters in the path."""
        return _PARAM.findall(self.path)

    @property
    def tag(self) -> str:
        """The first word of the path, under which the documentation has it."""
        return self.path.split("/")[1].strip("{}")


class ResourceTable:
    """All resources, found by their paths."""

    def __init__(self) -> None:
        self.all: tuple[Resource, ...] = tuple(
            resource
            for name in (*_MODULES, *_MAINTENANCE)
            for resource in import_module(f"{__package__}.{name}").RESOURCES
        )
        self._by_path: dict[tuple[str, ...], dict[str, Resource]] = {}
        for resource in self.all:
            template = tuple(resource.path.split("/")[1:])
            self._by_path.setdefault(template, {})[resource.method] = resource

    def find(self, path: str) -> tuple[Mapping[str, Resource], Mapping[str, str]]:
        """Return the resources of a path by their methods, and the values in it; without resources
        if there is no such path.

        Args:
            path: behind `/api/v1`, as it was sent.
        """
        words = [_decoded(word) for word in path.split("/")[1:]]
        if any(word is None for word in words):
            return {}, {}
        found = [
            (template, resources)
            for template, resources in self._by_path.items()
            if len(template) == len(words) and all(map(_fits, template, words))
        ]
        if not found:
            return {}, {}
        template, resources = min(found, key=lambda each: sum("{" in word for word in each[0]))
        values = {
            name[1:-1]: word or ""
            for name, word in zip(template, words, strict=True)
            if name.startswith("{")
        }
        return resources, values


def _fits(name: str, word: str | None) -> bool:
    return bool(word) if name.startswith("{") else name == word


def _decoded(word: str) -> str | None:
    """Return a part of a path without percent-encoding; None when no value can be written so."""
    try:
        text = unquote_to_bytes(word).decode()
    except UnicodeDecodeError:
        return None
    # Whatever a body can name, such as a ban, a path can name, too; and names of several scripts
    # have characters that are no printable ones, such as the joiners of Persian and Hindi.
    return None if has_controls(text) or text in NOT_IN_PATHS else text
