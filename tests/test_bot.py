"""Bots: commands, events, deliveries, what happens when a connection is lost, and the program."""

import json
from base64 import b64decode
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_chat.bot import (
    Bot,
    BotError,
    ChatMessage,
    CommandError,
    Event,
    HistoryUnavailableError,
    MessageKind,
    NotDeliveredError,
    Reacted,
    Redacted,
    TopicChanged,
    UserJoined,
    UserKicked,
    UserParted,
    UserQuit,
    UserRenamed,
)
from trio_chat.bot.command import BotCommand
from trio_chat.bot.program import connectors, main
from trio_chat.bot.testing import FakeChat, Heard, chat_with
from trio_chat.client.target import TargetError
from trio_chat.irc import numerics
from trio_chat.irc.message import Message, parse

LOBBY = "#lobby"


def echo_bot(*, answers_bots: bool = False) -> Bot:
    """Return a bot that repeats what it is given."""
    bot = Bot("tea", channels=[LOBBY], answers_bots=answers_bots)

    @bot.command
    async def echo(message: ChatMessage, *, text: str) -> None:
        """Say the same."""
        await message.reply(text)

    @bot.command
    def fail(message: ChatMessage) -> None:
        raise ZeroDivisionError

    @bot.command
    def refuse(message: ChatMessage) -> None:
        raise CommandError("Not today.")

    return bot


def single_lines() -> FakeChat:
    """Return a server without `draft/multiline`."""
    chat = FakeChat()
    chat.has_multiline = False
    return chat


async def heard(chat: FakeChat) -> Heard | None:
    """Return what the bot says, or None when it says nothing."""
    await wait_all_tasks_blocked()
    return None if chat.heard_nothing() else await chat.heard()


# Commands


def sample(
    message: ChatMessage, count: int, share: float = 0.5, *, text: str | None = None
) -> None:
    """Take arguments of all kinds.

    More of the docstring.
    """


@pytest.mark.parametrize(
    ("rest", "positional", "values"),
    [
        ("3", [3], {}),
        ("3 0.25", [3, 0.25], {}),
        ("  3   0.25   all of  this ", [3, 0.25], {"text": "all of  this"}),
        ("3 0.25 two\nlines", [3, 0.25], {"text": "two\nlines"}),
    ],
)
def test_words_become_arguments(
    rest: str, positional: list[object], values: dict[str, object]
) -> None:
    """Words are converted by the annotations, and the last argument takes the rest."""
    command = BotCommand("sample", sample, when_missed=False)
    assert command.values(rest) == (positional, values)


@pytest.mark.parametrize("rest", ["", "x", "3 y", "1" * 5000, "3 0.25\ud800"[:6] + "x" * 60])
def test_words_that_do_not_fit_are_answered_by_the_usage(rest: str) -> None:
    """A missing or wrong word raises an error with the usage, which is short."""
    with pytest.raises(CommandError, match=r"sample <count> \[<share>\] \[<text>\]") as caught:
        BotCommand("sample", sample, when_missed=False).values(rest)
    assert len(str(caught.value)) < 150


def _minutes(word: str) -> timedelta:
    return timedelta(minutes=float(word))


def timed(
    message: ChatMessage,
    wait: Annotated[timedelta, _minutes],
    more: Annotated[timedelta, _minutes] | None = None,
    count: Annotated[int, "no function"] = 0,
) -> None:
    """Take times."""


def test_a_function_converts_a_word_to_a_type() -> None:
    """A type checker takes no function for a type, but beside one."""
    command = BotCommand("timed", timed, when_missed=False)
    assert command.values("90 1 2")[0] == [timedelta(minutes=90), timedelta(minutes=1), 2]
    with pytest.raises(CommandError, match="x is no wait"):
        command.values("x")


def test_a_word_too_many_is_answered_by_the_usage() -> None:
    """A command without arguments takes none."""

    def ping(message: ChatMessage) -> None:
        pass

    with pytest.raises(CommandError, match="Usage: ping"):
        BotCommand("ping", ping, when_missed=False).values("x")


def test_the_rest_of_the_line_is_required_behind_an_optional_word() -> None:
    """A call without the required text is answered by the usage, not carried out without it."""

    def remind(message: ChatMessage, minutes: int = 5, *, text: str) -> None:
        pass

    with pytest.raises(CommandError, match=r"Usage: remind \[<minutes>\] <text>"):
        BotCommand("remind", remind, when_missed=False).values("")


def test_a_fraction_or_a_decimal_number_may_not_fit() -> None:
    """Those classes raise an ArithmeticError for a word that is no number."""

    def pay(message: ChatMessage, amount: Decimal, share: Fraction) -> None:
        pass

    command = BotCommand("pay", pay, when_missed=False)
    assert command.values("0.5 1/3") == ([Decimal("0.5"), Fraction(1, 3)], {})
    for rest in ("much 1/3", "0.5 1/0"):
        with pytest.raises(CommandError, match="Usage: pay"):
            command.values(rest)


@pytest.mark.parametrize(("word", "value"), [("no", False), ("Off", False), ("YES", True)])
def test_a_word_says_yes_or_no(word: str, value: object) -> None:
    """For bool() each word would be true, also "no"."""

    def loud(message: ChatMessage, is_on: bool = True) -> None:
        pass

    command = BotCommand("loud", loud, when_missed=False)
    assert command.values(word) == ([value], {})
    with pytest.raises(CommandError, match="perhaps is no is_on"):
        command.values("perhaps")


@pytest.mark.parametrize("hint", [list[str], int | str, Literal["a", "b"]])
def test_an_annotation_that_converts_no_word_is_refused_at_once(hint: object) -> None:
    """A list of words, and one of several types, would get something else in silence."""

    def wrong(message: ChatMessage, word: str) -> None:
        pass

    wrong.__annotations__["word"] = hint
    with pytest.raises(TypeError, match="does not say how"):
        Bot("tea").command(wrong)


@pytest.mark.parametrize("annotation", ["words", "none"])
def test_parameters_that_no_line_could_fill_are_refused_at_once(annotation: str) -> None:
    """A mistake in a signature shows when the program starts, not when a user types the command."""

    def words(message: ChatMessage, *words: str) -> None:
        pass

    def none() -> None:
        pass

    with pytest.raises(TypeError, match="keyword-only"):
        BotCommand("wrong", words if annotation == "words" else none, when_missed=False)


def test_a_name_is_taken_once() -> None:
    """A second command of the same name would never be called."""
    bot = echo_bot()
    with pytest.raises(ValueError, match="echo"):

        @bot.command(name="ECHO")
        def other(message: ChatMessage) -> None:
            pass


def test_a_name_is_one_word() -> None:
    """A command of two words would never be called."""
    with pytest.raises(ValueError, match="two words"):
        Bot("tea").command(name="two words")(sample)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (LOBBY, "!echo yes"),
        (LOBBY, "!ECHO yes"),
        (LOBBY, "tea: echo yes"),
        (LOBBY, "TEA, echo yes"),
        (LOBBY, "tea: !echo yes"),
        ("tea", "echo yes"),
        ("tea", "!echo yes"),
    ],
)
async def test_a_command_is_understood(target: str, text: str) -> None:
    """A command has the prefix, or is said to the bot, and is answered where it was said."""
    async with chat_with(echo_bot()) as chat:
        msgid = await chat.say("anna", target, text)
        answer = await chat.heard()
    assert (answer.target, answer.text) == (LOBBY if target == LOBBY else "anna", "yes")
    assert answer.reply_to == msgid


@pytest.mark.parametrize(
    "text", ["echo no", "! echo no", "!unknown", "teapot: echo no", "\x01ACTION !echo no\x01", "!"]
)
async def test_other_messages_in_a_channel_are_not_answered(text: str) -> None:
    """A bot is silent about what is not said to it; another bot may have the same prefix."""
    async with chat_with(echo_bot()) as chat:
        await chat.say("anna", LOBBY, text)
        assert await heard(chat) is None


async def test_an_unknown_command_to_the_bot_is_answered_by_a_notice() -> None:
    """The answer is a notice, which no program may answer (RFC 2812 §3.3.2)."""
    async with chat_with(echo_bot()) as chat:
        await chat.say("anna", "tea", "boil")
        answer = await chat.heard()
    assert answer.is_notice
    assert answer.text == "I do not know boil. help shows what I know."


async def test_help_shows_each_command() -> None:
    """The usage comes from the signature, and the help from the docstring."""
    async with chat_with(echo_bot()) as chat:
        await chat.say("anna", "tea", "help")
        texts = [(await chat.heard()).text for _ in range(4)]
    assert texts[1:] == ["echo <text>: Say the same.", "fail", "refuse"]


async def test_what_cannot_be_done_is_answered() -> None:
    """The text of a CommandError is the answer."""
    async with chat_with(echo_bot()) as chat:
        await chat.say("anna", LOBBY, "!refuse")
        assert (await chat.heard()).text == "Not today."


async def test_what_cannot_be_done_is_answered_from_within_a_nursery() -> None:
    """A nursery makes a group of the exception, of which users need to know nothing."""
    bot = echo_bot()

    @bot.command
    async def search(message: ChatMessage) -> None:
        async with trio.open_nursery():
            raise CommandError("Nothing was found.")

    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "!search")
        assert (await chat.heard()).text == "Nothing was found."


async def test_a_command_that_fails_ends_alone(caplog: pytest.LogCaptureFixture) -> None:
    """An exception is logged once, and the bot goes on."""
    async with chat_with(echo_bot()) as chat:
        await chat.say("anna", LOBBY, "!fail")
        assert "the log of the bot says why" in (await chat.heard()).text
        await chat.say("anna", LOBBY, "!echo still here")
        assert (await chat.heard()).text == "still here"
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


async def test_commands_beyond_a_number_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    """A user cannot make a bot start tasks without end."""
    bot, started = Bot("tea", channels=[LOBBY]), []

    @bot.command
    async def wait(message: ChatMessage) -> None:
        started.append(message)
        await trio.sleep_forever()

    async with chat_with(bot) as chat:
        for _ in range(60):
            await chat.say("anna", LOBBY, "!wait")
        await wait_all_tasks_blocked()
    assert len(started) == 50
    assert "is refused" in caplog.text


async def test_a_bot_is_marked_before_it_speaks(autojump_clock: MockClock) -> None:
    """Other bots would take a message that waited for the connection for that of a person."""
    bot = Bot("tea", channels=[LOBBY])

    @bot.task
    async def greet() -> None:
        await bot.say(LOBBY, "Good morning")

    async with chat_with(bot) as chat:
        await chat.heard()
        commands = [parse(line).command for line in chat.lines]
        assert commands.index("MODE") < commands.index("PRIVMSG")
        await chat.drop()
        chat.restore()
        await chat.ready(LOBBY)
        await wait_all_tasks_blocked()
        assert [parse(line).command for line in chat.lines].count("MODE") == 2


@pytest.mark.parametrize("answers_bots", [False, True])
async def test_messages_of_bots_are_passed_over(answers_bots: bool) -> None:
    """Two bots do not answer each other for ever, unless a bot is to answer bots."""
    async with chat_with(echo_bot(answers_bots=answers_bots)) as chat:
        await chat.say("robot", LOBBY, "!echo yes", is_bot=True)
        assert (await heard(chat) is not None) == answers_bots


async def test_a_bot_marks_itself_as_one() -> None:
    """A bot sets the user mode that the server names (IRCv3 bot-mode)."""
    async with chat_with(echo_bot()) as chat:
        await wait_all_tasks_blocked()
        assert "MODE tea +B" in chat.lines


# Messages and events


async def test_a_message_has_the_account_of_its_sender() -> None:
    """Nicknames can be taken; what only some may do is for accounts."""
    bot, seen = Bot("tea", channels=[LOBBY]), []

    @bot.on(ChatMessage)
    def see(message: ChatMessage) -> None:
        seen.append((message.nick, message.account, message.is_private, message.is_missed))

    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "hello", account="anna-account")
        await chat.say("bert", "tea", "hello")
        await wait_all_tasks_blocked()
    assert seen == [("anna", "anna-account", False, False), ("bert", "", True, False)]


async def test_handlers_get_events_in_their_order_and_survive() -> None:
    """An exception ends the handling of one event only."""
    bot, seen = Bot("tea", channels=[LOBBY]), []

    @bot.on(UserJoined)
    def see(event: UserJoined) -> None:
        seen.append(event.nick)
        if event.nick == "bert":
            raise ValueError

    async with chat_with(bot) as chat:
        for nick in ("anna", "bert", "carl"):
            await chat.join(nick, LOBBY)
        await wait_all_tasks_blocked()
    assert seen == ["tea", "anna", "bert", "carl"]


async def test_a_handler_may_wait_for_its_own_message() -> None:
    """More messages than any queue holds at once are answered, each after its confirmation."""
    bot, msgids = Bot("tea", channels=[LOBBY]), []

    @bot.on(ChatMessage)
    async def answer(message: ChatMessage) -> None:
        msgids.append(await message.reply("yes"))

    async with chat_with(bot) as chat:
        for number in range(600):
            await chat.say("anna", LOBBY, str(number))
        for _ in range(600):
            await chat.heard()
        await wait_all_tasks_blocked()
    assert len(set(msgids)) == 600


async def test_a_handler_that_does_not_keep_up_loses_events(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What waits for a handler is bounded, and the loss is in the log."""
    bot = Bot("tea", channels=[LOBBY])

    @bot.on(ChatMessage)
    async def wait(message: ChatMessage) -> None:
        await trio.sleep_forever()

    async with chat_with(bot) as chat:
        for number in range(1100):
            await chat.say("anna", LOBBY, str(number))
        await wait_all_tasks_blocked()
    assert "does not keep up" in caplog.text


async def test_a_message_is_confirmed_with_its_msgid() -> None:
    """`say` returns when the server has the message."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        msgid = await bot.say(LOBBY, "hello")
        assert await chat.heard() == Heard(LOBBY, "hello", msgid=msgid)


async def test_a_long_text_is_confirmed_as_a_whole() -> None:
    """The parts of a text count as one; its msgid is that of the first."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        msgid = await bot.say(LOBBY, "word " * 200)
        parts = []
        while not chat.heard_nothing():
            parts.append(await chat.heard())
    assert len(parts) > 2
    assert parts[0].msgid == msgid


async def test_each_line_is_sent_where_there_is_no_multiline() -> None:
    """A server without `draft/multiline` gets a message for each line."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot, chat=single_lines()) as chat:
        await bot.say(LOBBY, "one\n\ntwo\r\nthree")
        assert [(await chat.heard()).text for _ in range(3)] == ["one", "two", "three"]


async def test_more_lines_than_a_message_has_are_few_messages(autojump_clock: MockClock) -> None:
    """As many lines as the server takes are in each; nobody waits for every line."""
    bot = Bot("tea", channels=[LOBBY])
    lines = [f"line {number}" for number in range(49)]
    lines[24] = ""
    async with chat_with(bot) as chat:
        begun = trio.current_time()
        msgid = await bot.say(LOBBY, "\n".join(lines))
        heard = [await chat.heard() for _ in range(2)]
    assert [each.text.split("\n") for each in heard] == [lines[:24], lines[25:]]
    assert heard[0].msgid == msgid
    assert trio.current_time() - begun < 15


async def test_the_lines_of_an_error_are_those_of_its_answer() -> None:
    """A notice, and so the text of a `CommandError`, has lines as a message has."""
    bot = Bot("tea", channels=[LOBBY])

    @bot.command
    def refuse(message: ChatMessage) -> None:
        raise CommandError("Not today.\nTry it tomorrow.")

    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "!refuse")
        answer = await chat.heard()
    assert answer.text == "Not today.\nTry it tomorrow."
    assert answer.is_notice


async def test_a_refused_message_is_an_error() -> None:
    """A refusal has the server's code and reason."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        chat.refuses = "You are muted"
        with pytest.raises(NotDeliveredError, match="You are muted") as caught:
            await bot.say(LOBBY, "hello")
    assert caught.value.code == "404"


@pytest.mark.parametrize("target", ["two words", "", ":x"])
async def test_a_target_that_no_line_can_name_is_an_error(target: str) -> None:
    """What cannot be written on a line is not sent, and does not stop what follows."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        with pytest.raises(NotDeliveredError):
            await bot.say(target, "hello")
        await bot.say(LOBBY, "next")
        assert (await chat.heard()).text == "next"


@pytest.mark.parametrize(
    ("text", "reply_to"),
    [("a\0b", ""), ("one\na\0b", ""), ("one\n\ud800", ""), ("tea", "x" * 5000), ("tea", "a\0b")],
)
async def test_a_message_that_no_line_can_hold_is_an_error(
    text: str, reply_to: str, autojump_clock: MockClock
) -> None:
    """The wait for it ends, though the server answers nothing."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        with pytest.raises(NotDeliveredError), trio.fail_after(60):
            await bot.say(LOBBY, text, reply_to=reply_to)
        await bot.say(LOBBY, "next")
        assert (await chat.heard()).text == "next"


async def test_the_end_of_the_bot_ends_the_wait_for_a_message() -> None:
    """A task that waits while there is no connection gets an error, not nothing."""
    bot, errors = Bot("tea", channels=[LOBBY]), []

    async def speak() -> None:
        try:
            await bot.say(LOBBY, "hello")
        except NotDeliveredError as error:
            errors.append(str(error))

    async with trio.open_nursery() as nursery, chat_with(bot) as chat:
        await chat.drop()
        await wait_all_tasks_blocked()
        nursery.start_soon(speak)
        await wait_all_tasks_blocked()
    assert errors == ["The bot has ended"]


def test_a_bot_that_does_not_run_says_so() -> None:
    """A call outside the run is a mistake of the program."""
    with pytest.raises(RuntimeError, match="not running"):
        Bot("tea").start_soon(trio.sleep, 1)


# Connections


async def test_a_lost_connection_is_made_again_and_nothing_is_missed(
    autojump_clock: MockClock,
) -> None:
    """What was said meanwhile comes marked, and commands among it only run if they are meant to."""
    bot, seen = echo_bot(), []

    @bot.command(when_missed=True)
    async def note(message: ChatMessage, *, text: str) -> None:
        await message.reply(f"noted: {text}")

    @bot.on(ChatMessage)
    def see(message: ChatMessage) -> None:
        seen.append((message.text, message.is_missed))

    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "before")
        await wait_all_tasks_blocked()
        await chat.drop()
        await chat.say("anna", LOBBY, "!echo too late")
        await chat.say("anna", LOBBY, "!note milk")
        chat.restore()
        assert (await chat.heard()).text == "noted: milk"
        await chat.say("anna", LOBBY, "!echo now")
        assert (await chat.heard()).text == "now"
    assert seen == [
        ("before", False),
        ("!echo too late", True),
        ("!note milk", True),
        ("!echo now", False),
    ]


async def test_nothing_is_missed_in_a_channel_where_nothing_was_said_before(
    autojump_clock: MockClock,
) -> None:
    """The time of the bot's JOIN is where it goes on."""
    bot = echo_bot()
    got: list[tuple[str, bool]] = []

    @bot.on(ChatMessage)
    def note(message: ChatMessage) -> None:
        got.append((message.text, message.is_missed))

    async with chat_with(bot) as chat:
        await chat.drop()
        await chat.say("anna", LOBBY, "first")
        chat.restore()
        await chat.ready(LOBBY)
        await wait_all_tasks_blocked()
    assert got == [("first", True)]


async def test_a_message_waits_for_the_connection(autojump_clock: MockClock) -> None:
    """What the bot says while there is no connection is sent on the next one."""
    bot = Bot("tea", channels=[LOBBY])
    async with trio.open_nursery() as nursery, chat_with(bot) as chat:
        await chat.drop()
        await wait_all_tasks_blocked()
        nursery.start_soon(bot.say, LOBBY, "hello")
        await trio.sleep(60)
        assert chat.heard_nothing()
        chat.restore()
        assert (await chat.heard()).text == "hello"


@pytest.mark.parametrize("text", ["hello", "one\ntwo"])
async def test_a_message_that_nobody_waits_for_is_not_sent_later(
    autojump_clock: MockClock, text: str
) -> None:
    """A bot that gave up may have said it another way by then."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        await chat.drop()
        await wait_all_tasks_blocked()
        with trio.move_on_after(30):
            await bot.say(LOBBY, text)
        chat.restore()
        await bot.say(LOBBY, "again")
        assert (await chat.heard()).text == "again"


async def test_the_rest_of_a_long_message_that_nobody_waits_for_is_not_sent(
    autojump_clock: MockClock,
) -> None:
    """Lines that are sent one by one end with the wait, and do not hold up the next message."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot, chat=single_lines()) as chat:
        with trio.move_on_after(2):
            await bot.say(LOBBY, "\n".join(map(str, range(100))))
        await bot.say(LOBBY, "again")
        texts = [(await chat.heard()).text]
        while texts[-1] != "again":
            texts.append((await chat.heard()).text)
    assert 4 < len(texts) < 10


async def test_channels_are_joined_again(autojump_clock: MockClock) -> None:
    """What was joined later is joined on each connection, and what was left is not."""
    bot = Bot("tea", channels=["#a", "#b secret"])
    async with chat_with(bot) as chat:
        await chat.ready("#b")
        assert "JOIN #b secret" in chat.lines
        await bot.join("#c", "key")
        await bot.leave("#a")
        await chat.ready("#c")
        await wait_all_tasks_blocked()
        assert sorted(bot.channels) == ["#b", "#c"]
        chat.lines.clear()
        await chat.drop()
        chat.restore()
        await chat.ready("#c")
        joins = [line for line in chat.lines if line.startswith("JOIN")]
        assert sorted(joins) == ["JOIN #b secret", "JOIN #c key"]


async def test_positions_make_a_restart_miss_nothing(tmp_path: Path) -> None:
    """A bot with a file of positions gets what was said between two runs."""
    file, seen = tmp_path / "positions.json", []

    def new_bot() -> Bot:
        bot = Bot("tea", channels=[LOBBY])

        @bot.on(ChatMessage)
        def see(message: ChatMessage) -> None:
            seen.append(message.text)

        return bot

    async with chat_with(new_bot(), positions=file) as chat:
        msgid = await chat.say("anna", LOBBY, "first")
        await wait_all_tasks_blocked()
    assert json.loads(file.read_text())[LOBBY][0] == msgid
    assert file.stat().st_mode & 0o077 == 0
    async with chat_with(new_bot(), positions=file, chat=chat):
        await wait_all_tasks_blocked()
    assert seen == ["first"]
    await chat.say("anna", LOBBY, "meanwhile")
    async with chat_with(new_bot(), positions=file, chat=chat):
        await wait_all_tasks_blocked()
    assert seen == ["first", "meanwhile"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"#lobby": 1}', '{"#lobby": ["a"]}', "\x00"])
async def test_a_damaged_file_of_positions_is_a_first_run(tmp_path: Path, text: str) -> None:
    """A bot begins anew rather than fail."""
    file = tmp_path / "positions.json"
    file.write_text(text)
    async with chat_with(echo_bot(), positions=file) as chat:
        await chat.say("anna", LOBBY, "!echo here")
        assert (await chat.heard()).text == "here"


async def test_a_file_that_cannot_be_written_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full or read-only disk does not end the bot."""
    (tmp_path / "file").touch()
    async with chat_with(echo_bot(), positions=tmp_path / "file" / "positions") as chat:
        await chat.say("anna", LOBBY, "!echo here")
        await chat.heard()
    assert "cannot be remembered" in caplog.text


async def test_a_password_is_not_sent_without_encryption() -> None:
    """Without TLS, a password goes to this computer only, unless the program allows more."""
    with pytest.RaisesGroup(pytest.RaisesGroup(pytest.RaisesExc(BotError, match="not encrypted"))):
        async with chat_with(echo_bot(), password="secret"):
            await trio.sleep_forever()


@pytest.mark.parametrize(("account", "used"), [("biscuit", "biscuit"), ("", "tea")])
async def test_a_bot_logs_in(account: str, used: str) -> None:
    """A bot with a password logs in by SASL before it is registered; without the name of an account
    to that of its nickname.
    """
    bot = echo_bot()
    async with chat_with(bot, account=account, password="secret", may_be_plain=True) as chat:
        lines = [line for line in chat.lines if line.startswith(("AUTHENTICATE", "CAP :END"))]
        assert lines[0] == "AUTHENTICATE PLAIN"
        proof = b64decode(lines[1].partition(" ")[2].removeprefix(":"))
        assert used.encode() in proof.split(b"\0")
        assert lines[-1] == "CAP :END"


async def test_a_refused_login_ends_the_bot() -> None:
    """A bot does not go on without the rights of its account."""
    with pytest.RaisesGroup(
        pytest.RaisesGroup(pytest.RaisesExc(BotError, match="cannot log in as tea: Wrong"))
    ):
        async with chat_with(
            echo_bot(), password="secret", refuses_login="Wrong", may_be_plain=True
        ):
            await trio.sleep_forever()


class _PoorServer(FakeChat):
    """A server without logins, which takes no nickname."""

    takes_nick = True

    async def _negotiate(self, visit: Any, message: Message) -> None:
        match message.command, message.params:
            case "CAP", ("LS", *_):
                await self._send(visit, "CAP", "*", "LS", "message-tags")
            case "NICK", (nick,) if not self.takes_nick:
                await self._send(visit, numerics.ERR_ERRONEUSNICKNAME, "*", nick, "Not this one")
            case _:
                await super()._negotiate(visit, message)


async def test_a_server_without_logins_ends_the_bot() -> None:
    """A bot does not go on without the rights of its account where the server has no accounts."""
    with pytest.RaisesGroup(
        pytest.RaisesGroup(pytest.RaisesExc(BotError, match="cannot log in as tea"))
    ):
        async with chat_with(echo_bot(), chat=_PoorServer(), password="secret", may_be_plain=True):
            await trio.sleep_forever()


async def test_a_server_that_takes_no_nickname_of_the_bot_ends_it() -> None:
    """The bot says why it cannot go on, and does not end as if it had done its work."""
    server = _PoorServer()
    server.takes_nick = False
    with pytest.RaisesGroup(pytest.RaisesGroup(pytest.RaisesExc(BotError, match="nickname"))):
        async with chat_with(echo_bot(), chat=server):
            await trio.sleep_forever()


async def test_the_exception_of_a_task_ends_the_bot(autojump_clock: MockClock) -> None:
    """A task of the bot is part of it: nothing of it fails in silence."""
    bot = echo_bot()

    @bot.task
    async def fail() -> None:
        await trio.sleep(5)
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        async with chat_with(bot):
            await trio.sleep_forever()


# The history


async def test_a_bot_reads_the_history() -> None:
    """The latest messages come first, and a msgid continues before them."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        for number in range(250):
            await chat.say("anna", LOBBY, str(number))
        latest = await bot.history(LOBBY, 120)
        assert [message.text for message in latest] == [str(each) for each in range(130, 250)]
        earlier = await bot.history(LOBBY, 3, before=latest[0].msgid)
        assert [message.text for message in earlier] == ["127", "128", "129"]


@pytest.mark.parametrize("target", [LOBBY, "tea"])
async def test_a_bot_gets_the_message_of_a_reaction(target: str) -> None:
    """The event has the msgid only; a message of another conversation is none."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        msgids = [await chat.say("anna", target, f"number {number}") for number in range(3)]
        conversation = LOBBY if target == LOBBY else "anna"
        found = await bot.message(conversation, msgids[1])
        assert found is not None
        assert found.text == "number 1"
        assert await bot.message("ben", msgids[1]) is None
        for nothing in ("message99", "nothing", "two words", ""):
            assert await bot.message(conversation, nothing) is None


async def test_a_bot_searches() -> None:
    """Words are found in one conversation, or in all."""
    bot = Bot("tea", channels=[LOBBY, "#b"])
    async with chat_with(bot) as chat:
        await chat.ready("#b")
        for target, text in ((LOBBY, "Tea at five"), ("#b", "no tea"), (LOBBY, "coffee")):
            await chat.say("anna", target, text)
        assert [each.text for each in await bot.search("tea", LOBBY)] == ["Tea at five"]
        assert len(await bot.search("tea")) == 2


@pytest.mark.parametrize("conversation", ["#elsewhere", "two words", ""])
async def test_a_history_that_cannot_be_read_is_an_error(conversation: str) -> None:
    """The error has the server's words, and the next request is answered."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "hello")
        with pytest.raises(HistoryUnavailableError):
            await bot.history(conversation)
        assert len(await bot.history(LOBBY)) == 1


async def test_a_search_that_no_line_can_hold_is_an_error(autojump_clock: MockClock) -> None:
    """It does not hold up every later request for history."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "hello")
        with pytest.raises(HistoryUnavailableError), trio.fail_after(60):
            await bot.search("a\0b")
        assert len(await bot.search("hello")) == 1


@pytest.mark.parametrize("before", ["two words", "a\nb", "nothing"])
async def test_messages_before_what_is_no_id_are_an_error(before: str) -> None:
    """They are not the latest ones, as without an id."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "hello")
        with pytest.raises(HistoryUnavailableError, match="by this id"):
            await bot.history(LOBBY, before=before)


async def test_a_lost_connection_ends_the_wait_for_history(autojump_clock: MockClock) -> None:
    """A request is not repeated by itself: its task decides."""
    bot, problems = Bot("tea", channels=[LOBBY]), []

    async def read() -> None:
        with pytest.raises(HistoryUnavailableError) as caught:
            await bot.history(LOBBY)
        problems.append(str(caught.value))

    async with trio.open_nursery() as nursery, chat_with(bot) as chat:
        chat.answers_history = False
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        await chat.drop()
        await wait_all_tasks_blocked()
    assert problems == ["The connection has ended"]


async def test_a_bot_knows_who_is_there() -> None:
    """The members of a channel follow joins."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        await chat.join("anna", LOBBY)
        await wait_all_tasks_blocked()
        assert bot.members(LOBBY) == ["anna", "tea"]
        assert bot.members("#elsewhere") == []


# The test kit


async def test_users_do_what_a_bot_has_events_for() -> None:
    """Each of them comes as on a server, so handlers can be tested without one."""
    bot, seen = Bot("tea", channels=[LOBBY]), list[object]()

    @bot.on(Event)
    def note(event: Event) -> None:
        seen.append(event)

    async with chat_with(bot) as chat:
        await chat.join("anna", LOBBY)
        msgid = await chat.say("anna", "tea", "psst", is_notice=True)
        await chat.redact("anna", LOBBY, msgid)
        await chat.set_topic("anna", LOBBY, "Tea")
        await chat.rename("anna", "ann")
        await chat.kick("bob", LOBBY, "ann", "out")
        await chat.join("carl", LOBBY)
        await chat.part("carl", LOBBY)
        await chat.join("dan", LOBBY)
        await chat.quit("dan")
        await wait_all_tasks_blocked()
    kinds = (Redacted, TopicChanged, UserRenamed, UserKicked, UserParted, UserQuit)
    assert [type(each) for each in seen if isinstance(each, kinds)] == list(kinds)
    [message] = [each for each in seen if isinstance(each, ChatMessage)]
    assert (message.kind, message.is_private) == (MessageKind.NOTICE, True)


@pytest.mark.parametrize("has_multiline", [True, False])
@pytest.mark.parametrize("target", [LOBBY, "tea"])
async def test_a_user_says_several_lines(target: str, has_multiline: bool) -> None:
    """They are one message where the server has `draft/multiline`, also in the history."""
    bot = Bot("tea", channels=[LOBBY])
    got: list[str] = []
    bot.on(ChatMessage)(lambda message: got.append(message.text))
    chat = FakeChat()
    chat.has_multiline = has_multiline
    async with chat_with(bot, chat=chat):
        await chat.say("anna", target, "one\n\ntwo")
        await wait_all_tasks_blocked()
        assert got == (["one\n\ntwo"] if has_multiline else ["one", "two"])
        found = await bot.history(target if target == LOBBY else "anna")
        assert [each.text for each in found] == got


async def test_a_bot_says_several_lines() -> None:
    """The test hears them as one message, as users do."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        msgid = await bot.say(LOBBY, f"one\n{'x' * 600}\ntwo", notice=True, reply_to="message1")
        answer = await chat.heard()
        assert answer == Heard(LOBBY, f"one\n{'x' * 600}\ntwo", True, msgid, "message1")
        chat.refuses = "You are muted"
        with pytest.raises(NotDeliveredError, match="muted"):
            await bot.say(LOBBY, "one\ntwo")


async def test_users_answer_and_act_and_take_a_reaction_back() -> None:
    """A test can produce each attribute that an event has."""
    bot = Bot("tea", channels=[LOBBY])
    said: list[ChatMessage] = []
    reactions: list[Reacted] = []
    bot.on(ChatMessage)(said.append)
    bot.on(Reacted)(reactions.append)
    async with chat_with(bot) as chat:
        msgid = await chat.say("anna", LOBBY, "waves", is_action=True)
        await chat.say("ben", LOBBY, "hello", reply_to=msgid)
        await chat.react("ben", LOBBY, msgid, "x")
        await chat.react("ben", LOBBY, msgid, "x", take_back=True)
        await wait_all_tasks_blocked()
    assert [(each.kind, each.text) for each in said] == [
        (MessageKind.ACTION, "waves"),
        (MessageKind.MESSAGE, "hello"),
    ]
    assert said[1].reply_to == msgid
    assert [each.is_taken_back for each in reactions] == [False, True]


async def test_a_bot_outside_a_channel_sees_and_says_nothing_there() -> None:
    """As on a real server, also after the channel has removed it."""
    bot = Bot("tea", channels=[LOBBY])
    got: list[object] = []
    bot.on(ChatMessage | UserJoined | TopicChanged)(got.append)
    async with chat_with(bot) as chat:
        await wait_all_tasks_blocked()
        got.clear()
        await chat.kick("op", LOBBY, "tea")
        for channel in (LOBBY, "#elsewhere"):
            await chat.say("anna", channel, "hello")
            await chat.join("ben", channel)
            await chat.set_topic("anna", channel, "tea")
            with pytest.raises(NotDeliveredError, match="not in that channel"):
                await bot.say(channel, "hello")
    assert got == []


async def test_a_bot_that_returns_sees_who_is_there(autojump_clock: MockClock) -> None:
    """Users come and go while it is away."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        for nick in ("anna", "ben", "carl", "dora"):
            await chat.join(nick, LOBBY)
        await chat.drop()
        await chat.part("anna", LOBBY)
        await chat.quit("ben")
        await chat.kick("op", LOBBY, "carl")
        await chat.rename("dora", "emil")
        chat.restore()
        await chat.ready(LOBBY)
        await wait_all_tasks_blocked()
        assert bot.members(LOBBY) == ["emil", "tea"]


async def test_the_bot_can_be_kicked_and_kept_out_and_renamed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is in the channel no longer, knows its nickname, and its log says what has happened."""
    caplog.set_level("INFO")
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        await chat.rename("tea", "Guest1")
        await chat.kick("anna", LOBBY, "Guest1")
        await wait_all_tasks_blocked()
        assert (bot.nick, bot.channels) == ("Guest1", [])
        chat.refuses_join = "You are banned"
        await bot.join(LOBBY)
        await wait_all_tasks_blocked()
        assert bot.channels == []
    assert "the bot is now Guest1" in caplog.messages
    assert "anna has removed the bot from #lobby: no reason" in caplog.messages


# The program


def test_an_address_is_that_of_the_client() -> None:
    """A bot takes the addresses that `trio-chat connect` takes."""
    found = connectors("a.example,b.example:5001")
    assert [connector.address for connector in found] == ["a.example:5000", "b.example:5001"]
    with pytest.raises(TargetError):
        connectors("ftp://a.example")


@pytest.mark.parametrize("arguments", [["a b"], ["x", "--password-file", "/nonexistent/file"]])
def test_a_wrong_argument_ends_the_program_with_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback would not say what to do."""
    with pytest.raises(SystemExit) as caught:
        main(Bot("tea"), arguments)
    assert isinstance(caught.value.code, str)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_password_ends_the_program_with_a_sentence(
    tmp_path: Path, content: bytes
) -> None:
    """A bot that is given a file for its password does not go on without one."""
    file = tmp_path / "password"
    file.write_bytes(content)
    with pytest.raises(SystemExit, match="password"):
        main(Bot("tea"), ["x", "--password-file", str(file)])


def test_the_mark_of_an_editor_is_no_part_of_the_password(tmp_path: Path) -> None:
    """Editors of Windows write a mark at the beginning of a file in UTF-8."""
    file = tmp_path / "password"
    file.write_bytes("\ufeffsecret\r\nmore\n".encode())
    passwords = []

    class _Noted(Bot):
        async def run(self, *connect: object, password: str = "", **options: object) -> None:
            await trio.lowlevel.checkpoint()
            passwords.append(password)

    main(_Noted("tea"), ["x", "--password-file", str(file)])
    assert passwords == ["secret"]


@pytest.mark.parametrize("is_in_file", [True, False])
def test_the_server_has_a_password_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_in_file: bool
) -> None:
    """It is in another file or variable than the password of the account."""
    file = tmp_path / "password"
    file.write_text("open sesame\n")
    monkeypatch.setenv("BOT_PASSWORD", "hunter2")
    monkeypatch.setenv("BOT_SERVER_PASSWORD", "in the environment")
    passwords = []

    class _Noted(Bot):
        async def run(self, *connect: object, server_password: str = "", **options: object) -> None:
            await trio.lowlevel.checkpoint()
            passwords.append((options["password"], server_password))

    main(_Noted("tea"), ["x", *(["--server-password-file", str(file)] if is_in_file else [])])
    assert passwords == [("hunter2", "open sesame" if is_in_file else "in the environment")]


def test_ctrl_c_before_the_bot_runs_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is that of a shell."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trio, "run", interrupt)
    with pytest.raises(SystemExit) as caught:
        main(Bot("tea"), ["x"])
    assert caught.value.code == 130


def test_an_account_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that names an account does not go on without its rights."""
    monkeypatch.delenv("BOT_PASSWORD", raising=False)
    with pytest.raises(SystemExit, match="biscuit needs a password"):
        main(Bot("tea"), ["x", "--account", "biscuit"])


@pytest.mark.parametrize(
    "arguments", [["--fingerprint", "zz"], ["--fingerprint", "a" * 64, "--plaintext"]]
)
def test_a_fingerprint_that_cannot_be_checked_is_refused(arguments: list[str]) -> None:
    """A bot does not connect without the check that its operator wants."""
    with pytest.raises(SystemExit) as caught:
        main(Bot("tea"), ["x", *arguments])
    assert caught.value.code == 2


@pytest.mark.parametrize("kind", ["join", len])
def test_a_kind_of_event_is_a_type(kind: Any) -> None:
    """`@bot.on` above a function, without the kind, would do nothing in silence."""
    with pytest.raises(TypeError, match=r"@bot\.on\(ChatMessage\)"):
        Bot("tea").on(kind)


def test_a_name_of_a_command_is_no_function() -> None:
    """The error shows how the name is given."""
    bot: Any = Bot("tea")
    with pytest.raises(TypeError, match="name="):
        bot.command("echo")


def test_one_name_is_no_list_of_channels() -> None:
    """The letters of a name would be joined, one by one."""
    with pytest.raises(TypeError, match=r"\['#lobby'\]"):
        Bot("tea", channels=LOBBY)
