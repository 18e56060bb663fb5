"""A QR code in lines of text, for the link of an invitation.

Two modules share one character. The light ones are drawn, since most terminals are dark; on a light
one the code is inverted, which the cameras of phones read as well.
"""

_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_QUIET_ZONE = 2
"""Light modules around the code; the standard has four, and cameras need fewer."""


def qr_lines(text: str) -> list[str]:
    """Return the rows of the code of a text; nothing for one that is too long."""
    import segno  # noqa: PLC0415  # only an invitation needs it

    try:
        code = segno.make_qr(text, error="L")
    except ValueError:
        return []
    light = [[not module for module in row] for row in code.matrix_iter(border=_QUIET_ZONE)]
    if len(light) % 2:
        light.append([True] * len(light[0]))
    return [
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(light[::2], light[1::2], strict=True)
    ]
