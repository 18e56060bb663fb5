"""Authentication of uploads: a token of a session (IRCv3 `draft/authtoken`), the name and password
of an account (RFC 7617), as clients of soju send them, or the certificate of the client, as with
SASL EXTERNAL.
"""

import base64
import binascii
import logging

from trio_chat.chat import authentication, banning, logins
from trio_chat.chat.accounts import Account, Accounts, AccountsError, Busy, Origin
from trio_chat.chat.identities import NotLinked, PersonRefused
from trio_chat.chat.moderation import probation_rules
from trio_chat.chat.second_factors import CodeRequired
from trio_chat.chat.world import World
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.irc.names import fold_or_self
from trio_chat.server.peer import Peer
from trio_chat.server.uploads.limits import Uploader, UploadRefused

log = logging.getLogger("trio_chat")

_REALM = 'realm="IRC account", charset="UTF-8"'
BEARER = "Bearer"
BASIC = f"Basic {_REALM}"
_LONGEST = 4096
_MOST_CHECKED_AGAIN = 60
_NEEDED = "Log in with the name and password of your account, or with a token of your session"
_INVALID = "The token is not valid any more: get another one"
_WRONG = "Wrong account or password"
_CODE = "This account needs a code: use an app password (/msg NickServ APPPASSWORD ADD <name>)"


class Unauthenticated(UploadRefused):
    """The credentials are missing or wrong.

    Args:
        text: a sentence for the user.
        challenge: of WWW-Authenticate. A client that sent a token is not asked for a password: a
            browser would open a dialogue for it.
    """

    def __init__(self, text: str, challenge: str) -> None:
        super().__init__(401, text)
        self.challenge = challenge


async def authenticate(
    world: World, authorization: str, peer: Peer, *, is_program: bool = True
) -> Uploader:
    """Return the uploader that a request comes from.

    Args:
        world: its sessions, accounts and rules.
        authorization: the header, or "".
        peer: the client.
        is_program: whether the request cannot be that of a page, for which a browser would show
            the certificate of its user unasked.

    Raises:
        Unauthenticated: the credentials are missing or wrong.
        UploadRefused: the user may not upload, or credentials cannot be checked at the moment.
    """
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if len(value) > _LONGEST:
        raise Unauthenticated(_WRONG, BASIC)
    if scheme.lower() == "bearer":
        return _by_token(world, value)
    if scheme.lower() == "basic":
        return await _by_password(world, value, peer)
    if not authorization and is_program and peer.certificate and world.accounts:
        return await _by_certificate(world, world.accounts, peer)
    raise Unauthenticated(_NEEDED, f"{BEARER}, {BASIC}" if world.accounts else BEARER)


def _by_token(world: World, token: str) -> Uploader:
    session = world.upload_tokens.use(token, world.sessions)
    user = session.user if session is not None else None
    if session is None or user is None:
        raise Unauthenticated(_INVALID, f'{BEARER} error="invalid_token"')
    if why := world.server_info.uploads.why_not_user(user):
        raise UploadRefused(403, why)
    if why := probation_rules.why_not_upload(world, session):
        raise UploadRefused(403, why)
    address = "" if user.account_id else rate_limit_key(session.address)
    is_operator = user.operator is not None
    return Uploader(user.account_id, address, user.source, session.id, is_operator)


async def _by_password(world: World, value: str, peer: Peer) -> Uploader:
    name, password = _credentials(value)
    accounts = world.accounts
    if accounts is None:
        raise Unauthenticated(_NEEDED, BEARER)
    origin = Origin(peer.host, peer.certificate)
    try:
        login = await authentication.verify_login(world, fold_or_self(name), password, origin)
    except CodeRequired as error:
        raise Unauthenticated(_CODE, BASIC) from error
    except (NotLinked, PersonRefused) as error:  # a repeat would be refused likewise
        raise UploadRefused(403, str(error)) from error
    except Busy as error:
        raise UploadRefused(429, str(error), _MOST_CHECKED_AGAIN) from error
    except AccountsError as error:
        log.error("accounts cannot be used: %s", error)
        raise UploadRefused(503, "Accounts cannot be used at the moment", 30) from error
    if login is None:
        log.info("upload from %s: wrong account or password", peer.host)
        raise Unauthenticated(_WRONG, BASIC)
    accounts.note_right(login.account.folded, origin)
    allowed = _allowed(world, login.account)
    logins.note_use(world, login)
    return allowed


async def _by_certificate(world: World, accounts: Accounts, peer: Peer) -> Uploader:
    try:
        account = await accounts.by_certificate(peer.certificate)
    except AccountsError as error:
        log.error("accounts cannot be used: %s", error)
        raise UploadRefused(503, "Accounts cannot be used at the moment", 30) from error
    if account is None:
        raise Unauthenticated(_NEEDED, f"{BEARER}, {BASIC}")
    return _allowed(world, account)


def _credentials(value: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Unauthenticated(_WRONG, BASIC) from error
    if not colon or "\0" in name:
        raise Unauthenticated(_WRONG, BASIC)
    return name, password


def _allowed(world: World, account: Account) -> Uploader:
    if ban := world.bans.of_account(account.id):
        text = f"The account {account.name} is suspended: {banning.ban_text(ban)}"
        raise UploadRefused(403, text)
    is_operator = any(user.account_id == account.id for user in world.opers)
    if why := probation_rules.why_account_may_not_upload(world, account.id):
        raise UploadRefused(403, why)
    rules = world.server_info.uploads
    if why := rules.why_not(is_account=True, is_operator=is_operator):
        raise UploadRefused(403, why)
    return Uploader(account.id, "", account.name, 0, is_operator)
