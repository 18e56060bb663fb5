"""The resource of announcements: notices to all users."""

from dataclasses import dataclass
from typing import Annotated

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Announced
from trio_chat.i18n import _
from trio_chat.irc.text import strip_formatting
from trio_chat.server.api.calls import Call
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule

_MOST = 380
"""Bytes, so that the line of a notice holds them."""


@dataclass(frozen=True, slots=True)
class NewAnnouncement:
    """A notice to all users."""

    text: Annotated[str, Rule(f"one line of at most {_MOST} bytes", 1, _MOST)]


async def _announce(call: Call) -> None:
    text = call.body_as(NewAnnouncement).text
    if not strip_formatting(text).strip():
        raise ApiProblem(400, _("the text has nothing that can be seen"), field="text")
    if len(text.encode()) > _MOST:
        raise ApiProblem(400, _("a text has at most {most} bytes").format(most=_MOST), field="text")
    change = Announced(f"*** {text}")
    await call.commit(lambda: apply(call.world, change), f"ANNOUNCE {text}")


RESOURCES = (
    Resource(
        method="POST",
        path="/announcements",
        scope="announcements:write",
        summary="Send a notice of the server to all users that are connected",
        handler=_announce,
        body=NewAnnouncement,
    ),
)
