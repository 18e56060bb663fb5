"""Limits of uploads: quotas of bytes, uploads in an hour and at the same time, and free disk space.

What is being received counts at once, so that many uploads side by side cannot exceed a quota. The
transaction that adds the finished upload checks the quotas again.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from trio_chat.chat import durations
from trio_chat.chat.attempts import Attempts
from trio_chat.chat.uploads import Usage
from trio_chat.config.settings import UploadSettings
from trio_chat.storage.uploads import blocks

HOUR = 3600.0
_MOST_OF_UPLOADER = 4
"""Uploads of one account or address at the same time."""
_RETRY_SOON = 5


class UploadRefused(Exception):  # a state, not a mistake of ours
    """An upload is refused.

    Args:
        status: of HTTP.
        text: a sentence for the user, without a full stop.
        retry_after: seconds after which it may be tried again; 0 if that does not help.
    """

    def __init__(self, status: int, text: str, retry_after: int = 0) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after


class Uploader(NamedTuple):
    """The account or, of a guest, the address that an upload counts for.

    Args:
        account: its number; 0 of a guest.
        address: the key of a guest's address (`irc.addresses.rate_limit_key`); "" of an account.
        name: for the log.
        session: the number of a session with a token, or 0.
        is_operator: whether it is an operator of the server.
    """

    account: int
    address: str
    name: str
    session: int = 0
    is_operator: bool = False

    @property
    def key(self) -> int | str:
        """By which it is counted."""
        return self.account or self.address


class Reservation:
    """The room that one upload takes while it is being received; see `UploadLimits.reserve`."""

    def __init__(self, limits: "UploadLimits", uploader: Uploader, usage: Usage) -> None:
        self._limits = limits
        self._uploader = uploader
        self._usage = usage
        self.size = 0

    def grow(self, size: int) -> None:
        """Take room for so many bytes in all, unless it has that already.

        Raises:
            UploadRefused: the file is too large, or there is no room for it.
        """
        settings = self._limits.settings
        if size > settings.max_size:
            raise UploadRefused(
                413, f"The file is larger than {shown(settings.max_size)}, which is the limit here"
            )
        more = blocks(size) - self.size
        if more <= 0:
            return
        own, total = self._limits.reserved(self._uploader)
        if self._usage.own + own + more > own_quota(settings, self._uploader):
            raise UploadRefused(
                507, "Your quota is used up: delete messages with files, or ask an operator"
            )
        if self._usage.total + total + more > settings.total_quota:
            raise UploadRefused(507, "This server has no room for more files: tell an operator")
        self._limits.take(self._uploader, more)
        self.size += more


class UploadLimits:
    """The limits of a server.

    Args:
        settings: the [uploads] section; replaced when the configuration is read again.
        elapsed: returns seconds that never go back.
    """

    def __init__(self, settings: UploadSettings, elapsed: Callable[[], float]) -> None:
        self.settings = settings
        self._started = Attempts(HOUR, elapsed)
        self._now: Counter[int | str] = Counter()
        self._bytes: Counter[int | str] = Counter()

    @property
    def active(self) -> int:
        """The uploads that are being received."""
        return self._now.total()

    @contextmanager
    def permit(self, uploader: Uploader) -> Iterator[None]:
        """Count an upload while the block runs.

        Raises:
            UploadRefused: there are too many at the same time, or within the hour.
        """
        if self._now[uploader.key] >= _MOST_OF_UPLOADER:
            raise UploadRefused(
                429, "You are uploading several files already: wait for one of them", _RETRY_SOON
            )
        if self._now.total() >= self.settings.at_once:
            raise UploadRefused(
                503, "Many files are being uploaded: try again in some seconds", _RETRY_SOON
            )
        if self._started.count(uploader.key) >= self.settings.per_hour:
            wait = int(self._started.remaining(uploader.key)) + 1
            raise UploadRefused(
                429, f"Many files were uploaded: try again in {durations.show(wait)}", wait
            )
        self._started.note(uploader.key)
        self._now[uploader.key] += 1
        try:
            yield
        finally:
            _subtract(self._now, uploader.key, 1)

    @contextmanager
    def reserve(self, uploader: Uploader, usage: Usage, size: int) -> Iterator[Reservation]:
        """Reserve room while the block runs.

        Args:
            uploader: for whose quota it counts.
            usage: what is used at the beginning.
            size: the announced bytes; 0 if they are unknown.

        Raises:
            UploadRefused: the file is too large, or there is no room.
        """
        reservation = Reservation(self, uploader, usage)
        try:
            reservation.grow(size)
            yield reservation
        finally:
            if reservation.size:
                _subtract(self._bytes, uploader.key, reservation.size)

    def reserved(self, uploader: Uploader) -> tuple[int, int]:
        """Return the reserved bytes: of an uploader, and in all."""
        return self._bytes[uploader.key], self._bytes.total()

    def take(self, uploader: Uploader, size: int) -> None:
        """Count bytes of an uploader; for `Reservation`."""
        self._bytes[uploader.key] += size

    def check_disk(self, free: int, size: int) -> None:
        """Check that the reserve of the disk remains.

        Args:
            free: bytes.
            size: bytes that are to be written.

        Raises:
            UploadRefused: it would not.
        """
        self.check_reserve(free - self._bytes.total() - size)

    def check_reserve(self, free: int) -> None:
        """Check that so many free bytes are not less than the reserve.

        Raises:
            UploadRefused: they are less.
        """
        if free < self.settings.reserve:
            raise UploadRefused(507, "The disk of this server is nearly full: tell an operator")


def own_quota(settings: UploadSettings, uploader: Uploader) -> int:
    """Return the bytes that the uploads of an uploader may have."""
    return settings.account_quota if uploader.account else settings.address_quota


def shown(size: int) -> str:
    """Return a size for readers."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:.4g} {unit}"
    return f"{size} bytes"


def _subtract(counter: Counter[int | str], key: int | str, number: int) -> None:
    """Subtract, and forget a key that has nothing left."""
    counter[key] -= number
    if counter[key] <= 0:
        del counter[key]
