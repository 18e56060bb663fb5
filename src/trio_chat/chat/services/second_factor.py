"""NickServ: the second factor of an account, an authenticator with recovery codes.

Each command that changes it asks for the password and, while it is on, for a code: a session alone
may be that of an intruder.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

from trio_chat.chat import authentication, recovery_codes, second_factors, totp
from trio_chat.chat.accounts import AccountsError, Busy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import RecoveryCodesSet, SecondFactorSet
from trio_chat.chat.commands import accounts as login
from trio_chat.chat.factor_removal import remove_second_factor
from trio_chat.chat.operators import audit
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.second_factors import CodeRequired, Enrolment, SecondFactor
from trio_chat.chat.services.nickserv import NAME, NEEDS_CODE, NICKSERV, answer, verify_owner
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.irc.names import fold_or_self

log = logging.getLogger("trio_chat")

_USAGE = "ON <password> | CONFIRM <code> | STATUS | CODES <password> <code> | OFF <password> <code>"
_IS_ON = f"Your account has a second factor. /msg {NAME} 2FA OFF <password> <code> removes it."
_IS_OFF = f"Your account has no second factor. /msg {NAME} 2FA ON <password> begins to set one up."

Next = Callable[[Request, str, Response], Awaitable[None]]
"""What a verb does once the owner has proved to be that; it is given what was typed."""


@NICKSERV.command("2FA", _USAGE, 1, "protects your account by a code besides the password")
def _two_factor(request: Request, words: list[str]) -> None:
    verb, rest = words[0].upper(), " ".join(words[1:])
    account, factors = request.user.account_id, request.world.second_factors
    if not account:
        answer(request, LOG_IN_FIRST)
    elif verb == "STATUS":
        request.reply.postpone(partial(_status, request))
    elif verb not in ("ON", "CONFIRM", "CODES", "OFF") or not rest:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['2FA'].usage}")
    elif verb in ("ON", "CONFIRM") and factors.of(account) is not None:
        answer(request, _IS_ON)
    elif verb == "CONFIRM":
        request.reply.postpone(partial(_confirm, request, rest))
    elif verb == "ON":
        request.reply.postpone(partial(_with_password, request, rest, _begin))
    elif factors.of(account) is None:
        answer(request, _IS_OFF)
    else:
        step = _renew if verb == "CODES" else _remove
        request.reply.postpone(partial(_with_password, request, rest, step))


async def _with_password(request: Request, given: str, step: Next, reply: Response) -> None:
    """Do the next step if the password, and the code after it, are right."""
    try:
        account = await verify_owner(request, given)
    except CodeRequired:
        answer(request, f"{NEEDS_CODE}, with a space between.", reply)
        return
    except (AccountsError, Busy) as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    if account is None or account.id != request.user.account_id:
        answer(request, "The password or the code is wrong.", reply)
        login.count_failure(request, reply)
        return
    await step(request, given, reply)


async def _begin(  # noqa: ASYNC124  # one of `Next`
    request: Request, given: str, reply: Response
) -> None:
    """Show a new secret; it counts once a code of it was given."""
    if second_factors.split(given)[1]:
        answer(
            request,
            "The end of your password looks like a code. Change the password first:"
            f" /msg {NAME} SET PASSWORD <old password> <new password>",
            reply,
        )
        return
    user, secret = request.user, totp.make_secret()
    request.session.enrolment = Enrolment(user.account_id, secret)
    info = request.world.server_info
    answer(request, "Add this address to your authenticator, as a QR code or a link:", reply)
    answer(request, totp.otpauth_url(secret, user.account, info.network or info.name), reply)
    answer(request, f"Or type this key there: {totp.to_base32(secret)}", reply)
    answer(
        request,
        f"Then give the code that it shows: /msg {NAME} 2FA CONFIRM <code>. Until then your"
        " password alone logs in.",
        reply,
    )


async def _confirm(request: Request, code: str, reply: Response) -> None:
    """Switch the second factor on, if the authenticator has the secret."""
    world, session, account = request.world, request.session, request.user.account_id
    enrolment, now = session.enrolment, int(world.wall_clock())
    if enrolment is None or enrolment.account != account:
        answer(request, f"First say /msg {NAME} 2FA ON <password>.", reply)
        return
    step = totp.find_step(enrolment.secret, code, now) if totp.has_form(code) else None
    if step is None:
        answer(
            request,
            "That is not the code that the authenticator shows now. Try again; the clocks of your"
            " device and of this server must agree.",
            reply,
        )
        login.count_failure(request, reply)
        return
    codes = recovery_codes.make_codes()
    factor = SecondFactor(enrolment.secret, now, step, _digests(codes))
    change = partial(SecondFactorSet, account, factor)
    if not await _carry_out(request, change):
        answer(request, f"{login.CHANGED}.", reply)
        return
    session.enrolment = None
    log.info("%s has set up a second factor for %s", session.address, request.user.account)
    answer(
        request,
        f"The second factor is on. To log in, give a code after the password: /msg {NAME} IDENTIFY"
        f" {request.user.account} <password> <code>, or as a SASL password with a space between."
        " Programs that cannot ask for a code use app passwords.",
        reply,
    )
    _show_codes(request, codes, reply)


async def _renew(request: Request, given: str, reply: Response) -> None:
    codes = recovery_codes.make_codes()
    change = partial(RecoveryCodesSet, request.user.account_id, _digests(codes))
    if not await _carry_out(request, change):
        answer(request, f"{login.CHANGED}.", reply)
        return
    log.info("%s has new recovery codes for %s", request.session.address, request.user.account)
    answer(request, "The recovery codes of before are not valid any more.", reply)
    _show_codes(request, codes, reply)


async def _remove(request: Request, given: str, reply: Response) -> None:
    if not await _carry_out(request, partial(SecondFactorSet, request.user.account_id, None)):
        answer(request, f"{login.CHANGED}.", reply)
        return
    log.info("%s has no second factor for %s", request.session.address, request.user.account)
    answer(request, "The second factor is off: your password alone logs in.", reply)


async def _carry_out(
    request: Request, change: Callable[..., SecondFactorSet | RecoveryCodesSet]
) -> bool:
    """Carry out a change; return whether what was checked is still valid."""
    world, account = request.world, request.user.account_id
    assert world.accounts is not None  # noqa: S101  # `handle` has looked
    version = world.accounts.version(account)
    with authentication.attempt(world) as name:
        apply(world, change(version=version, attempt=name))
        await world.settle()
        return world.second_factors.attempts[name]


def _digests(codes: list[str]) -> tuple[str, ...]:
    return tuple(map(recovery_codes.digest_of, codes))


def _show_codes(request: Request, codes: list[str], reply: Response) -> None:
    answer(
        request,
        "Each of these recovery codes stands once for a code, when the authenticator is lost. Write"
        " them down now: they are not shown again.",
        reply,
    )
    for start in range(0, len(codes), 2):
        answer(request, "  ".join(codes[start : start + 2]), reply)


async def _status(request: Request, reply: Response) -> None:
    world, account = request.world, request.user.account_id
    factor = world.second_factors.of(account)
    if factor is None:
        answer(request, _IS_OFF, reply)
        return
    assert world.accounts is not None  # noqa: S101  # `handle` has looked
    try:
        apps = len(await world.accounts.app_passwords(account))
        certificates = len(await world.accounts.certificates(account))
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    answer(
        request,
        f"The second factor is on since {datetime.fromtimestamp(factor.since, UTC):%Y-%m-%d}."
        f" Recovery codes left: {len(factor.recovery)} of {recovery_codes.CODES}.",
        reply,
    )
    answer(
        request,
        f"App passwords: {apps}, certificates: {certificates}. These log in without a code.",
        reply,
    )
    if factor.wrong:
        since = f"{datetime.fromtimestamp(factor.wrong_since, UTC):%Y-%m-%d %H:%M}"
        answer(
            request,
            f"Wrong codes with your right password since {since} UTC: {factor.wrong}. If these were"
            " not yours, change your password.",
            reply,
        )


@NICKSERV.command(
    "SA2FAOFF", "<account>", 1, "removes the second factor of somebody's account", right="accounts"
)
def _reset(request: Request, words: list[str]) -> None:
    accounts, factors = request.world.accounts, request.world.second_factors
    account = accounts.known.get(fold_or_self(words[0])) if accounts is not None else None
    if account is None:
        answer(request, f"{words[0]} is not registered.")
    elif factors.of(account.id) is None:
        answer(request, f"{account.name} has no second factor.")
    else:
        request.reply.emit_all(remove_second_factor(request.world, account))
        audit(request, f"SA2FAOFF {account.name}")
        done = f"The second factor of {account.name} is removed: the password alone logs in."
        request.once_settled(lambda: answer(request, done))
