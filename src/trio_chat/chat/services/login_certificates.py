"""NickServ: the certificates by which the user of an account logs in (SASL EXTERNAL)."""

import re
from functools import partial

from trio_chat.chat import account_changes, logins
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.commands import accounts as login
from trio_chat.chat.credentials import Certificate
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.services.app_passwords import may_change_logins
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer
from trio_chat.chat.services.service import LOG_IN_FIRST

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@NICKSERV.command(
    "CERT",
    "ADD [<fingerprint>] | DEL <fingerprint> | LIST",
    1,
    "sets by which certificates you can log in",
)
def _cert(request: Request, words: list[str]) -> None:
    change = words[0].upper()
    given = words[1].replace(":", "").lower() if len(words) > 1 else ""
    fingerprint = given or (request.session.certificate if change == "ADD" else "")
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
    elif change == "LIST":
        request.reply.postpone(partial(_list_certificates, request))
    elif change not in ("ADD", "DEL"):
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['CERT'].usage}")
    elif not may_change_logins(request):
        return
    elif not fingerprint and change == "ADD":
        answer(
            request,
            "You have not come with a certificate; connect with one, or give its SHA-256"
            " fingerprint.",
        )
    elif not _FINGERPRINT.fullmatch(fingerprint):
        answer(request, "A fingerprint is SHA-256: 64 hexadecimal digits.")
    else:
        request.reply.postpone(partial(_change_certificates, request, change, fingerprint))


async def _list_certificates(request: Request, reply: Response) -> None:
    accounts = request.world.accounts
    assert accounts is not None  # noqa: S101  # `handle` has looked
    try:
        certificates = await accounts.certificates(request.user.account_id)
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    for fingerprint, is_proved in certificates:
        answer(
            request,
            fingerprint if is_proved else f"{fingerprint}, only with the name of your account",
            reply,
        )
    answer(
        request,
        f"That is all: {len(certificates)} of {request.world.lengths.certificates_per_account}.",
        reply,
    )


def _fingerprints(certificates: list[Certificate]) -> set[str]:
    return {certificate.fingerprint for certificate in certificates}


def _added(request: Request, fingerprint: str) -> str:
    if fingerprint == request.session.certificate:
        return "You can log in with that certificate now, by SASL EXTERNAL."
    how = "until you come with that certificate and say CERT ADD, it must name your account"
    return (
        f"You can log in with that certificate now, by SASL EXTERNAL; {how}"
        f" ({request.user.account})."
    )


async def _change_certificates(
    request: Request, change: str, fingerprint: str, reply: Response
) -> None:
    accounts, own = request.world.accounts, request.user.account_id
    most = request.world.lengths.certificates_per_account
    assert accounts is not None  # noqa: S101  # `handle` has looked
    version = accounts.version(own)
    try:
        if change == "DEL":
            is_done = await account_changes.remove_certificate(
                request.world, own, fingerprint, version
            )
            if is_done:
                why = logins.CERTIFICATE_REMOVED
                logins.end_sessions(
                    request.world, own, why, keep=request.session, certificate=fingerprint
                )
            answer(
                request,
                (
                    "That certificate is removed from your account."
                    if is_done
                    else "You do not have that certificate."
                ),
                reply,
            )
        elif (
            fingerprint not in (known := _fingerprints(await accounts.certificates(own)))
            and len(known) >= most
        ):
            answer(
                request,
                f"You have {most} certificates already; take one away with CERT DEL.",
                reply,
            )
        elif await account_changes.add_certificate(
            request.world,
            own,
            fingerprint,
            is_proved=fingerprint == request.session.certificate,
            version=version,
        ):
            answer(request, _added(request, fingerprint), reply)
        else:
            answer(request, "That certificate belongs to another account.", reply)
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
