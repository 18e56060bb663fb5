"""Jobs: long work on the database that a request begins and does not wait for, such as a backup.

The work runs in a thread with a connection of its own, so that neither the event loop nor the
messages of clients wait for it. It ends with the server, or when it is cancelled.
"""

import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from trio_chat.config import Settings
from trio_chat.maintenance.atomic_file import FileError
from trio_chat.maintenance.refusals import ResourceConflict, ResourceNotFound
from trio_chat.storage.database import MEMORY
from trio_chat.storage.errors import StorageError
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    import apsw

log = logging.getLogger("trio_chat")

T = TypeVar("T")
Report = Callable[[int, int], None]
"""Takes how much is done, and of how much; ends the work when the job is cancelled."""
Work = Callable[[Report], dict[str, Any]]
"""Blocks; returns the outcome."""

_STEPS_PER_LOOK = 100_000
_MOST_RUNNING = 3
_MOST_KEPT = 50
"""Jobs that have ended, the latest, whose outcome can be asked for."""
_READERS = 2
"""Requests that read the database at once, each with a connection of its own."""


def end_when_cancelled(connection: "apsw.Connection") -> None:
    """Have long statements of a job end, and roll back, when the job is cancelled."""

    def look() -> bool:
        trio.from_thread.check_cancelled()
        return False

    connection.set_progress_handler(look, _STEPS_PER_LOOK)


class Job:
    """A job.

    Args:
        kind: what it does, in a word; no two jobs of a kind run at once.
        actor: what has begun it.
        now: seconds of Unix time.

    Attributes:
        id: names it; nobody can guess it.
        state: `running`, `done`, `failed` or `cancelled`.
        done: how much is done, of `total`; 0 of 0 while that is not known.
        total: see `done`.
        ended: seconds of Unix time; 0 while it runs.
        outcome: what it has found or made, once it is done.
        problem: why it has failed, or "".
        scope: ends it when it is cancelled.
        finished: set when it has ended.
    """

    def __init__(self, kind: str, actor: str, now: float) -> None:
        self.id = secrets.token_hex(8)
        self.kind = kind
        self.actor = actor
        self.state = "running"
        self.done = self.total = 0
        self.started = now
        self.ended = 0.0
        self.outcome: dict[str, Any] = {}
        self.problem = ""
        self.scope = trio.CancelScope()
        self.finished = trio.Event()

    def report(self, done: int, total: int) -> None:
        """Note how much is done. The thread of the work calls it.

        Raises:
            trio.Cancelled: the job is cancelled.
        """
        trio.from_thread.check_cancelled()
        self.done, self.total = done, total


class Jobs:
    """The jobs of a server.

    Args:
        settings: returns all of config.ini, as it is in force.
        clock: returns seconds of Unix time.
        start_soon: starts a task that ends with the server, or None where nothing can.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        clock: Callable[[], float],
        start_soon: Callable[..., object] | None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._start_soon = start_soon
        self.all: dict[str, Job] = {}
        self._limiter = trio.CapacityLimiter(_MOST_RUNNING)
        self._readers = trio.CapacityLimiter(_READERS)

    def database(self) -> Path:
        """Return the file of the database.

        Raises:
            ResourceNotFound: there is none.
        """
        file = self._settings().storage.file
        if file is None or file.name == MEMORY:
            raise ResourceNotFound("this server keeps nothing on a disk")
        return file

    async def read(self, work: "Callable[[apsw.Connection, Path], T]") -> T:
        """Read the database in a thread; when cancelled, the thread is left to itself.

        Raises:
            StorageError: it cannot be read, or there is none.
        """
        file = self.database()

        def run() -> T:
            with connected(file, as_it_is=True) as connection:
                return work(connection, file)

        return await trio.to_thread.run_sync(run, limiter=self._readers, abandon_on_cancel=True)

    def start(self, kind: str, actor: str, work: Work) -> Job:
        """Begin a job.

        Raises:
            ResourceConflict: one of its kind is running, too many are, or the server stops.
        """
        self.check_room(kind)
        assert self._start_soon is not None  # noqa: S101  # `check_room` has looked
        job = Job(kind, actor, self._clock())
        self.all[job.id] = job
        self._forget()
        self._start_soon(self._run, job, work)
        return job

    def check_room(self, kind: str) -> None:
        """Check that a job of a kind could begin.

        Raises:
            ResourceConflict: see `start`.
        """
        running = [job for job in self.all.values() if job.state == "running"]
        if any(job.kind == kind for job in running):
            raise ResourceConflict(f"a job of the kind {kind} is running already; wait for its end")
        if len(running) >= _MOST_RUNNING or self._start_soon is None:
            raise ResourceConflict("too many jobs are running; wait for the end of one")

    def _forget(self) -> None:
        ended = [job for job in self.all.values() if job.state != "running"]
        for job in ended[: max(0, len(ended) - _MOST_KEPT)]:
            del self.all[job.id]

    async def _run(self, job: Job, work: Work) -> None:
        """Do the work, which ends at its next report when this is cancelled."""
        state = "cancelled"
        try:
            with job.scope:
                job.outcome = await trio.to_thread.run_sync(work, job.report, limiter=self._limiter)
                state = "done"
        except (StorageError, FileError) as error:
            state, job.problem = "failed", str(error)
            log.error("the job %s (%s) has failed: %s", job.kind, job.id, error)
        except Exception:
            state, job.problem = "failed", "an internal error; the log of the server has more"
            log.exception("internal error: the job %s (%s) has failed", job.kind, job.id)
        finally:
            job.state, job.ended = state, self._clock()
            job.finished.set()
