"""Servers of the local network: searched, listed, and chosen by the user.

Everything that is found may be forged. It is text in a list of bounded length; whom the client
trusts is decided when it connects, by `trio_chat.client.trust`.
"""
