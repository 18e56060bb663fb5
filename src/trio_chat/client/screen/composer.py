"""The composer: the prompt with its caption, and the destination of each typed line."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from trio_chat.client.credentials import has_credentials
from trio_chat.client.link.send_queue import SayLines
from trio_chat.client.model import completion
from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.registry import SlashCommand, asks_secret
from trio_chat.client.screen.deferred import DeferredCall
from trio_chat.client.screen.input_state import InputState, PromptRequest
from trio_chat.client.screen.prompt import PromptEdit
from trio_chat.client.screen.server_view import Post, ServerView, ServerViews
from trio_chat.client.screen.typing_notifier import TypingNotifier
from trio_chat.i18n import N_, _
from trio_chat.irc.tag_names import DRAFT_REPLY
from trio_chat.irc.text import clean, strip_controls

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


class Composer:
    """The prompt of one client.

    Args:
        workspace: the model.
        views: the servers.
        state: the uses of the input, which other parts change too.
        typing: notifies the others of typing.
        commands: the commands, for completion.
        styles: returns the display attributes by name.
        post: defers a call.
        submit: carries out a line that was typed in a buffer of a server.
        scroll_to_end: shows the newest message.
        now: seconds of Unix time.
    """

    def __init__(
        self,
        workspace: Workspace,
        views: ServerViews,
        state: InputState,
        typing: TypingNotifier,
        *,
        commands: Mapping[str, SlashCommand],
        styles: Callable[[], Mapping[str, Any]],
        post: Post,
        submit: Callable[[ServerView, Buffer, str], Awaitable[None]],
        scroll_to_end: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._workspace, self._views, self._state = workspace, views, state
        self._typing = typing
        self._commands, self._styles = commands, styles
        self._post, self._submit = post, submit
        self._scroll_to_end = scroll_to_end
        self._now = now
        self._mask: str | None = None
        self._hint: Any = None
        self.prompt = PromptEdit(self.entered, self.completions, self._typed, self.remembers)

    # The caption

    def show_caption(self) -> None:
        """Show what the prompt is for at this moment."""
        styles, request = self._styles(), self.current_request()
        if request:
            caption = [(styles["question"], clean(request.caption))]
        elif self._state.page_filter:
            caption = [(styles["question"], self._state.page_filter.caption)]
        elif self._state.reply_to:
            nick = self._answered(*self._state.reply_to)
            caption = [(styles["question"], _("Answer to {nick}: ").format(nick=nick))]
        else:
            caption = [(styles["prompt"], "› ")]
        text = "".join(text for _style, text in caption)
        if self.prompt.caption != text:
            self.prompt.set_caption(caption)
        mask = "*" if request and request.secret else None
        if self._mask != mask:
            self._mask = mask
            self.prompt.set_mask(mask)
        is_busy = request or self._state.page_filter or self._state.reply_to
        hint = None if is_busy else [(styles["hint"], self._current_hint())]
        if hint != self._hint:
            self._hint = hint
            self.prompt.placeholder = hint

    def _current_hint(self) -> str:
        return _(_HINTS[int(self._now() / _HINT_INTERVAL) % len(_HINTS)])

    @staticmethod
    def _answered(buffer: Buffer, msgid: str) -> str:
        """Return the author of the message to which the next one replies."""
        number = buffer.find(msgid, far=True)
        return clean(buffer[number].sender) if number is not None else "?"

    # Questions

    def request(self, request: PromptRequest) -> None:
        """Ask the user something in the prompt."""
        self._state.request = request

    def current_request(self) -> PromptRequest | None:
        """Return the open question: one of the client, or one of the current server's link."""
        if self._state.request or not self._views:
            return self._state.request
        link = self._view().link
        if question := link.login_flow.question:
            return PromptRequest(question.text, _answered_by_link, question.secret)
        if link.desired_nick.asking:
            offer = f" [{link.desired_nick.offer}]" if link.desired_nick.offer else ""
            text = _("Your nickname{offer}: ").format(offer=offer)
            return PromptRequest(text, _answered_by_link)
        if self._state.expects_secret:
            return PromptRequest("… ", _answered_by_link, secret=True)
        return None

    def remembers(self, text: str) -> bool:
        """Return whether a line may be recalled: neither an answer nor one with a password."""
        place = self._workspace.buffer.name if self._views else ""
        return self.is_free() and not asks_secret(text) and not has_credentials(text, place)

    def is_free(self) -> bool:
        """Return whether the text in the prompt is for the chat, not an answer or a filter."""
        return self.current_request() is None and not self._state.page_filter

    # Typed lines

    def entered(self, text: str) -> None:
        """Take the line in the prompt when Enter is pressed."""
        self._typing.sent()
        if request := self._state.request:
            self._state.request = None
            request.answer(text)
            return
        if not self._views:
            return
        view, buffer = self._view(), self._workspace.buffer
        buffer.draft = ""
        if not text.startswith("/"):
            self._scroll_to_end()
        call = partial(self._submit, view, buffer, text)
        if asks_secret(text):
            # The password may be typed before the server has asked for it: hide it from now on.
            self._state.expects_secret = True
            self._post(partial(self._submit_asking, call), view)
        else:
            self._post(call, view)

    async def _submit_asking(self, call: DeferredCall) -> None:
        try:
            await call()
        finally:
            self._state.expects_secret = False

    def take_reply_tags(self, buffer: Buffer) -> dict[str, str]:
        """Return the tags of a reply, and end replying."""
        reply, self._state.reply_to = self._state.reply_to, None
        return {DRAFT_REPLY: reply[1]} if reply and reply[0] is buffer else {}

    def send_lines(self, view: ServerView, buffer: Buffer, lines: Sequence[str]) -> None:
        """Send lines, as one message if the server has `draft/multiline`."""
        message = SayLines(buffer.name, lines, self.take_reply_tags(buffer))
        self._post(partial(view.link.enqueue, message), view)

    def give_back(self, buffer: Buffer, text: str) -> bool:
        """Put a text that was not sent back where it was typed; return whether there was room."""
        if buffer is self._workspace.buffer and self.is_free():
            if self.prompt.edit_text:
                return False
            self.prompt.replace(text)
            return True
        if buffer.draft:
            return False
        buffer.draft = text
        return True

    def take_translation(self, buffer: Buffer, text: str) -> bool:
        """Put a translation where its original was typed, so that Enter sends it; return whether
        there was room.
        """
        line = strip_controls(text.replace("\n", " "))
        return self.give_back(buffer, f"/{line}" if line.startswith("/") else line)

    def _typed(self) -> None:
        if self._state.page_filter:
            self._state.page_filter.show(self.prompt.edit_text)
        elif self._views and not self.current_request():
            self._typing.typed(self._workspace.buffer, self.prompt.edit_text)

    def completions(self, text: str, position: int) -> Sequence[tuple[str, int]]:
        """Return what the word before the cursor could become, each with the cursor's position."""
        if not self._views or not self.is_free():
            return []
        server, buffer = self._workspace.server, self._workspace.buffer
        return completion.completions(
            text,
            position,
            nicks=_nicks(buffer, server.nick),
            channels=server.channels(),
            commands=self._commands,
        )

    def _view(self) -> ServerView:
        return self._views.of(self._workspace.server)


def _answered_by_link(_line: str) -> None:
    """Leave the answer to `submit`, which gives it to the link that has asked."""


def _nicks(buffer: Buffer, own: str) -> list[str]:
    """Return the nicknames that Tab completes in a buffer, the last speaker first."""
    members = sorted(
        buffer.members.values(), key=lambda member: (-member.spoke, member.nick.casefold())
    )
    return [member.nick for member in members if member.nick != own] or [buffer.name]
