"""The composer: the target of a typed text, pending questions, typing notifications, and pastes."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from trio_chat.client.credentials import has_credentials
from trio_chat.client.link.send_queue import SayLines
from trio_chat.client.model import completion
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.registry import asks_secret
from trio_chat.client.screen.deferred import DeferredCall
from trio_chat.client.screen.server_view import ServerView
from trio_chat.client.screen.themes import specs
from trio_chat.client.session.status import REPLY_TAG
from trio_chat.i18n import N_, _
from trio_chat.irc.text import clean

if TYPE_CHECKING:
    from trio_chat.client.screen.controller import Controller

_TYPING_INTERVAL = 3.0
_HINT_INTERVAL = 20.0
_HINTS = (
    N_("F1 shows the keys, /help the commands"),
    N_("Tab completes nicknames, channels and commands"),
    N_("Ctrl-G goes to a channel by some letters of its name"),
    N_("PgUp scrolls back as far as the server remembers"),
    N_("Alt-Enter begins another line of the same message"),
    N_("Shift-↑ selects a message, Ctrl-R answers it"),
    N_("F5 shows only what was said, to be copied with the mouse"),
    N_("/search finds words in what was said"),
)


class Confirmation(NamedTuple):
    """Something the user is asked in the line of the status; keys answer it."""

    text: str
    yes: Callable[[], None]
    edit: Callable[[], None] | None = None


class PromptRequest(NamedTuple):
    """Something the user is asked in the prompt."""

    caption: str
    answer: Callable[[str], None]
    secret: bool = False


class Composer:
    """The prompt of one controller.

    Args:
        controller: the controller.
    """

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._request: PromptRequest | None = None
        self._expects_secret = False
        self._typing_since: tuple[Buffer, float] | None = None
        self._mask: str | None = None
        self._hint: Any = None

    @property
    def has_request(self) -> bool:
        """Whether we ask something in the prompt ourselves."""
        return self._request is not None

    def show_caption(self) -> None:
        """Show what the prompt is for at this moment."""
        looks = specs(self._controller.theme)
        request = self.current_request()
        if request:
            caption = [(looks["question"], clean(request.caption))]
        elif self._controller.browser.is_filtering:
            caption = [(looks["question"], self._controller.browser.caption)]
        elif self._controller.reply_to:
            caption = [(looks["question"], _("Answer to {nick}: ").format(nick=self._answered()))]
        else:
            caption = [(looks["prompt"], "› ")]
        text = "".join(text for _look, text in caption)
        if self._controller.prompt.caption != text:
            self._controller.prompt.set_caption(caption)
        mask = "*" if request and request.secret else None
        if self._mask != mask:
            self._mask = mask
            self._controller.prompt.set_mask(mask)
        hint = (
            None
            if request or self._controller.browser.is_filtering or self._controller.reply_to
            else [
                (
                    looks["hint"],
                    _(_HINTS[int(self._controller.now() / _HINT_INTERVAL) % len(_HINTS)]),
                )
            ]
        )
        if hint != self._hint:
            self._hint = hint
            self._controller.prompt.placeholder = hint

    def _answered(self) -> str:
        """Return the author of the message that is answered."""
        buffer, msgid = self._controller.reply_to or (self._controller.workspace.buffer, "")
        number = buffer.find(msgid, far=True)
        return clean(buffer[number].sender) if number is not None else "?"

    def request(self, request: PromptRequest | None) -> None:
        """Ask the user something in the prompt, or nothing more."""
        self._request = request

    def current_request(self) -> PromptRequest | None:
        """Return what the user is asked: by us, or by the link of the server that is looked at."""
        if self._request or not self._controller.views:
            return self._request
        link = self._controller.view.link
        if link.login_flow.question:
            return PromptRequest(
                link.login_flow.question.text, lambda _line: None, link.login_flow.question.secret
            )
        if link.desired_nick.asking:
            offer = f" [{link.desired_nick.offer}]" if link.desired_nick.offer else ""
            return PromptRequest(
                _("Your nickname{offer}: ").format(offer=offer), lambda _line: None
            )
        return (
            PromptRequest("… ", lambda _line: None, secret=True) if self._expects_secret else None
        )

    def remembers(self, text: str) -> bool:
        """Return whether what is typed may be brought back later: no answer to a question, and no
        password beside a command.
        """
        place = self._controller.workspace.buffer.name if self._controller.views else ""
        return self.is_free() and not asks_secret(text) and not has_credentials(text, place)

    def is_free(self) -> bool:
        """Return whether what is typed is for the chat, and no answer to a question."""
        return self.current_request() is None and not self._controller.browser.is_filtering

    async def _submit_asking(self, job: DeferredCall) -> None:
        try:
            await job()
        finally:
            self._expects_secret = False

    def entered(self, text: str) -> None:
        """Take what was typed when Enter is pressed."""
        self._typing_since = None
        if self._request:
            request, self._request = self._request, None
            request.answer(text)
            return
        if not self._controller.views:
            return
        self._controller.workspace.buffer.draft = ""
        if not text.startswith("/"):
            self._controller.timeline.to_end()
        view = self._controller.view
        job = partial(
            self._controller.submit, self._controller, view, self._controller.workspace.buffer, text
        )
        if asks_secret(text):  # who types fast is faster than the question
            self._expects_secret = True
            self._controller.post(partial(self._submit_asking, job), view)
        else:
            self._controller.post(job, view)

    def take_reply_tags(self, buffer: Buffer) -> dict[str, str]:
        """Return the tags of a message that answers another, and answer no more."""
        reply, self._controller.reply_to = self._controller.reply_to, None
        return {REPLY_TAG: reply[1]} if reply and reply[0] is buffer else {}

    def completions(self, text: str, position: int) -> Sequence[tuple[str, int]]:
        """Return what the word before the cursor could become."""
        if (
            self.current_request()
            or self._controller.browser.is_filtering
            or not self._controller.views
        ):
            return []
        server, buffer = self._controller.workspace.server, self._controller.workspace.buffer
        return completion.completions(
            text,
            position,
            buffer=buffer,
            channels=server.channels(),
            commands=self._controller.commands,
            nick=server.nick,
        )

    def typed(self) -> None:
        """Note that the text has changed by a key."""
        if self._controller.browser.is_filtering:
            self._controller.browser.show_filtered()
            return
        if not self._controller.views:
            return
        text, buffer = self._controller.prompt.edit_text, self._controller.workspace.buffer
        if (
            not self._controller.is_typing_told
            or self.current_request()
            or buffer.kind is BufferKind.SERVER
        ):
            return
        if not text:
            self.stop_typing()
        elif not text.startswith("/") or text.startswith(("//", "/me ")):
            since = self._typing_since
            if (
                since is None
                or since[0] is not buffer
                or self._controller.now() - since[1] >= _TYPING_INTERVAL
            ):
                self._typing_since = (buffer, self._controller.now())
                self._tell_typing(buffer, "active")

    def stop_typing(self) -> None:
        """Let the others know that we are typing no longer."""
        if self._typing_since:
            self._tell_typing(self._typing_since[0], "done")
            self._typing_since = None

    def _tell_typing(self, buffer: Buffer, state: str) -> None:
        for view in self._controller.views:
            if buffer in view.server.buffers.values() and view.link.is_ready:
                self._controller.post(
                    partial(
                        view.link.do, "", lambda protocol: protocol.tell_typing(buffer.name, state)
                    ),
                    view,
                )

    def send_lines(self, view: ServerView, buffer: Buffer, lines: Sequence[str]) -> None:
        """Send lines, as one message where the server can."""
        self._controller.post(
            partial(view.link.enqueue, SayLines(buffer.name, lines, self.take_reply_tags(buffer))),
            view,
        )

    def give_back(self, buffer: Buffer, text: str) -> bool:
        """Put a text that was not sent back where the user can change it; return whether there is
        room for it.
        """
        if buffer is self._controller.workspace.buffer and self.is_free():
            if self._controller.prompt.edit_text:
                return False
            self._controller.prompt.set_edit_text(text)
            self._controller.prompt.set_edit_pos(len(text))
            return True
        if buffer.draft:
            return False
        buffer.draft = text
        return True
