"""Creation of accounts: at once, after the code of a letter, or by an invitation.

`account_registration` and NickServ decide whether an account may be registered.
"""

import logging
from typing import Final, NamedTuple

from trio_chat.chat import account_changes, nicknames
from trio_chat.chat.accounts import Account, AccountsError, Busy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    InvitationGuessed,
    VerificationBegun,
    VerificationEnded,
    VerificationGuessed,
)
from trio_chat.chat.commands import account_invitations
from trio_chat.chat.commands.accounts import count_failure, explain
from trio_chat.chat.credentials import Credentials, Email
from trio_chat.chat.invitations import digest_of
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.verification import (
    LIFETIME,
    Letter,
    MailError,
    MailRefused,
    PendingVerification,
    VerificationRefused,
)
from trio_chat.irc.mail import email_address
from trio_chat.irc.names import fold, fold_or_self

log = logging.getLogger("trio_chat")

VERIFICATION_REQUIRED: Final = "VERIFICATION_REQUIRED"
NO_MAIL: Final = "The server cannot send mail at the moment, try again later"
_LETTER: Final = """\
Somebody, probably you, wants to register the account {name} on {network}.

To do that, enter this code in the chat:

    {code}

with /verify {name} {code}
or with /msg NickServ VERIFY {name} {code}

It can be used once, within {hours} hours. If that was not you, do nothing:
without the code there will be no account.
"""


class Wanted(NamedTuple):
    """A request to register an account.

    Args:
        name: the name of the account.
        password: its password.
        email: its address, or "" or `*` for none.
        invitation: the token of an invitation, or "".
    """

    name: str
    password: str
    email: str
    invitation: str = ""


class RegistrationOutcome(NamedTuple):
    """The outcome: a code of `draft/account-registration`, a sentence, and the account if it was
    created.
    """

    code: str
    text: str
    account: Account | None = None


WRONG_INVITATION: Final = RegistrationOutcome(
    "INVALID_INVITATION", "That is no invitation, or it has expired or was used already"
)


def is_taken(request: Request, name: str, folded: str) -> bool:
    """Return whether a name belongs or belonged to an account, is being registered, or is
    confusable with such a name or with a service.
    """
    world = request.world
    return nicknames.is_account_name_taken(world, name, folded) or any(
        world.registering.of(name, folded)
    )


async def register(request: Request, wanted: Wanted, reply: Response) -> RegistrationOutcome:
    """Register what `why_not_register` does not refuse: make an account, or send a code to its
    address.
    """
    rules = request.world.server_info.account_rules
    if not rules.by_invitation:
        wanted = wanted._replace(invitation="")
    elif wanted.invitation:
        if refusal := _why_no_guess(request):
            return refusal
        if not account_invitations.find(request, wanted.name, digest_of(wanted.invitation)):
            _note_wrong_invitation(request)
            return await _refuse_guess(request, fold(wanted.name), WRONG_INVITATION, reply)
    if rules.email == "verified":
        return await _begin(request, wanted)
    if rules.by_invitation and not wanted.invitation:
        return await _await_invitation(request, wanted)
    invitation = digest_of(wanted.invitation) if wanted.invitation else ""
    with account_invitations.using(request, wanted.name, invitation) as made:
        outcome = await create_account(
            request, wanted.name, wanted.password, _unverified(request, wanted), invitation
        )
        if isinstance(outcome, str):
            return RegistrationOutcome("TEMPORARILY_UNAVAILABLE", outcome)
        made.append(outcome)
    return RegistrationOutcome("SUCCESS", "The account is yours, and you are logged in", outcome)


async def verify(request: Request, name: str, code: str, reply: Response) -> RegistrationOutcome:
    """Create the account that a code verifies. A wrong code counts as a wrong password."""
    world, session = request.world, request.session
    assert world.accounts is not None  # noqa: S101  # `why_not_verify` has looked
    folded = fold_or_self(name)
    if world.verifications.waiting_for_invitation(folded) and (refusal := _why_no_guess(request)):
        return refusal
    pending = _take(request, folded, code)
    if pending is None:
        outcome = RegistrationOutcome("INVALID_CODE", "That is not the code, or it is too old")
        return await _refuse_guess(request, folded, outcome, reply)
    account = pending.account
    invitation = digest_of(code) if pending.is_for_invitation else pending.invitation
    is_verified = not pending.is_for_invitation
    email = Email(pending.email, is_verified=is_verified) if pending.email else None
    if invitation and not account_invitations.find(request, account.name, invitation):
        _end(request, pending)
        return WRONG_INVITATION
    try:
        with account_invitations.using(request, account.name, invitation) as used:
            made = await _store(request, account, pending.credentials, email, invitation)
            used.extend([made] if made is not None else [])
    except AccountsError as error:
        return RegistrationOutcome("TEMPORARILY_UNAVAILABLE", explain(error))
    if made is None:
        _end(request, pending)
        return RegistrationOutcome("INVALID_CODE", f"{account.name} cannot be registered any more")
    log.info("%s registered the account %s", session.address, account.name)
    return RegistrationOutcome("SUCCESS", "The account is yours, and you are logged in", made)


async def create_account(
    request: Request,
    name: str,
    password: str,
    email: Email | None = None,
    invitation: str = "",
    *,
    by_operator: bool = False,
) -> Account | str:
    """Create an account at once; return it, or a sentence with the reason for which it was
    refused.
    """
    world = request.world
    assert world.accounts is not None  # noqa: S101  # asked before
    account = Account(name, fold(name), int(world.clock()))
    try:
        origin = request.session.origin
        credentials = await world.accounts.prepare(password, origin, by_operator=by_operator)
        made = await _store(request, account, credentials, email, invitation)
        if made is not None:
            log.info("%s registered the account %s", request.session.address, name)
            return made
    except (AccountsError, Busy, ValueError) as error:
        return explain(error)
    return f"{name} belongs to somebody already, or looks like a name that does"


async def _store(
    request: Request,
    account: Account,
    credentials: Credentials,
    email: Email | None,
    invitation: str,
) -> Account | None:
    """Create an account and return it with its number; None when another session has registered the
    name in the meantime.
    """
    world = request.world
    if is_taken(request, account.name, account.folded):
        return None
    world.registering.add(account.name, account.folded)
    try:
        return await account_changes.create(world, account, credentials, email, invitation)
    finally:
        world.registering.remove(account.name, account.folded)


def _unverified(request: Request, wanted: Wanted) -> Email | None:
    if request.world.server_info.account_rules.email != "required":
        return None
    return Email(email_address(wanted.email), is_verified=False)


async def _await_invitation(request: Request, wanted: Wanted) -> RegistrationOutcome:
    """Let an account wait for its invitation."""
    world, session = request.world, request.session
    assert world.accounts is not None  # noqa: S101  # asked before
    account = Account(wanted.name, fold(wanted.name), int(world.clock()))
    email = _unverified(request, wanted)
    try:
        credentials = await world.accounts.prepare(wanted.password, session.origin)
        session.verification = world.verifications.await_invitation(
            account, email.address if email else "", credentials, session.verification
        )
    except VerificationRefused as refused:
        return RegistrationOutcome(refused.code, refused.text)
    except (AccountsError, Busy, ValueError) as error:
        return RegistrationOutcome("TEMPORARILY_UNAVAILABLE", explain(error))
    text = f"An account needs an invitation here; give it with VERIFY {wanted.name} <invitation>"
    return RegistrationOutcome(VERIFICATION_REQUIRED, text)


async def _begin(request: Request, wanted: Wanted) -> RegistrationOutcome:
    """Let an account wait, and send its code. When cancelled, it waits: the letter may be on its
    way.
    """
    world, session = request.world, request.session
    if world.mail is None or world.accounts is None:
        log.error("nobody can register: no mail can be sent; see [mail] in the configuration")
        return RegistrationOutcome("TEMPORARILY_UNAVAILABLE", NO_MAIL)
    account = Account(wanted.name, fold(wanted.name), int(world.clock()))
    email = email_address(wanted.email)
    try:
        credentials = await world.accounts.prepare(wanted.password, session.origin)
        invitation = digest_of(wanted.invitation) if wanted.invitation else ""
        own = session.verification
        begun, code = world.verifications.begin(account, email, credentials, own, invitation)
        pending = await _wait_for_code(request, begun)
    except VerificationRefused as refused:
        return RegistrationOutcome(refused.code, refused.text)
    except (AccountsError, Busy, ValueError) as error:
        return RegistrationOutcome("TEMPORARILY_UNAVAILABLE", explain(error))
    session.verification = pending
    network = world.server_info.network
    text = _LETTER.format(name=wanted.name, network=network, code=code, hours=LIFETIME // 3600)
    try:
        await world.mail.send(Letter(email, f"Your code for {network}", text))
    except MailError as unsent:
        _end(request, pending)
        log.error("the code for the account %s could not be sent: %s", wanted.name, unsent)
        if isinstance(unsent, MailRefused):
            return RegistrationOutcome(
                "UNACCEPTABLE_EMAIL", "That address takes no mail from us; give another one"
            )
        return RegistrationOutcome("TEMPORARILY_UNAVAILABLE", NO_MAIL)
    log.info(
        "%s wants to register the account %s, and was sent a code", session.address, wanted.name
    )
    return RegistrationOutcome(
        VERIFICATION_REQUIRED,
        f"A code was sent to {email}; give it with VERIFY {wanted.name} <code>",
    )


async def _wait_for_code(request: Request, begun: PendingVerification) -> PendingVerification:
    """Have a registration wait for its code, in a cluster on all servers.

    Raises:
        VerificationRefused: another one was faster.
    """
    world, own = request.world, request.session.verification
    account, digest = begun.account, begun.digest.hex()
    replaces = own.digest.hex() if own is not None and not own.is_for_invitation else ""
    apply(
        world,
        VerificationBegun(
            account,
            begun.email,
            begun.credentials,
            digest,
            begun.until,
            begun.invitation,
            replaces,
        ),
    )
    await world.settle()
    if own is not None and own.is_for_invitation:
        world.verifications.drop(own)
    pending = world.verifications.of(account.folded, begun.digest)
    if pending is None:
        raise VerificationRefused("ACCOUNT_EXISTS", f"Somebody else is registering {account.name}")
    return pending


def _end(request: Request, pending: PendingVerification) -> None:
    """Let a registration wait no longer."""
    if pending.is_for_invitation:
        request.world.verifications.drop(pending)
    else:
        apply(request.world, VerificationEnded(pending.account.folded, pending.digest.hex()))


def _take(request: Request, folded: str, code: str) -> PendingVerification | None:
    """Return the registration that a code, or an invitation, completes; count a wrong one."""
    verifications = request.world.verifications
    pending = verifications.waiting_for_invitation(folded)
    if pending is not None:
        if account_invitations.find(request, pending.account.name, digest_of(code)) is None:
            _note_wrong_invitation(request)
            verifications.miss(pending)
            return None
        return pending
    pending, is_right = verifications.find(folded, code)
    if pending is not None and not is_right:
        apply(request.world, VerificationGuessed(folded, pending.digest.hex()))
    return pending if is_right else None


def _why_no_guess(request: Request) -> RegistrationOutcome | None:
    """Return why no invitation is looked at, or None."""
    why = request.world.invitations.why_refused(request.session.payer)
    return RegistrationOutcome("TEMPORARILY_UNAVAILABLE", why) if why else None


def _note_wrong_invitation(request: Request) -> None:
    apply(request.world, InvitationGuessed(request.session.payer))


async def _refuse_guess(
    request: Request, folded: str, outcome: RegistrationOutcome, reply: Response
) -> RegistrationOutcome:
    """Count a wrong code or invitation as a wrong password."""
    assert request.world.accounts is not None  # noqa: S101  # asked before
    await request.world.accounts.note_wrong(folded, request.session.origin)
    count_failure(request, reply)
    return outcome
