"""The session: negotiation, confirmation, keeping alive, ending."""

import socket
import struct

import pytest
import trio
import trio.testing

from client_fakes import LABELS, talk
from trio_chat.client.reasons import join_refused
from trio_chat.client.session.events import (
    Away,
    ChannelInvitation,
    ChannelRenamed,
    Connected,
    EndReason,
    Event,
    JoinRefused,
    ListedChannel,
    ListedMask,
    ListEnd,
    MaskListEnd,
    MessageKind,
    MessageRefused,
    MessageUnconfirmed,
    ModeChanged,
    Names,
    NickRefused,
    Note,
    Ready,
    Said,
    ServerError,
    ServerShutDown,
    ServerText,
    SessionOutcome,
    TopicChanged,
    TopicIs,
    UserJoined,
    UserKicked,
    UserParted,
    UserQuit,
    UserRenamed,
)
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.session import WINDOW, ClientSession, NotConnectedError
from trio_chat.client.session.split import room_for_text
from trio_chat.irc.message import parse


async def test_negotiates_before_registering() -> None:
    """IRCv3 capability negotiation: 'CAP LS 302' first; the request names only what is offered,
    then CAP END.
    """
    async with talk(enter=False) as t:
        await t.server.expect("CAP LS 302")
        await t.server.expect("NICK alice")
        await t.server.expect("USER alice 0 * alice")
        await t.server.send(
            ":srv.test CAP * LS * :echo-message=x sts", ":srv.test CAP * LS :batch labeled-response"
        )
        assert await t.server.line() == "CAP REQ :batch echo-message labeled-response"
        await t.server.send(":srv.test CAP * ACK :batch echo-message labeled-response")
        assert await t.server.line() == "CAP :END"
        await t.events()
        assert t.protocol.negotiation.labels
        assert t.protocol.negotiation.echo


async def test_asks_one_by_one_after_nak() -> None:
    """A NAK refuses a whole request, so the rest of it is asked for again."""
    async with talk(enter=False) as t:
        for start in ("CAP LS", "NICK", "USER"):
            await t.server.expect(start)
        await t.server.send(":srv.test CAP * LS :batch setname")
        await t.server.expect("CAP REQ batch setname")
        await t.server.send(":srv.test CAP * NAK :batch setname")
        await t.server.expect("CAP REQ batch")
        await t.server.expect("CAP REQ setname")
        await t.server.send(":srv.test CAP * ACK :batch", ":srv.test CAP * NAK :setname")
        assert await t.server.line() == "CAP :END"
        await t.events()
        assert t.protocol.negotiation.enabled == {"batch"}


async def test_gets_in_without_cap() -> None:
    """A server that does not know CAP lets us in all the same."""
    async with talk("", enter=False) as t:
        for start in ("CAP LS", "NICK", "USER"):
            await t.server.expect(start)
        await t.server.send(":srv.test 421 * CAP :Unknown command")
        await t.server.welcome("alice")
        await t.server.let_join("#lobby")
        assert await t.events() == [
            Connected("alice"),
            UserJoined("alice", "#lobby", own=True),
            Ready(),
            Names("#lobby", ("alice", "bob"), ("@", "")),
        ]


async def test_answers_ping() -> None:
    """RFC 2812 §3.7.2: a client must answer PING with PONG as soon as possible."""
    async with talk() as t:
        await t.server.send("PING 12 :34")
        assert await t.server.line() == "PONG 12 :34"


async def test_label_confirms() -> None:
    """IRCv3 labeled-response: the labelled echo confirms; before that nothing is shown."""
    async with talk() as t:
        await t.session.say("#lobby", "hello")
        line = await t.server.expect("PRIVMSG #lobby hello")
        assert await t.events() == []
        await t.server.send(f"{line.split()[0]} :alice!u@h PRIVMSG #lobby :hello")
        assert await t.events() == [Said("alice", "#lobby", "hello", own=True)]


async def test_ack_confirms_without_echo() -> None:
    """A server without echo-message answers a labelled message with ACK."""
    async with talk("batch labeled-response message-tags") as t:
        await t.session.say("#lobby", "hello")
        line = await t.server.expect("PRIVMSG")
        await t.server.send(f"{line.split()[0]} :srv.test ACK")
        assert await t.events() == [Said("alice", "#lobby", "hello", own=True)]


async def test_an_answer_of_several_lines_confirms_a_message() -> None:
    """What a service answers with comes in a batch with our label; neither echo nor refusal is in
    it, and nothing is wrong.
    """
    async with talk("batch labeled-response message-tags") as t:
        await t.session.say("NickServ", "HELP")
        label = (await t.server.line()).split()[0]
        notices = [f"@batch=1 :NickServ!n@services NOTICE alice :{number}" for number in range(3)]
        await t.server.send(
            f"{label} :srv.test BATCH +1 labeled-response", *notices, ":srv.test BATCH -1"
        )
        told = await t.events()
        assert [event.text for event in told if isinstance(event, Said) and event.own] == ["HELP"]
        assert not [event for event in told if isinstance(event, MessageUnconfirmed)]


async def test_label_in_batch() -> None:
    """IRCv3 labeled-response: several lines of one answer come in a batch that carries the
    label.
    """
    async with talk() as t:
        await t.session.say("bob", "hello")
        label = (await t.server.expect("PRIVMSG")).split()[0]
        await t.server.send(
            f"{label} :srv.test BATCH +1 labeled-response",
            "@batch=1 :alice!u@h PRIVMSG bob :hello",
            "@batch=1 :srv.test 301 alice bob :gone fishing",
            ":srv.test BATCH -1",
        )
        said, away = await t.events()
        assert said == Said("alice", "bob", "hello", own=True)
        assert isinstance(away, Away)
        assert away.text == "gone fishing"


async def test_echo_without_labels_confirms() -> None:
    """With echo-message alone, our own message coming back is the confirmation."""
    async with talk("echo-message") as t:
        await t.session.say("#lobby", "one")
        await t.server.expect("PRIVMSG")
        await t.server.expect("PING m1")
        await t.server.send(":alice!u@h PRIVMSG #LOBBY :one", ":srv.test PONG srv.test m1")
        assert await t.events() == [Said("alice", "#lobby", "one", own=True)]


async def test_no_echo_before_pong_is_unconfirmed() -> None:
    """With echo-message, a message that has not come back when the PONG behind it does was
    swallowed.
    """
    async with talk("echo-message") as t:
        await t.session.say("#lobby", "one")
        await t.server.send(":srv.test PONG srv.test m1")
        assert await t.events() == [MessageUnconfirmed("#lobby", "one")]


async def test_pong_confirms() -> None:
    """Without either capability, the PONG of the PING behind a message confirms it."""
    async with talk("") as t:
        await t.session.say("#lobby", "one")
        await t.session.say("#lobby", "two")
        assert [await t.server.line() for _ in range(4)] == [
            "PRIVMSG #lobby :one",
            "PING m1",
            "PRIVMSG #lobby :two",
            "PING m2",
        ]
        await t.server.send(":srv.test PONG srv.test :m1")
        assert await t.events() == [Said("alice", "#lobby", "one", own=True)]
        await t.server.send(":srv.test PONG srv.test :m2")
        assert await t.events() == [Said("alice", "#lobby", "two", own=True)]


async def test_error_refuses_the_message_it_names() -> None:
    """Without labels, an error reply belongs to the oldest message to the target it names."""
    async with talk("") as t:
        await t.session.say("#lobby", "one")
        await t.session.say("Nobody", "two")
        await t.server.send(
            ":srv.test PONG srv.test m1", ":srv.test 401 alice nobody :No such nick", "PONG m2"
        )
        assert await t.events() == [
            Said("alice", "#lobby", "one", own=True),
            MessageRefused("Nobody", "two", "401", "No such nick"),
        ]


@pytest.mark.parametrize(
    "reply", ["443 alice bob #lobby :is already on channel", "482 alice #lobby :Not an operator"]
)
async def test_error_of_another_command_refuses_no_message(reply: str) -> None:
    """Without labels, an error that only INVITE, TOPIC and the like have is not that of a message
    to the same target.
    """
    async with talk("") as t:
        target = reply.split()[2]
        await t.session.say(target, "one")
        await t.server.send(f":srv.test {reply}", ":srv.test PONG srv.test m1")
        error, said = await t.events()
        assert (type(error), said) == (ServerError, Said("alice", target, "one", own=True))


@pytest.mark.parametrize(
    "reply", ["404 alice #lobby :Cannot send", "FAIL PRIVMSG CODE #lobby :Cannot send"]
)
async def test_error_with_label(reply: str) -> None:
    """An error reply or FAIL with our label refuses just that message."""
    async with talk() as t:
        await t.session.say("#lobby", "one")
        await t.session.say("#lobby", "two")
        await t.server.expect("PRIVMSG")
        label = (await t.server.expect("PRIVMSG")).split()[0]
        await t.server.send(f"{label} :srv.test {reply}")
        (refused,) = await t.events()
        assert isinstance(refused, MessageRefused)
        assert (refused.text, refused.reason) == ("two", "Cannot send")


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("324 alice #lobby +kl key 5", "The modes of #lobby are +kl key 5."),
        ("221 alice +i", "The modes of alice are +i."),
    ],
)
async def test_modes_that_were_asked_for_are_shown(reply: str, text: str) -> None:
    """Also those of the user; before anybody can have asked for these, they are not."""
    async with talk(enter=False) as t:
        await t.server.greet()
        await t.server.send(":srv.test 221 alice +x")
        await t.server.let_join("#lobby")
        assert Note("The modes of alice are +x.") not in await t.events()
        await t.server.send(f":srv.test {reply}")
        assert await t.events() == [Note(text)]


@pytest.mark.parametrize("code", ["696", "712"])
async def test_errors_beyond_the_usual_numbers(code: str) -> None:
    """They are errors, too: a script that has caused one has failed."""
    async with talk() as t:
        await t.server.send(f":srv.test {code} alice #lobby l abc :Not a number")
        assert await t.events() == [ServerError("Not a number", code, "#lobby")]


async def test_error_that_belongs_to_nothing() -> None:
    """An error reply to none of our messages is shown by itself."""
    async with talk() as t:
        await t.server.send(":srv.test 482 alice #lobby :You're not channel operator")
        assert await t.events() == [ServerError("You're not channel operator", "482", "#lobby")]


async def test_a_line_holds_as_much_as_our_own_address_leaves() -> None:
    """draft/whoami, chghost: SETNAME in the welcome and CHGHOST say what stands before our words,
    and so how much fits.
    """
    async with talk("chghost draft/whoami") as t:
        for line, source in (
            (":alice!~alice@example.org SETNAME :Alice", "alice!~alice@example.org"),
            (":alice!~alice@example.org CHGHOST a h", "alice!a@h"),
            (":bob!b@h CHGHOST longer_than_ours longer.example", "alice!a@h"),
        ):
            await t.server.send(line)
            await t.events()
            assert t.session.protocol.messages.room("#lobby") == room_for_text(
                source, "#lobby", MessageKind.MESSAGE
            )


async def test_message_to_myself_is_shown_twice() -> None:
    """IRCv3 echo-message: a message to oneself gives an echo and a message."""
    async with talk() as t:
        await t.session.say("alice", "note")
        label = (await t.server.expect("PRIVMSG")).split()[0]
        await t.server.send(
            f"{label} :alice!u@h PRIVMSG alice :note", ":alice!u@h PRIVMSG alice :note"
        )
        assert await t.events() == [
            Said("alice", "alice", "note", own=True),
            Said("alice", "alice", "note", private=True),
        ]


async def test_action_there_and_back() -> None:
    """CTCP ACTION is an action; other CTCP is neither shown nor answered."""
    async with talk() as t:
        await t.session.say("#lobby", "waves", MessageKind.ACTION)
        line = await t.server.expect("PRIVMSG #lobby \x01ACTION waves\x01")
        await t.server.send(f"{line.split()[0]} :alice!u@h PRIVMSG #lobby :\x01ACTION waves\x01")
        await t.server.send(
            ":bob!u@h PRIVMSG alice :\x01VERSION\x01", ":bob!u@h NOTICE alice :\x01PING 1\x01"
        )
        assert await t.events() == [Said("alice", "#lobby", "waves", MessageKind.ACTION, own=True)]
        await t.server.send("PING x")
        assert await t.server.line() == "PONG :x"


async def test_few_messages_at_a_time() -> None:
    """No more messages are on their way than a server takes for talk; the next waits for an
    answer.
    """
    async with talk() as t, trio.open_nursery() as nursery:
        for number in range(WINDOW):
            await t.session.say("#lobby", str(number))
        nursery.start_soon(t.session.say, "#lobby", "late")
        await t.events()
        assert len(t.protocol.messages.pending) == WINDOW
        bodies = [await t.server.echo() for _ in range(WINDOW + 1)]
        assert bodies[-1] == "PRIVMSG #lobby :late"


async def test_lost_connection_tells_what_was_not_confirmed() -> None:
    """Unconfirmed messages are reported when the connection breaks."""
    async with talk() as t:
        await t.session.say("#lobby", "one")
        await t.server.close()
        assert await t.events() == [MessageUnconfirmed("#lobby", "one")]
        assert t.outcome == SessionOutcome(EndReason.LOST)
        with pytest.raises(NotConnectedError):
            await t.session.say("#lobby", "two")


async def test_the_reason_of_a_lost_connection_is_a_sentence() -> None:
    """A connection that is reset is described in words, not by a number of the system."""
    lost: list[SessionOutcome] = []
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    events, _receive = trio.open_memory_channel[Event](1000)
    async with listener, trio.open_nursery() as nursery:
        client = await trio.open_tcp_stream(*listener.socket.getsockname())
        server = await listener.accept()
        session = ClientSession(client, ClientProtocol("alice"), events)

        async def run() -> None:
            lost.append(await session.run())

        nursery.start_soon(run)
        await server.receive_some()
        at_once = struct.pack("ii", 1, 0)  # so that closing resets the connection
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        await server.aclose()
    assert lost == [SessionOutcome(EndReason.LOST, "the connection was broken off")]


async def test_waiting_message_is_not_lost_in_between() -> None:
    """A message that waits for room when the connection breaks is either pending or was refused to
    its sender.
    """
    async with talk() as t:
        for number in range(WINDOW):
            await t.session.say("#lobby", str(number))
        refused = []

        async def say_late() -> None:
            with pytest.raises(NotConnectedError):
                await t.session.say("#lobby", "late")
            refused.append("late")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(say_late)
            await t.events()
            await t.server.close()
        assert refused == ["late"]
        assert len(await t.events()) == WINDOW


@pytest.mark.parametrize(
    "line",
    [
        ":srv.test NOTE * SERVER_SHUTDOWN :The server has shut down",
        ":srv.test NOTICE * :The server has shut down",
    ],
)
async def test_server_shuts_down(line: str) -> None:
    """Both forms of a shutdown notice are shown once, and end the session."""
    async with talk() as t:
        await t.server.send(line, "ERROR :Closing link")
        assert await t.events() == [ServerShutDown()]
        assert t.outcome == SessionOutcome(EndReason.SHUT_DOWN)


async def test_silence_is_asked_about(autojump_clock: trio.testing.MockClock) -> None:
    """After a minute of silence we ask; an answer is enough, and none within half a minute is a
    lost connection.
    """
    async with talk(keep_alive=60, patience=30) as t:
        await t.server.expect("PING alive")
        assert trio.current_time() == pytest.approx(60, abs=1)
        await t.server.send("PONG alive")
        await t.server.expect("PING alive")
        assert await t.server.line() == ""
        assert trio.current_time() == pytest.approx(150, abs=1)
        await t.events()
        assert t.outcome == SessionOutcome(EndReason.LOST, "timeout")


async def test_server_that_never_answers(autojump_clock: trio.testing.MockClock) -> None:
    """A port where nobody speaks IRC does not hold us for ever."""
    async with talk(enter=False, patience=30) as t:
        await trio.sleep(31)
        assert t.outcome == SessionOutcome(EndReason.LOST, "timeout")


async def test_slow_interface_is_not_a_dead_server(autojump_clock: trio.testing.MockClock) -> None:
    """While the interface takes no events we do not listen, so silence then means nothing."""
    async with talk(keep_alive=10, patience=5) as t:
        await t.server.send(*(f":bob!u@h PRIVMSG #lobby :{number}" for number in range(1100)))
        await trio.sleep(100)
        assert t.outcome is None


async def test_wrong_password() -> None:
    """464 before registration: the reason is in the outcome."""
    async with talk(enter=False) as t:
        await t.server.send(":srv.test 464 * :Password incorrect", "ERROR :Closing link")
        await t.events()
        assert t.outcome == SessionOutcome(EndReason.REFUSED, "Password incorrect", "464")


async def test_nick_refused_before_registration() -> None:
    """433 before registration is reported; another NICK completes it."""
    async with talk(enter=False) as t:
        for start in ("CAP LS", "NICK alice", "USER"):
            await t.server.expect(start)
        await t.server.send(
            ":srv.test CAP * LS :", ":srv.test 433 * alice :Nickname is already in use"
        )
        assert await t.events() == [
            NickRefused("alice", "433", "Nickname is already in use", registered=False)
        ]
        await t.session.do(lambda protocol: protocol.nickname.change("carol"))
        await t.server.expect("CAP END")
        await t.server.expect("NICK carol")
        await t.server.welcome("carol")
        assert (await t.events())[0] == Connected("carol")


async def test_takes_its_nick_back(autojump_clock: trio.testing.MockClock) -> None:
    """A nickname we want but do not have is asked for now and then, without telling refusals, and
    when its owner leaves.
    """
    async with talk(enter=False, nick_interval=15) as t:
        for start in ("CAP LS", "NICK alice", "USER"):
            await t.server.expect(start)
        await t.session.do(lambda protocol: protocol.nickname.ask("alice2"))
        await t.server.expect("NICK alice2")
        await t.server.welcome("alice2")
        await t.server.let_join("#lobby")
        await t.events()
        await t.server.expect("NICK alice")
        await t.server.send(":srv.test 433 alice2 alice :Nickname is already in use")
        assert await t.events() == []
        await t.server.send(":alice!u@h QUIT :Ping timeout")
        await t.server.expect("NICK alice")
        await t.server.send(":alice2!u@h NICK alice")
        assert await t.events() == [
            UserQuit("alice", "Ping timeout"),
            UserRenamed("alice2", "alice", own=True),
        ]


async def test_join_refused_still_ready() -> None:
    """A refused JOIN is reported, and does not delay readiness."""
    async with talk(enter=False) as t:
        await t.server.greet()
        await t.server.send(":srv.test 474 alice #lobby :Cannot join channel (+b)")
        assert await t.events() == [
            Connected("alice"),
            JoinRefused("#lobby", "474", "Cannot join channel (+b)"),
            Ready(),
        ]


@pytest.mark.parametrize(("key", "words"), [("", "without an invitation"), ("x" * 26, "expired")])
def test_who_has_an_invitation_learns_that_it_is_none_any_more(key: str, words: str) -> None:
    """The server says the same as to those that have none."""
    protocol = ClientProtocol("alice")
    protocol.receive(parse(":srv.test 001 alice :Welcome"))
    protocol.join("#den", key)
    protocol.take_events()
    protocol.receive(parse(":srv.test 473 alice #den :Cannot join channel (+i)"))
    [refused] = protocol.take_events()
    assert isinstance(refused, JoinRefused)
    reason = join_refused("#den", refused.code, refused.reason, had_key=refused.had_key)
    assert words in reason


async def test_leaves_politely() -> None:
    """QUIT, then the server's ERROR: nothing is lost and nobody complains."""
    async with talk() as t, trio.open_nursery() as nursery:
        nursery.start_soon(t.session.leave, "bye")
        await t.server.expect("QUIT bye")
        await t.server.send("ERROR :Closing link")
        await t.events()
        assert t.outcome == SessionOutcome(EndReason.LEFT)


async def test_leaves_a_server_that_does_not_answer(autojump_clock: trio.testing.MockClock) -> None:
    """A server that does not close is not waited for longer than some seconds."""
    async with talk() as t:
        await t.session.leave("")
        await t.server.expect("QUIT")
        await t.events()
        assert t.outcome == SessionOutcome(EndReason.LEFT)
        assert trio.current_time() < 10


async def test_an_invitation_of_ours_is_confirmed_once() -> None:
    """RPL_INVITING says it; with invite-notify some servers send INVITE to its sender, too."""
    async with talk() as t:
        await t.server.send(
            ":srv.test 341 alice carol #lobby", ":alice!u@h INVITE carol #lobby", "PING :end"
        )
        assert await t.events() == [Note("You have invited carol to #lobby.")]


async def test_members_follow_what_happens() -> None:
    """Joins, parts, kicks, quits and renames keep the members of a channel up to date;
    extended-join has more parameters.
    """
    async with talk() as t:
        await t.server.send(
            ":carol!u@h JOIN #lobby account :Real Name",
            ":dave!u@h JOIN #Lobby",
            ":bob!u@h NICK Robert",
            ":carol!u@h QUIT :bye",
            ":alice!u@h KICK #lobby dave :no",
        )
        await t.events()
        assert set(t.protocol.channels["#lobby"].members.values()) == {"alice", "Robert"}


async def test_a_renamed_channel_is_the_same_one() -> None:
    """Members, the state of the history and JOINs refused for a former name go on by the new name;
    channels that this client is not in have none to go on with.
    """
    protocol = ClientProtocol("alice", channels=[("#lobby", "")], sees_status=True)
    async with talk(f"{LABELS} draft/channel-rename", protocol=protocol) as t:
        assert "draft/channel-rename" in t.protocol.negotiation.enabled
        await t.server.send(
            ":bob!u@h RENAME #lobby #hall", ":bob!u@h RENAME #x #y", ":bob!u@h RENAME #hall hall"
        )
        assert await t.events() == [ChannelRenamed("#lobby", "#hall", "bob")]
        assert [each.name for each in t.protocol.channels.values()] == ["#hall"]
        await t.server.send(":carl!u@h JOIN #HALL")
        await t.events()
        channel = t.protocol.channel("#hall")
        assert channel is not None
        assert "carl" in channel.members


@pytest.mark.parametrize("follows", [True, False])
def test_interfaces_without_buffers_see_a_rename_as_part_and_join(follows: bool) -> None:
    """They do not ask for the capability."""
    asked = Negotiation(follows_renaming=follows).receive(("*", "LS", "draft/channel-rename"))
    assert (asked[0].params == ("REQ", "draft/channel-rename")) == follows


async def test_hostile_lines_do_no_harm() -> None:
    """Lines that are too long, too short, not UTF-8 or no messages are passed over."""
    async with talk() as t:
        await t.server.stream.send_all(
            b"\r\n:\r\n@\r\nKICK\r\n353\r\n:x PRIVMSG\r\n\0\r\nBATCH\r\nPING :\xff\r\n"
            + b"x" * 100000
        )
        await t.server.send("", "NOTICE * :still here")
        await t.server.expect("PONG")
        assert await t.events() == [ServerText("still here")]


async def test_labels_are_all_there() -> None:
    """The capabilities of the fake are the ones that make labels work."""
    async with talk(LABELS) as t:
        assert t.protocol.negotiation.labels


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (":bob!u@h PART #lobby :bye", UserParted("bob", "#lobby", "bye", own=False)),
        (":bob!u@h KICK #lobby alice", UserKicked("alice", "#lobby", "bob", "", own=True)),
        (":bob!u@h TOPIC #lobby :new", TopicChanged("#lobby", "new", "bob")),
        (":srv.test 332 alice #lobby :old", TopicIs("#lobby", "old")),
        (":srv.test 331 alice #lobby :No topic is set", TopicIs("#lobby", "")),
        (":bob!u@h MODE #lobby +o carol", ModeChanged("#lobby", "bob", "+o carol", own=False)),
        (":bob!u@h INVITE alice #den", ChannelInvitation("alice", "bob", "#den", own=True)),
        (":srv.test 322 alice #den 3 :chess", ListedChannel("#den", "3", "chess")),
        (":srv.test 323 alice :End of /LIST", ListEnd(0)),
        (":srv.test 367 alice #den x!*@* bob!u@h 9", ListedMask("#den", "x!*@*", "bob", "9")),
        (":srv.test 348 alice #den x!*@*", ListedMask("#den", "x!*@*", "", "")),
        (":srv.test 347 alice #den :End of list", MaskListEnd("#den", "I", 0)),
        (":srv.test 372 alice :- Welcome", ServerText("Welcome")),
        (":srv.test 381 alice :You are an operator", ServerText("You are an operator")),
        ("WARN * SOON :Restart at noon", ServerText("Restart at noon")),
        ("FAIL * NEED_MORE TOPIC :Not enough", ServerError("Not enough", "NEED_MORE", "TOPIC")),
        (":bob!u@h NOTICE #lobby :look", Said("bob", "#lobby", "look", MessageKind.NOTICE)),
        (":srv.test NOTICE alice :Maintenance", ServerText("Maintenance")),
        (":bob!u@h PRIVMSG Alice :psst", Said("bob", "Alice", "psst", private=True)),
        (
            ":srv.test 433 alice carol :In use",
            NickRefused("carol", "433", "In use", registered=True),
        ),
    ],
)
async def test_what_a_line_means(line: str, event: object) -> None:
    """Each thing that a server says becomes its own event."""
    async with talk() as t:
        await t.server.send(line)
        assert await t.events() == [event]


@pytest.mark.parametrize(
    "line", ["005 alice X :are supported", "265 alice 1 2 :users", "376 alice :End", "903 alice :z"]
)
async def test_what_every_server_says_is_not_shown(line: str) -> None:
    """Numerics that tell people nothing become no events."""
    async with talk() as t:
        await t.server.send(f":srv.test {line}")
        assert await t.events() == []


async def test_late_capabilities() -> None:
    """IRCv3 cap-notify: what is offered later is asked for, and what is withdrawn is off."""
    async with talk("batch echo-message") as t:
        await t.server.send(":srv.test CAP alice NEW :labeled-response unheard-of")
        await t.server.expect("CAP REQ labeled-response")
        await t.server.send(":srv.test CAP alice ACK :labeled-response")
        await t.events()
        assert t.protocol.negotiation.labels
        await t.server.send(":srv.test CAP alice DEL :labeled-response")
        await t.events()
        assert not t.protocol.negotiation.labels


async def test_nick_given_by_the_server_is_kept(autojump_clock: trio.testing.MockClock) -> None:
    """A nickname that the server gave us is not argued about."""
    async with talk(nick_interval=15) as t:
        await t.server.send(":alice!u@h NICK Guest1")
        await t.server.expect("PING alive")
        assert t.protocol.nickname.wanted == "Guest1"


async def test_talk_goes_on_when_writing_fails() -> None:
    """Lines that arrived before a failed write are still shown."""
    async with talk() as t:
        await t.server.send(":srv.test NOTE * SERVER_SHUTDOWN :The server has shut down")
        t.server.stream.receive_stream.close()  # type: ignore[attr-defined]
        await t.session.say("#lobby", "too late")
        await t.server.send("ERROR :bye")
        assert await t.events() == [ServerShutDown(), MessageUnconfirmed("#lobby", "too late")]
        assert t.outcome == SessionOutcome(EndReason.SHUT_DOWN)


async def test_history_is_told_apart() -> None:
    """IRCv3 chathistory: what comes in such a batch was said before; it confirms nothing, not even
    our own words.
    """
    async with talk() as t:
        await t.session.say("#lobby", "again")
        await t.server.send(
            ":srv.test BATCH +h chathistory #lobby",
            "@batch=h;msgid=1;time=2026-05-04T10:30:00.000Z :bob!u@h PRIVMSG #lobby :hello",
            "@batch=h;msgid=2;time=2026-05-04T10:31:00.000Z :alice!u@h PRIVMSG #lobby :again",
            ":srv.test BATCH -h",
            "@msgid=3 :bob!u@h PRIVMSG #lobby :now",
        )
        assert await t.events() == [
            Said("bob", "#lobby", "hello", msgid="1", played_back="2026-05-04T10:30:00.000Z"),
            Said(
                "alice",
                "#lobby",
                "again",
                own=True,
                msgid="2",
                played_back="2026-05-04T10:31:00.000Z",
            ),
            Said("bob", "#lobby", "now", msgid="3"),
        ]
        assert len(t.protocol.messages.pending) == 1


async def test_a_refused_nickname_that_begins_like_a_channel() -> None:
    """432 is about a nickname whatever that looks like."""
    async with talk() as t:
        await t.server.send(":srv.test 432 alice #bad :Erroneous nickname")
        assert await t.events() == [
            NickRefused("#bad", "432", "Erroneous nickname", registered=True)
        ]
