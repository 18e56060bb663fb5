"""The SASL exchanges of the mechanisms that a session can use."""

from functools import partial

from trio_chat.chat import authentication, oauthbearer, sasl, sasl_mechanisms
from trio_chat.chat.accounts import Origin
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
    return None


def inbox(mechanism: str) -> sasl.Inbox:
    """Return what takes the messages of a mechanism."""
    return sasl.Inbox(
        oauthbearer.MAX_TOKEN_MESSAGE if mechanism == oauthbearer.MECHANISM else sasl.MAX_MESSAGE
    )
