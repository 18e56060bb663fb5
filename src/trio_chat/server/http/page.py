"""The page: the client in the browser, and its files.

The index names the files by addresses that never change (see `page_files`); itself it is asked for
again each time. A program that does not ask for HTML gets plain text that says how to join.
"""

import html
import json
import re
from functools import lru_cache
from typing import NamedTuple

from trio_chat.irc.addresses import parse_address
from trio_chat.server.http.hosts import Host, is_local
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, text_response
from trio_chat.server.http.page_files import (
    INDEX,
    MANIFEST,
    WORKER,
    PageFile,
    PageFiles,
    page_file,
)
from trio_chat.server.http.site import Site

FILES = "/v/"
"""Where the files are; the digest and the path of one follow."""
ICONS = ("icon-180.png", "icon-192.png", "icon-512.png", "icon-maskable-512.png")
"""Files at the root of the site, where the manifest and the index name them."""
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_DAY = "public, max-age=86400"
_ASK_AGAIN = "no-cache"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'{sockets};"
    " img-src 'self' blob: data:; media-src 'self' blob:; manifest-src 'self'; worker-src 'self';"
    " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: nothing but its own files, and no code in its HTML."""
_WORKER_POLICY = "default-src 'none'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'"
"""That of the service worker, which only requests files."""
_NAMED_IN_POLICY = re.compile(r"[a-z0-9.-]+")
_HTML = ("text/html", "application/xhtml+xml")
_HOW_TO_JOIN = """\
{network}

This is a chat. Open this address in a browser, or come in with any program for IRC:

    server {host}, port {port}, with or without TLS

or with the client of trio-chat:

    trio-chat connect {address}:{port}

The page /download/ of this server has its packages.

A web client reaches it by WebSocket, under the address of this page with ws or wss in the place \
of http or https.
"""
_HOW_TO_JOIN_BY_IRC = _HOW_TO_JOIN.replace(
    "Open this address in a browser, or come in", "Come in"
).partition("\nA web client")[0]
_NOT_HERE = "there is no such page"


class _Values(NamedTuple):
    """What the templates of the page contain.

    Args:
        network: name of the network.
        lobby: the channel that visitors join.
        host: name or address of the server.
        address: the same as it stands in an address of the web.
        port: that of IRC.
        sign_on: what the provider of single sign-on is called; "" if there is none.
        page: address of the page for other machines, where it was asked for as `localhost`;
            otherwise "".
    """

    network: str
    lobby: str
    host: str
    address: str
    port: int
    page: str
    sign_on: str


async def index(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the page, or in plain text with how to join."""
    values = _values(request, site)
    pages = await site.page_files()
    vary = ("Vary", "Accept, Accept-Encoding")
    if not (pages.entry and request.takes_websocket):
        return text_response(_HOW_TO_JOIN_BY_IRC.format_map(values._asdict()), headers=[vary])
    accepted = [word.partition(";")[0].strip() for word in request.words(b"accept")]
    if not any(kind in accepted for kind in _HTML):
        return text_response(_HOW_TO_JOIN.format_map(values._asdict()), headers=[vary])
    policy = _POLICY.format(sockets=_sockets(request.host))
    headers = [("Cache-Control", _ASK_AGAIN), ("Content-Security-Policy", policy), vary]
    return _respond(request, _index(pages, values), headers)


async def file(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with a file, which a browser may keep for ever."""
    pages = await site.page_files()
    digest, _, name = request.path.removeprefix(FILES).partition("/")
    found = pages.files.get(name) if digest == pages.digest else None
    if found is None or name in (INDEX, WORKER, MANIFEST):
        # An address with another digest is of a page that was loaded before an update.
        raise RequestError(404, "there is no such file in this version of the page")
    return _respond(request, found, [("Cache-Control", _FOR_EVER), ("Vary", "Accept-Encoding")])


def administration(request: HttpRequest, site: Site) -> HttpResponse:
    """Lead to the administrator's page, which is a part of the page."""
    del request, site
    # Relative, as a proxy may have the page under another path.
    return HttpResponse(303, b"", [("Location", "./#?admin=overview")])


async def icon(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with an icon."""
    name = ICONS[1] if request.path == "/favicon.ico" else request.path[1:]
    found = (await site.page_files()).files.get(name)
    if found is None:
        raise RequestError(404, _NOT_HERE)
    return _respond(request, found, [("Cache-Control", _FOR_A_DAY)])


async def worker(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the service worker; its scope is the whole site, because it is at the root."""
    found = (await site.page_files()).files.get(WORKER)
    if found is None:
        raise RequestError(404, _NOT_HERE)
    headers = [
        ("Cache-Control", _ASK_AGAIN),
        ("Content-Security-Policy", _WORKER_POLICY),
        ("Vary", "Accept-Encoding"),
    ]
    return _respond(request, found, headers)


async def manifest(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the web application manifest, by which the page can be installed."""
    pages = await site.page_files()
    if MANIFEST not in pages.files:
        raise RequestError(404, _NOT_HERE)
    found = _manifest(pages, site.settings.server.network)
    return _respond(request, found, [("Cache-Control", _ASK_AGAIN), ("Vary", "Accept-Encoding")])


def irc_place(request: HttpRequest, site: Site) -> tuple[str, int]:
    """Return the host and the port where a client of IRC reaches this server, by the way that a
    request came.
    """
    server, host = site.settings.server, request.host
    # A proxy of HTTP does not speak IRC on its port.
    port = host.port if host and host.port and not request.is_forwarded else server.port
    return host.name if host else server.name, port


def _values(request: HttpRequest, site: Site) -> _Values:
    """Return how this server is reached by the way that a request came."""
    server, host = site.settings.server, request.host
    name, port = irc_place(request, site)
    # A link to this machine leads the phone that scans it nowhere.
    client = parse_address(request.peer.host)
    is_here = host is not None and is_local(host) and client is not None and client.is_loopback
    page = site.world.page_url if is_here else ""
    sign_on = site.world.sign_on.offer.name if site.world.sign_on is not None else ""
    address = host.shown() if host else name
    return _Values(server.network, server.lobby, name, address, port, page, sign_on)


def _sockets(host: Host | None) -> str:
    """Return the addresses of the own WebSocket for `connect-src`: not every browser has them in
    'self', Safari before 15.4 among those that do not.

    A policy cannot name IPv6 addresses (CSP3 §2.3.1), nor what is no name of DNS.
    """
    if host is None or not _NAMED_IN_POLICY.fullmatch(host.name):
        return ""
    port = host.port or "*"  # a proxy may have left it out
    return f" ws://{host.name}:{port} wss://{host.name}:{port}"


@lru_cache(maxsize=32)  # a server has few names; a client can invent addresses
def _index(pages: PageFiles, values: _Values) -> PageFile:
    """Return the index with its values, all of them escaped."""
    base = f"{FILES}{pages.digest}"
    preloads = "\n    ".join(
        f'<link rel="modulepreload" href="{html.escape(f"{base}/{name}")}" />'
        for name in pages.modules
    )
    known = {name: html.escape(str(value)) for name, value in values._asdict().items()}
    known |= {"files": base, "entry": f"{base}/{pages.entry}", "modulepreloads": preloads}
    return page_file(INDEX, _filled(pages.files[INDEX].data, known))


@lru_cache(maxsize=2)
def _manifest(pages: PageFiles, network: str) -> PageFile:
    known = {"network": json.dumps(network)[1:-1]}
    return page_file(MANIFEST, _filled(pages.files[MANIFEST].data, known))


def _filled(template: bytes, known: dict[str, str]) -> bytes:
    """Return a template with its `{{names}}` replaced, in one pass: a value has no names."""
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: known[match[1]], template.decode())
    return text.encode()


def _respond(request: HttpRequest, found: PageFile, headers: list[tuple[str, str]]) -> HttpResponse:
    """Return a file, compressed if the client takes that, or 304 if it has the file."""
    headers = [*headers, ("ETag", found.tag)]
    if request.has_current(found.tag):
        return HttpResponse(304, headers=headers)
    headers.append(("Content-Type", found.content_type))
    if found.gzipped and request.accepts_gzip:
        return HttpResponse(200, found.gzipped, [*headers, ("Content-Encoding", "gzip")])
    return HttpResponse(200, found.data, headers)
