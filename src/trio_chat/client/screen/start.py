"""Start of the full-screen client: the terminal, a link for each server, and on the first run the
wizard.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.link import Link
from trio_chat.client.link.options import LinkOptions
from trio_chat.client.options import (
    DEFAULT_PORT,
    ConnectOptions,
    ServerOptions,
    profile_options,
    server_options,
    with_ports,
)
from trio_chat.client.paths import config_file
from trio_chat.client.screen.app import ScreenClient, ScreenOptions
from trio_chat.client.screen.tty import open_screen
from trio_chat.client.target import THIS_COMPUTER, ServerAddress, is_this_machine, parse
from trio_chat.client.trust import Security
from trio_chat.i18n import _

if TYPE_CHECKING:
    from trio_chat.client.discovery.search import ServerSearch


def screen_client(options: ConnectOptions, screen: Any = None) -> ScreenClient:
    """Return the client.

    Args:
        options: from the command line and the configuration.
        screen: urwid's; None for this terminal.

    Raises:
        NoScreenError: this terminal cannot be drawn on.
    """
    client = options.client
    styles = ScreenOptions(
        client.theme, client.typing, client.highlights, client.notify, client.strangers, client.log
    )
    screen = open_screen() if screen is None else screen
    running = ScreenClient(screen, styles, partial(_wanted, options))
    screen.esc_matters = lambda: running.controller.is_open
    running.list_servers = partial(_list_servers, running, options)
    if options.is_first_run or options.searches:
        _ask(running, options)
    else:
        for target in server_options(options):
            running.add(target.name, make_link(target))
    return running


def _ask(running: ScreenClient, options: ConnectOptions) -> None:
    """Ask for the server, and at the first run for everything else."""
    # Imported late: a start with a server needs neither.
    from trio_chat.client.screen.server_question import ServerQuestion  # noqa: PLC0415
    from trio_chat.client.screen.wizard import FirstRunWizard  # noqa: PLC0415

    search = _search(options)
    begin = _beginner(running, options)
    if options.is_first_run:
        wizard = FirstRunWizard(running.controller, search, config_file(), begin)
        wizard.begin()
        running.tasks.append(wizard.question.run)
        return

    def done(address: ServerAddress) -> None:
        running.controller.close_page()
        begin(address, options.nick, False)

    intro = [
        "",
        _(
            "No server is configured, and none runs on this computer. Choose one with the arrow"
            " keys and Enter, or type its number, or an address such as 192.0.2.7:5000."
        ),
    ]
    question = ServerQuestion(running.controller, search, _("Servers"), intro, done)
    question.begin()
    running.tasks.append(question.run)


async def _list_servers(running: ScreenClient, options: ConnectOptions) -> None:
    """List the servers of this network, and connect to the one that the user chooses."""
    from trio_chat.client.screen.server_list import ServerList  # noqa: PLC0415  # as above

    def connect(address: ServerAddress) -> None:
        name, link = _other(options, address)
        open_already = (each for each in running.workspace.servers if each.name == name)
        if server := next(open_already, None):
            running.workspace.go(server, server.log)
        else:
            running.add(name, link)

    controller = running.controller
    await ServerList(controller.pages, _search(options), connect, controller.refresh).run()


def _search(options: ConnectOptions) -> "ServerSearch":
    # Imported late: a start with a server needs no search.
    from trio_chat.client.discovery.plain import MOST_KNOWN  # noqa: PLC0415
    from trio_chat.client.discovery.search import ServerSearch  # noqa: PLC0415
    from trio_chat.client.known_servers import KnownServers  # noqa: PLC0415

    own = (THIS_COMPUTER, DEFAULT_PORT)
    if is_this_machine(options.host):
        own = (options.host, options.port or DEFAULT_PORT)
    return ServerSearch(KnownServers().newest(MOST_KNOWN), own=own)


def make_link(target: ServerOptions) -> Link:
    """Return the link of a server."""
    first, *more = target.channels or ("",)
    connectors = target.connectors()
    link = Link(
        connectors,
        JoinedChannels(first, more, target.key),
        LinkOptions(
            nick=target.nick,
            password=target.password,
            sees_status=True,
            stays=True,
            may_be_plain=target.security.plaintext,
            encoding=target.encoding,
            hides_strangers=target.hides_strangers,
        ),
        passwords=target.passwords,
        tokens=target.tokens,
    )
    for connector in connectors:
        connector.tell = link.warn
    return link


def _wanted(options: ConnectOptions, text: str) -> tuple[str, Link]:
    """Return the name and the link of a server that the user names by a profile or an address.

    Raises:
        TargetError: the address is not valid.
    """
    for profile in options.known:
        if profile.name == text:
            return profile.name, make_link(profile_options(options, profile))
    return _other(options, parse(text))


def _other(options: ConnectOptions, address: ServerAddress) -> tuple[str, Link]:
    """Return the name and the link of a further server."""
    port = address.port or DEFAULT_PORT
    given = replace(
        options,
        host=address.host,
        port=port,
        others=with_ports(address.others, DEFAULT_PORT),
        channel=address.channel,
        key=address.key,  # an invitation of another server is for that one alone
        password="",
        profiles=(),
    )
    given = replace(given, security=_security(options, address))
    (target,) = server_options(given)
    return target.name, make_link(target)


def _beginner(
    running: ScreenClient, options: ConnectOptions
) -> Callable[[ServerAddress, str, bool], None]:
    def begin(address: ServerAddress, nick: str, registers: bool) -> None:
        port, channel = address.port or DEFAULT_PORT, address.channel or options.channel
        given = replace(
            options,
            host=address.host,
            port=port,
            others=with_ports(address.others, DEFAULT_PORT),
            nick=nick,
            channel=channel,
            key=address.key,
            profiles=(),
        )
        # A fingerprint on the command line is that of whichever server the user chooses.
        required = address.is_encrypted or options.security.required
        security = replace(options.security, required=required)
        (target,) = server_options(replace(given, security=security))
        running.add(target.name, make_link(target))
        running.controller.views[-1].registers = registers
        running.controller.refresh()

    return begin


def _security(options: ConnectOptions, address: ServerAddress) -> Security:
    """Return the demands on a server that the user has typed.

    The fingerprint of the command line is that of another server, so it is not among them.
    """
    return replace(
        options.security, fingerprint="", required=address.is_encrypted or options.security.required
    )
