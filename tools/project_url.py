"""Address of the project on its forge, which a release names and no file of the project contains.

It is what `--base` or the environment variable TRIO_CHAT_URL gives, such as
https://forge.example/owner/trio-chat. A workflow of GitHub or Forgejo knows it by itself. Elsewhere
it is a placeholder, with which nothing may be published.
"""

import os
import re

PLACEHOLDER = "https://example.org/trio-chat"
_URL = re.compile(r"https://[\w.-]+(:\d+)?(/[\w.~+-]+)+", re.ASCII)


def project_url(given: str = "") -> str:
    """Return the address, without a slash at its end.

    Raises:
        ValueError: it is none.
    """
    server, name = (os.environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY"))
    of_workflow = f"{server}/{name}" if server and name else ""
    url = (given or os.environ.get("TRIO_CHAT_URL") or of_workflow or PLACEHOLDER).rstrip("/")
    if not _URL.fullmatch(url):
        raise ValueError(f"{url!r} is no address such as https://forge.example/owner/trio-chat")
    return url
