"""Options of `trio-chat connect`: those of one run, and those of each server that it joins."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trio_chat.client import paths
from trio_chat.client.link.keyring import Keyring, KeyringGroup, PasswordStore
from trio_chat.client.link.password_command import PasswordCommand
from trio_chat.client.sign_on.source import TokenSource
from trio_chat.client.sign_on.tokens_file import TokensFile
from trio_chat.client.trust import Connector, Security
from trio_chat.config import ClientSettings, ProfileSettings
from trio_chat.irc.addresses import format_address

DEFAULT_PORT = 5000
"""The port of a server whose address names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """The options of one run, from the command line and config.ini.

    Args:
        host: the server's name or address; an IPv6 address may stand in brackets.
        port: its port.
        others: hosts and ports of the same network.
        nick: the nickname; "" asks the user on a terminal, and elsewhere means the last one or
            the login name.
        channel: the channel to join; "" joins none.
        key: the key of that channel, or an invitation to it; "" for none.
        password: the server's password; "" for none.
        plain: whether the line interface is used where the full screen could be.
        client: how the client looks and behaves.
        profiles: the servers to join, instead of that host.
        known: the profiles that can be joined by their names.
        searches: whether the user is asked for the server, because none is configured and none runs
            at that host.
        is_first_run: whether there are neither a configuration nor options.
        security: the demands on the connection.
        sign_on: whether tokens of single sign-on log in.
    """

    host: str
    port: int
    others: tuple[tuple[str, int], ...] = ()
    nick: str = ""
    channel: str = "#lobby"
    key: str = field(default="", repr=False)
    password: str = ""
    plain: bool = False
    client: ClientSettings = field(default_factory=ClientSettings)
    profiles: tuple[ProfileSettings, ...] = ()
    known: tuple[ProfileSettings, ...] = ()
    searches: bool = False
    is_first_run: bool = False
    security: Security = field(default_factory=Security)
    sign_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """The options of one server.

    Args:
        name: what the user calls it.
        host: its name or address.
        port: its port.
        others: hosts and ports of the same network.
        nick: the nickname; "" as for `ConnectOptions`.
        channels: the channels to join.
        key: the key of the first one; "" for none.
        password: the server's password; "" for none.
        passwords: keeps the passwords of accounts; None for nowhere.
        tokens: has the tokens of single sign-on; None if passwords log in.
        security: the demands on the connection.
        encoding: of lines that are not UTF-8.
        proxy: as `[client] proxy`.
        hides_strangers: whether private messages of strangers are not shown.
    """

    name: str
    host: str
    port: int
    others: tuple[tuple[str, int], ...] = ()
    nick: str
    channels: tuple[str, ...]
    key: str = field(default="", repr=False)
    password: str = ""
    passwords: PasswordStore | None = None
    tokens: TokenSource | None = None
    security: Security = field(default_factory=Security)
    encoding: str = "cp1252"
    proxy: str = field(default="", repr=False)
    hides_strangers: bool = False

    def connectors(self) -> list[Connector]:
        """Return the functions that connect, one for each address; their `tell` is to be set."""
        addresses = dict.fromkeys(((self.host, self.port), *self.others))
        connectors = [
            Connector(host, port, self.security, proxy=self.proxy) for host, port in addresses
        ]
        for connector in connectors:
            connector.network = [each.address for each in connectors if each is not connector]
        return connectors


def with_ports(
    addresses: Iterable[tuple[str, int | None]], usual: int
) -> tuple[tuple[str, int], ...]:
    """Return hosts and ports, with the usual port where there is none."""
    return tuple((host, port or usual) for host, port in addresses)


def server_options(options: ConnectOptions) -> list[ServerOptions]:
    """Return the servers to join."""
    if options.profiles:
        return [profile_options(options, profile) for profile in options.profiles]
    host = options.host.removeprefix("[").removesuffix("]")
    channel = options.channel
    address = format_address(host, options.port)
    channels = (channel if channel[:1] in ("", "#", "&") else f"#{channel}",)
    others = options.others
    return [
        ServerOptions(
            name=address,
            host=host,
            port=options.port,
            others=others,
            nick=options.nick,
            channels=channels,
            key=options.key,
            password=options.password,
            passwords=_keyring((host, options.port), *others),
            tokens=_tokens(host, options.port) if options.sign_on else None,
            security=options.security,
            encoding=options.client.encoding,
            proxy=options.client.proxy,
            hides_strangers=options.client.strangers == "off",
        )
    ]


def profile_options(options: ConnectOptions, profile: ProfileSettings) -> ServerOptions:
    """Return the server of a profile."""
    command = profile.password_command
    (host, port), *others = with_ports(profile.host, profile.port)
    return ServerOptions(
        name=profile.name,
        host=host,
        port=port,
        others=tuple(others),
        nick=profile.nick or options.nick or profile.account,
        channels=profile.channels,
        passwords=PasswordCommand(command, profile.account)
        if command
        else _keyring((host, port), *others),
        tokens=_tokens(host, port) if options.sign_on or profile.sso else None,
        encoding=profile.encoding or options.client.encoding,
        proxy=profile.proxy or options.client.proxy,
        hides_strangers=options.client.strangers == "off",
    )


def _tokens(host: str, port: int) -> TokenSource:
    """Return the tokens for a network, by its first address."""
    return TokenSource(format_address(host, port), lambda: TokensFile(paths.tokens_file()))


def _keyring(*addresses: tuple[str, int]) -> PasswordStore:
    """Return the passwords of a network: a password that was kept for one address is that of all
    the others.
    """
    rings = [Keyring(f"trio-chat {format_address(host, port)}") for host, port in addresses]
    return rings[0] if len(rings) == 1 else KeyringGroup(rings)
