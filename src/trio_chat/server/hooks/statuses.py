"""Words by which senders say how something stands, and their colours."""

from trio_chat.server.hooks.markup import GREEN, GREY, ORANGE, RED, coloured, first_line

_WORDS = {
    "alerting": "firing",
    "ok": "resolved",
    "normal": "resolved",
    "nodata": "no data",
    "grace": "late",
}
"""Words of which another one is shown."""
_COLOURS = {
    RED: (
        "firing",
        "down",
        "critical",
        "fatal",
        "error",
        "failure",
        "failed",
        "problem",
        "triggered",
    ),
    GREEN: ("resolved", "up", "success", "succeeded", "passed", "fixed", "recovered"),
    ORANGE: ("no data", "pending", "late", "warning"),
}
_COLOUR_OF = {word: colour for colour, words in _COLOURS.items() for word in words}


def shown_status(word: str) -> tuple[str, str]:
    """Return a status as a word in capitals, and that in its colour."""
    plain = first_line(word, 20).replace("_", " ").lower()
    shown = _WORDS.get(plain, plain)
    return shown.upper(), coloured(shown.upper(), _COLOUR_OF.get(shown, GREY))
