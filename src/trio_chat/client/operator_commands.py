"""Commands of operators of the server, which the client sends as they are typed.

What they say is for the server to read. Any other unknown command is refused: a slip such as
`/jion` should not leave this machine.
"""

_TEXTS = {"KILL": 2, "REPORTS": 3, "SAPART": 3, "WALLOPS": 1}
"""Which word is the beginning of a text, of the commands that end with one. Of the others that do,
the server itself takes further words for parts of it.
"""
NAMES = frozenset(
    (
        *_TEXTS,
        "DIE",
        "DLINE",
        "FILTER",
        "HELD",
        "KLINE",
        "MAP",
        "RAID",
        "REHASH",
        "SAJOIN",
        "SAMODE",
        "SANICK",
        "UNDLINE",
        "UNKLINE",
    )
)


def line_of(typed: str) -> str:
    """Return the line that a typed command stands for; "" when it is none of these.

    Args:
        typed: the command without its slash.
    """
    name, *rest = typed.split(maxsplit=1) or [""]
    if name.upper() not in NAMES:
        return ""
    before = _TEXTS.get(name.upper(), 0)
    words = " ".join(rest).split(maxsplit=before - 1) if before else rest
    if before and len(words) == before and not words[-1].startswith(":"):
        words[-1] = f":{words[-1]}"
    return " ".join((name, *words))
