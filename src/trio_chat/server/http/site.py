"""The site: what handlers of HTTP requests may know of the server."""

import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import trio

from trio_chat.chat.world import World
from trio_chat.config import Settings
from trio_chat.server.admission import PageAdmission
from trio_chat.server.http.downloads import Downloads
from trio_chat.server.http.hosts import Host
from trio_chat.server.http.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from trio_chat.chat.storage_ports import StoragePorts
    from trio_chat.server.api.operator_tokens import OperatorTokens
    from trio_chat.server.archive.reading import ArchiveReader
    from trio_chat.server.committing import Committer
    from trio_chat.server.encryption import Encryption
    from trio_chat.server.hooks.incoming import IncomingHooks
    from trio_chat.server.http.page_files import PageFiles
    from trio_chat.server.jobs import Jobs
    from trio_chat.server.relaying import Relayer
    from trio_chat.server.statistics import ServerStatistics
    from trio_chat.server.uploads.service import UploadService


async def no_authority() -> bytes:  # noqa: ASYNC124
    """Return the certificate of no authority."""
    return b""


class Site:
    """The server as handlers see it; there is one for all connections.

    Args:
        settings: returns all of config.ini, as it is in force.
        knows: returns whether a browser may reach the server under a name.
        clock: returns seconds of Unix time.
        connections: all connections for pages.
        authority: returns the certificate of the server's private authority in the DER format, b""
            when it has none.
        world: the state of the chat.
        uploads: the upload service, or None if the server takes no uploads.
        relayer: delivers messages that come from no client, or None where nothing can.
        certified: returns the names of hosts in the certificate that is in use.
        committer: has changes carried out that come from no client, or None where nothing can.
        encryption: the certificate that is in use, or None.
        statistics: returns the numbers of the server; None when there are none.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        knows: Callable[[Host], bool],
        clock: Callable[[], float],
        connections: PageAdmission,
        authority: Callable[[], Awaitable[bytes]] = no_authority,
        *,
        world: World,
        uploads: "UploadService | None" = None,
        relayer: "Relayer | None" = None,
        certified: Callable[[], Sequence[str]] = tuple,
        committer: "Committer | None" = None,
        encryption: "Encryption | None" = None,
        statistics: "Callable[[], ServerStatistics] | None" = None,
    ) -> None:
        self._settings = settings
        self.knows = knows
        self.clock = clock
        self.connections = connections
        self.authority = authority
        self._page_files: PageFiles | None = None
        self._reading = trio.Lock()
        self._loading = trio.Lock()
        self.world = world
        self.uploads = uploads
        self.relayer = relayer
        self.committer = committer
        self.statistics = statistics
        self.api: Callable[[HttpRequest], Awaitable[HttpResponse]] | None = None
        """Answers requests to the HTTP API; None before the first one."""
        self.start_soon: Callable[..., object] | None = None
        """Starts a task that ends with the server; None before there is a nursery for it."""
        self.encryption = encryption
        self._jobs: Jobs | None = None
        self._operator_tokens: OperatorTokens | None = None
        self._hooks: IncomingHooks | None = None
        self._archive: ArchiveReader | None = None
        self.downloads = Downloads()
        self.certified = certified
        self.answered: Counter[tuple[str, str]] = Counter()
        """Answers by route and class of status, such as `/upload` and `2xx`."""

    async def load(self, module: str) -> None:
        """Have a module loaded that the first client of its kind needs, in a thread.

        The event loop would stand still meanwhile, for up to a tenth of a second. A cancelled call
        waits until the thread has ended.

        Args:
            module: its full name.
        """
        # A module that is being loaded is in `sys.modules` already.
        if module in sys.modules and not self._loading.locked():
            return
        async with self._loading:
            if module not in sys.modules:
                await trio.to_thread.run_sync(import_module, module)

    def incoming_hooks(self, relayer: "Relayer") -> "IncomingHooks":
        """Return what takes the requests to webhooks; it is loaded with the first one."""
        if self._hooks is None:
            from trio_chat.server.hooks.incoming import IncomingHooks  # noqa: PLC0415

            self._hooks = IncomingHooks(self.world, relayer, lambda: self.settings.hooks)
        return self._hooks

    def operator_tokens(self) -> "OperatorTokens":
        """Return the tokens of operators for the API; they are loaded with the first one."""
        if self._operator_tokens is None:
            from trio_chat.server.api.operator_tokens import OperatorTokens  # noqa: PLC0415

            self._operator_tokens = OperatorTokens(self.world, trio.current_time)
        return self._operator_tokens

    def jobs(self) -> "Jobs":
        """Return the long work that the API does; it is loaded with the first request for it."""
        if self._jobs is None:
            from trio_chat.server.jobs import Jobs  # noqa: PLC0415

            self._jobs = Jobs(self._settings, self.clock, self.start_soon)
        return self._jobs

    def archive(self, storage: "StoragePorts") -> "ArchiveReader":
        """Return what reads the public archive; it is loaded with the first request."""
        if self._archive is None:
            from trio_chat.server.archive.reading import ArchiveReader  # noqa: PLC0415

            self._archive = ArchiveReader(self.world, storage)
        return self._archive

    @property
    def settings(self) -> Settings:
        """All of config.ini; REHASH replaces it."""
        return self._settings()

    async def page_files(self) -> "PageFiles":
        """Return the files of the page; the first request for one has them read, in a thread.

        Raises:
            OSError: a file cannot be read; the next request tries it again.
        """
        if self._page_files is None:
            async with self._reading:
                if self._page_files is None:
                    self._page_files = await trio.to_thread.run_sync(_read)
        return self._page_files


def _read() -> "PageFiles":
    from trio_chat.server.http.page_files import read_page_files  # noqa: PLC0415  # on first use

    return read_page_files()
