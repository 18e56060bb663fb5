"""Certificates and invitations with the real programs: the server, its pages, and the commands."""

import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import trio
from programs import PATIENCE, Program, program, server
from test_operator_programs import wire

from trio_chat.server import certificates
from trio_chat.server.accounts import COSTS
from trio_chat.server.certificate_files import Files

ACCOUNTS = "[accounts]\nhash_cost = low\n[operator root]\npassword = {hash}\nrights = accounts\n"


async def run(directory: Path, *arguments: str) -> str:
    """Run a command of the server's configuration to its end, and return what it prints."""
    command, *rest = arguments
    done = await trio.run_process(
        [sys.executable, "-m", "trio_chat", command, *rest, "--config", "server.ini"],
        cwd=directory,
        capture_stdout=True,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.decode()


async def fetch(address: str) -> bytes:
    """Return a page."""

    def read() -> bytes:
        assert address.startswith("http://")
        with urllib.request.urlopen(address, timeout=PATIENCE) as page:
            data = page.read()
        assert isinstance(data, bytes)
        return data

    return await trio.to_thread.run_sync(read)


async def verify(address: str, name: str, authority: bytes) -> None:
    """Verify the certificate of a server as a device does that trusts an authority.

    Raises:
        ssl.SSLCertVerificationError: it is not valid for this name.
    """
    host, port = address.split(":")
    context = ssl.create_default_context(cadata=authority.decode())

    def connect() -> None:
        with (
            socket.create_connection((host, int(port)), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=name),
        ):
            pass

    await trio.to_thread.run_sync(connect)


async def fingerprints(running: Program) -> tuple[str, str]:
    """Return what the server prints: the fingerprints of the certificate and of its key."""
    lines = [await running.out.until(f"Its TLS {what} has") for what in ("certificate", "key")]
    certificate, key = (line.split()[-1] for line in lines)
    return certificate, key


async def connects(directory: Path, address: str, fingerprint: str) -> None:
    """Connect with the client, which accepts only the server with a fingerprint."""
    arguments = ["connect", address, "--nick", "ann", "--plain", "--fingerprint", fingerprint]
    async with program(arguments, directory) as ann:
        await ann.out.until("You have joined #lobby")


async def test_a_device_that_installs_the_authority_trusts_the_server(tmp_path: Path) -> None:
    """By what `/ca.pem` gives, without TLS; also after a renewal while the server runs."""
    async with server(tmp_path) as (running, address):
        shown, key = await fingerprints(running)
        authority = await fetch(f"http://{address}/ca.pem")
        for name in ("localhost", "127.0.0.1"):
            await verify(address, name, authority)
        with pytest.raises(ssl.SSLCertVerificationError):
            await verify(address, "bank.example", authority)
        assert b"fingerprint" in await fetch(f"http://{address}/ca?lang=en")
        await connects(tmp_path, address, shown)
        await run(tmp_path, "certificate", "renew")
        facts = dict(
            line.split("\t", 1)
            for line in (await run(tmp_path, "certificate", "show")).splitlines()
        )
        assert (facts["key"], facts["certificate"] != shown) == (key, True)
        await connects(tmp_path, address, key)  # before the server has noticed it, or after
        running.stop()
        assert await running.wait() == 0


async def test_an_earlier_installation_keeps_its_fingerprint(tmp_path: Path) -> None:
    """The server prints the one that clients know, and what a browser receives is verified."""
    (tmp_path / "trio-chat.db.pem").write_bytes(certificates.make("chat.local"))
    former = certificates.check(Files(tmp_path / "trio-chat.db.pem", tmp_path / "trio-chat.db.pem"))
    async with server(tmp_path) as (running, address):
        shown, key = await fingerprints(running)
        assert shown == former
        for known in (former, key):
            await connects(tmp_path, address, known)


async def made_link(tmp_path: Path) -> str:
    """Return a link into #a that the command alongside the server makes."""
    lines = (await run(tmp_path, "invite", "a")).splitlines()
    (link,) = [line for line in lines if line.startswith("http")]  # what explains it may come first
    return link


async def test_a_link_lets_a_guest_in(tmp_path: Path) -> None:
    """Into a closed channel, from the command alongside the server and from its operator; and one
    registers an account.
    """
    settings = ACCOUNTS.format(hash=COSTS["low"].hasher().hash("secret word"))
    settings = settings.replace("hash_cost = low", "hash_cost = low\nregistration = invitation")
    async with server(tmp_path, settings) as (_running, address):
        async with wire(address, "root") as root, wire(address, "guest") as guest:
            await root.say("OPER root :secret word")
            await root.until(" 381 ")
            await root.say("INVITATION CREATE *")
            token = (await root.until("INVITATION CREATED *")).split()[-2]
            await root.say(f"REGISTER * * hunter22 {token}")
            await root.until("REGISTER SUCCESS")
            await root.say("JOIN #a", "CS REGISTER #a", "MODE #a +ik sesame", "PING x")
            await root.until("PONG")
            link = await made_link(tmp_path)
            token = link.rpartition("=")[2]
            with trio.fail_after(PATIENCE):
                listed = ""
                while "ENTRY" not in listed:  # the server looks every few seconds
                    await root.say("INVITATION LIST #a")
                    listed = await root.until("INVITATION E")
            await guest.say(f"JOIN #a {token}")
            await guest.until(" JOIN ")
            link = await made_link(tmp_path)
            fragment = link.partition("#")[2]
            with trio.fail_after(PATIENCE):
                while listed.count("ENTRY") < 2:
                    await root.say("INVITATION LIST #a")
                    listed = await root.until("INVITATION E") + await root.until("INVITATION E")
            arguments = ["connect", f"http://{address}/#{fragment}", "--nick", "bob", "--plain"]
            async with program(arguments, tmp_path) as bob:
                await bob.out.until("You have joined #a")
        async with wire(address, "other") as other:
            await other.say(f"JOIN #a {token}")
            await other.until(" 473 ")
