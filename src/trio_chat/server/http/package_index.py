"""Package index at `/download/simple/`: the wheels beside the packages, for pip and uv.

It is the simple repository API of Python (PEP 503 as HTML, PEP 691 as JSON). With the wheels of
`run.py package offline` in `downloads/wheels`, one command installs the program in a network
without the Internet.
"""

import html
import re
import shlex
from pathlib import Path
from urllib.parse import quote

from trio_chat.server.http.authority import requested_address
from trio_chat.server.http.download_choice import system
from trio_chat.server.http.downloads import WHEELS, Download
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, json_response
from trio_chat.server.http.site import Site

PATH = "/download/simple/"
_JSON = "application/vnd.pypi.simple.v1+json"
_META = {"api-version": "1.0"}
_PROJECT = "trio-chat"
LEGACY = "--use-deprecated=legacy-certs"
"""Since 24.2, pip cannot verify the certificate of an address (pypa/pip issue 12906), but has this
option, which it did not know before.
"""
_NEEDED = ("trio", _PROJECT)
"""Projects without which there is nothing to be installed from here."""


async def answer(request: HttpRequest, site: Site, place: str) -> HttpResponse:
    """Answer with the projects, or with the files of one.

    Args:
        request: the request.
        site: the server.
        place: what follows `PATH`: the project, or "".
    """
    projects = await _projects(site)
    wanted = normalized(place.strip("/"))
    if not wanted:
        links = [(f"{PATH}{name}/", name) for name in sorted(projects)]
        listed = [{"name": name} for name in sorted(projects)]
        return _respond(request, "simple index", links, {"projects": listed})
    if wanted not in projects:
        raise RequestError(404, "this server has no wheel of that project")
    files = [
        (_address(site, directory, found), found)
        for directory, names in projects[wanted].items()
        for found in await site.downloads.described(directory, names)
    ]
    links = [
        (url + (f"#sha256={found.sha256}" if found.sha256 else ""), found.filename)
        for url, found in files
    ]
    values = [
        {
            "filename": found.filename,
            "url": url,
            "hashes": {"sha256": found.sha256} if found.sha256 else {},
        }
        for url, found in files
    ]
    return _respond(request, wanted, links, {"name": wanted, "files": values})


def normalized(project: str) -> str:
    """Return the name of a project as the index has it (PEP 503, "Normalized Names")."""
    return re.sub(r"[-_.]+", "-", project).lower()


async def commands(request: HttpRequest, site: Site, address: str) -> list[str]:
    """Return commands that install the program from the index and join; none when wheels are
    missing there.

    Args:
        request: from whose point of view the server is seen.
        site: the server.
        address: what the client connects to.
    """
    if not set(_NEEDED) <= set(await _projects(site)):
        return []
    origin, trust = await _origin_and_trust(request, site)
    index = f"--index-url {shlex.quote(f'{origin}{PATH}')}"  # of IPv6 has brackets
    join = f"connect {shlex.quote(address)}"
    if system(request.header(b"user-agent")) == "windows":
        found = [f"py -m pip install {index}{trust} {_PROJECT}", f"py -m trio_chat {join}"]
        return [each.replace("'", "") for each in found]  # cmd knows no such quotes
    variable = f"SSL_CERT_FILE={authority_file(site)} " if "--cert" in trust else ""
    return [
        # Debian and Homebrew refuse packages outside of an environment (PEP 668).
        f"python3 -m venv {_PROJECT} && {_PROJECT}/bin/pip install {index}{trust} {_PROJECT}"
        f" && {_PROJECT}/bin/{_PROJECT} {join}",
        f"{variable}uvx {index} {_PROJECT} {join}",
    ]


async def wheel_command(request: HttpRequest, site: Site, wheel: Download) -> str:
    """Return the command that installs one wheel, and what it uses from the Internet."""
    origin, trust = await _origin_and_trust(request, site)
    python = "py" if system(request.header(b"user-agent")) == "windows" else "python3"
    if "--cert" in trust:
        # A certificate that pip is given is its only one, and the Internet has others. The digest,
        # which came over TLS, says what is installed.
        trust = f" --trusted-host {origin.partition('//')[2]}"
    digest = f"#sha256={wheel.sha256}" if wheel.sha256 else ""
    return f'{python} -m pip install{trust} "{origin}/download/{wheel.filename}{digest}"'


async def _origin_and_trust(request: HttpRequest, site: Site) -> tuple[str, str]:
    """Return how the server is reached over HTTP, and the options by which pip trusts it."""
    shown = requested_address(request, site)
    if not request.peer.is_secure:
        return f"http://{shown}", f" --trusted-host {shlex.quote(shown)}"
    trust = f" --cert {authority_file(site)}" if await site.authority() else ""
    if trust and is_by_address(request):
        trust = f" {LEGACY}{trust}"
    return f"https://{shown}", trust


def is_by_address(request: HttpRequest) -> bool:
    """Return whether the server was requested by an address instead of a name."""
    return request.host is not None and request.host.is_address


def authority_file(site: Site) -> str:
    """Return the name under which a browser saves the certificate of the private authority."""
    return f"{site.settings.server.name}-ca.pem"


async def _projects(site: Site) -> dict[str, dict[Path, list[str]]]:
    """Return the names of all wheels, by project and directory."""
    found: dict[str, dict[Path, list[str]]] = {}
    for directory, name in await site.downloads.wheels(site.settings.server.downloads):
        places = found.setdefault(normalized(name.partition("-")[0]), {})
        places.setdefault(directory, []).append(name)
    return found


def _address(site: Site, directory: Path, found: Download) -> str:
    is_below = directory != site.settings.server.downloads
    return f"/download/{f'{WHEELS}/' if is_below else ''}{quote(found.filename)}"


def _respond(
    request: HttpRequest, title: str, links: list[tuple[str, str]], values: dict[str, object]
) -> HttpResponse:
    headers = [("Vary", "Accept"), ("Cache-Control", "no-cache")]
    if any(word.partition(";")[0] == _JSON for word in request.words(b"accept")):
        return json_response({"meta": _META, **values}, headers=[("Content-Type", _JSON), *headers])
    anchors = "\n".join(
        f'<a href="{html.escape(url)}">{html.escape(text)}</a><br>' for url, text in links
    )
    text = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="pypi:repository-version" content="1.0">\n'
        f"<title>{html.escape(title)}</title>\n{anchors}\n</html>\n"
    )
    return HttpResponse(
        200, text.encode(), [("Content-Type", "text/html; charset=utf-8"), *headers]
    )
