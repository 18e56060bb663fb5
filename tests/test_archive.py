"""The public archive: which messages it shows, its pages, and what strangers put into them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree

import pytest

from edge import Edge, End, edge, read_up_to
from http_fakes import Answer, HttpClient
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat import ids, public_archive
from trio_chat.chat.history import HistoryError, Query, Record, Span
from trio_chat.chat.registered_channels import restore, to_state
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.snapshot.world import take
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import Settings
from trio_chat.config.settings import ArchiveSettings, ServerSettings, StorageSettings
from trio_chat.irc.message import Message
from trio_chat.server.archive.documents import ArchiveDocuments

ATOM = "{http://www.w3.org/2005/Atom}"
CAPS = "message-tags echo-message draft/message-redaction"


def make_town(*, has_archive: bool = True) -> Town:
    """Return a world with an account of Ann."""
    accounts = OpenAccounts()
    accounts.add("ann", "ann-password")
    storage = StoragePorts(history=ListHistory(), accounts=accounts, playback=0)
    return Town(ServerInfo(has_archive=has_archive), storage=storage)


def founder(town: Town) -> Person:
    """Return Ann, who owns #a."""
    ann = town.person("ann_")
    ann.say("NS IDENTIFY ann ann-password", "NICK ann", "JOIN #a", "CS REGISTER #a", "CS OP #a")
    ann.read()
    return ann


# The mode


def test_the_founder_makes_a_channel_public() -> None:
    """Everybody in the channel sees the change."""
    town = make_town()
    ann, bob = founder(town), town.person("bob", "#a")
    ann.read()
    ann.say("MODE #a +P")
    assert find(bob.read(), "MODE").params == ("#a", "+P")


def test_an_operator_does_not() -> None:
    """Whether a channel is public is the decision of its founder."""
    town = make_town()
    ann, bob = founder(town), town.person("bob", "#a")
    ann.say("MODE #a +o bob")
    bob.read()
    assert commands(bob.say("MODE #a +P")) == ["482"]


def test_a_channel_that_is_not_registered_cannot_be_public() -> None:
    """It would end with its members, and its pages with it."""
    town = make_town()
    bob = town.person("bob", "#b", caps="standard-replies")
    town.world.channels["#b"].members[bob.session.user].ranks.add("q")  # type: ignore[index]
    failure = find(bob.say("MODE #b +P"), "FAIL")
    assert failure.params[:3] == ("MODE", "CANNOT_BE_PUBLIC", "#b")


@pytest.mark.parametrize("name", ["#.", "#.."])
def test_a_name_that_no_page_can_have(name: str) -> None:
    """Browsers drop it from the address of a page."""
    town = make_town()
    ann = founder(town)
    ann.say(f"JOIN {name}", f"CS REGISTER {name}", f"CS OP {name}", f"MODE {name} +P")
    channel = town.world.channels[name]
    assert channel.registration is not None
    assert "P" not in channel.flags


def test_without_an_archive_no_channel_is_public() -> None:
    """The mode would promise something."""
    town = make_town(has_archive=False)
    ann = founder(town)
    assert "MODE" not in commands(ann.say("MODE #a +P"))
    assert "P" not in town.world.channels["#a"].flags


def test_a_user_that_joins_sees_that_everybody_can_read() -> None:
    """RPL_CHANNEL_URL has the address, before a word is said."""
    town = make_town()
    town.world.page_url = "https://chat.example/"
    founder(town).say("MODE #a +P")
    bob = town.person("bob")
    reply = find(bob.say("JOIN #a"), "328")
    assert reply.params[-1] == "Everybody can read this channel at https://chat.example/archive/a/"


@pytest.mark.parametrize("end", ["CS DROP #a #a", "NS DROP ann-password"])
def test_being_public_ends_with_the_registration(end: str) -> None:
    """Whoever registers the channel next has opened nothing, and everybody sees that."""
    town = make_town()
    ann, bob = founder(town), town.person("bob", "#a")
    ann.say("MODE #a +P")
    bob.read()
    ann.say(end)
    assert ("#a", "-P") in [each.params for each in bob.read() if each.command == "MODE"]
    channel = town.world.channels["#a"]
    assert (channel.registration, channel.flags & {"P"}, channel.public_since) == (
        None,
        frozenset(),
        0,
    )


def test_being_public_lasts_over_restarts() -> None:
    """The moment lasts, too: it decides which messages are shown."""
    town = make_town()
    founder(town).say("MODE #a +P")
    channel = town.world.channels["#a"]
    assert channel.public_since
    other = make_town()
    restored = restore(other.world, "#a", to_state(channel))
    assert restored.public_since == channel.public_since
    assert public_archive.is_public(other.world, restored)
    state = next(each for each in take(town.world)["channels"] if each["name"] == "#a")
    assert state["public_since"] == channel.public_since


# The pages


class Public:
    """A server whose channel #a is public, and its founder."""

    def __init__(self, here: Edge, history: ListHistory, ann: End) -> None:
        self.here = here
        self.history = history
        self.ann = ann

    async def do(self, *lines: str) -> list[Message]:
        """Have Ann send lines; return what comes up to the answer of the last one."""
        data = "".join(f"{line}\r\n" for line in (*lines, "PING done"))
        await self.ann.send(data.encode())
        return await read_up_to(self.ann, "PONG")

    async def say(self, text: str) -> str:
        """Have Ann say something, and return its msgid."""
        return find(await self.do(f"PRIVMSG #a :{text}"), "PRIVMSG").tags["msgid"]

    async def get(self, path: str, headers: bytes = b"", method: str = "GET") -> Answer:
        """Ask for a page."""
        return await HttpClient(self.here).ask(f"/archive/{path}", headers, method=method)


@asynccontextmanager
async def public(*, enabled: bool = True, robots: bool = False) -> AsyncIterator[Public]:
    """Run a server; Ann has said "before" and then made #a public."""
    accounts, history = OpenAccounts(), ListHistory()
    accounts.add("ann", "ann-password")
    settings = replace(
        Settings(),
        archive=ArchiveSettings(enabled=enabled, robots=robots),
        server=ServerSettings(allowed_hosts=("example.org",), url="https://chat.example/"),
        storage=StorageSettings(file=None),
    )
    memory = StoragePorts(history=history, accounts=accounts, playback=0)
    async with edge(settings, memory) as here:
        here.server.world.page_url = "https://chat.example/"
        p = Public(here, history, here.connect())
        await p.do(f"CAP REQ :{CAPS}", "NICK ann_", "USER ann 0 * :Ann", "CAP END")
        await p.do("NS IDENTIFY ann ann-password", "NICK ann", "JOIN #a", "CS REGISTER #a")
        await p.do("CS OP #a", "PRIVMSG #a :before", "MODE #a +P")
        assert "P" in here.server.world.channels["#a"].flags
        yield p


async def test_only_what_was_said_since_is_shown() -> None:
    """What was said among those that were there stays there."""
    async with public() as p:
        msgid = await p.say("tea at five")
        page = await p.get("a/")
        assert page.status == 200
        assert f'id="{msgid}"' in page.text
        assert "tea at five" in page.text
        assert "before" not in re.sub("<style>.*</style>", "", page.text, flags=re.DOTALL)


async def test_what_is_not_public_any_longer_is_gone_at_once() -> None:
    """The same with a channel that becomes public again: it begins anew."""
    async with public() as p:
        await p.say("tea at five")
        await p.do("MODE #a -P")
        for path in ("a/", "a/feed.xml", "a/search?q=tea"):
            assert (await p.get(path)).status == 404
        assert "/archive/a/" not in (await p.get("")).text
        await p.do("MODE #a +P")
        assert "tea" not in (await p.get("a/")).text


async def test_a_deleted_message_is_gone_at_once() -> None:
    """Also for a browser that has kept the page."""
    async with public() as p:
        msgid = await p.say("oops")
        page = await p.get("a/")
        tag = page.headers["etag"].encode()
        assert (await p.get("a/", b"If-None-Match: %b\r\n" % tag)).status == 304
        await p.do(f"REDACT #a {msgid}")
        again = await p.get("a/", b"If-None-Match: %b\r\n" % tag)
        assert again.status == 200
        assert "oops" not in again.text
        assert (await p.get(f"a/m/{msgid}")).status == 404


async def test_what_was_said_while_the_channel_was_closed_is_not_shown() -> None:
    """A channel with +i is for those that were let in."""
    async with public() as p:
        await p.do("MODE #a +i")
        await p.say("among us")
        await p.do("MODE #a -i")
        await p.say("for all")
        text = (await p.get("a/")).text
        assert "for all" in text
        assert "among us" not in text


async def test_a_permanent_link_leads_to_the_message() -> None:
    """The msgid names it for ever."""
    async with public() as p:
        msgid = await p.say("tea")
        answer = await p.get(f"a/m/{msgid}")
        assert answer.status == 302
        place, _, anchor = answer.headers["location"].partition("#")
        assert anchor == msgid
        assert f'id="{msgid}"' in (await p.get(place.removeprefix("/archive/"))).text


async def test_an_answer_leads_to_what_it_answers() -> None:
    """That may be on another page, so the link is the permanent one."""
    async with public() as p:
        msgid = await p.say("tea?")
        await p.do(f"@+reply={msgid} PRIVMSG #a :yes")
        for path in ("a/", "a/search?q=yes"):
            assert f'<a class="reply" href="/archive/a/m/{msgid}">' in (await p.get(path)).text


async def test_an_answer_to_what_is_not_shown_leads_nowhere() -> None:
    """It was deleted, or said before the channel was public."""
    async with public() as p:
        before = p.history.said[0].id
        deleted = await p.say("oops")
        await p.do(f"REDACT #a {deleted}")
        for msgid in (deleted, ids.msgid(before)):
            await p.do(f"@+reply={msgid} PRIVMSG #a :yes")
        for path in ("a/", "a/search?q=yes"):
            text = (await p.get(path)).text
            assert text.count('<span class="reply">') == 2
            assert 'class="reply" href' not in text


async def test_a_former_name_leads_to_the_channel() -> None:
    """Permanent links outlast a new name of their channel, as JOIN finds it too."""
    async with public() as p:
        msgid = await p.say("tea")
        await p.do("RENAME #a #b")
        assert (await p.get(f"a/m/{msgid}")).headers["location"] == f"/archive/b/m/{msgid}"
        await p.do("MODE #b -P")
        assert (await p.get(f"a/m/{msgid}")).status == 404


async def test_a_nickname_and_what_it_says_keep_their_order() -> None:
    """A name and a text from the right to the left would else be one run, the text before the
    name.
    """
    async with public() as p:
        await p.say("שלום")
        assert "b, .text { unicode-bidi: plaintext; }" in (await p.get("a/")).text


async def test_a_long_day_has_several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message is on one of them, and its permanent link leads there."""
    monkeypatch.setattr("trio_chat.server.archive.reading.PAGE", 3)
    async with public() as p:
        msgids = [await p.say(f"number {number}") for number in range(7)]
        path, seen = "a/", list[str]()
        while path:
            text = (await p.get(path)).text
            seen += re.findall(r'<article id="(\w+)"', text)
            following = re.search(r'href="/archive/(a/[^"]+)">More of this day', text)
            path = following[1] if following else ""
        assert seen == msgids
        place = (await p.get(f"a/m/{msgids[5]}")).headers["location"].partition("#")[0]
        text = (await p.get(place.removeprefix("/archive/"))).text
        assert "number 5" in text
        back = re.search(r'href="/archive/(a/[^"]+)">Beginning of this day', text)
        assert back is not None
        text = (await p.get(back[1])).text
        assert "number 0" in text
        assert "Beginning of this day" not in text


async def test_words_are_found() -> None:
    """Only among public messages."""
    async with public() as p:
        msgid = await p.say("tea at five")
        text = (await p.get("a/search?q=tea")).text
        assert f"/archive/a/m/{msgid}" in text
        assert "Nothing was found" in (await p.get("a/search?q=before")).text


async def test_a_feed_has_the_latest_messages() -> None:
    """A reader of feeds follows the channel."""
    async with public() as p:
        msgid = await p.say("tea & <biscuits>")
        answer = await p.get("a/feed.xml")
        assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
        assert f'<link href="https://chat.example/archive/a/m/{msgid}"/>' in answer.text
        assert "tea &amp; &lt;biscuits&gt;" in answer.text


def problems_of(feed: str) -> list[str]:
    """Return what RFC 4287 forbids in a feed."""
    root = ElementTree.fromstring(feed)
    entries = root.findall(f"{ATOM}entry")
    found = [root.tag] if root.tag != f"{ATOM}feed" else []
    for each in (root, *entries):
        found += [  # §4.1.1, §4.1.2
            f"{name} of {each.tag}"
            for name in ("id", "title", "updated")
            if len(each.findall(f"{ATOM}{name}")) != 1
        ]
        if ":" not in each.findtext(f"{ATOM}id", "").partition("/")[0]:  # §4.2.6
            found.append("an id that is no IRI")
        moment = datetime.fromisoformat(each.findtext(f"{ATOM}updated", ""))  # §3.3
        if moment.tzinfo is None:
            found.append("a time without a zone")
    found += ["no author" for each in entries if not each.findtext(f"{ATOM}author/{ATOM}name")]
    found += ["no content" for each in entries if each.find(f"{ATOM}content") is None]
    identifiers = [each.findtext(f"{ATOM}id") for each in entries]
    found += ["an id of two entries"] if len(set(identifiers)) < len(identifiers) else []
    found += ["no link to itself"] if root.find(f"{ATOM}link[@rel='self']") is None else []
    return found


async def test_a_feed_is_valid() -> None:
    """Also without a message, and whatever is said."""
    async with public() as p:
        assert not problems_of((await p.get("a/feed.xml")).text)
        for text in ("tea", "]]> <b> &amp;", "\x01ACTION waves\x01", "\uffff", "x" * 400):
            await p.say(text)
        feed = (await p.get("a/feed.xml")).text
        assert feed.count("<entry>") == 5
        assert not problems_of(feed)


async def test_a_message_in_a_feed_keeps_its_id_under_another_name_of_the_channel() -> None:
    """A reader of feeds would else show it as a new one (RFC 4287 §4.2.6)."""
    async with public() as p:
        await p.say("tea")
        before = re.findall("<id>(.*?)</id>", (await p.get("a/feed.xml")).text)
        await p.do("RENAME #a #b")
        feed = (await p.get("b/feed.xml")).text
        assert re.findall("<id>(.*?)</id>", feed) == before
        assert "/archive/b/m/" in feed


async def test_a_feed_is_xml_whatever_is_said() -> None:
    """XML has no place for two characters that every other page may have (XML 1.0 §2.2)."""
    async with public() as p:
        await p.say("one \uffff\ufffe two")
        assert "one \ufffd\ufffd two" in (await p.get("a/feed.xml")).text


async def test_a_feed_shows_an_action_as_a_page_does() -> None:
    """Its CTCP frame is for programs."""
    async with public() as p:
        await p.say("\x01ACTION waves\x01")
        text = (await p.get("a/feed.xml")).text
        assert "<title>* ann waves</title>" in text
        assert ">waves</content>" in text


def test_a_feed_keeps_the_lines_of_a_message() -> None:
    """Its title is one line, which says that it was cut."""
    town = make_town()
    town.person("bob", "#a")
    channel = town.world.channels["#a"]
    record = Record("#a", 1, "PRIVMSG", "ann!a@h", "", "one <b>\n" + "x" * 100)
    feed = ArchiveDocuments("Chat", "https://chat.example/", robots=True).feed(channel, [record])
    assert f"<title>ann: one &lt;b&gt; {'x' * 72}…</title>" in feed
    assert '<content type="html">one &amp;lt;b&amp;gt;&lt;br&gt;xxx' in feed


async def test_the_index_lists_the_public_channels() -> None:
    """A channel without +P is not named."""
    async with public() as p:
        text = (await p.get("")).text
        assert 'href="/archive/a/">#a</a>' in text
        assert "#lobby" not in text


HOSTILE = "<script>alert(1)</script> \x02bold\x02 https://x.example/\"onmouseover='x' \x1b[31m"


async def test_texts_of_strangers_are_harmless() -> None:
    """Nothing that was said becomes a tag, an attribute, or a control character."""
    async with public() as p:
        await p.say(HOSTILE)
        await p.do(f"TOPIC #a :{HOSTILE}")
        for path in ("", "a/", "a/feed.xml", "a/search?q=alert", "a/search?q=%3Cscript%3E"):
            answer = await p.get(path)
            assert "<script" not in answer.text
            assert "onmouseover='" not in answer.text
            assert not re.search("[\x00-\x08\x0b-\x1f]", answer.text)
            assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_no_host_of_a_user_is_shown() -> None:
    """An archive is read by strangers."""
    async with public() as p:
        await p.say("tea")
        for path in ("a/", "a/feed.xml"):
            text = (await p.get(path)).text
            assert "192.0.2" not in text
            assert "ann!" not in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("b/", 404),
        ("%ff/", 404),
        ("..%2Fa/", 404),
        ("a/2026-13-40", 404),
        ("a/2026-1-1", 404),
        ("a/m/x", 404),
        ("a/m/7zzzzzzzzzzzz", 404),
        ("a/m/0000000000000/x", 404),
        ("a/search", 400),
        (f"a/search?q={'x' * 201}", 400),
        (f"a/search?{'x=1&' * 20}q=tea", 200),
        ("a/2026-11-30?after=7zzzzzzzzzzzz", 200),
        ("a/0001-01-01", 200),
        ("a/9999-12-31", 200),
        ("a/x", 404),
        ("A/", 302),
        ("a", 302),
    ],
)
async def test_addresses(path: str, status: int) -> None:
    """What is no page is refused, and what is one under another address leads there."""
    async with public() as p:
        await p.say("tea")
        assert (await p.get(path)).status == status


async def test_another_spelling_of_an_address_keeps_its_query() -> None:
    """A link to a search in `#A` finds the same as one in `#a`."""
    async with public() as p:
        place = (await p.get("A/search?q=tea&x=%23")).headers["location"]
        assert place == "/archive/a/search?q=tea&x=%23"


async def test_the_index_needs_no_slash() -> None:
    """Whoever types the address leaves it out."""
    async with public() as p:
        page = await HttpClient(p.here).ask("/archive")
        assert page.text == (await p.get("")).text


async def test_a_page_is_only_read() -> None:
    """The archive changes nothing."""
    async with public() as p:
        assert (await p.get("a/", method="POST")).status == 405
        assert (await p.get("a/", method="HEAD")).body == b""


@pytest.mark.parametrize(("robots", "rule"), [(False, "Disallow: /\n"), (True, "Allow: /archive/")])
async def test_search_engines_are_kept_out_unless_they_may_come(robots: bool, rule: str) -> None:
    """robots.txt and the pages say the same."""
    async with public(robots=robots) as p:
        await p.say("tea")
        text = (await HttpClient(p.here).ask("/robots.txt")).text
        page = await p.get("a/")
        assert rule in text
        assert ("noindex" in page.text) is not robots
        assert ("x-robots-tag" in page.headers) is not robots


async def test_without_an_archive_there_are_no_pages() -> None:
    """It is off unless the administrator wants it."""
    async with edge() as here:
        assert (await HttpClient(here).ask("/archive/")).status == 404


class Broken(ListHistory):
    """A history that cannot be read."""

    async def search(self, query: Query, span: Span, limit: int) -> list[Record]:
        """Fail."""
        raise HistoryError("disk")


async def test_a_history_that_cannot_be_read_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader may come again."""
    async with public() as p:
        monkeypatch.setattr(p.history, "search", Broken().search)
        assert (await p.get("a/search?q=tea")).status == 503
