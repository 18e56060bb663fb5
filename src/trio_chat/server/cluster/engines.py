"""The engines in which a cluster can keep its log, by the schemes of their addresses."""

from typing import Protocol

from trio_chat.config import ClusterSettings
from trio_chat.installation import install_command
from trio_chat.server.cluster.log import EngineStatus, Log, LogRefused


class EngineLog(Log, Protocol):
    """A log that can check its engine."""

    async def check(self) -> bool:
        """Check that the engine keeps what it has taken; return whether it may lose the last
        seconds of it all the same, as far as it lets others know.

        Raises:
            LogRefused: it does not; the message says what to change.
            LogUnavailable: it cannot be reached.
        """

    async def status(self, seconds: float) -> EngineStatus:
        """Return how the engine stands, and where its log was some seconds before its end.

        Raises:
            LogUnavailable: it cannot be reached.
        """


def read_password(settings: ClusterSettings) -> str:
    """Return the password of the engine from its file, or no text without one. Blocks.

    Raises:
        LogRefused: the file cannot be read; the message names it.
    """
    file = settings.password_file
    if file is None:
        return ""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise LogRefused(f"[cluster] password_file: {file} cannot be read: {reason}") from error


def make_log(url: str, password: str = "", replicas: int | None = None) -> EngineLog:
    """Return the log at an address; nothing is sent yet.

    Args:
        url: the address of the engine.
        password: of the engine, if it is not in the address.
        replicas: on how many replicas an entry must be before it counts; as the address says if it
            is None.

    Raises:
        ValueError: it is no address of an engine; the message does not show it.
        LogRefused: a package is missing.
    """
    is_postgres = url.startswith(("postgresql:", "postgres:"))
    try:
        return (
            _postgres(url, password, replicas) if is_postgres else _redis(url, password, replicas)
        )
    except ImportError as error:
        extra = "cluster-postgres" if is_postgres else "cluster"
        raise LogRefused(f"a package is missing: `{install_command(extra)}` ({error})") from error


def _redis(url: str, password: str, replicas: int | None) -> EngineLog:
    from trio_chat.server.cluster import redis_address  # noqa: PLC0415  # only its own packages
    from trio_chat.server.cluster.redis_log import RedisLog  # noqa: PLC0415

    return RedisLog(redis_address.parse(url, password), replicas)


def _postgres(url: str, password: str, replicas: int | None) -> EngineLog:
    from trio_chat.server.cluster import postgres_address  # noqa: PLC0415
    from trio_chat.server.cluster.postgres_log import PostgresLog  # noqa: PLC0415

    return PostgresLog(postgres_address.parse(url, password), replicas)
