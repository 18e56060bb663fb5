"""The language in which an answer is wanted (RFC 9110 §12.5.4)."""

import re

from trio_chat.server.http.messages import HttpRequest

LANGUAGES = ("en", "ru")
"""Those that there are; the first one is that of a request that wants none of them."""
_QUALITY = re.compile(r";\s*q=([01](?:\.[0-9]{1,3})?)")


def accepted_language(request: HttpRequest) -> str:
    """Return the language that a request prefers."""
    preferred: list[tuple[float, int, str]] = []
    for place, word in enumerate(request.words(b"accept-language")):
        language = word.partition(";")[0].strip().partition("-")[0]
        quality = _QUALITY.search(word)
        if language in LANGUAGES:
            preferred.append((-float(quality[1]) if quality else -1.0, place, language))
    return min(preferred)[2] if preferred else LANGUAGES[0]
