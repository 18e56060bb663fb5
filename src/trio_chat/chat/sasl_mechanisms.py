"""The SASL mechanisms that a session can use."""

from trio_chat.chat import oauthbearer, passkeys
from trio_chat.chat.account_rules import AccountRules


def mechanisms(certificate: str, rules: AccountRules) -> tuple[str, ...]:
    """Return the mechanisms that a session can use.

    With a directory there is no SCRAM: nobody but the directory has its passwords, and a client
    would prefer SCRAM for them, too.

    Args:
        certificate: the fingerprint of the one that the session has shown, or "".
        rules: the rules for accounts.
    """
    known = ["PLAIN"]
    if not rules.has_directory:
        known.append("SCRAM-SHA-256")
    if certificate:
        known.append("EXTERNAL")
    if rules.has_sign_on:
        known.append(oauthbearer.MECHANISM)
    if passkeys.relying_party(rules.passkeys) is not None:
        known.append(passkeys.MECHANISM)
    return tuple(known)
