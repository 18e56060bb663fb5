"""The engine of a cluster's log, by its address."""

import sys
from pathlib import Path

import pytest

from trio_chat.config import ClusterSettings
from trio_chat.server.cluster.engines import make_log, read_password
from trio_chat.server.cluster.log import LogRefused
from trio_chat.server.cluster.postgres_log import PostgresLog
from trio_chat.server.cluster.redis_log import RedisLog


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://localhost", RedisLog),
        ("rediss://:pw@redis.example/x", RedisLog),
        ("postgresql://localhost/x", PostgresLog),
        ("postgres://me@db.example/x", PostgresLog),
    ],
)
async def test_the_scheme_is_that_of_the_engine(url: str, kind: type) -> None:
    """Nothing is sent before the log is used."""
    log = make_log(url, "secret")
    assert isinstance(log, kind)
    await log.aclose()


def test_the_file_of_the_password_is_named_if_it_cannot_be_read(tmp_path: Path) -> None:
    """With the key of config.ini that names it."""
    settings = ClusterSettings(password_file=tmp_path / "none")
    with pytest.raises(LogRefused, match=r"\[cluster\] password_file: .*none cannot be read: No"):
        read_password(settings)


@pytest.mark.parametrize("url", ["", "mysql://localhost/x", "postgresql-13://x"])
def test_another_scheme_is_refused(url: str) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match="the address of the engine begins with"):
        make_log(url)


@pytest.mark.parametrize(
    ("url", "adapter", "extra"),
    [
        ("redis://localhost", "redis_log", "cluster"),
        ("postgresql://localhost/x", "postgres_log", "cluster-postgres"),
    ],
)
def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, adapter: str, extra: str
) -> None:
    """The operator gets the command that installs it."""
    monkeypatch.setitem(sys.modules, f"trio_chat.server.cluster.{adapter}", None)
    with pytest.raises(LogRefused, match=rf"pip install .*\[{extra}\]"):
        make_log(url)
