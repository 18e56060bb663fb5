"""Numbers of things in the English texts of the server, which are not translated."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, as `1 day`; the plural has an `s` if none is given."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
