"""What the section [translation] leads to."""

import trio

from trio_chat.config import TranslationSettings
from trio_chat.server.secret_file import read_secret
from trio_chat.server.translation.libretranslate import LibreTranslate, Service


async def open_service(settings: TranslationSettings) -> LibreTranslate:
    """Return the service of these settings; nothing is asked yet.

    Raises:
        SecretFileError: the key cannot be read; the message says what to do.
    """
    key = ""
    if settings.key_file is not None:
        name = "[translation] key_file"
        key = await trio.to_thread.run_sync(read_secret, settings.key_file, name)
    return LibreTranslate(Service(settings.url, key, settings.timeout))
