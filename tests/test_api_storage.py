"""The HTTP API: storage, backups, history, uploads, and the jobs of long work."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from api_fakes import ApiEnd, api
from support import NOON, Clock
from trio_chat.chat.uploads import Upload
from trio_chat.config import (
    ClusterSettings,
    OperatorSettings,
    ServerSettings,
    Settings,
    StorageSettings,
)
from trio_chat.maintenance import backups
from trio_chat.maintenance.refusals import ResourceConflict, ResourceNotFound
from trio_chat.server.jobs import Report, end_when_cancelled
from trio_chat.server.open_storage import open_storage
from trio_chat.storage.maintenance import connected
from trio_chat.storage.uploads import directory_of

NAME = "backup-20270115T080000Z.db"
"""The name of a backup of noon."""


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[ApiEnd]:
    """Return a server with a database in a file, and a message in #a."""
    storage = StorageSettings(file=tmp_path / "chat.db", synchronous="off", reserve=0)
    async with (
        open_storage(storage, "low") as memory,
        api(Settings(storage=storage), memory) as end,
    ):
        ann = await end.person("ann", "#a")
        await ann.send(b"PRIVMSG #a :hello\r\nPRIVMSG #a :world\r\nPING 1\r\n")
        await ann.until("PONG")
        yield end


async def finished(town: ApiEnd, path: str, body: Any = None) -> Any:
    """Return a job that a request begins, once it has ended."""
    answer = await town.ask("POST", path, body)
    assert answer.status == 202, answer.text
    job = json.loads(answer.text)
    await town.here.server.site.jobs().all[job["id"]].finished.wait()
    return await town.get(f"/jobs/{job['id']}")


def directory(town: ApiEnd) -> Path:
    """Return the directory of backups."""
    settings = town.here.server.settings.storage
    assert settings.file is not None
    return backups.directory_of(settings.file, settings)


async def test_the_room_on_the_disk(town: ApiEnd) -> None:
    """In bytes."""
    shown = await town.get("/storage")
    assert shown["database_bytes"] > 0
    assert 0 < shown["free_bytes"] <= shown["total_bytes"]
    assert shown["backups_bytes"] == 0


async def test_a_backup_is_made_listed_and_deleted(town: ApiEnd) -> None:
    """Its name is made of the time, and only its owner can read it."""
    job = await finished(town, "/backups")
    assert (job["state"], job["progress"], job["problem"]) == ("done", 1.0, "")
    (shown,) = (await town.get("/backups"))["items"]
    assert shown["name"] == job["outcome"]["name"] == NAME
    assert (await town.get("/storage"))["backups_bytes"] == shown["bytes"]
    file = directory(town) / shown["name"]
    assert not file.stat().st_mode & 0o077 or file.drive
    assert (await town.ask("DELETE", f"/backups/{shown['name']}")).status == 204
    assert not file.exists()
    await town.refusal(404, "DELETE", f"/backups/{shown['name']}")


async def test_a_backup_has_what_was_said(town: ApiEnd) -> None:
    """It is a database that can be checked."""
    await finished(town, "/backups")
    report = await trio.to_thread.run_sync(backups.examine, directory(town) / NAME)
    assert report.counts["message"] == 2
    assert not report.problems


async def test_a_backup_names_no_path(town: ApiEnd) -> None:
    """A request has no body, no query, and no way out of the directory."""
    await town.refusal(400, "POST", "/backups", {"file": "/etc/passwd"})
    await town.refusal(400, "POST", "/backups?path=/tmp/x")
    outside = directory(town).parent / NAME
    outside.write_bytes(b"x")
    for name in (f"..%2F{NAME}", "..%2Fchat.db", "%2Fetc%2Fpasswd", ".hidden", "chat.db"):
        await town.refusal(404, "DELETE", f"/backups/{name}")
    assert outside.exists()


async def test_a_link_is_no_backup(town: ApiEnd, tmp_path: Path) -> None:
    """It could lead anywhere."""
    directory(town).mkdir()
    link = directory(town) / NAME
    try:
        link.symlink_to(tmp_path / "chat.db")
    except OSError:
        pytest.skip("no links here")
    assert (await town.get("/backups"))["items"] == []
    await town.refusal(404, "DELETE", f"/backups/{NAME}")
    assert (tmp_path / "chat.db").exists()


async def test_two_backups_at_once(town: ApiEnd) -> None:
    """The second one is refused."""
    jobs, gate = town.here.server.site.jobs(), trio.Event()
    job = jobs.start("backup", "me", waiting(gate))
    await town.refusal(409, "POST", "/backups")
    gate.set()
    await job.finished.wait()
    assert (await finished(town, "/backups"))["state"] == "done"


def waiting(gate: trio.Event) -> Any:
    """Return work that waits in its thread, and looks whether it is cancelled."""

    def work(report: Report) -> dict[str, Any]:
        while not trio.from_thread.run_sync(gate.is_set):
            report(1, 2)
        return {}

    return work


async def test_a_job_is_cancelled(town: ApiEnd) -> None:
    """Its thread ends at the next report."""
    job = town.here.server.site.jobs().start("check", "me", waiting(trio.Event()))
    assert (await town.get("/jobs"))["items"][0]["state"] == "running"
    assert (await town.ask("DELETE", f"/jobs/{job.id}")).status == 204
    await job.finished.wait()
    assert job.state == "cancelled"
    await town.refusal(409, "DELETE", f"/jobs/{job.id}")
    await town.refusal(404, "DELETE", "/jobs/0")


async def test_a_cancelled_backup_leaves_nothing(town: ApiEnd) -> None:
    """The statement of the database is ended, and its file deleted."""
    settings = town.here.server.settings.storage
    assert settings.file is not None
    file = settings.file

    class Ended(BaseException):  # as the cancellation of Trio is
        pass

    def end(_done: int, _total: int) -> None:
        raise Ended

    def fail() -> None:
        backups.back_up(file, directory(town) / NAME, replace=False, on_progress=end)

    directory(town).mkdir()
    fill(file)
    with pytest.raises(Ended):
        await trio.to_thread.run_sync(fail)
    assert list(directory(town).iterdir()) == []


def fill(file: Path) -> None:
    """Have so much in a database that its copy is long enough to be ended."""
    import apsw

    connection = apsw.Connection(str(file))
    connection.execute("CREATE TABLE filling (number INTEGER, text TEXT)")
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
        " INSERT INTO filling SELECT i, 'some text' FROM n"
    )
    connection.close()


async def test_a_long_statement_ends_with_its_job(town: ApiEnd) -> None:
    """A job that counts for long does not hold up the end of the server."""
    begun = trio.Event()

    def count(_report: Report) -> dict[str, Any]:
        file = town.here.server.site.jobs().database()
        with connected(file, as_it_is=True) as connection:
            end_when_cancelled(connection)
            trio.from_thread.run_sync(begun.set)
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                " SELECT max(i) FROM n"
            ).fetchall()
        return {}

    job = town.here.server.site.jobs().start("count", "me", count)
    await begun.wait()
    job.scope.cancel()
    await job.finished.wait()
    assert (job.state, job.problem) == ("cancelled", "")


async def test_jobs_end_with_the_server(tmp_path: Path) -> None:
    """Their threads do not hold it up."""
    storage = StorageSettings(file=tmp_path / "chat.db", synchronous="off")
    async with open_storage(storage, "low") as memory:
        async with api(Settings(storage=storage), memory) as town:
            job = town.here.server.site.jobs().start("check", "me", waiting(trio.Event()))
            await wait_all_tasks_blocked()
        assert job.state == "cancelled"


async def test_jobs_are_bounded(town: ApiEnd) -> None:
    """A further one is refused, and only the latest are kept."""
    jobs, gate = town.here.server.site.jobs(), trio.Event()
    for number in range(3):
        jobs.start(f"kind {number}", "me", waiting(gate))
    with pytest.raises(ResourceConflict):
        jobs.start("another kind", "me", waiting(gate))
    gate.set()
    for job in list(jobs.all.values()):
        await job.finished.wait()
    for _ in range(60):
        job = jobs.start("kind", "me", lambda _report: {})
        await job.finished.wait()
    assert len(jobs.all) <= 51


async def test_a_check_finds_nothing(town: ApiEnd) -> None:
    """The outcome has the numbers of rows."""
    job = await finished(town, "/storage/check")
    assert job["outcome"]["is_sound"] is True
    assert job["outcome"]["rows"]["message"] == 2


async def test_a_job_that_fails_says_why(town: ApiEnd) -> None:
    """As the log of the server does."""
    directory(town).write_text("a file in the place of the directory")
    job = await finished(town, "/backups")
    assert job["state"] == "failed"
    assert job["problem"]


async def test_the_history_of_channels(town: ApiEnd) -> None:
    """Conversations of users are not in it."""
    assert (await town.get("/history"))["items"] == [{"channel": "#a", "messages": 2}]


async def test_old_messages_are_deleted(town: ApiEnd) -> None:
    """As `trio-chat history prune` does."""
    clock = town.world.wall_clock
    assert isinstance(clock, Clock)
    clock.now += 60
    before = datetime.fromtimestamp(clock.now, UTC).isoformat()
    job = await finished(town, "/history/prune", {"before": before, "channel": "a"})
    assert job["state"] == "done"
    assert job["outcome"]["deleted"] == job["outcome"]["of"] >= 2
    assert (await town.get("/history"))["items"][0]["messages"] == 0


async def test_no_messages_of_a_channel_with_a_longer_name_are_deleted(town: ApiEnd) -> None:
    """`#x` has messages of its own, or none, whether somebody is in it or not."""
    zoe = await town.person("zoe", "##x")
    await zoe.send(b"PRIVMSG ##x :hello\r\nPING 1\r\n")
    await zoe.until("PONG")
    clock = town.world.wall_clock
    assert isinstance(clock, Clock)
    clock.now += 60
    before = datetime.fromtimestamp(clock.now, UTC).isoformat()
    await town.refusal(404, "POST", "/history/prune", {"before": before, "channel": "#x"})


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {}),
        (400, {"keep_days": 1, "before": "2020-01-01T00:00:00Z"}),
        (400, {"before": "2020-01-01"}),
        (400, {"before": "9999-01-01T00:00:00Z"}),
        (400, {"keep_days": -1}),
        (400, {"keep_days": 0}),
        (404, {"keep_days": 1, "channel": "#none"}),
        (404, {"keep_days": 1, "channel": "#a' OR 1=1 --"}),
    ],
    ids=str,
)
async def test_a_pruning_that_is_refused(town: ApiEnd, status: int, body: dict[str, Any]) -> None:
    """Nothing is deleted, and no job begins."""
    await town.refusal(status, "POST", "/history/prune", body)
    assert (await town.get("/jobs"))["items"] == []


async def test_a_message_is_deleted(town: ApiEnd) -> None:
    """Clients are asked to forget it; a second time there is none."""
    bob = town.here.connect()
    await bob.send(
        b"CAP REQ :message-tags draft/message-redaction echo-message\r\nNICK bob\r\n"
        b"USER b 0 * :b\r\nCAP END\r\nJOIN #a\r\nPRIVMSG #a :wrong\r\n"
    )
    said = await bob.until("PRIVMSG")
    while said.params[-1] != "wrong":
        said = await bob.until("PRIVMSG")
    path = f"/history/%23a/{said.tags['msgid']}"
    assert (await town.ask("DELETE", f"{path}?reason=spam")).status == 204
    seen = await bob.until("REDACT")
    assert seen.params == ("#a", said.tags["msgid"], "spam")
    await town.refusal(404, "DELETE", path)
    await town.refusal(404, "DELETE", "/history/%23a/nonsense")


async def test_uploads_are_listed_and_removed(town: ApiEnd) -> None:
    """With the names by which readers know them."""
    storage = town.world.storage
    assert storage is not None
    assert storage.uploads is not None
    for name, filename in (("a" * 22, "cat.jpg"), ("b" * 22, "50%_off.txt")):
        upload = Upload(name, filename, "image/jpeg", 5, 0, "192.0.2.1", int(NOON))
        assert await storage.uploads.add(upload, 10**6, 10**6)
    shown = (await town.get("/uploads?words=%25_"))["items"]
    assert [each["filename"] for each in shown] == ["50%_off.txt"]
    assert (await town.get("/uploads/quota"))["files"] == 2
    assert (await town.ask("DELETE", f"/uploads/{'a' * 22}")).status == 204
    await town.refusal(404, "DELETE", f"/uploads/{'a' * 22}")
    await town.refusal(404, "DELETE", "/uploads/..%2Fchat.db")
    answer = await town.ask("POST", "/uploads/forget-missing")
    assert json.loads(answer.text) == {"names": ["b" * 22]}
    assert (await town.get("/uploads"))["items"] == []
    file = town.here.server.settings.storage.file
    assert file is not None
    assert not directory_of(file).exists() or not list(directory_of(file).iterdir())


@pytest.mark.parametrize(
    "request_line",
    [
        ("GET", "/storage"),
        ("GET", "/backups"),
        ("POST", "/backups"),
        ("POST", "/storage/check"),
        ("POST", "/history/prune", {"keep_days": 1}),
        ("GET", "/history"),
        ("GET", "/uploads"),
        ("GET", "/jobs"),
        ("DELETE", "/jobs/0"),
    ],
    ids=str,
)
async def test_another_scope(town: ApiEnd, request_line: tuple[Any, ...]) -> None:
    """Nothing of the storage is for a token without its scopes."""
    other = town.token("tca_other", "accounts:read", "accounts:write", "tokens:write")
    await town.refusal(403, *request_line, token=other)


@pytest.mark.parametrize("path", ["/storage", "/backups", "/uploads", "/history"])
async def test_a_server_that_keeps_nothing(path: str) -> None:
    """It says that it has no database."""
    async with api() as town:
        await town.refusal(404, "GET", path)


def test_backups_are_bounded(tmp_path: Path) -> None:
    """A program cannot fill the disk with them, nor take its reserve."""
    file = tmp_path / "chat.db"
    file.write_bytes(b"x")
    settings = StorageSettings(file=file, reserve=2**60)
    with pytest.raises(ResourceConflict, match="room"):
        backups.make_backup(file, settings, NOON, lambda _done, _total: None)
    for number in range(100):
        (backups.directory_of(file, settings) / f"backup-20270115T08{number:04}Z.db").touch()
    with pytest.raises(ResourceConflict, match="100"):
        backups.make_backup(file, settings, NOON, lambda _done, _total: None)


def test_two_backups_in_a_second_are_a_conflict(tmp_path: Path) -> None:
    """Their names have seconds; what is said is for a program, not for the command line."""
    file = tmp_path / "chat.db"
    file.write_bytes(b"x")
    settings = StorageSettings(file=file, reserve=0)
    directory = backups.directory_of(file, settings)
    directory.mkdir()
    (directory / NAME).touch()
    with pytest.raises(ResourceConflict, match="same second"):
        backups.make_backup(file, settings, NOON, lambda _done, _total: None)


def test_only_backups_are_removed(tmp_path: Path) -> None:
    """A name with a line break after it is none, either."""
    (tmp_path / NAME).touch()
    for name in (f"{NAME}\n", f"../{tmp_path.name}/{NAME}", ""):
        with pytest.raises(ResourceNotFound):
            backups.remove_backup(tmp_path, name)
    backups.remove_backup(tmp_path, NAME)


async def test_what_an_account_has_said_is_forgotten(town: ApiEnd) -> None:
    """The account is gone at once; the job deletes its messages."""
    body = {"name": "Eve", "password": "correct horse"}
    assert (await town.ask("POST", "/accounts", body)).status == 201
    data = (await town.get("/accounts/eve/data"))["data"]
    assert data["account"]["name"] == "Eve"
    assert "horse" not in json.dumps(data)
    eve = town.here.connect()
    await eve.send(b"NICK guest\r\nUSER e 0 * :e\r\n")
    await eve.until("422")
    await eve.send(b"NS IDENTIFY Eve :correct horse\r\n")
    await eve.until("900")
    await eve.send(b"JOIN #a\r\nPRIVMSG #a :secret\r\nPING 1\r\n")
    await eve.until("PONG")
    job = await finished(town, "/accounts/eve/forget")
    assert job["outcome"]["deleted"] >= 1
    await town.refusal(404, "GET", "/accounts/eve/data")
    await town.refusal(404, "POST", "/accounts/eve/forget")
    assert (await town.get("/history"))["items"] == [{"channel": "#a", "messages": 2}]


async def test_the_configuration_has_no_secret(tmp_path: Path) -> None:
    """A key with one is named, without its value."""
    operator = OperatorSettings(name="root", password="$argon2id$SECRET")
    server = ServerSettings(password="SECRET", cloak_secret="SECRET" * 4)
    settings = Settings(server=server, operators=(operator,), cluster=ClusterSettings())
    async with api(settings) as town:
        answer = await town.ask("GET", "/configuration?limit=200")
        assert "SECRET" not in answer.text
        shown = {
            f"{each['section']} {each['key']}": each for each in json.loads(answer.text)["items"]
        }
        assert shown["server password"] == {
            "section": "server",
            "key": "password",
            "value": None,
            "is_secret": True,
        }
        assert shown["operator root password"]["value"] is None
        assert shown["limits nick_length"]["value"]


async def test_the_certificate(town: ApiEnd) -> None:
    """It can be renewed where the server makes it; the key stays."""
    before = await town.get("/certificate")
    assert before["is_own"]
    assert before["expires"]
    answer = await town.ask("POST", "/certificate/renew", {})
    assert answer.status == 200, answer.text
    after = json.loads(answer.text)
    assert after["fingerprint"] != before["fingerprint"]
    assert after["key_fingerprint"] == before["key_fingerprint"]
    await town.refusal(400, "POST", "/certificate/renew", {"key": "/etc/passwd"})
