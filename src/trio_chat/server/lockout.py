"""Lockout: after too many wrong passwords for an account, further ones for it from the same address
are refused for a while.

Other accounts can be used from that address, until very many passwords of all accounts were wrong;
then only known devices are let through (OWASP Authentication Cheat Sheet, device cookies). A device
is an address, of IPv6 a /64, or the certificate that a client has shown; an account knows those
from which it has been logged in to. All tables are bounded.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable

from trio_chat.chat import durations
from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.attempts import Attempts
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.irc.message import truncate

log = logging.getLogger("trio_chat")

WINDOW = 600.0
"""Seconds in which wrong passwords are counted."""
_MOST_DEVICES = 16_384
"""Known devices; the one that was used longest ago is dropped for a new one."""
MAX_KEPT = 128
"""Characters of a name by which it is counted: no account has a longer one, but strangers try
such.
"""
_MAX_SHOWN = 64
"""Bytes of a name in the log and in answers."""


def _nobody_asks(name: str, origin: Origin) -> None:
    pass


class Lockout:
    """Counts wrong passwords of one kind, such as those of accounts.

    Args:
        kind: what has the passwords, for the log: `account`.
        most: how many of one account may be wrong from one address in `WINDOW`.
        most_of_address: how many may be from one address for all accounts, and from a known device
            for its account.
        clock: returns seconds that never go back.

    Attributes:
        on_wrong: called with each wrong password that came to this server.
    """

    def __init__(
        self, kind: str, most: int, most_of_address: int, clock: Callable[[], float]
    ) -> None:
        self._kind = kind
        self._most = most
        self._most_of_address = most_of_address
        self._wrong = Attempts(WINDOW, clock)  # by account and device
        self._wrong_of_address = Attempts(WINDOW, clock)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.on_wrong: Callable[[str, Origin], None] = _nobody_asks

    def refuse(self, name: str, origin: Origin) -> None:
        """Raise `Busy` when no password for this account is to be checked from an origin."""
        name = name[:MAX_KEPT]
        device, is_known = self._device(name, origin)
        most = self._most_of_address if is_known else self._most
        if self._wrong.count((name, device)) >= most:
            when = durations.show(self._wrong.remaining((name, device)))
            shown = truncate(name, _MAX_SHOWN)
            raise Busy(
                f"Too many wrong passwords for {shown} came from where you are, try again in {when}"
            )
        address = rate_limit_key(origin.address)
        if not is_known and self._wrong_of_address.count(address) >= self._most_of_address:
            when = durations.show(self._wrong_of_address.remaining(address))
            raise Busy(f"Too many wrong passwords came from your address, try again in {when}")

    def note_wrong(self, name: str, origin: Origin, *, is_shared: bool = False) -> None:
        """Count a wrong password; the first one after which others are refused is logged.

        Args:
            name: the account.
            origin: of the password.
            is_shared: whether it came to another server, which has counted it, too.
        """
        if not is_shared:
            self.on_wrong(name, origin)
        name = name[:MAX_KEPT]
        device, is_known = self._device(name, origin)
        address = rate_limit_key(origin.address)
        how_long = f"for {durations.show(WINDOW)}"
        if self._wrong.note((name, device)) == (self._most_of_address if is_known else self._most):
            shown = truncate(name, _MAX_SHOWN)
            log.warning(
                "too many wrong passwords for the %s %s from %s: refused %s",
                self._kind,
                shown,
                address,
                how_long,
            )
        if self._wrong_of_address.note(address) == self._most_of_address:
            log.warning(
                "too many wrong passwords for %ss from %s: only known devices pass %s",
                self._kind,
                address,
                how_long,
            )

    def note_right(self, name: str, origin: Origin) -> None:
        """Remember a device; wrong passwords that were counted stay so."""
        for device in (rate_limit_key(origin.address), origin.certificate):
            if device:
                self._known[name, device] = None
                self._known.move_to_end((name, device))
        while len(self._known) > _MOST_DEVICES:
            self._known.popitem(last=False)

    def forget(self, name: str) -> None:
        """Forget the known devices of an account that is gone, or whose password was changed."""
        for known in [known for known in self._known if known[0] == name]:
            del self._known[known]

    def is_known(self, name: str, origin: Origin) -> bool:
        """Return whether an account has been logged in to from an origin."""
        return self._device(name, origin)[1]

    def is_suspect(self, origin: Origin) -> bool:
        """Return whether a wrong password has come from an address lately."""
        return self._wrong_of_address.count(rate_limit_key(origin.address)) > 0

    def _device(self, name: str, origin: Origin) -> tuple[str, bool]:
        """Return what counts as the device, and whether the account knows it: a certificate only
        when it does.
        """
        if origin.certificate and (name, origin.certificate) in self._known:
            return origin.certificate, True
        address = rate_limit_key(origin.address)
        return address, (name, address) in self._known
