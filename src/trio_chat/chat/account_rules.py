"""The rules for accounts, as the operator has configured them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRules:
    """The rules for accounts, as configured by the operator.

    Args:
        registration: whether users can register accounts.
        by_invitation: whether that needs an invitation.
        users_invite: whether users of accounts make such invitations, besides operators.
        required: whether a connection is completed only by a login.
        before_connect: whether that is possible before the connection is complete.
        reservation: what happens to a client that takes the nickname of an account of another user:
            `refuse`, `rename` or `off`.
        min_password: the minimum number of characters of a password.
        email: the requirement for an e-mail address: none (`none`), that an address is given
            (`required`), or that the user has proved to receive mail there (`verified`).
        multi_session: whether several connections of one account can share its nickname.
        always_on: the accounts whose users stay while none of their sessions is connected: none
            (`off`), those that enabled it (`opt-in`), those that did not disable it (`opt-out`), or
            all (`all`).
        auto_away: whether these users are away meanwhile, unless their accounts chose otherwise.
        passkeys: the address of the page that passkeys are for, with a `/` at its end; "" if there
            are none.
        operators_second_factor: whether OPER needs an account with a second factor.
        most_always_on: the maximum number of always-on users.
        has_sign_on: whether tokens of a provider of single sign-on log in (OAUTHBEARER).
        has_directory: whether passwords of an LDAP directory do, which only PLAIN can give.
    """

    registration: bool = True
    by_invitation: bool = False
    users_invite: bool = False
    required: bool = False
    before_connect: bool = True
    reservation: str = "refuse"
    min_password: int = 6
    email: str = "none"
    multi_session: bool = True
    always_on: str = "opt-in"
    auto_away: bool = True
    passkeys: str = ""
    operators_second_factor: bool = False
    most_always_on: int = 10_000
    has_sign_on: bool = False
    has_directory: bool = False
