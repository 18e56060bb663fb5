"""The error of settings by which nobody could log in."""


class LoginSetupError(Exception):
    """[oidc] or [ldap] cannot be used; the message says what to do."""
