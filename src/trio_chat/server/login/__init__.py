"""Logins by what an organisation has: tokens of an OpenID Connect provider, and passwords of an
LDAP directory.
"""
