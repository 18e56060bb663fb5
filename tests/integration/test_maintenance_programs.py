"""The maintenance commands as programs, while a server uses the database."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trio
from cryptography.hazmat.primitives import serialization
from programs import PATIENCE, program, server
from test_memory import Talker

from trio_chat.chat.history import Record
from trio_chat.server import certificates
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.json_lines import to_line

_MOST_SAID = 3000


async def run(directory: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run `trio-chat` to its end; return exit code, output and what it told."""
    with trio.fail_after(PATIENCE):
        done = await trio.run_process(
            [sys.executable, "-m", "trio_chat", "--lang", "en", *arguments],
            stdin=stdin,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            cwd=directory,
        )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def chatting(
    address: str, streams: AsyncExitStack, nursery: trio.Nursery, enough: int
) -> Sequence[Talker]:
    """Have two people talk; return them when so many messages were seen.

    They end after a while: commands give way to a server that is busy, and do not come to an end
    beside one that is busy all the time.
    """
    talkers = []
    done = trio.Event()
    for nick in ("ann", "bob"):
        stream = await streams.enter_async_context(
            await trio.open_tcp_stream("127.0.0.1", int(address.rpartition(":")[2]))
        )
        talkers.append(Talker(nick, stream))
        await talkers[-1].register()
    for talker in talkers:
        nursery.start_soon(talker.talk, enough, done, _MOST_SAID)
    with trio.fail_after(PATIENCE):
        await done.wait()
    return talkers


async def test_a_running_server_is_looked_after(tmp_path: Path) -> None:
    """While people talk: the export has what they saw, the backup is sound, and old messages go
    without anybody noticing.
    """
    async with (
        server(tmp_path) as (host, address),
        AsyncExitStack() as streams,
        trio.open_nursery() as nursery,
    ):
        ann, _ = await chatting(address, streams, nursery, enough=300)
        seen = set(ann.seen)
        code, exported, told = await run(tmp_path, "history", "export", "--config", "server.ini")
        assert (code, told) == (0, f"{exported.count(chr(10))} messages were written.\n")
        assert seen <= {json.loads(line)["msgid"] for line in exported.splitlines()}

        seen = set(ann.seen)
        assert (await run(tmp_path, "backup", "--config", "server.ini", "copy.db"))[0] == 0
        code, _, told = await run(
            tmp_path,
            "history",
            "prune",
            "--config",
            "server.ini",
            "--before",
            "2100-01-01",
            "--yes",
        )
        assert (code, told.split(" ", 1)[1]) == (0, "messages and events were deleted.\n")
        code, _, told = await run(
            tmp_path, "history", "import", "--config", "server.ini", stdin=exported.encode()
        )
        assert (code, told) == (0, f"{exported.count(chr(10))} messages are new.\n")

        code, checked, _ = await run(tmp_path, "db", "check", "--database", "copy.db")
        assert code == 0
        assert "state: sound" in checked
        code, copied, _ = await run(tmp_path, "history", "export", "--database", "copy.db")
        assert seen <= {json.loads(line)["msgid"] for line in copied.splitlines()}
        assert (await run(tmp_path, "db", "check", "--config", "server.ini"))[0] == 0
        host.stop()
        assert await host.wait() == 0
        logged = await host.out.rest()
        nursery.cancel_scope.cancel()
    assert any("shut down" in line for line in logged)
    assert not [line for line in logged if "[ERROR]" in line]


async def test_a_backup_can_be_put_in_place_of_the_database(tmp_path: Path) -> None:
    """A server starts with it, and goes on."""
    await fill(tmp_path / "old.db", 10)
    assert (await run(tmp_path, "backup", "--database", "old.db", "trio-chat.db"))[0] == 0
    async with server(tmp_path) as (host, _):
        host.stop()
        assert await host.wait() == 0
    assert (await run(tmp_path, "history", "export"))[1].count("\n") == 10


async def fill(path: Path, count: int) -> list[Record]:
    """Make a database with so many messages."""
    records = [
        Record("#a", number, "PRIVMSG", "ann!a@h", "", "x" * 200) for number in range(1, count + 1)
    ]
    async with open_database(path) as database:
        await SqliteHistory(database).commit(records)
    return records


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
async def test_ctrl_c_leaves_nothing_half_done(tmp_path: Path) -> None:
    """Exit code 130 and no traceback; the batch that was being read is not in the database."""
    (record,) = await fill(tmp_path / "trio-chat.db", 1)
    async with program(["history", "import"], tmp_path) as importing:
        await importing.stdin.send_all(to_line(record._replace(id=2)) + b"bad\n")
        await importing.out.until("line 2: not JSON")
        importing.process.send_signal(signal.SIGINT)
        assert await importing.wait() == 130
        assert await importing.out.rest() == []
    assert (await run(tmp_path, "history", "export"))[1].encode() == to_line(record)


def test_who_reads_an_export_may_stop(tmp_path: Path) -> None:
    """`trio-chat history export | head` ends without a traceback."""
    trio.run(fill, tmp_path / "trio-chat.db", 3000)
    command = [sys.executable, "-m", "trio_chat", "history", "export"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as exporting:
        assert exporting.stdout is not None
        assert exporting.stderr is not None
        exporting.stdout.readline()
        exporting.stdout.close()
        assert exporting.stderr.read() == b""
        assert exporting.wait(PATIENCE) == 1


async def test_a_second_server_on_the_same_database_does_not_start(tmp_path: Path) -> None:
    """One line that says which has it, and exit code 1; a server that was killed has it no
    longer.
    """
    async with server(tmp_path) as (host, _):
        code, _, told = await run(tmp_path, "serve", "--config", "server.ini")
        assert code == 1
        assert told.splitlines()[-1].startswith(
            f"trio-chat.db is in use by another server (process {host.process.pid} on "
        )
        assert "Traceback" not in told
        host.process.kill()
        await host.wait()
        async with server(tmp_path):
            pass


def write_certificates(directory: Path) -> None:
    """Write a certificate, its key in forms that cannot be used, and the key of another one."""
    key, _, rest = certificates.make("a").partition(b"-----BEGIN CERT")
    certificate = b"-----BEGIN CERT" + rest
    locked = serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    for name, data in {
        "a.pem": certificate,
        "a.key": key,
        "a.der": ssl.PEM_cert_to_DER_cert(certificate.decode()),
        "locked.key": locked,
        "b.key": certificates.make("b").partition(b"-----BEGIN CERT")[0],
    }.items():
        (directory / name).write_bytes(data)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ("[tls]\ncertificate = none.pem\n", "none.pem: cannot be read: No such file or directory"),
        (
            "[tls]\ncertificate = a.pem\nkey = b.key\n",
            "b.key: the private key is of another certificate than a.pem",
        ),
        (
            "[tls]\ncertificate = a.pem\nkey = locked.key\n",
            "locked.key: the private key needs a password",
        ),
        ("[tls]\ncertificate = a.der\nkey = a.key\n", "a.der: must have a certificate in the PEM"),
        (
            "[storage]\nfile = server.ini\n",
            "server.ini cannot be used: it is damaged, or not an SQLite database",
        ),
        (
            "[listener x]\npath = none/socket\n",
            "Cannot listen on none/socket: No such file or directory.",
        ),
    ],
)
async def test_what_keeps_a_server_from_starting_is_one_line(
    tmp_path: Path, settings: str, line: str
) -> None:
    """Not a traceback."""
    write_certificates(tmp_path)
    (tmp_path / "server.ini").write_text(
        f"[server]\nhost = 127.0.0.1\nport = 0\n{settings}[logging]\nfile = none\n"
    )
    code, _, told = await run(tmp_path, "serve", "--config", "server.ini")
    problems = [said for said in told.splitlines() if "[INFO]" not in said]
    assert code == 1
    assert len(problems) == 1
    assert problems[0].startswith(line)
