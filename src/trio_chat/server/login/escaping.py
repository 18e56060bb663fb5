"""Escaping of names in filters and distinguished names of LDAP (RFC 4515 §3, RFC 4514 §2.4)."""

_IN_FILTERS = frozenset("\\*()\0")
_IN_NAMES = frozenset('"+,;<=>\\#')


def in_filter(text: str) -> str:
    """Return a value as a filter writes it, so that it has no meaning in the filter."""
    return "".join(_hex(sign) if _is_odd(sign, _IN_FILTERS) else sign for sign in text)


def in_name(text: str) -> str:
    """Return a value as a distinguished name writes it."""
    end = len(text) - 1
    return "".join(
        _hex(sign) if _is_odd(sign, _IN_NAMES) or (sign == " " and place in (0, end)) else sign
        for place, sign in enumerate(text)
    )


def _is_odd(sign: str, special: frozenset[str]) -> bool:
    return sign in special or not sign.isascii() or not sign.isprintable()


def _hex(sign: str) -> str:
    return "".join(f"\\{byte:02x}" for byte in sign.encode("utf-8", "surrogatepass"))
