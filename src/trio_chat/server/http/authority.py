"""Pages of the private authority: its certificate, and how to install it, in English and Russian.

They are answered without TLS, too: a device that does not trust the server yet gets them so. What
it gets may have been replaced on the way, so the page asks for a comparison of the fingerprint.
"""

import hashlib
import html
import io
import plistlib
import re
import ssl
import uuid
from functools import cache
from importlib.resources import files
from string import Template

import trio

from trio_chat.irc.addresses import format_address
from trio_chat.server.http.languages import LANGUAGES, accepted_language
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError
from trio_chat.server.http.site import Site

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_NAMESPACE = uuid.UUID("6f1c2a52-8a4e-4f0b-9f0e-5b7f4f3c9d10")
"""For the identifiers of configuration profiles, which a new one of the same authority replaces."""


async def page(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with how to install the authority."""
    der = await _authority(site)
    language = preferred_language(request)
    address = requested_address(request, site)
    facts = await trio.to_thread.run_sync(_facts, der)
    values = {
        **facts,
        "network": site.settings.server.network,
        "file": _file_name(site),
        "page": "/",
        "secure": f"https://{address}/",
    }
    template = await trio.to_thread.run_sync(_template, f"{language}.html")
    escaped = {name: html.escape(value) for name, value in values.items()}
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Language", language),
        ("Vary", "Accept-Language"),
        ("Content-Security-Policy", _CSP),
    ]
    return HttpResponse(200, Template(template).substitute(escaped).encode(), headers)


async def style(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the style of the page."""
    text = await trio.to_thread.run_sync(_template, "style.css")
    return HttpResponse(200, text.encode(), [("Content-Type", "text/css; charset=utf-8")])


async def qr_code(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the QR code of the page's address, as an image."""
    await _authority(site)
    image = await trio.to_thread.run_sync(_qr_code, f"http://{requested_address(request, site)}/ca")
    return HttpResponse(200, image, [("Content-Type", "image/svg+xml")])


async def pem(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the certificate in the PEM format."""
    data = ssl.DER_cert_to_PEM_cert(await _authority(site)).encode()
    return _file(data, "application/x-pem-file", f"{_file_name(site)}.pem")


async def cer(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the certificate in the DER format, for which Firefox opens its dialog."""
    return _file(await _authority(site), "application/x-x509-ca-cert", f"{_file_name(site)}.cer")


async def profile(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with a configuration profile for iOS and macOS, which contains the certificate."""
    der = await _authority(site)
    name = (await trio.to_thread.run_sync(_facts, der))["name"]
    certificate = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"trio-chat.{_uuid(der, 'root')}",
        "PayloadUUID": _uuid(der, "root"),
        "PayloadDisplayName": name,
        "PayloadContent": der,
    }
    data = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"trio-chat.{_uuid(der, 'profile')}",
        "PayloadUUID": _uuid(der, "profile"),
        "PayloadDisplayName": name,
        "PayloadDescription": f"Trust the chat {site.settings.server.network}",
        "PayloadContent": [certificate],
    }
    headers = [("Content-Type", "application/x-apple-aspen-config")]
    return HttpResponse(200, plistlib.dumps(data), headers)


async def _authority(site: Site) -> bytes:
    """Return the certificate of the authority.

    Raises:
        RequestError: there is none.
    """
    der = await site.authority()
    if not der:
        why = (
            "this server has no private authority: its certificate is one that browsers know"
            " already, or it has none; `trio-chat certificate show` says more to its administrator"
        )
        raise RequestError(404, why)
    return der


def preferred_language(request: HttpRequest) -> str:
    """Return the language of the query, or else the one that the browser prefers."""
    asked = request.query.removeprefix("lang=")
    return asked if asked in LANGUAGES else accepted_language(request)


def requested_address(request: HttpRequest, site: Site) -> str:
    """Return host and port as they were requested."""
    host, server = request.host, site.settings.server
    if host is None:
        return format_address(server.name, server.port)
    return host.shown() if host.port is None else format_address(host.name, host.port)


def _file_name(site: Site) -> str:
    """Return the name of the files, without its end: a name of a server has no special signs."""
    return f"{site.settings.server.name}-ca"


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    headers = [("Content-Type", kind), ("Content-Disposition", f'attachment; filename="{name}"')]
    return HttpResponse(200, data, headers)


@cache
def _template(name: str) -> str:
    """Return a file of the package. Blocks the first time."""
    return (files(__package__) / "ca" / name).read_text("utf-8")


def _facts(der: bytes) -> dict[str, str]:
    """Return what the page says of an authority. Blocks: a library is loaded."""
    from cryptography import x509  # noqa: PLC0415  # only where TLS is used

    certificate = x509.load_der_x509_certificate(der)
    limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    names = [str(subtree.value) for subtree in limits.permitted_subtrees or ()]
    return {
        "name": certificate.subject.rfc4514_string().removeprefix("CN="),
        "permitted": ", ".join(names),
        "sha256": _pairs(hashlib.sha256(der).hexdigest()),
        "sha1": _pairs(hashlib.sha1(der, usedforsecurity=False).hexdigest()),
    }


def _pairs(digest: str) -> str:
    """Return a fingerprint as systems show it."""
    return ":".join(re.findall("..", digest.upper()))


def _qr_code(text: str) -> bytes:
    import segno  # noqa: PLC0415  # only this page needs it

    image = io.BytesIO()
    segno.make_qr(text, error="M").save(image, kind="svg", scale=4, border=4, light="white")
    return image.getvalue()


def _uuid(der: bytes, kind: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{hashlib.sha256(der).hexdigest()} {kind}")).upper()
