"""A whole server with a database, and a push service over TLS: over a restart, and after REHASH."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
import trio

from edge import Edge, End
from push_fakes import DeviceFake, PushServiceFake, push_service
from support import NOON, Clock
from trio_chat.config import PushSettings, ServerSettings, Settings, StorageSettings
from trio_chat.irc.message import parse
from trio_chat.server import rehash
from trio_chat.server.app import Server
from trio_chat.server.binding import bound_to
from trio_chat.server.listeners import open_listeners
from trio_chat.server.open_storage import open_storage
from trio_chat.server.push.service import PushService
from trio_chat.server.state import load_state
from trio_chat.storage.database import open_database


def settings(directory: Path) -> Settings:
    """Return settings with a database in a directory."""
    return Settings(
        server=ServerSettings(shutdown_grace=1),
        storage=StorageSettings(file=directory / "chat.db", synchronous="off"),
        push=PushSettings(delay=0),
    )


@asynccontextmanager
async def started(directory: Path, service: PushServiceFake) -> AsyncIterator[Edge]:
    """Run a server that reaches a push service."""
    given = settings(directory)
    async with open_storage(given.storage, "low") as memory:
        server = Server(given, Clock(NOON), memory)
        assert memory is not None
        assert memory.store is not None
        await load_state(server.world, memory.store)
        assert isinstance(server.world.push_delivery, PushService)
        server.world.push_delivery._client = service.client()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.broadcaster.run)
            nursery.start_soon(server.world.push_delivery.run)
            async with trio.open_nursery() as clients:
                yield Edge(server, clients)
                clients.cancel_scope.cancel()
            nursery.cancel_scope.cancel()


async def connected(here: Edge, nick: str) -> End:
    """Return a registered client."""
    end = here.connect()
    await end.send(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n".encode())
    await end.until("422")
    return end


async def registered(here: Edge, device: DeviceFake) -> End:
    """Return Ann, who stays in #a and has a device."""
    ann = await connected(here, "ann")
    await ann.send(b"JOIN #a\r\nNS REGISTER secret-word\r\n")
    await ann.until("900")
    await ann.send(b"NS SET always-on on\r\n")
    await ann.send(f"WEBPUSH REGISTER {device.endpoint} {device.keys}\r\n".encode())
    answer = await ann.until("WEBPUSH")
    assert answer.params == ("REGISTER", device.endpoint)
    return ann


async def test_a_message_reaches_a_device(tmp_path: Path) -> None:
    """What a client sends arrives at the device, decrypted with its keys, when it is stored."""
    async with push_service() as service, started(tmp_path, service) as here:
        device = service.device()
        await registered(here, device)
        assert " NOTE WEBPUSH REGISTERED " in (await service.received()).line
        bob = await connected(here, "bob")
        await bob.send(b"PRIVMSG ann :hello\r\n")
        line = parse((await service.received()).line)
        assert (line.command, line.params) == ("PRIVMSG", ("ann", "hello"))
        assert line.source.startswith("bob!")
        assert here.server.statistics().push.devices == 1


async def test_devices_survive_a_restart(tmp_path: Path) -> None:
    """After a restart the devices are there, with the same key of the server, and an always-on user
    that has not come back is notified.
    """
    async with push_service() as service:
        device = service.device()
        async with started(tmp_path, service) as here:
            ann = await registered(here, device)
            await service.received()
            before = here.server.world.advertised.tokens
            await ann.send(b"NS PUSH WORDS +lunch\r\n")
            await ann.until("NOTICE")
        async with started(tmp_path, service) as here:
            assert here.server.world.push.rules[1].words == ("lunch",)
            assert here.server.world.advertised.tokens == before
            bob = await connected(here, "bob")
            await bob.send(b"JOIN #a\r\nPRIVMSG #a :ann: hello\r\n")
            received = await service.received()
            assert received.device is device
            assert parse(received.line).params == ("#a", "ann: hello")


async def test_a_key_that_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Devices of a key that is lost are removed, as push services refuse messages by another one;
    a device registers again with the new key.
    """
    async with push_service() as service:
        device = service.device()
        async with started(tmp_path, service) as here:
            ann = await registered(here, device)
            await service.received()
            await ann.send(b"PRIVMSG ann :note\r\n")
            await ann.until("PRIVMSG")
            before = here.server.world.advertised.tokens
        async with open_database(tmp_path / "chat.db") as database:
            await database.write(_lose_key)
        async with started(tmp_path, service) as here:
            assert here.server.world.advertised.tokens != before
            assert not here.server.world.push.by_account
    assert (
        "the key for push messages is lost: accounts that have to enable them again: 1"
        in caplog.text
    )


def _lose_key(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM secret WHERE name = 'vapid'")


async def test_a_device_that_is_gone_stays_away(tmp_path: Path) -> None:
    """A device that its push service knows no longer is deleted from the database, too."""
    async with push_service() as service:
        device = service.device()
        async with started(tmp_path, service) as here:
            ann = await registered(here, device)
            await service.received()
            await ann.send(f"WEBPUSH UNREGISTER {device.endpoint}\r\n".encode())
            await ann.until("WEBPUSH")  # which confirms that it is stored
        async with started(tmp_path, service) as here:
            assert not here.server.world.push.by_account
            assert here.server.world.always_on.of(1) is not None


async def test_what_waits_is_sent_when_the_server_stops(tmp_path: Path) -> None:
    """A message that waits to be seen is pushed within the grace time of the shutdown."""
    given = replace(
        settings(tmp_path),
        server=ServerSettings(host=("127.0.0.1",), port=0, shutdown_grace=30, cloak=False),
        push=PushSettings(delay=300),
    )
    async with push_service() as service, open_storage(given.storage, "low") as memory:
        device, server = service.device(), Server(given, Clock(NOON), memory)
        assert isinstance(server.world.push_delivery, PushService)
        server.world.push_delivery._client = service.client()
        listeners = await open_listeners(given)
        port = bound_to(listeners[0].socket)[1]
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, listeners)
            ann, bob = [End(await trio.open_tcp_stream("127.0.0.1", port)) for _ in range(2)]
            await ann.send(b"NICK ann\r\nUSER ann 0 * :ann\r\nNS REGISTER secret-word\r\n")
            await ann.until("900")
            await ann.send(f"WEBPUSH REGISTER {device.endpoint} {device.keys}\r\n".encode())
            await ann.until("WEBPUSH")
            await bob.send(b"NICK bob\r\nUSER bob 0 * :bob\r\nPRIVMSG ann :hello\r\n")
            await ann.until("PRIVMSG")
            server.stop()
        for end in (ann, bob):
            await end.stream.aclose()
        await service.received()  # the first message
        assert parse((await service.received()).line).params == ("ann", "hello")


async def test_a_private_address_is_refused_at_registration(tmp_path: Path) -> None:
    """A user learns why its device is not registered, and the push service is not contacted."""
    async with push_service() as service, started(tmp_path, service) as here:
        delivery = here.server.world.push_delivery
        assert isinstance(delivery, PushService)
        delivery._client = None  # the one that a real server has
        ann, device = await connected(here, "ann"), service.device()
        await ann.send(b"NS REGISTER secret-word\r\n")
        await ann.until("900")
        await ann.send(f"WEBPUSH REGISTER {device.endpoint} {device.keys}\r\n".encode())
        failure = await ann.until("FAIL")
        assert failure.params[:2] == ("WEBPUSH", "INVALID_PARAMS")
        assert failure.params[-1].endswith("its address is not public")
        assert service.requests == 0


async def test_rehash_announces_push_messages(tmp_path: Path) -> None:
    """A client with cap-notify learns that push messages are disabled, and enabled again."""
    async with push_service() as service, started(tmp_path, service) as here:
        ann = here.connect()
        await ann.send(b"CAP LS 302\r\nNICK ann\r\nUSER ann 0 * :Ann\r\nCAP END\r\n")
        await ann.until("422")
        for is_enabled, word in ((False, "DEL"), (True, "NEW")):
            new = replace(settings(tmp_path), push=PushSettings(enabled=is_enabled))
            for event in rehash.apply(here.server, new).events:
                for session in event.recipients:
                    session.sink.send(event.encode(session.effective))
            message = await ann.until("CAP")
            assert message.params[1] == word
            assert "draft/webpush" in message.params[-1].split()
