"""Lets the public conformance suite progval/irctest run `trio-chat serve`: a fresh directory,
configuration and process a test.

    cd irctest
    export PYTHONPATH=/path/to/trio-chat/tests/conformance TMPDIR=$(mktemp -d)
    pytest -p no:trio --controller irctest_controller \\
        -m '(Ergo or not implementation-specific) and not deprecated' irctest/server_tests

The suite must be installed in the same environment as trio-chat; `-p no:trio` because its tests are
not asynchronous.
"""

import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.cases import BaseServerTestCase
from irctest.specifications import OptionalBehaviors

from trio_chat.server.accounts import COSTS

CONFIG = """
[server]
host = {hostname}
port = {port}
name = My.Little.Server
description = test server
admin = Bob Smith, email@example.org
password = {password}
proxies = 127.0.0.1, ::1
origins = any
tls = {tls}
lobby = none
default_user_modes = {modes}
casemapping = {casemapping}

[accounts]
hash_cost = low
min_password = 1
before_connect = {before_connect}
email = {email}
always_on = {always_on}
{listeners}

[mail]
mail_from = chat@example.org
sendmail = /bin/true

[limits]
multiline_lines = 32

[operator operuser]
password = {operator}

[storage]

[logging]
file = none
"""


_LONGEST_IN_A_LINE = 400
"""Bytes of a password that a line holds."""


class TrioChatController(BaseServerController, DirectoryBasedController):
    """Runs one server for one test."""

    software_name = "trio-chat"
    supported_sasl_mechanisms = frozenset(("PLAIN", "SCRAM-SHA-256"))
    supports_sts = False
    extban_mute_char = "m"
    optional_behaviors = frozenset(
        (
            OptionalBehaviors.BAN_EXCEPTION_MODE,
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.ELIST_C,
            OptionalBehaviors.ELIST_M,
            OptionalBehaviors.ELIST_N,
            OptionalBehaviors.ELIST_T,
            OptionalBehaviors.ELIST_U,
            OptionalBehaviors.INVITE_EXCEPTION_MODE,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_NAMES_COMMAND,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.NO_CTCP,
        )
    )
    isupport: ClassVar = {
        "ACCOUNTEXTBAN": "a,account",
        "BOT": "B",
        "CASEMAPPING": "ascii",
        "ELIST": "CMNTU",
        "EXCEPTS": "e",
        "EXTBAN": ",amr",
        "INVEX": "I",
        "MONITOR": patma.ANYSTR,
        "PREFIX": "(qaohv)~&@%+",
        "STATUSMSG": "~&@%+",
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: str | None,
        ssl: bool,
        run_services: bool,  # accounts are always there
        faketime: str | None,
        websocket_hostname: str | None,
        websocket_port: int | None,
    ) -> None:
        """Start a server."""
        self.port = port
        self.hostname = hostname
        self.create_config()
        text = self._configuration(
            hostname, port, password, ssl, websocket_hostname, websocket_port
        )
        config = self.directory / "config.ini"
        config.write_text(text, encoding="utf-8")
        self._command = self._serve(faketime)
        self.proc = self.execute(self._command, cwd=self.directory)

    def _configuration(
        self,
        hostname: str,
        port: int,
        password: str | None,
        ssl: bool,
        websocket_hostname: str | None,
        websocket_port: int | None,
    ) -> str:
        """Return the configuration file of a server that a test asks for."""
        before = "yes" if self.test_config.account_registration_before_connect else "no"
        sections = self._listeners(websocket_hostname, websocket_port)
        needs_proxy = self._needs_proxy()
        if needs_proxy:  # which only a listener of its own can; [server] then takes any port
            sections += f"[listener main]\nhost = {hostname}\nport = {port}\nproxy = yes\n"
        return CONFIG.format(
            hostname=hostname,
            port=0 if needs_proxy else port,
            tls="required" if ssl else "auto",
            password=password or "",
            before_connect=before,
            email="verified" if self.test_config.account_registration_requires_email else "none",
            always_on=self._always_on(),
            operator=_operator_hash(),
            casemapping=self._casemapping(),
            listeners=sections,
            modes=self._wanted()["accounts"]["default-user-modes"].lstrip("+"),
        )

    def _serve(self, faketime: str | None) -> list[str | Path]:
        """Return the command line of a server, which runs in the directory of its configuration."""
        command: list[str | Path] = [
            *(sys.executable, "-m", "trio_chat", "serve", "--config", "config.ini")
        ]
        if faketime and shutil.which("faketime"):
            command = ["faketime", "-f", faketime, *command]
            self.faketime_enabled = True
        return command

    @property
    def _directories(self) -> list[Path]:
        """The directory of each server."""
        return [self.directory]

    def _wanted(self) -> dict[str, Any]:
        """Return what a test wants besides, which it says in the words of Ergo's configuration."""
        config = _tree()
        config["accounts"]["multiclient"]["always-on"] = "opt-in"
        config["accounts"]["default-user-modes"] = "none"
        if self.test_config.ergo_config:
            self.test_config.ergo_config(config)
        return config

    def _always_on(self) -> str:
        """Return what a test wants of always-on users."""
        wanted: str = self._wanted()["accounts"]["multiclient"]["always-on"]
        return {"disabled": "off", "mandatory": "all"}.get(wanted, wanted)

    def restart(self) -> None:
        """Kill the server and start it again with what it has written down."""
        self.kill_proc()
        self.port_open = False
        self.proc = self.execute(self._command, cwd=self.directory)
        self.wait_for_port()

    def _casemapping(self) -> str:
        """Return the case mapping that a test asks for, in the words of the server it was written
        for.
        """
        config = _tree()
        config["server"]["casemapping"] = "ascii"
        if self.test_config.ergo_config:
            self.test_config.ergo_config(config)
        return str(config["server"]["casemapping"])

    def _listeners(self, websocket_hostname: str | None, websocket_port: int | None) -> str:
        if websocket_port is None:
            return ""
        return f"[listener web]\nhost = {websocket_hostname}\nport = {websocket_port}\n"

    def _needs_proxy(self) -> bool:
        """Return whether a test wants the PROXY protocol to be required, which it says in the words
        of Ergo's configuration.
        """
        if self.test_config.ergo_config is None:
            return False
        config = _tree()
        config["server"]["listeners"]["main"] = None
        self.test_config.ergo_config(config)
        return bool((config["server"]["listeners"]["main"] or {}).get("proxy"))

    def getConfig(self) -> dict[str, Any]:  # noqa: N802
        """Return what a test can change while the server runs, in the words of Ergo's
        configuration.
        """
        return _tree()

    def rehash(self, case: BaseServerTestCase, config: dict[str, Any]) -> None:
        """Have a running server read what a test has changed."""
        most = config["history"]["znc-maxmessages"]
        for directory in self._directories:
            file = directory / "config.ini"
            text = file.read_text(encoding="utf-8").replace(
                "[storage]\n", f"[storage]\nmost_messages = {most}\n"
            )
            file.write_text(text, encoding="utf-8")
        for _ in self._directories:  # one connection to each server
            self._rehash_one(case)

    @staticmethod
    def _rehash_one(case: BaseServerTestCase) -> None:
        """Have the server that the next connection reaches read its configuration."""
        client = "operator"
        case.connectClient(client, name=client)
        case.sendLine(client, "OPER operuser operpassword")
        while all(message.command != "381" for message in case.getMessages(client)):
            pass  # the password is checked in a thread
        case.sendLine(client, "REHASH")
        case.getMessages(client)
        case.sendLine(client, "QUIT")
        case.assertDisconnected(client)

    def wait_for_services(self) -> None:
        """Return at once: there is no second process."""

    def registerUser(  # noqa: N802
        self, case: BaseServerTestCase, username: str, password: str | None = None
    ) -> None:
        """Register an account as a client does."""
        client = case.addClient(show_io=False)
        case.sendLine(client, "CAP REQ :batch message-tags draft/multiline")
        case.sendLine(client, f"NICK {username}")
        case.sendLine(client, "USER r e g :user")
        case.sendLine(client, "CAP END")
        while case.getRegistrationMessage(client).command != "001":
            pass
        case.getMessages(client)
        for line in _registration(username, password or ""):
            case.sendLine(client, line)
        answers = case.getMessages(client)
        assert any(message.command == "900" for message in answers), answers
        case.sendLine(client, "QUIT")
        case.assertDisconnected(client)


def _registration(username: str, password: str) -> Iterator[str]:
    """Yield the lines by which a client registers its nickname; no single line holds a password of
    many bytes.
    """
    if len(password) <= _LONGEST_IN_A_LINE:
        yield f"REGISTER {username} * :{password}"
        return
    yield "BATCH +1 draft/multiline NickServ"
    yield "@batch=1 PRIVMSG NickServ :REGISTER "
    for start in range(0, len(password), _LONGEST_IN_A_LINE):
        piece = password[start : start + _LONGEST_IN_A_LINE]
        yield f"@batch=1;draft/multiline-concat PRIVMSG NickServ :{piece}"
    yield "BATCH -1"


def _tree() -> defaultdict[str, Any]:
    """Return a dictionary in which every section is there."""
    return defaultdict(_tree)


@cache
def _operator_hash() -> str:
    """Return what the password of the suite's operator is checked against."""
    return COSTS["low"].hasher().hash("operpassword")


def get_irctest_controller_class() -> type[TrioChatController]:
    """Return what the suite runs."""
    return TrioChatController
