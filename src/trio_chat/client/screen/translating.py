"""The key that translates a message, and takes the translation away again."""

from functools import partial

from trio_chat.client.message_commands import ask_for_translation
from trio_chat.client.registry import TargetMessage
from trio_chat.client.screen.commands import CommandContext
from trio_chat.client.screen.targets import find_target
from trio_chat.i18n import _, language


async def translate_or_not(context: CommandContext) -> None:
    """Have the selected message translated, or the last one of somebody else; again: show the
    original alone.
    """
    buffer, features = context.buffer, context.view.server.features
    entry = find_target(buffer, context.timeline.selected, features, "", own=False)
    if entry is None or entry.is_deleted:
        await context.tell(_("There is no message here that could be translated."), error=True)
    elif entry.extras is not None and entry.extras.translation is not None:
        buffer.translate(entry.msgid, None)
    else:
        message = TargetMessage(entry.msgid, context.current, text=entry.text)
        ask = partial(ask_for_translation, message=message, language=language())
        await context.do("/translate", ask)
