"""The HTTP handlers of uploads: `/upload` receives files (FILEHOST), `/file/` delivers them."""

import logging
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from ipaddress import ip_address

import trio

from trio_chat.chat.uploads import LINK, Upload
from trio_chat.i18n import SOURCE_LANGUAGE, load, speaking
from trio_chat.irc.addresses import parse_address
from trio_chat.maintenance.rule_texts import translated
from trio_chat.server.addresses import joinable, own_addresses
from trio_chat.server.http.languages import accepted_language
from trio_chat.server.http.messages import (
    Headers,
    HttpRequest,
    HttpResponse,
    RequestError,
    text_response,
)
from trio_chat.server.http.site import Site
from trio_chat.server.http.upgrade import is_listed
from trio_chat.server.links import public_url
from trio_chat.server.uploads import filenames
from trio_chat.server.uploads.authentication import Unauthenticated, authenticate
from trio_chat.server.uploads.content_types import OCTETS
from trio_chat.server.uploads.copy_file import CopyFailed
from trio_chat.server.uploads.delivery import deliver
from trio_chat.server.uploads.limits import Uploader, UploadRefused
from trio_chat.server.uploads.service import UploadService
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

_ALLOWED = "OPTIONS, POST"
_MOST_LENGTH_DIGITS = 18
_COPY_RETRY = 15
NODE_LINK = re.compile(r"/cluster/file/([A-Za-z0-9_-]{22})")


def options(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer what the address for uploads takes: any type, up to a size; also to the preflight of a
    page of another origin (Fetch §3.2.2).
    """
    service = _service(site)
    headers = [
        ("Allow", _ALLOWED),
        ("Accept-Post", "*/*"),
        ("Upload-Limit", f"max-size={service.limits.settings.max_size}"),
        *_cors(request, site),
    ]
    return HttpResponse(204, b"", headers)


async def explore(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer what can be done with a file: nothing where there is none, which is no error. A page
    asks that of a link whose host is not its own: others may reach the server by that.
    """
    service = _service(site)
    try:
        await _find(request, service)
    except RequestError as error:
        if error.status != 404:
            raise
        allowed = "OPTIONS"
    else:
        allowed = "OPTIONS, GET, HEAD, DELETE"
    return HttpResponse(204, b"", [("Allow", allowed), *_cors(request, site)])


async def receive(request: HttpRequest, site: Site) -> HttpResponse:
    """Receive a file: 201, with the address of the file in Location."""
    service, cors = _service(site), _cors(request, site)
    if request.header(b"content-type").lower().startswith("multipart/form-data"):
        # Its body is the form around the file; some clients try this when the first way fails.
        raise RequestError(415, "send the file itself as the body, without a form", cors)
    try:
        uploader = await _uploader(request, site)
        length = _length(request)
        limit = service.limits.settings.max_size
        name = filenames.from_disposition(_disposition(request))
        # One byte more, so that the service says that the file is too large.
        async with aclosing(request.body(limit + 1)) as body:
            received = await service.receive(uploader, name, body, length)
    except UploadRefused as error:
        raise await _refusal(error, cors, request) from error
    except RequestError as error:
        raise RequestError(error.status, str(error), [*error.headers, *cors]) from error
    address = f"{await _base(request, site)}{received.path.removeprefix('/')}"
    headers = [("Location", address), ("X-Content-Type-Options", "nosniff"), *cors]
    return text_response(f"{address}\n", 201, headers)


async def send(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with an uploaded file."""
    service = _service(site)
    upload = await _find(request, service)
    delivery = deliver(upload, request.header, is_head=request.method == "HEAD")
    headers = [*delivery.headers, *_cors(request, site)]
    length = delivery.end - delivery.start
    if not length:
        return HttpResponse(delivery.status, b"", headers)
    if request.method == "HEAD":
        return HttpResponse(delivery.status, _nothing(), headers, length)
    try:
        pieces = await service.read(upload, delivery.start, delivery.end)
    except CopyFailed as error:
        log.warning("%s cannot be copied from another node: %s", upload.name, error)
        why = "the file is on another server, which does not send it at the moment"
        raise RequestError(503, why, [("Retry-After", str(_COPY_RETRY))]) from error
    except FileNotFoundError as error:
        raise RequestError(404, "there is no such file any more") from error
    except OSError as error:
        log.error("an upload cannot be read: %s", error)
        raise RequestError(503, "files cannot be read at the moment") from error
    return HttpResponse(delivery.status, pieces, headers, length)


async def send_to_node(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer another node of the cluster with the bytes of a file that is here; nobody else."""
    service = _service(site)
    match = NODE_LINK.fullmatch(request.path)
    if match is None or service.copier is None:
        raise RequestError(404, "there is no such page")
    if not service.copier.requests.check(request.header(b"authorization"), match[1]):
        raise RequestError(403, "only the nodes of this cluster get files here")
    try:
        upload = await service.find(match[1])
        if upload is None or request.method == "HEAD":
            raise RequestError(404, "there is no such file")
        pieces = await service.read(upload, 0, upload.size, is_for_node=True)
    except FileNotFoundError as error:
        raise RequestError(404, "the file is not here") from error
    except (OSError, StorageError) as error:
        raise RequestError(503, "files cannot be read at the moment") from error
    return HttpResponse(200, pieces, [("Content-Type", OCTETS)], upload.size)


async def remove(request: HttpRequest, site: Site) -> HttpResponse:
    """Remove a file of the client's own; operators remove any."""
    service = _service(site)
    try:
        uploader = await _uploader(request, site)
    except UploadRefused as error:
        raise await _refusal(error, _cors(request, site), request) from error
    upload = await _find(request, service)
    if not service.may_remove(uploader, upload):
        raise RequestError(403, "the file is not yours", _cors(request, site))
    try:
        await service.remove(upload.name)
    except StorageError as error:
        raise RequestError(503, "files cannot be removed at the moment") from error
    return HttpResponse(204, b"", _cors(request, site))


def _service(site: Site) -> UploadService:
    if site.uploads is None:
        raise RequestError(404, "this server takes no uploads")
    return site.uploads


async def _uploader(request: HttpRequest, site: Site) -> Uploader:
    is_program = not request.header(b"origin")  # a browser always sends one with these methods
    return await authenticate(
        site.world, request.header(b"authorization"), request.peer, is_program=is_program
    )


async def _find(request: HttpRequest, service: UploadService) -> Upload:
    match = LINK.match(request.path)
    try:
        upload = await service.find(match[1]) if match else None
    except StorageError as error:
        raise RequestError(503, "files cannot be read at the moment") from error
    if upload is None:
        raise RequestError(404, "there is no such file, or it was removed")
    return upload


async def _refusal(error: UploadRefused, cors: Headers, request: HttpRequest) -> RequestError:
    headers = list(cors)
    if isinstance(error, Unauthenticated):
        headers.append(("WWW-Authenticate", error.challenge))
    if error.retry_after:
        headers.append(("Retry-After", str(error.retry_after)))
    language = accepted_language(request)
    if language != SOURCE_LANGUAGE:
        await trio.to_thread.run_sync(load, language)  # a catalogue is a file
    with speaking(language):
        return RequestError(error.status, translated(str(error)), headers)


def _length(request: HttpRequest) -> int | None:
    text = request.header(b"content-length")
    if request.header(b"transfer-encoding") or not text.isdecimal():
        return None
    return int(text[:_MOST_LENGTH_DIGITS])


def _disposition(request: HttpRequest) -> str:
    """Return Content-Disposition; many programs write UTF-8 into it."""
    raw = next((value for key, value in request.headers if key == b"content-disposition"), b"")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _cors(request: HttpRequest, site: Site) -> list[tuple[str, str]]:
    """Return what allows a page of another origin that [server] origins lists to upload."""
    origin = request.header(b"origin")
    if not origin or not is_listed(request, site.settings.server):
        return []
    # Pages that send their credentials by themselves, as gamja does, need the permission to do so.
    # Where all origins are allowed nobody gets it: the browser may have a password of its own.
    credentials = [("Access-Control-Allow-Credentials", "true")]
    return [
        *(credentials if "any" not in site.settings.server.origins else ()),
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", "OPTIONS, POST, GET, HEAD, DELETE"),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Disposition"),
        ("Access-Control-Expose-Headers", "Location, Accept-Post, Upload-Limit, Retry-After"),
        ("Access-Control-Max-Age", "600"),
        ("Vary", "Origin"),
    ]


async def _base(request: HttpRequest, site: Site) -> str:
    """Return the address of the page for the link: the configured one, or that by which the
    uploader has come, unless only this machine can use that.
    """
    server, host = site.settings.server, request.host
    if server.url:
        return server.url
    if host is not None and not _is_local(host.name):
        port = "" if host.port is None else f":{host.port}"
        return f"{'https' if request.peer.is_secure else 'http'}://{host.shown()}{port}/"
    bound = [address for text in server.host if (address := parse_address(text)) is not None]
    others = joinable(bound, await trio.to_thread.run_sync(own_addresses))
    port_number = (host and host.port) or server.port
    return public_url(site.settings, port_number, others, site.certified())


def _is_local(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return parse_address(name) is not None and ip_address(name).is_loopback


async def _nothing() -> AsyncGenerator[bytes, None]:  # noqa: ASYNC124  # the body for HEAD
    nothing: tuple[bytes, ...] = ()
    for data in nothing:
        yield data
