"""The values that all nodes of a cluster have in common, and REHASH of them."""

import json
import os
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from storage_fakes import ListHistory
from support import NOON, Clock
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.cloaks import Cloaks
from trio_chat.chat.control import RehashError
from trio_chat.chat.moderation.probation import ModerationRules
from trio_chat.chat.push import VapidKeys
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.cluster import rules
from trio_chat.cluster.machine import RulesDiffer
from trio_chat.config import KEYS, LimitSettings, ServerSettings, Settings
from trio_chat.irc.isupport import Lengths
from trio_chat.server import rehash
from trio_chat.server.app import Server
from trio_chat.server.cluster.explanations import differing

VAPID = VapidKeys(b"private", b"public")


def digests(
    server_info: ServerInfo | None = None,
    lengths: Lengths | None = None,
    whowas: int = 200,
    storage: StoragePorts | None = None,
    cloaks: Cloaks | None = None,
) -> rules.Digests:
    """Return the digests of values, most of which are the defaults."""
    return rules.digests(
        server_info or ServerInfo(),
        lengths or Lengths(),
        whowas,
        storage or StoragePorts(history=ListHistory()),
        cloaks,
    )


def other(value: object) -> object:
    """Return another value of the same type."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case tuple():
            return (*value, "x")
        case _:
            return f"{value}x"


@pytest.mark.parametrize("kind", rules.COMMON)
def test_every_field_is_classified_once(kind: type) -> None:
    """A new field without a decision about it would let nodes differ, or refuse nodes."""
    names = {each.name for each in fields(kind)} if is_dataclass(kind) else set(Lengths._fields)
    common, own = set(rules.COMMON[kind]), set(rules.OWN.get(kind, {}))
    assert common | own == names
    assert not common & own


@pytest.mark.parametrize("kind", [ServerInfo, AccountRules, ModerationRules, Lengths])
def test_each_common_value_is_compared(kind: type) -> None:
    """A node with another one is named it, and nothing else."""
    before = digests()
    for field, name in rules.COMMON[kind].items():
        values = {field: other(getattr(kind(), field))}
        if kind is Lengths:
            changed = digests(lengths=Lengths(**values))  # type: ignore[arg-type]
        elif kind is AccountRules:
            changed = digests(ServerInfo(account_rules=AccountRules(**values)))  # type: ignore[arg-type]
        elif kind is ModerationRules:
            changed = digests(ServerInfo(moderation=ModerationRules(**values)))  # type: ignore[arg-type]
        else:
            changed = digests(ServerInfo(**values))  # type: ignore[arg-type]
        assert rules.difference(before, changed) == [name]


@pytest.mark.parametrize("kind", [ServerInfo, AccountRules, ModerationRules, Lengths])
def test_names_of_values_are_keys(kind: type) -> None:
    """An operator finds them in config.ini."""
    for name in rules.COMMON[kind].values():
        section, _, key = name.removeprefix("[").partition("] ")
        assert key in KEYS[section], name


def test_what_is_only_shown_may_differ() -> None:
    """Nodes can say where they are."""
    info = ServerInfo(motd=("hello",), created=NOON, description="In Berlin", password="x")
    assert digests(info) == digests()


def test_the_order_of_user_modes_does_not_matter() -> None:
    """They are a set."""
    assert digests(ServerInfo(user_modes="iw")) == digests(ServerInfo(user_modes="wi"))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        (digests(whowas=3), "[limits] whowas_entries"),
        (digests(cloaks=Cloaks(b"x", accounts=True)), "[server] cloak"),
        (digests(storage=StoragePorts(history=ListHistory(), vapid=VAPID)), ""),
        (digests(ServerInfo(has_push=True)), ""),
        (
            digests(
                ServerInfo(has_push=True), storage=StoragePorts(history=ListHistory(), vapid=VAPID)
            ),
            "the key of push messages",
        ),
    ],
)
def test_what_is_no_field_is_compared_too(changed: rules.Digests, name: str) -> None:
    """Cloaks, sizes, and the key of push messages as far as there are any."""
    text = rules.describe_difference(rules.to_text(digests()), rules.to_text(changed))
    assert (name in text) if name else changed == digests()


def test_another_secret_of_the_cloaks_is_noticed_and_not_revealed() -> None:
    """A ban of a cloak has to fit on all nodes."""
    one, two = (digests(cloaks=Cloaks(secret)) for secret in (b"first", b"second"))
    assert rules.difference(one, two) == ["[server] cloak_secret"]
    assert "first" not in rules.to_text(one)


def test_another_version_is_named() -> None:
    """Also if it writes another text."""
    assert rules.VERSION in rules.describe_difference(rules.to_text(digests()), "v2")
    assert rules.VERSION in rules.describe_difference(rules.to_text(digests()), "[]")


def test_processes_with_other_hash_seeds_have_equal_digests() -> None:
    """Nothing depends on the order of a set."""
    code = (
        "from trio_chat.cluster import rules\n"
        "from trio_chat.config import Settings\n"
        "from trio_chat.server import rehash\n"
        "print(rules.to_text(rehash.common(Settings(), None, b'')))"
    )
    source = str(Path(rules.__file__).parents[2])
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": source},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(texts) == 1
    assert json.loads(texts.pop())


def node(new: Settings, *, is_replicated: bool = True) -> Server:
    """Return a node, whose configuration has changed."""
    server = Server(
        Settings(), Clock(NOON), StoragePorts(history=ListHistory(), secret=b"x"), load=lambda: new
    )
    server.world.is_replicated = is_replicated
    return server


async def rehashed(server: Server) -> list[str]:
    """Have a server read its configuration again."""
    assert server.world.control is not None
    return await server.world.control.rehash()


COMMON = Settings(server=ServerSettings(motd=("new",), default_user_modes="iw"))


async def test_a_node_refuses_to_change_what_all_have_in_common() -> None:
    """One sentence says what to do; nothing is changed."""
    server = node(COMMON)
    with pytest.raises(RehashError, match=r"stop all .* new values: \[server\] default_user_modes"):
        await rehashed(server)
    assert server.world.server_info.motd == ()


async def test_a_node_changes_what_is_its_own() -> None:
    """As a server that is alone does."""
    server = node(replace(Settings(), server=ServerSettings(motd=("new",))))
    assert await rehashed(server) == ["Changed at once: [server] motd"]
    assert server.world.server_info.motd == ("new",)


async def test_a_server_that_is_alone_changes_what_nodes_have_in_common() -> None:
    """Nobody else has to agree."""
    await rehashed(node(COMMON, is_replicated=False))


def test_what_only_a_restart_changes_is_no_reason_to_refuse() -> None:
    """It is not taken now."""
    server = node(Settings())
    new = replace(Settings(), limits=LimitSettings(lengths=Lengths(nick=9)))
    assert rehash.why_not_in_cluster(server, new) == ""


def test_a_node_says_what_another_one_has_differently() -> None:
    """The operator knows what to change."""
    own, others = (rules.to_text(digests(lengths=Lengths(nick=most))) for most in (9, 32))
    text = differing(RulesDiffer("there", others, own))
    assert "the node there" in text
    assert "[limits] nick_length" in text


def test_the_documentation_names_each_common_key() -> None:
    """An operator need not find out by a refusal."""
    page = Path(__file__).parents[1] / "docs" / "operations.md"
    section = page.read_text("utf-8").split("## What the nodes of a cluster have in common")[1]
    table = section.split("What is of one node")[0]
    rows = dict(re.findall(r"\| `\[(\w+)\]` \| (.*) \|", table))
    named = {
        f"[{name}] {key}" for name, keys in rows.items() for key in re.findall(r"`(\w+)`", keys)
    }
    assert named == {name for name in digests() if name.startswith("[")}
