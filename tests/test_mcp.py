"""Agents over the Model Context Protocol: tools, permissions, limits, and the program."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextContent
from programs import client as chat_client
from programs import server as chat_server
from trio.testing import MockClock

from trio_chat.bot import Bot
from trio_chat.bot.testing import FakeChat, chat_with
from trio_chat.mcp.agent import Agent, AgentError, Rate
from trio_chat.mcp.tools import make_server

LOBBY = "#lobby"
MODES = ("auto", "legacy")
"""The protocol with questions as results (2026-07-28), and with requests of the server."""


class User:
    """The user of a program with an agent, who answers questions.

    Args:
        answer: the answer, as its action and content.
    """

    def __init__(self, action: str = "accept", *, allow: bool = True) -> None:
        self.questions: list[str] = []
        self._action = action
        self._allow = allow

    async def __call__(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        """Answer a question."""
        await trio.lowlevel.checkpoint()
        self.questions.append(params.message)
        content = {"allow": self._allow} if self._action == "accept" else None
        return ElicitResult.model_validate({"action": self._action, "content": content})


class Talk:
    """A program that uses an agent in a chat."""

    def __init__(self, client: Client, chat: FakeChat) -> None:
        self.chat = chat
        self._client = client

    async def call(self, name: str, **arguments: Any) -> Any:
        """Call a tool, and return its result.

        Raises:
            AgentError: the tool has refused.
        """
        result = await self._client.call_tool(name, arguments)
        if result.is_error:
            content = result.content[0]
            assert isinstance(content, TextContent)
            raise AgentError(content.text)
        assert result.structured_content is not None
        return result.structured_content["result"]


@asynccontextmanager
async def talk(
    user: User | None = None,
    *,
    mode: str = "auto",
    allowed: tuple[str, ...] = (),
    rate: int = 10,
    is_read_only: bool = False,
    has_multiline: bool = True,
) -> AsyncIterator[Talk]:
    """Run an agent in a chat in memory, and a program that uses it."""
    server = FakeChat()
    server.has_multiline = has_multiline
    bot = Bot("helper", channels=[LOBBY])
    agent = Agent(bot, allowed, rate, is_read_only=is_read_only)
    async with (
        chat_with(bot, chat=server) as chat,
        Client(make_server(agent), mode=mode, elicitation_callback=user) as client,
    ):
        yield Talk(client, chat)


async def test_an_agent_reads() -> None:
    """A message comes with what is needed to answer it, and to read what was before."""
    async with talk() as t:
        for number in range(5):
            await t.chat.say("anna", LOBBY, f"number {number}", account="anna")
        found = await t.call("read", conversation=LOBBY, limit=2)
        assert [each["text"] for each in found] == ["number 3", "number 4"]
        assert found[0]["account"] == "anna"
        assert found[0]["conversation"] == LOBBY
        before = await t.call("read", conversation=LOBBY, limit=1, before=found[0]["msgid"])
        assert [each["text"] for each in before] == ["number 2"]


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        ("\x01ACTION waves\x01", "action", "waves"),
        ("\x02bold\x02 and \x0304,05red\x03", "message", "bold and red"),
        (
            "tea\u202e\U000e0041\u200b 👩\u200d🚀",
            "message",
            "tea\\u202e\\U000e0041\\u200b 👩\u200d🚀",
        ),
    ],
)
async def test_a_model_reads_what_its_user_sees(said: str, kind: str, text: str) -> None:
    """No formatting, and no instructions in characters that nobody sees."""
    async with talk() as t:
        await t.chat.say("anna", LOBBY, said)
        [found] = await t.call("read", conversation=LOBBY, limit=1)
        assert (found["kind"], found["text"]) == (kind, text)


async def test_an_agent_searches_and_sees_who_is_there() -> None:
    """Words are found, and members and channels are listed."""
    async with talk() as t:
        await t.chat.say("anna", LOBBY, "Tea at five")
        await t.chat.join("anna", LOBBY)
        assert len(await t.call("search", text="tea")) == 1
        assert await t.call("who", channel=LOBBY) == ["anna", "helper"]
        assert await t.call("channels") == [LOBBY]


@pytest.mark.parametrize(
    ("tool", "arguments", "answer"),
    [("channels", {}, [LOBBY]), ("who", {"channel": LOBBY}, ["helper"])],
)
async def test_the_first_question_waits_for_the_chat(
    tool: str, arguments: dict[str, str], answer: list[str]
) -> None:
    """A program asks as soon as the agent has started, before it is in its channels."""
    bot = Bot("helper", channels=[LOBBY])
    has_answer = trio.Event()
    async with Client(make_server(Agent(bot, (), 10))) as client:

        async def ask() -> None:
            result = await client.call_tool(tool, arguments)
            assert result.structured_content == {"result": answer}
            has_answer.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            async with chat_with(bot):
                await has_answer.wait()


async def test_an_agent_that_is_not_connected_says_so(autojump_clock: MockClock) -> None:
    """It does not say that it is in no channel."""
    async with talk() as t:
        await t.chat.drop()
        await trio.sleep(1)
        with pytest.raises(AgentError, match="does not answer"):
            await t.call("channels")
        t.chat.restore()


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("read", {"conversation": "#elsewhere"}),
        ("who", {"channel": "#elsewhere"}),
        ("search", {"text": "  "}),
    ],
)
async def test_what_the_chat_does_not_return_is_an_error(
    tool: str, arguments: dict[str, str]
) -> None:
    """The agent sees no more than its account, and the model reads why."""
    async with talk() as t:
        with pytest.raises(AgentError):
            await t.call(tool, **arguments)


@pytest.mark.parametrize("mode", MODES)
async def test_the_user_is_asked_before_the_first_message(mode: str) -> None:
    """The question shows the channel and the text, and comes once for each conversation."""
    user = User()
    async with talk(user, mode=mode) as t:
        await t.call("post", conversation=LOBBY, text="hello")
        await t.call("post", conversation=LOBBY.upper(), text="again")
        msgid = await t.chat.say("anna", "helper", "hello")
        await t.call("react", conversation="anna", msgid=msgid, reaction="👍")
        assert [(await t.chat.heard()).text for _ in range(2)] == ["hello", "again"]
        assert (await t.chat.heard()).reaction == "👍"
    assert user.questions == [
        "May the agent write to #lobby as helper? It wants to say: hello",
        "May the agent write to anna as helper? It wants to react with 👍",
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("user", [User(allow=False), User("decline"), User("cancel"), None])
async def test_nothing_is_sent_without_permission(user: User | None, mode: str) -> None:
    """No, no answer, and a program that cannot ask all mean that nothing is sent."""
    async with talk(user, mode=mode) as t:
        with pytest.raises(AgentError):
            await t.call("post", conversation=LOBBY, text="hello")
        assert t.chat.heard_nothing()


async def test_a_program_that_cannot_ask_is_shown_the_option() -> None:
    """The refusal says how to allow the channel."""
    async with talk() as t:
        with pytest.raises(AgentError, match="--allow '#lobby'"):
            await t.call("post", conversation=LOBBY, text="hello")


async def test_what_is_allowed_beforehand_is_not_asked() -> None:
    """The command line may allow conversations."""
    async with talk(allowed=(LOBBY,)) as t:
        asked = await t.chat.say("anna", LOBBY, "Is it five?")
        msgid = await t.call("post", conversation=LOBBY, text="hello", reply_to=asked)
        heard = await t.chat.heard()
    assert (heard.msgid, heard.reply_to) == (msgid, asked)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("react", {"reaction": "👍", "msgid": "nothing"}),
        ("react", {"reaction": "👍", "msgid": "a b"}),
        ("post", {"text": "yes", "reply_to": "nothing"}),
    ],
)
async def test_a_message_that_there_is_not_is_an_error(
    tool: str, arguments: dict[str, str]
) -> None:
    """Nobody sees a reaction or an answer to it, though the server takes it."""
    async with talk(allowed=(LOBBY,)) as t:
        await t.chat.say("anna", LOBBY, "hello")
        with pytest.raises(AgentError, match="There is no message"):
            await t.call(tool, conversation=LOBBY, **arguments)
        assert t.chat.heard_nothing()


@pytest.mark.parametrize("reaction", ["", " ", "x" * 31, "a\0", "a\nb", "\x02a"])
async def test_a_reaction_is_a_sign_or_a_short_word(reaction: str) -> None:
    """What the server would refuse is not said to be sent."""
    async with talk(allowed=(LOBBY,)) as t:
        msgid = await t.chat.say("anna", LOBBY, "hello")
        with pytest.raises(AgentError, match="short word"):
            await t.call("react", conversation=LOBBY, msgid=msgid, reaction=reaction)


@pytest.mark.parametrize(
    "target",
    [
        *("NickServ", "chanserv", "*status", "Nick\uff33erv", "NickServ@services.net", "@ChanServ"),
        *("", "two words", "#a,#b", "x\r\nQUIT", ":a", "#a\x00"),
    ],
)
async def test_services_and_several_targets_are_refused(target: str) -> None:
    """A service obeys the account, so no permission opens it; a target is one name."""
    user = User()
    async with talk(user, allowed=(target,)) as t:
        with pytest.raises(AgentError):
            await t.call("post", conversation=target, text="DROP helper")
        assert t.chat.heard_nothing()
    assert user.questions == []


async def test_a_read_only_agent_writes_nothing() -> None:
    """Not even where it was allowed."""
    async with talk(User(), allowed=(LOBBY,), is_read_only=True) as t:
        with pytest.raises(AgentError, match="--read-only"):
            await t.call("post", conversation=LOBBY, text="hello")


@pytest.mark.parametrize("text", ["", " \n ", "x" * 10_001])
async def test_a_text_has_bounds(text: str) -> None:
    """Neither nothing nor a book is sent."""
    async with talk(allowed=(LOBBY,)) as t:
        with pytest.raises(AgentError, match="1 to 10000"):
            await t.call("post", conversation=LOBBY, text=text)


@pytest.mark.parametrize("text", ["\1VERSION\1", "\1DCC SEND x 1 2 3\1", "a\0b", "one\n\1PING 1\1"])
async def test_an_agent_speaks_to_people(text: str) -> None:
    """Not to their clients: those answer a CTCP, or take a file."""
    async with talk(allowed=(LOBBY,)) as t:
        with pytest.raises(AgentError, match=r"U\+0001"):
            await t.call("post", conversation=LOBBY, text=text)


async def test_a_question_hides_nothing() -> None:
    """The user sees each character of what is to be said, and to whom."""
    user = User()
    async with talk(user) as t:
        await t.call("post", conversation=LOBBY, text="yes\u202e\nno\u200b")
        await t.call("post", conversation="bo\u200bb", text="yes")
        assert user.questions[0].endswith("It wants to say: yes\\u202e\nno\\u200b")
        assert user.questions[1].startswith("May the agent write to bo\\u200bb as helper?")


async def test_a_line_break_sends_no_command() -> None:
    """Each line is a line of the message, and never a command to the server."""
    async with talk(allowed=(LOBBY,)) as t:
        await t.call("post", conversation=LOBBY, text="one\r\nQUIT :two")
        assert (await t.chat.heard()).text == "one\nQUIT :two"


async def test_messages_are_limited() -> None:
    """An agent that is out of control is slowed down, and learns how long."""
    async with talk(allowed=(LOBBY,), rate=2) as t:
        for _ in range(2):
            await t.call("post", conversation=LOBBY, text="hello")
        with pytest.raises(AgentError, match="Try again in"):
            await t.call("react", conversation=LOBBY, msgid="m1", reaction="x")


async def test_a_rate_opens_again_after_a_minute(autojump_clock: MockClock) -> None:
    """The limit is for each minute, not for the run."""
    rate = Rate(2)
    rate.take()
    await trio.sleep(30)
    rate.take()
    with pytest.raises(AgentError, match="in 31 seconds"):
        rate.take()
    await trio.sleep(31)
    rate.take()


async def test_a_chat_that_is_away_is_an_error(autojump_clock: MockClock) -> None:
    """A program does not wait for ever."""
    async with talk(allowed=(LOBBY,)) as t:
        await t.chat.drop()
        await trio.sleep(1)
        with pytest.raises(AgentError, match="does not answer"):
            await t.call("post", conversation=LOBBY, text="hello")
        t.chat.restore()
        await t.call("post", conversation=LOBBY, text="again")
        assert (await t.chat.heard()).text == "again"  # a second try says nothing twice


async def test_as_many_lines_as_allowed_have_time_enough(autojump_clock: MockClock) -> None:
    """Where each line is a message of its own, the pauses between them take a minute."""
    async with talk(allowed=(LOBBY,), has_multiline=False) as t:
        await t.call("post", conversation=LOBBY, text="\n".join(map(str, range(100))))
        assert [(await t.chat.heard()).text for _ in range(100)] == [*map(str, range(100))]
        with pytest.raises(AgentError, match="at most 100 lines"):
            await t.call("post", conversation=LOBBY, text="\n".join(map(str, range(101))))


async def test_an_agent_answers_nobody_by_itself() -> None:
    """A message to the agent is for the program, and no command."""
    async with talk() as t:
        await t.chat.say("anna", "helper", "help")
        await trio.testing.wait_all_tasks_blocked()
        assert t.chat.heard_nothing()


async def test_the_program_with_a_real_server(tmp_path: Path) -> None:
    """`trio-chat mcp` talks to a program by its standard streams, and leaves when they end."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    async with (
        chat_server(tmp_path) as (_host, address),
        chat_client(tmp_path, address, "anna", "--plaintext") as anna,
    ):
        await anna.out.until("#lobby")
        arguments = ["-m", "trio_chat", "mcp", address, "--plaintext", "--nick", "helper"]
        parameters = StdioServerParameters(
            command=sys.executable,
            args=[*arguments, "--channel", LOBBY, "--allow", LOBBY],
            env=environment,
        )
        async with Client(parameters) as client:
            await anna.out.until("helper")
            await client.call_tool("post", {"conversation": LOBBY, "text": "Good morning"})
            await anna.out.until("Good morning")
        await anna.out.until("helper")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--account", "helper"], "needs a password"),
        (["--rate", "0"], "whole number"),
        (["a b"], "host"),
        (["--password-file", "/nonexistent"], "cannot be read"),
    ],
)
def test_a_wrong_option_is_a_sentence(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program that starts the agent shows what is wrong."""
    from trio_chat.cli import main

    assert main(["mcp", *arguments]) == 2
    assert text in capsys.readouterr().err
