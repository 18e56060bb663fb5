"""Webhooks as state of the chat: ChanServ HOOK, terms, and how hooks persist."""

import re

import pytest

from cluster_town import ClusterTown
from storage_fakes import ListHistory
from support import NOON, Town
from test_chat_chanserv import logged_in, owner, sentence, town
from trio_chat.chat import snapshot
from trio_chat.chat.apply import apply
from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.changes import (
    HookDelivered,
    HookMade,
    HookRemoved,
    HooksRead,
    HookUsed,
    RelayedMessage,
)
from trio_chat.chat.hook_terms import HookTerms, parse_terms
from trio_chat.chat.hooks import LOBBY, MOST, Filter, Hook, Hooks, digest_of, from_state, leads_back
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.server.state import change_set

__all__ = ["town"]


def hook(**fields: object) -> Hook:
    """Return a webhook of the lobby."""
    return Hook(digest_of("secret"), LOBBY, "grafana", "ann", 0, int(NOON))._replace(**fields)  # type: ignore[arg-type]


# ChanServ


def test_an_operator_makes_a_hook(town: Town) -> None:
    """Its address is shown once, and only its hash is kept."""
    town.world.page_url = "https://chat.example/"
    said = sentence(owner(town).say("CS HOOK #a ADD grafana"))
    found = re.search(r"https://chat\.example/hooks/(\S+)", said)
    assert found is not None
    (made,) = town.world.hooks
    assert town.world.hooks.find(found[1]) == made
    assert found[1] not in repr(made.to_state())
    assert made.channel == town.world.channels["#a"].founded


def test_the_list_shows_where_nothing_arrives(town: Town) -> None:
    """The receiver refuses it, is not there, or may not be one; the log knows which."""
    ann = owner(town)
    ann.say("CS HOOK #a ADD out https://a.example/")
    (made,) = town.world.hooks
    apply(town.world, HookDelivered(made.digest, made.cursor, 0, int(NOON)))
    assert "nothing arrives there" in sentence(ann.say("CS HOOK #a LIST"))


@pytest.mark.parametrize("path", ["", "/slack"])
def test_a_hook_does_not_lead_back_into_its_channel(town: Town, path: str) -> None:
    """Each message would come back; another channel may be joined so."""
    town.world.page_url = "https://chat.example/"
    ann = owner(town)
    said = sentence(ann.say("CS HOOK #a ADD in"))
    secret = re.search(r"/hooks/(\S+)", said)
    assert secret is not None
    url = f"https://another-name.example/hooks/{secret[1]}{path}"
    assert "of this channel itself" in sentence(ann.say(f"CS HOOK #a ADD out {url}"))
    assert len(town.world.hooks) == 1
    assert not leads_back(town.world.hooks, LOBBY, url)


def test_hooks_are_listed_and_removed(town: Town) -> None:
    """Without their secrets; by the id or the name."""
    ann = owner(town)
    ann.say("CS HOOK #a ADD grafana signing=hush", "CS HOOK #a ADD ci https://ci.example/in/x")
    said = sentence(ann.say("CS HOOK #a LIST"))
    assert "grafana/hook, in, by ann, signed" in said
    assert "ci/hook, out, by ann, to ci.example" in said
    assert not {"hush", "/in/x"} & set(re.split(r"[ ,]", said))
    assert "is removed" in sentence(ann.say("CS HOOK #a DEL grafana"))
    (rest,) = town.world.hooks
    assert "is removed" in sentence(ann.say(f"CS HOOK #a DEL {rest.id}"))
    assert "no such webhook" in sentence(ann.say("CS HOOK #a DEL grafana"))
    assert not len(town.world.hooks)


def test_a_disabled_hook_is_enabled(town: Town) -> None:
    """It goes on from where it was."""
    ann = owner(town)
    ann.say("CS HOOK #a ADD ci https://ci.example/")
    (made,) = town.world.hooks
    apply(town.world, HookDelivered(made.digest, made.cursor, 0, 1, is_disabled=True))
    assert "disabled" in sentence(ann.say("CS HOOK #a LIST"))
    assert "is enabled" in sentence(ann.say("CS HOOK #a ENABLE ci"))
    (enabled,) = town.world.hooks
    assert enabled == made


def test_others_may_not(town: Town) -> None:
    """Neither see nor make nor remove them; an operator by the access list may from outside."""
    ann = owner(town)
    bob = logged_in(town, "bob", "#a")
    for words in ("ADD x", "LIST", "DEL x"):
        assert "not an operator" in sentence(bob.say(f"CS HOOK #a {words}"))
    ann.say("CS ACCESS #a ADD eve op")
    eve = logged_in(town, "eve")
    assert "Webhooks of #a: 0." in sentence(eve.say("CS HOOK #a LIST"))


def test_an_unregistered_channel_has_none(town: Town) -> None:
    """It ends with its members; the answer says what helps."""
    ann = logged_in(town, "ann", "#b")
    assert "CS REGISTER" in sentence(ann.say("CS HOOK #b ADD x")).replace("/msg ChanServ", "CS")


def test_their_number_is_bounded(town: Town) -> None:
    """A channel has some at most."""
    ann = owner(town)
    for number in range(MOST):
        ann.say(f"CS HOOK #a ADD x{number}")
    assert "already" in sentence(ann.say("CS HOOK #a ADD y"))
    assert len(town.world.hooks) == MOST


def test_hooks_end_with_the_registration(town: Town) -> None:
    """They are deleted from the database, too."""
    ann = owner(town)
    ann.say("CS HOOK #a ADD x")
    (made,) = town.world.hooks
    town.world.dirty.take()
    ann.say("CS DROP #a")
    assert not len(town.world.hooks)
    assert change_set(town.world, town.world.dirty.take()).hooks == {made.digest: None}


# Terms


@pytest.mark.parametrize(
    "words",
    [
        "",
        "a/b",
        "NickServ",
        "x ftp://example.org/",
        "x https://",
        "x https://user:pw@example.org/",
        "x https://example.org/#x",
        "x https://example.org:99999/",
        "x https://example.org/ж",
        f"x https://example.org/{'x' * 500}",
        "x events=message",
        "x https://example.org/ events=explosion",
        "x https://example.org/ what",
        f"x signing={'x' * 201}",
        "x https://example.org/ words=" + ",".join("abcdefghijklmnopqrstuvwxyz"),
        "x https://example.org/ words=" + "x" * 65,
    ],
)
def test_wrong_terms(words: str) -> None:
    """Each is refused with a sentence."""
    with pytest.raises(BadTerms, match=r"^[A-Za-z]"):
        parse_terms(words.split())


def test_spaces_around_the_values_of_a_filter() -> None:
    """They are no part of them: a word with a space would not be found at the start of a text."""
    terms = HookTerms("x", "https://a.example/", events=("message", " topic"), words=(" b ", " "))
    made = terms.checked().hook("0" * 64, LOBBY, "ann", 0, 1, 5)
    assert (made.filter.events, made.filter.words) == (("message", "topic"), ("b",))


def test_the_scheme_of_an_address() -> None:
    """It may have capital letters, as telephones write it."""
    assert parse_terms(["x", "Https://example.org/"]).url == "Https://example.org/"


def test_terms_of_an_outgoing_hook() -> None:
    """Filters are compared in one case; a secret for signatures is made."""
    terms = parse_terms(
        ["x", "https://example.org/", "events=Message,topic", "nicks=Ann", "words=Deploy"]
    )
    made = terms.hook("0" * 64, LOBBY, "ann", 0, 1, 5)
    assert made.filter == Filter(("message", "topic"), ("ann",), ("deploy",))
    assert made.signing.startswith("whsec_")
    assert (made.cursor, made.kind) == (5, "out")
    assert HookTerms("x").hook("0" * 64, LOBBY, "ann", 0, 1, 5).kind == "in"


# State


def test_a_hook_is_written_and_read() -> None:
    """With all its fields; its secrets are not in logs."""
    made = hook(
        signing="hush", url="https://a.example/", filter=Filter(("topic",), ("ann",), ("x",))
    )
    assert from_state(made.to_state()) == made
    assert "hush" not in repr(made)


def test_a_secret_finds_only_its_hook() -> None:
    """Neither the hash nor a part of it does."""
    hooks = Hooks()
    hooks.put(hook())
    assert hooks.find("secret") == hook()
    assert all(hooks.find(text) is None for text in ("", "secre", digest_of("secret"), "\ud800"))


def test_uses_and_deliveries_are_noted(town: Town) -> None:
    """Neither goes back."""
    apply(town.world, HookMade(hook(url="https://a.example/", cursor=5)))
    digest = hook().digest
    apply(town.world, HookUsed(digest, 9))
    apply(town.world, HookUsed(digest, 8))
    apply(town.world, HookDelivered(digest, 7, 0, 3, is_disabled=True))
    apply(town.world, HookDelivered(digest, 6, 0, 4))
    made = town.world.hooks.get(digest)
    assert made is not None
    assert (made.used, made.cursor, made.failing, made.is_disabled) == (9, 7, 4, False)
    apply(town.world, HookUsed("unknown", 8))
    apply(town.world, HookDelivered("unknown", 8, 0, 0))
    assert len(town.world.hooks) == 1


def test_what_a_command_changes_is_taken_over(town: Town) -> None:
    """But for what has changed here and is not stored yet; a hook of no channel is deleted."""
    one, two = hook(), hook(digest=digest_of("2"))
    apply(town.world, HooksRead((one, two)))
    assert list(town.world.hooks) == [one, two]
    apply(town.world, HookUsed(one.digest, 9))
    apply(town.world, HooksRead((one,)))
    assert [made.used for made in town.world.hooks] == [9]
    lost = hook(digest=digest_of("3"), channel=77)
    town.world.dirty.take()
    apply(town.world, HooksRead((lost,)))
    assert not len(town.world.hooks)
    assert change_set(town.world, town.world.dirty.take()).hooks == {lost.digest: None}


def test_the_keys_of_its_messages_go_with_a_hook(town: Town) -> None:
    """Whether it is removed here or by a command."""
    town.person("zoe", "#a")
    for change in (HookRemoved(hook().digest), HooksRead(())):
        apply(town.world, HookMade(hook()))
        apply(town.world, RelayedMessage("#a", "x/hook", "hook", "x", hook().sender, "d"))
        town.world.dirty.take()
        apply(town.world, change)
        assert not list(town.world.relayed)


def test_a_snapshot_has_hooks(town: Town) -> None:
    """So a node that joins knows them."""
    apply(town.world, HookMade(hook(filter=Filter(("topic",)))))
    other = Town(storage=StoragePorts(history=ListHistory()))
    snapshot.restore(other.world, snapshot.take(town.world))
    assert list(other.world.hooks) == list(town.world.hooks)


def test_a_cluster_makes_a_hook_once() -> None:
    """The node of the user draws the secret; all nodes have its hash."""
    town = ClusterTown()
    ann = town.here.person("acc1", "JOIN #a", "CS REGISTER #a", account=1)
    said = sentence(ann.say("CS HOOK #a ADD grafana"))
    secret = said.partition("/hooks/")[2].partition(" ")[0]
    made = town.there.world.hooks.find(secret)
    assert made is not None
    assert list(town.here.world.hooks) == [made]
    ann.say("CS HOOK #a DEL grafana")
    assert not len(town.there.world.hooks)
    town.check()
