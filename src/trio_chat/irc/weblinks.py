"""Links into the page of a server: a channel and an invitation as the fragment of its address.

    https://chat.example.org/#lobby
    https://chat.example.org/#lobby?invite=kq3…      for a channel
    https://chat.example.org/#?invite=kq3…          for an account

A browser does not send the fragment, so no log of a server or a proxy has the token (RFC 9110
§4.2.5).
"""

from typing import Final
from urllib.parse import quote

from trio_chat.irc.names import CHANTYPES

_PLAIN: Final = "!$&'()*+,-./:;=@_~"
"""Characters of a fragment (RFC 3986 §3.5) that need no percent encoding; `?` ends the name."""


def page_link(base: str, channel: str = "", invitation: str = "") -> str:
    """Return the address of the page that opens a channel.

    Args:
        base: the address of the page, as `[server] url`.
        channel: its name with its `#`; "" for none.
        invitation: the token; "" for none.
    """
    name = quote(channel.removeprefix(CHANTYPES), safe=_PLAIN)
    token = f"?invite={invitation}" if invitation else ""
    return f"{base}#{name}{token}" if channel or invitation else base
