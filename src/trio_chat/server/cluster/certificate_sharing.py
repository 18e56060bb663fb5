"""The certificate that servers make themselves is the same on all nodes of a cluster.

Clients know the server by the key of that certificate, and browsers by the private authority that
has signed it. A node that has none asks by the log, and another node answers with its files. They
are encrypted to a key that the asking node has made for this question and keeps in memory (HPKE,
RFC 9180), so that the log, its copies and its backups have nothing that could be used later.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import trio
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from trio_chat.cluster.entries import CertificateGiven, CertificateWanted, Entry, Item, Reported
from trio_chat.cluster.lives import Life
from trio_chat.cluster.machine import Machine
from trio_chat.cluster.survey import Survey
from trio_chat.private import replace_bytes
from trio_chat.server.certificate_files import OwnFiles
from trio_chat.server.cluster.readiness import Readiness
from trio_chat.server.private_authority import AuthorityError, load_key, public_bytes

log = logging.getLogger("trio_chat")

_AGAIN = 2.0
"""Seconds after which a question without an answer is asked again."""
_WAIT = 4.0
"""Seconds for an answer, for each older node; then a node makes a certificate itself."""
_MOST_WAIT = 20.0
_LONGEST = 1 << 16
"""Bytes of a file that is sent."""
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class SharingNode(Protocol):
    """What is needed of a node.

    Attributes:
        name: its name.
        machine: knows which nodes live.
        survey: knows the keys of the nodes.
        readiness: does not serve clients before the certificate is there.
    """

    name: str
    machine: Machine
    survey: Survey
    readiness: Readiness

    def submit(self, item: Item) -> None:
        """Have an item appended to the log."""


class SharedFiles(msgspec.Struct, array_like=True):
    """The contents of `OwnFiles`; b"" for a file that is not there."""

    leaf: bytes
    authority: bytes
    authority_key: bytes
    former: bytes


class CertificateSharing:
    """The exchange of the certificate with the other nodes.

    Args:
        node: this node.
        files: of its certificate; None if it uses no TLS, or a certificate of the administrator's.
        key: returns the fingerprint of the key that it shows, or "".
    """

    def __init__(self, node: SharingNode, files: OwnFiles | None, key: Callable[[], str]) -> None:
        self._node = node
        self._files = files
        self._key = key
        self._private: X25519PrivateKey | None = None
        self._answer: tuple[str, bytes] = "", b""
        self._is_answered = trio.Event()
        self._wanted: dict[str, CertificateWanted] = {}
        self._is_wanted = trio.Event()
        self._declared: set[tuple[str, str]] = set()
        if files is not None:
            node.readiness.obstacle = "waits for the certificate of the other nodes"

    def take(self, entry: Entry) -> None:
        """Take an entry that was carried out; entries from before the life of this node do not
        come here.
        """
        life = self._node.machine.lives.of(entry.node)
        if self._files is None or life is None or life.is_over or life.epoch != entry.epoch:
            return
        for item in entry.items:
            if isinstance(item, CertificateWanted) and life is not self._node.machine.life:
                self._wanted[entry.node] = item
                self._is_wanted.set()
            elif isinstance(item, CertificateGiven) and self._is_for_this(item):
                self._answer = entry.node, item.sealed
                self._is_answered.set()
            elif isinstance(item, Reported):
                self._compare(life, item.key)

    async def obtain(self) -> None:
        """Get the certificate of the other nodes if this one has none and others live, and let the
        node serve clients then. Without an answer, it makes one itself at its first use.
        """
        files, older = self._files, len(self._older())
        if files is not None and older and not await trio.to_thread.run_sync(_has_some, files):
            with trio.move_on_after(min(_MOST_WAIT, _WAIT * older)) as waiting:
                await self._ask(files)
            if waiting.cancelled_caught:
                log.warning(
                    "no other node has sent its certificate, so this one makes one of its own"
                )
        self._private = None
        self._node.readiness.obstacle = ""

    async def run(self) -> None:
        """Answer other nodes, for ever."""
        files = self._files
        while files is not None:
            await self._is_wanted.wait()
            self._is_wanted = trio.Event()
            while self._wanted:
                name, wanted = self._wanted.popitem()
                life = self._node.machine.lives.of(name)
                if life is None or self._is_left_to_older():
                    continue
                sealed = await trio.to_thread.run_sync(_seal, files, name, wanted.public)
                if sealed:
                    log.info("the node %s has got the certificate of this one", name)
                    self._node.submit(CertificateGiven(name, life.epoch, sealed))

    async def _ask(self, files: OwnFiles) -> None:
        self._private = private = X25519PrivateKey.generate()
        while True:
            self._is_answered = trio.Event()
            self._node.submit(CertificateWanted(private.public_key().public_bytes_raw()))
            with trio.move_on_after(_AGAIN):
                await self._is_answered.wait()
                giver, sealed = self._answer
                try:
                    await trio.to_thread.run_sync(_open, files, self._node.name, private, sealed)
                except (AuthorityError, OSError, InvalidTag, ValueError) as error:
                    log.error("the certificate of the node %s cannot be used: %s", giver, error)
                    await trio.sleep(_AGAIN)
                else:
                    log.info("this node has got the certificate of the node %s", giver)
                    return

    def _is_for_this(self, item: CertificateGiven) -> bool:
        life = self._node.machine.life
        return (
            self._private is not None
            and life is not None
            and (item.node, item.epoch) == (life.node, life.epoch)
        )

    def _older(self) -> list[Life]:
        """Return the lives of the other nodes that live, and have begun before this one."""
        own, lives = self._node.machine.life, self._node.machine.lives
        return [
            life
            for life in lives
            if not life.is_over and own is not None and life.number < own.number
        ]

    def _is_left_to_older(self) -> bool:
        """Return whether an older node has the certificate, and answers."""
        keys = {each.name: each.key for each in self._node.survey.nodes() if each.is_alive}
        return any(keys.get(life.node) for life in self._older())

    def _compare(self, life: Life, key: str) -> None:
        """Log once that an older node has another key, which clients notice."""
        own, files = self._key(), self._files
        if not own or key in ("", own) or files is None or life not in self._older():
            return
        if (life.node, key) not in self._declared:
            self._declared.add((life.node, key))
            log.error(
                "the TLS key of this node is not that of %s, which is older: clients that know that"
                " one refuse this node. Stop it, move %s, %s and %s away, and start it again: it"
                " gets those of the other nodes",
                life.node,
                files.leaf,
                files.authority,
                files.authority_key,
            )


def _has_some(files: OwnFiles) -> bool:
    """Return whether a node has something by which clients know it."""
    return any(file.exists() for file in files)


def _seal(files: OwnFiles, name: str, public: bytes) -> bytes:
    """Return the encrypted files for a node; b"" if there are none, or that is no key."""
    contents = SharedFiles(*map(_read, files))
    if not contents.leaf:
        return b""
    try:
        key = X25519PublicKey.from_public_bytes(public)
        return _SUITE.encrypt(msgspec.msgpack.encode(contents), key, info=name.encode())
    except ValueError:
        return b""


def _open(files: OwnFiles, name: str, private: X25519PrivateKey, sealed: bytes) -> None:
    """Write what another node has encrypted for this one; the leaf last, as with it all is there.

    Raises:
        InvalidTag, ValueError, AuthorityError: it is not what this node has asked for.
        OSError: the files cannot be written.
    """
    plain = _SUITE.decrypt(sealed, private, info=name.encode())
    contents = msgspec.msgpack.decode(plain, type=SharedFiles)
    certificate = x509.load_pem_x509_certificates(contents.leaf)[0]
    if public_bytes(certificate.public_key()) != public_bytes(load_key(contents.leaf).public_key()):
        raise AuthorityError("the private key is of another certificate")
    for path, data in (
        (files.authority_key, contents.authority_key),
        (files.authority, contents.authority),
        (files.former, contents.former),
        (files.leaf, contents.leaf),
    ):
        if data:
            replace_bytes(path, data)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_LONGEST)
    except OSError:
        return b""
