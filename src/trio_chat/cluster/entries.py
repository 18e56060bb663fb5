"""Entries of the log: a batch of items that one node appends.

A node is named by the operator. Each start of it is another **life**, with an epoch that is greater
than those before, and numbers its entries from 1.
"""

from dataclasses import dataclass, field

from trio_chat.chat.changes import Change
from trio_chat.chat.world import RULES_VERSION


@dataclass(frozen=True, slots=True)
class Item:
    """A part of an entry; each subclass is one kind."""


@dataclass(frozen=True, slots=True)
class Begun(Item):
    """A life of a node begins; its sessions of a former life are gone. The first item of a life.

    Args:
        rules: a digest of the configuration that the rules depend on.
        supports: the greatest version of the rules that the node can carry out.
    """

    rules: str
    supports: int = RULES_VERSION


@dataclass(frozen=True, slots=True)
class Raised(Item):
    """A greater version of the rules is in force from here on.

    It counts if all nodes that live support the version where the item stands in the log.

    Args:
        version: the version.
    """

    version: int


@dataclass(frozen=True, slots=True)
class Registered(Item):
    """A session has sent everything for its registration, which may still be refused.

    Args:
        session: its number on its node; all items name sessions so.
        caps: its capabilities, as bits.
        nick: of NICK.
        username: of USER.
        realname: of USER.
        address: its real address.
        host: what other users see instead.
        payer: what quotas count it by; see `Session`.
        certificate: the fingerprint of its certificate, or "".
        is_secure: whether its connection is encrypted.
        connected: seconds of Unix time.
        account: the number of the account that it is logged in to, or 0.
        away: its away message, or "".
        metadata: what it has set for the user to be.
        version: `Accounts.version` of the account, as of its login; the session is not logged in if
            it is another one.
        app_password: the hash of the app password by which it is logged in, or "".
    """

    session: int
    caps: int
    nick: str
    username: str
    realname: str
    address: str
    host: str
    payer: str
    certificate: str
    is_secure: bool
    connected: float
    account: int
    away: str
    metadata: tuple[tuple[str, str], ...]
    version: int = 0
    app_password: str = ""


@dataclass(frozen=True, slots=True)
class Said(Item):
    """A client has sent a command, as one line, or as all lines of a batch.

    Args:
        session: the session.
        caps: its capabilities now, as bits.
        lines: without line ends; an empty one stands for one that was too long.
    """

    session: int
    caps: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ended(Item):
    """The connection of a session is gone.

    Args:
        session: the session.
        reason: shown to others by QUIT.
    """

    session: int
    reason: str


@dataclass(frozen=True, slots=True)
class Decided(Item):
    """A node has decided on a change, such as a login after it has checked a password.

    Args:
        change: the change.
        subjects: the fields of it that name a user or a channel, with `User.identity` or
            `Channel.founded`; see `decisions`.
    """

    change: Change
    subjects: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Lost(Item):
    """A node has not appended anything for so long that its life is over.

    Every node says so of another one; it counts if it is still true where it stands in the log.

    Args:
        node: its name.
        epoch: of the life.
    """

    node: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Check(Item):
    """All nodes take a snapshot after this entry, and compare its digest."""


@dataclass(frozen=True, slots=True)
class Checked(Item):
    """The digest of the snapshot that a node has taken.

    Args:
        check: the number of the check, from 1.
        digest: of the snapshot.
    """

    check: int
    digest: str


@dataclass(frozen=True, slots=True)
class Founded(Item):
    """A node without a state of its own begins the log; the first one counts.

    Args:
        origin: a digest of what its database has: a node without a state begins with the same.
        secrets: what all nodes have in common and no configuration has, by its names.
    """

    origin: str
    secrets: tuple[tuple[str, bytes], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stopped(Item):
    """A node stops, and all its sessions end. The last item of a life."""


@dataclass(frozen=True, slots=True)
class Reported(Item):
    """A node says how it stands. It changes no state: operators are shown it.

    Args:
        version: of trio-chat.
        time: by the clock of the node, in seconds of Unix time.
        position: up to which entry the node has carried out everything, and delivered it.
        carried: the time of that entry by the log.
        sessions: how many registered sessions the node has.
        unfinished: items of the node that it has not carried out yet.
        check: the number of the last check of which the node has the digest; 0 before the first.
        digest: of the state after that check, or "".
        ended: the lives that are over: the name of the node, the epoch, when it ended by the log,
            and whether the node was lost.
        supports: the greatest version of the rules that the node can carry out; 0 if unknown.
        in_force: the version of the rules that is in force; 0 if unknown.
        key: SHA-256 of the key in the certificate that the node has made, in hexadecimal; "" if it
            has made none.
        address: the URL by which other nodes reach it, or "".
    """

    version: str
    time: float
    position: str
    carried: float
    sessions: int
    unfinished: int
    check: int
    digest: str
    ended: tuple[tuple[str, int, float, bool], ...]
    supports: int = 0
    in_force: int = 0
    key: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class CertificateWanted(Item):
    """A node has no certificate, and asks the others for theirs. It changes no state.

    Args:
        public: the public key (X25519) to which the answer is to be encrypted.
    """

    public: bytes


@dataclass(frozen=True, slots=True)
class CertificateGiven(Item):
    """A node answers `CertificateWanted`. It changes no state.

    Args:
        node: the node that has asked.
        epoch: of its life.
        sealed: the files of the certificate, encrypted to the key of the question.
    """

    node: str
    epoch: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log.

    Args:
        node: the name of the node.
        epoch: of its life.
        sequence: its number in this life, from 1.
        items: may be none: the entry says that the node is alive.
    """

    node: str
    epoch: int
    sequence: int
    items: tuple[Item, ...]
