"""Resources of the certificate that the server shows."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

import trio

from trio_chat.i18n import _
from trio_chat.server.api.calls import Call
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment


@dataclass(frozen=True, slots=True)
class CertificateView:
    """The certificate in use."""

    expires: Annotated[datetime | None, Rule("null if it is not kept")]
    fingerprint: Annotated[str, Rule("SHA-256 of the certificate, in hexadecimal")]
    key_fingerprint: Annotated[str, Rule("SHA-256 of its public key, in hexadecimal")]
    names: Annotated[tuple[str, ...], Rule("of a certificate of the administrator's")]
    is_own: Annotated[bool, Rule("whether the server has made it")]
    has_authority: Annotated[bool, Rule("whether a private authority has signed it; see /ca.pem")]


@dataclass(frozen=True, slots=True)
class CertificateRenewal:
    """A renewal of the server's own certificate."""

    authority: Annotated[
        bool, Rule("whether another authority is made, which everybody has to install anew")
    ] = False


async def _get(call: Call) -> CertificateView:
    encryption = call.site.encryption
    if encryption is None or not encryption.is_used:
        raise not_found(_("this server has no certificate: TLS is off"))
    authority = await encryption.authority()
    facts = encryption.facts
    return CertificateView(
        moment(facts.expires or 0),
        facts.fingerprint,
        facts.key,
        tuple(facts.names),
        encryption.is_own,
        bool(authority),
    )


async def _renew(call: Call) -> CertificateView:
    encryption, settings = call.site.encryption, call.site.settings
    if encryption is None or encryption.own_files is None:
        raise ApiProblem(409, _("the certificate is not of this server's own making"))
    if call.world.is_replicated:
        raise ApiProblem(409, _("the servers of a cluster share their certificate and renew it"))
    # Lazily: few servers are asked for it, and its libraries may be missing.
    from trio_chat.server import certificate_renewal  # noqa: PLC0415

    wanted = call.body_as(CertificateRenewal)
    with as_problems():
        await trio.to_thread.run_sync(
            partial(certificate_renewal.renew, settings, authority=wanted.authority)
        )
        await encryption.reload(settings)
    word = "CERTIFICATE RENEW with its authority" if wanted.authority else "CERTIFICATE RENEW"
    await call.commit(list, word)
    return await _get(call)


RESOURCES = (
    Resource(
        method="GET",
        path="/certificate",
        scope="server:read",
        summary="Get what certificate the server shows, and until when it is valid",
        handler=_get,
        answer=CertificateView,
    ),
    Resource(
        method="POST",
        path="/certificate/renew",
        scope="server:write",
        summary="Make a new certificate, if the server makes its certificate itself",
        handler=_renew,
        body=CertificateRenewal,
        answer=CertificateView,
    ),
)
