"""The SASL exchanges of the mechanisms that a session can use."""

from functools import partial

from trio_chat.chat import authentication, oauthbearer, passkeys, sasl, sasl_mechanisms
from trio_chat.chat.accounts import Origin
from trio_chat.chat.passkey_exchanges import AddingExchange, PasskeyExchange
from trio_chat.chat.passkeys import PendingPasskey
from trio_chat.chat.world import World


def start(mechanism: str, world: World, origin: Origin) -> sasl.SaslExchange | None:
    """Return an exchange of a mechanism, or None if a session cannot use it.

    Args:
        mechanism: its name.
        world: has the accounts.
        origin: of the passwords, proofs and tokens.
    """
    accounts, rules = world.accounts, world.server_info.account_rules
    if accounts is None or mechanism not in sasl_mechanisms.mechanisms(origin.certificate, rules):
        return None
    match mechanism:
        case "PLAIN":
            return sasl.PlainExchange(partial(authentication.verify_login, world), origin)
        case "EXTERNAL":
            return sasl.ExternalExchange(accounts, origin.certificate)
        case oauthbearer.MECHANISM if world.sign_on is not None:
            return oauthbearer.OAuthBearerExchange(world.sign_on, origin)
        case "SCRAM-SHA-256":
            return sasl.ScramExchange(accounts, origin, world.second_factors)
        case passkeys.MECHANISM:
            party, verifier = passkeys.relying_party(rules.passkeys), world.passkeys.verifier
            if party is not None and verifier is not None:
                return PasskeyExchange(world, verifier, party, origin)
    return None


def start_adding(world: World, pending: PendingPasskey | None) -> sasl.SaslExchange | None:
    """Return the exchange that adds a passkey, or None if the session may not.

    Args:
        world: has the passkeys.
        pending: what `NickServ PASSKEY ADD` has allowed.
    """
    party = passkeys.relying_party(world.server_info.account_rules.passkeys)
    verifier = world.passkeys.verifier
    if pending is None or party is None or verifier is None:
        return None
    return AddingExchange(world, verifier, party, pending)


def inbox(mechanism: str) -> sasl.Inbox:
    """Return what takes the messages of a mechanism."""
    return sasl.Inbox(
        oauthbearer.MAX_TOKEN_MESSAGE if mechanism == oauthbearer.MECHANISM else sasl.MAX_MESSAGE
    )
