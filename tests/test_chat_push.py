"""Devices for push messages: WEBPUSH, the users that a message notifies, and how devices are
removed.
"""

from dataclasses import replace

import pytest

from always_on_fakes import back
from push_fakes import KEYS, DeliveryFake, DeviceFake, PushTown, register
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find, offered, run_now
from trio_chat.chat import push, push_rules
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Event
from trio_chat.chat.mentions import MentionIndex, is_mentioned
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.push import PushSubscription, read_endpoint, read_keys
from trio_chat.chat.push_rules import PushRules
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import User
from trio_chat.irc import capabilities as cap
from trio_chat.server.broadcaster import unstored_parts

DAY = 86_400.0


@pytest.fixture
def town() -> PushTown:
    """Return a world with push messages."""
    return PushTown()


def notified(town: PushTown, person: Person, line: str) -> list[str]:
    """Return the names of the accounts that a line notifies."""
    output = handle_line(town.world, person.session, line.encode())
    town.deliver(output, person)
    person.read()
    return [
        town.world.account_name(account)
        for part in output.parts
        if isinstance(part, Event)
        for account in part.push_accounts
    ]


# WEBPUSH


def test_what_is_advertised(town: PushTown) -> None:
    """Both names of the capability are offered, and the public key is a token of RPL_ISUPPORT."""
    assert {"draft/webpush", "soju.im/webpush"} <= set(offered(town.newcomer()))
    assert f"VAPID={KEYS.token}" in town.world.advertised.tokens
    assert len(push.from_base64url(KEYS.token)) == 65


@pytest.mark.parametrize("has", ["accounts", "keys", "push"])
def test_without_any_of_it_nothing_is_advertised(has: str) -> None:
    """Without accounts, without keys, and where the operator has disabled it, there is no push."""
    accounts = None if has == "accounts" else OpenAccounts()
    vapid = None if has == "keys" else KEYS
    storage = StoragePorts(history=ListHistory(), accounts=accounts, vapid=vapid)
    town = Town(ServerInfo(has_push=has != "push"), storage=storage)
    assert not {"draft/webpush", "soju.im/webpush"} & set(offered(town.newcomer()))
    assert not any(token.startswith("VAPID") for token in town.world.advertised.tokens)


def test_a_device_is_registered(town: PushTown) -> None:
    """The answer is as the specification has it, after the push service has taken a message."""
    ann, device = town.account("ann"), DeviceFake()
    answer = register(ann, device)[0]
    assert (answer.command, answer.params) == ("WEBPUSH", ("REGISTER", device.endpoint))
    assert town.devices(ann) == [device.endpoint]
    assert town.delivery.confirmed == [device.endpoint]


def test_a_user_that_would_leave_is_warned(town: PushTown) -> None:
    """A user that is not always on learns that messages need it to stay; an always-on one does
    not.
    """
    ann = town.account("ann")
    assert find(register(ann, DeviceFake()), "WARN").params[:2] == (
        "WEBPUSH",
        "PERSISTENCE_REQUIRED",
    )
    ann.say("NS SET always-on on")
    assert "WARN" not in commands(register(ann, DeviceFake("https://p.test/2")))


def test_a_known_device_is_registered_without_a_message(town: PushTown) -> None:
    """A client may register its device whenever it connects."""
    ann, device = town.subscriber("ann")
    assert commands(register(ann, device)) == ["WEBPUSH"]
    assert len(town.delivery.confirmed) == 1


def test_another_registration_is_stored_once_a_day(town: PushTown) -> None:
    """Registering a known device again proves that it is in use, at the cost of one write a day."""
    ann, device = town.subscriber("ann")
    marked = town.world.dirty.marked
    register(ann, device)
    assert town.world.dirty.marked == marked
    town.clock.now += DAY
    register(ann, device)
    assert town.world.dirty.marked > marked
    (known,) = town.world.push.of(ann.session.account_id).values()
    assert (known.seen, known.created) == (town.clock.now, town.clock.now - DAY)


def test_other_keys_replace_those_of_an_endpoint(town: PushTown) -> None:
    """ "Servers MUST replace any previous subscription with the same <endpoint>"."""
    ann, device = town.subscriber("ann")
    other = DeviceFake(device.endpoint)
    register(ann, other)
    (known,) = town.world.push.of(ann.session.account_id).values()
    assert known.p256dh == other.p256dh
    assert len(town.delivery.confirmed) == 2


def test_capabilities_are_those_of_the_registration(town: PushTown) -> None:
    """ "The messages follow the same capabilities … as when the client registered"."""
    ann, device = town.subscriber("ann", caps="server-time message-tags away-notify")
    (known,) = town.world.push.of(ann.session.account_id).values()
    assert known.caps == cap.SERVER_TIME | cap.MESSAGE_TAGS
    ann.say("CAP REQ :-message-tags")
    register(ann, device)
    (known,) = town.world.push.of(ann.session.account_id).values()
    assert known.caps == cap.SERVER_TIME


def test_a_push_service_that_takes_no_message(town: PushTown) -> None:
    """A device whose push service does not take a first message is not registered."""
    ann, device = town.account("ann"), DeviceFake()
    town.delivery.why_not = "It did not answer"
    (answer,) = register(ann, device)
    assert answer.command == "FAIL"
    assert answer.params == (
        "WEBPUSH",
        "INVALID_PARAMS",
        "REGISTER",
        device.endpoint,
        "It did not answer",
    )
    assert town.devices(ann) == []


@pytest.mark.parametrize(
    "line",
    [
        "WEBPUSH",
        "WEBPUSH REGISTER",
        "WEBPUSH REGISTER https://p.test/",
        "WEBPUSH REGISTER https://p.test/ KEYS more",
        "WEBPUSH UNREGISTER",
        "WEBPUSH UNREGISTER https://p.test/ more",
        "WEBPUSH RENEW https://p.test/",
        "WEBPUSH :two words",
        "WEBPUSH REGISTER http://p.test/ KEYS",
        "WEBPUSH REGISTER https:///path KEYS",
        "WEBPUSH REGISTER ftp://p.test/ KEYS",
        "WEBPUSH REGISTER https://p.test/ p256dh=;auth=",
        "WEBPUSH REGISTER https://p.test/ :",
    ],
)
def test_a_command_that_is_wrong(town: PushTown, line: str) -> None:
    """Whatever is wrong with WEBPUSH, the answer is one standard reply."""
    ann = town.account("ann")
    (answer,) = ann.say(line.replace("KEYS", DeviceFake().keys))
    assert answer.command == "FAIL"
    assert answer.params[:2] == ("WEBPUSH", "INVALID_PARAMS")
    assert not town.delivery.confirmed


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://ann@p.test/",
        "https://ann:secret@p.test/",
        "https://p.test:0/",
        "https://p.test:65536/",
        "https://p.test:99999999999/",
        "https://p.test/ä",
        "https://p.test\\@other.test/",
        "https://.p.test/",
        "https://p_q.test/",
        "HTTPS://p.test/",
        "https://p.test/\x01",
        "https://p.test?x",
        f"https://p.test/{'x' * 400}",
        f"https://{'x' * 300}.test/",
    ],
)
def test_an_endpoint_that_is_refused(endpoint: str) -> None:
    """An endpoint is a plain URL, which two parsers cannot read differently."""
    with pytest.raises(ValueError, match="not an https URL"):
        read_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:APA91b-_x",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA==",
        "https://web.push.apple.com/QGx",
        "https://ntfy.example.org:8443/up?up=1",
        "https://p.test",
        "https://[2001:db8::1]:8443/x",
    ],
)
def test_an_endpoint_that_is_accepted(endpoint: str) -> None:
    """The endpoints of the push services of browsers and of UnifiedPush are accepted."""
    assert read_endpoint(endpoint) == endpoint


def test_keys_that_are_accepted() -> None:
    """The keys are read with and without padding, and with other tags among them."""
    device = DeviceFake()
    assert read_keys(f"{device.keys}==;other=1") == (device.p256dh, device.auth)


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "p256dh",
        pytest.param(DeviceFake().keys.partition(";")[0], id="no auth"),
        pytest.param(DeviceFake().keys.replace("auth=", "auth=AAAA"), id="auth too long"),
        pytest.param(DeviceFake().keys.replace("p256dh=B", "p256dh=C"), id="no point"),
        f"p256dh={push.to_base64url(bytes([4]) + bytes(64))};auth={push.to_base64url(bytes(16))}",
        f"p256dh={push.to_base64url(b'x' * 65)};auth={push.to_base64url(bytes(16))}",
        f"p256dh={push.to_base64url(bytes([4] + [255] * 64))};auth=AAAAAAAAAAAAAAAAAAAAAA",
        "p256dh=////;auth=++++",
        "p256dh=A;auth=A",
    ],
)
def test_keys_that_are_refused(keys: str) -> None:
    """A key that is missing, malformed or no point of the curve is refused."""
    with pytest.raises(ValueError, match="not"):
        read_keys(keys)


def test_a_guest_has_no_devices(town: PushTown) -> None:
    """Devices belong to accounts."""
    guest = town.person("guest")
    (answer,) = register(guest, DeviceFake())
    assert answer.params[:2] == ("WEBPUSH", "FORBIDDEN")


def test_push_messages_that_are_disabled(town: PushTown) -> None:
    """After the operator has disabled them, a device can be removed, but not registered."""
    ann, device = town.subscriber("ann")
    town.world.push_delivery = None
    assert register(ann, DeviceFake("https://p.test/2"))[0].params[:2] == ("WEBPUSH", "FORBIDDEN")
    assert ann.say(f"WEBPUSH UNREGISTER {device.endpoint}")[0].command == "WEBPUSH"
    assert town.devices(ann) == []


def test_a_device_is_removed_by_its_client(town: PushTown) -> None:
    """UNREGISTER is echoed, and silently ignored for an unknown endpoint."""
    ann, device = town.subscriber("ann")
    for _ in range(2):
        (answer,) = ann.say(f"webpush unregister {device.endpoint}")
        assert (answer.command, answer.params) == ("WEBPUSH", ("UNREGISTER", device.endpoint))
        assert town.devices(ann) == []


def test_the_device_that_was_not_seen_for_longest_gives_way(town: PushTown) -> None:
    """A user whose old browsers are gone can register a new one."""
    ann = town.account("ann")
    devices = [DeviceFake(f"https://p.test/{number}") for number in range(5)]
    for device in devices[:4]:
        register(ann, device)
    town.clock.now += DAY
    register(ann, devices[0])  # which is seen again
    register(ann, devices[4])
    assert town.devices(ann) == [devices[number].endpoint for number in (2, 3, 0, 4)]


def test_a_device_belongs_to_one_account(town: PushTown) -> None:
    """A browser in which another user logs in shows that user's messages, and no others."""
    ann, device = town.subscriber("ann")
    bob = town.account("bob")
    register(bob, device)
    assert (town.devices(ann), town.devices(bob)) == ([], [device.endpoint])
    assert {user.nick for user in town.world.push.users} == {"bob"}


def test_a_user_that_logs_out_while_it_registers(town: PushTown) -> None:
    """A device is not registered for an account that its user has left meanwhile."""
    ann, device = town.account("ann"), DeviceFake()

    class Slow(DeliveryFake):
        """A push service that takes so long that the user logs out."""

        async def confirm(self, account: int, subscription: PushSubscription) -> str:
            ann.say("NS LOGOUT")
            return ""

    town.world.push_delivery = Slow()
    assert register(ann, device)[-1].command == "FAIL"
    assert not town.world.push.by_account


def test_the_order_in_which_goguma_registers(town: PushTown) -> None:
    """Goguma removes the subscription of another VAPID key, which the server may not know, and
    registers a new one; at each connection it registers that again.
    """
    ann = town.account("ann", caps="soju.im/webpush draft/read-marker server-time message-tags")
    old, device = DeviceFake("https://push.example.org/old"), DeviceFake()
    keys = ";".join(f"{part}==" for part in device.keys.split(";"))  # padded
    assert commands(ann.say(f"WEBPUSH UNREGISTER {old.endpoint}")) == ["WEBPUSH"]
    for _ in range(2):
        answer = ann.say(f"WEBPUSH REGISTER {device.endpoint} {keys}")[0]
        assert (answer.command, answer.params) == ("WEBPUSH", ("REGISTER", device.endpoint))
    assert town.delivery.confirmed == [device.endpoint]
    (known,) = town.world.push.of(ann.session.account_id).values()
    assert known.caps == cap.SERVER_TIME | cap.MESSAGE_TAGS | cap.READ_MARKER


def test_a_labelled_registration(town: PushTown) -> None:
    """The answer and the warning after it are one response."""
    ann = town.account("ann", caps="labeled-response batch standard-replies")
    device = DeviceFake()
    begin, answer, warning, end = ann.say(
        f"@label=7 WEBPUSH REGISTER {device.endpoint} {device.keys}"
    )
    assert begin.tags["label"] == "7"
    assert [answer.command, warning.command] == ["WEBPUSH", "WARN"]
    assert answer.tags["batch"] == warning.tags["batch"] == begin.params[0][1:]
    assert end.params == (f"-{answer.tags['batch']}",)


def test_a_registration_that_cannot_be_stored(town: PushTown) -> None:
    """The client learns by a standard reply that the device may be forgotten."""
    ann, device = town.account("ann"), DeviceFake()
    line = f"WEBPUSH REGISTER {device.endpoint} {device.keys}".encode()
    output = handle_line(town.world, ann.session, line)
    assert output.later is not None
    further = run_now(output.later())
    assert further.not_kept is not None
    town.deliver(replace(further, parts=further.not_kept, later=None), ann)
    assert find(ann.read(), "FAIL").params[0] == "WEBPUSH"


# How devices are removed


def test_a_user_that_logs_out_gets_no_messages(town: PushTown) -> None:
    """LOGOUT removes the devices of the sessions that are logged out, and no others."""
    ann, device = town.subscriber("ann", caps="batch")
    phone = DeviceFake("https://p.test/phone")
    register(ann, phone)  # the session is now that of the phone
    number = ann.session.account_id
    ann.say("NS LOGOUT")
    assert list(town.world.push.of(number)) == [device.endpoint]
    assert town.world.push.users == {}


def test_a_device_that_another_one_logs_out(town: PushTown) -> None:
    """NickServ CLIENTS LOGOUT ends the push messages of the sessions that it ends."""
    ann, device = town.subscriber("ann")
    other, _ = back(town)
    mine = DeviceFake("https://p.test/mine")
    register(other, mine)
    other.say("NS CLIENTS LOGOUT all")
    assert ann.ended
    assert town.devices(other) == [mine.endpoint] != [device.endpoint]


def test_another_password_removes_the_other_devices(town: PushTown) -> None:
    """A thief of a password loses its device; the session that changes the password keeps its
    own.
    """
    ann, _ = town.subscriber("ann")
    other, _ = back(town)
    mine = DeviceFake("https://p.test/mine")
    register(other, mine)
    other.say("NS SET PASSWORD ann-password new-password")
    assert town.devices(other) == [mine.endpoint]
    assert ann.ended


def test_an_account_that_is_deleted_has_no_devices(town: PushTown) -> None:
    """NickServ DROP removes the devices with the account."""
    ann, _ = town.subscriber("ann")
    ann.say("NS DROP ann-password")
    assert not town.world.push.by_account
    assert not town.world.push.users


def test_an_account_that_is_suspended_has_no_devices(town: PushTown) -> None:
    """A suspended account receives nothing, also where none of its users is connected."""
    ann, _ = town.subscriber("ann")
    ann.leave()
    oper = town.person("oper")
    town.appoint(oper.session.user, Operator(name="oper"))
    oper.say("NS SUSPEND ann spam")
    assert not town.world.push.by_account


def test_a_user_in_between(town: PushTown) -> None:
    """A user is known by its devices from its login to its logout, however often it comes."""
    ann, _ = town.subscriber("ann")
    assert set(town.world.push.users) == {ann.session.user}
    ann.leave()
    assert not town.world.push.users
    again = town.account("ann")
    assert set(town.world.push.users) == {again.session.user}
    again.say("NS LOGOUT")
    assert not town.world.push.users


# The users that a message notifies


def test_a_private_message_notifies_its_recipient(town: PushTown) -> None:
    """Each message and notice to a user with a device is pushed; tags alone are not."""
    town.subscriber("ann")
    bob = town.person("bob", caps="message-tags")
    assert notified(town, bob, "PRIVMSG ann :hello") == ["ann"]
    assert notified(town, bob, "NOTICE ann :hello") == ["ann"]
    assert notified(town, bob, "@+typing=active TAGMSG ann") == []


def test_an_echo_is_not_pushed_twice(town: PushTown) -> None:
    """The sender's copies of a message notify nobody."""
    town.subscriber("ann")
    bob = town.person("bob", caps="echo-message labeled-response batch")
    assert notified(town, bob, "PRIVMSG ann :hello") == ["ann"]
    assert notified(town, bob, "@label=1 PRIVMSG ann :hello") == ["ann"]


def test_ctcp_is_not_pushed(town: PushTown) -> None:
    """A query that the client answers itself is nothing for the user; an action is."""
    town.subscriber("ann", "#a")
    bob = town.person("bob", "#a")
    assert notified(town, bob, "PRIVMSG ann :\x01VERSION\x01") == []
    assert notified(town, bob, "PRIVMSG #a :\x01PING ann\x01") == []
    assert notified(town, bob, "PRIVMSG ann :\x01ACTION waves\x01") == ["ann"]


def test_a_message_that_is_refused_is_not_pushed(town: PushTown) -> None:
    """What a user does not receive is not pushed to its devices."""
    ann, _ = town.subscriber("ann")
    ann.say("MODE ann +R")
    assert notified(town, town.person("bob"), "PRIVMSG ann :hello") == []


def test_a_message_that_cannot_be_stored_is_not_pushed(town: PushTown) -> None:
    """The output that the broadcaster delivers instead has nothing to push."""
    town.subscriber("ann")
    bob = town.person("bob")
    output = handle_line(town.world, bob.session, b"PRIVMSG ann :hello")
    assert not [part for part in unstored_parts(output) if isinstance(part, Event)]


def test_a_user_without_a_session_is_notified(town: PushTown) -> None:
    """An always-on user is notified while none of its sessions is connected."""
    ann, _ = town.subscriber("ann", "#a")
    ann.say("NS SET always-on on")
    ann.leave()
    bob = town.person("bob", "#a")
    assert notified(town, bob, "PRIVMSG ann :hello") == ["ann"]
    assert notified(town, bob, "PRIVMSG #a :ann: hello") == ["ann"]


def test_a_labelled_message_in_an_empty_channel(town: PushTown) -> None:
    """A message that no session but the sender's receives is pushed nevertheless."""
    ann, _ = town.subscriber("ann", "#a")
    ann.say("NS SET always-on on", "MODE #a +o ann")
    ann.leave()
    bob = town.person("bob", "#a", caps="labeled-response batch echo-message")
    assert notified(town, bob, "@label=1 PRIVMSG @#a :ann: hello") == ["ann"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann: hello", True),
        ("hello ANN!", True),
        ("hello \x02an\x02n", True),
        ("@ann", True),
        ("(ann)", True),
        ("hello, joanna", False),
        ("ann-marie", False),
        ("ann_", False),
        ("see https://example.org/ann", False),
        ("see https://example.org/ann, ann", True),
        ("annann ann", True),
        ("", False),
    ],
)
def test_a_mention(text: str, expected: bool) -> None:
    """A message to a channel notifies a member whose nickname is in it as a word."""
    town = PushTown()
    town.subscriber("ann", "#a")
    bob = town.person("bob", "#a")
    assert notified(town, bob, f"PRIVMSG #a :{text}") == (["ann"] if expected else [])


def test_a_mention_in_any_script() -> None:
    """Names are compared without case in other scripts, too."""
    assert is_mentioned("анна".casefold(), "АННА, обед?".casefold())
    assert is_mentioned("straße".casefold(), "STRASSE!".casefold())
    assert not is_mentioned("анна".casefold(), "жанна".casefold())


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("see https://example.org/x\nann: what?", True),
        ("https://example.org/x\tann", True),
        ("https://ann.example.org/?a=ann ann", True),
        ("https://ann.example.org/\nhttps://example.org/ann", False),
        ("https://example.org/a,ann,ann", False),
        ("joann ann-marie", False),
        ("joann ann-marie ann", True),
    ],
)
def test_a_name_in_a_link_is_no_mention(text: str, is_one: bool) -> None:
    """A link ends with its line, too: a message may have several."""
    assert is_mentioned("ann", text) is is_one


def test_lines_that_are_joined_have_one_link() -> None:
    """A line that continues the one before it goes on with the link."""
    index, ann = MentionIndex(), User("ann", "ann", "u", "h", "", 0.0)
    index.put(ann, ["ann"])
    assert index.find("https://example.org/\n\rann", {ann}) == []
    assert index.find("hello an\n\rn", {ann}) == [ann]


@pytest.mark.parametrize(
    "nick", ["ann[m]", "[ann]", "[]", "ann-marie", "ann_", "a|b", "^^", "x{y}z", "_", "ann`s"]
)
def test_a_mention_of_a_strange_nickname(nick: str) -> None:
    """Nicknames with signs in them are found as others are, and only as a whole."""
    town = PushTown()
    eve, _ = town.subscriber("eve", "#a")
    eve.say(f"NICK {nick}")
    assert {user.nick for user in town.world.push.users} == {nick}
    bob = town.person("bob", "#a")
    for text in (nick, f"hello {nick.upper()}, lunch?", f"({nick}): hi"):
        assert notified(town, bob, f"PRIVMSG #a :{text}") == ["eve"], text
    for text in (f"x{nick}", f"{nick}x", nick[:-1] or "x"):
        assert notified(town, bob, f"PRIVMSG #a :{text}") == [], text


def test_a_mention_of_the_account(town: PushTown) -> None:
    """A user with another nickname is notified by the name of its account as well."""
    ann, _ = town.subscriber("ann", "#a")
    ann.say("NICK anna")
    bob = town.person("bob", "#a")
    assert notified(town, bob, "PRIVMSG #a :ann: hello") == ["ann"]
    assert notified(town, bob, "PRIVMSG #a :anna: hello") == ["ann"]
    assert notified(town, bob, "PRIVMSG #a :annb: hello") == []


def test_a_nickname_of_the_past(town: PushTown) -> None:
    """A nickname that a user has given up notifies it no longer, nor one of a guest."""
    ann, _ = town.subscriber("ann", "#a")
    ann.say("NICK anna", "NICK annb")
    bob = town.person("bob", "#a")
    assert notified(town, bob, "PRIVMSG #a :anna: hello") == []
    ann.say("NS LOGOUT")
    assert notified(town, bob, "PRIVMSG #a :annb: hello") == []


@pytest.mark.parametrize("tag", ["+reply", "+draft/reply"])
def test_a_reply_notifies_its_author(town: PushTown, tag: str) -> None:
    """A reply to a message notifies the user that wrote it, without a mention."""
    ann, _ = town.subscriber("ann", "#a", caps="message-tags echo-message")
    bob = town.person("bob", "#a", caps="message-tags")
    parent = find(ann.say("PRIVMSG #a :lunch?"), "PRIVMSG").tags["msgid"]
    assert notified(town, bob, f"@{tag}={parent} PRIVMSG #a :yes") == ["ann"]
    assert notified(town, bob, f"@{tag}={parent} PRIVMSG #a :yes, ann") == ["ann"]
    assert notified(town, bob, f"@{tag}=nonsense PRIVMSG #a :yes") == []
    assert notified(town, ann, f"@{tag}={parent} PRIVMSG #a :nobody?") == []


def test_a_reply_to_another_user(town: PushTown) -> None:
    """A reply notifies its author only, and only where that is a member."""
    town.subscriber("ann", "#a")
    eve, _ = town.subscriber("eve", "#a", caps="message-tags echo-message")
    bob = town.person("bob", "#a", caps="message-tags")
    parent = find(eve.say("PRIVMSG #a :lunch?"), "PRIVMSG").tags["msgid"]
    assert notified(town, bob, f"@+reply={parent} PRIVMSG #a :yes") == ["eve"]
    bob.say("JOIN #b")
    assert notified(town, bob, f"@+reply={parent} PRIVMSG #b :yes") == []
    eve.say("PART #a")
    assert notified(town, bob, f"@+reply={parent} PRIVMSG #a :yes") == []


def test_authors_are_bounded(town: PushTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authors of so many messages are known, the newest ones."""
    monkeypatch.setattr(push, "_MAX_AUTHORS", 2)
    ann, _ = town.subscriber("ann", "#a", caps="message-tags echo-message")
    bob = town.person("bob", "#a", caps="message-tags")
    parents = [find(ann.say("PRIVMSG #a :x"), "PRIVMSG").tags["msgid"] for _ in range(3)]
    found = [notified(town, bob, f"@+reply={parent} PRIVMSG #a :yes") for parent in parents]
    assert found == [[], ["ann"], ["ann"]]


def test_a_message_of_several_lines(town: PushTown) -> None:
    """A mention in a later line counts."""
    town.subscriber("ann", "#a")
    bob = town.person("bob", "#a", caps="batch draft/multiline message-tags")
    bob.say("BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a :one")
    bob.say("@batch=1 PRIVMSG #a :two, ann")
    assert notified(town, bob, "BATCH -1") == ["ann"]


def test_a_user_that_mentions_itself(town: PushTown) -> None:
    """A user is not notified of what it writes itself, on any of its devices."""
    ann, _ = town.subscriber("ann", "#a")
    other = town.person("other", "#a")
    other.say("NS IDENTIFY ann ann-password")
    assert notified(town, ann, "PRIVMSG #a :ann") == []
    assert notified(town, ann, "PRIVMSG ann :note to myself") == []
    assert notified(town, other, "PRIVMSG ann :note to myself") == []


def test_a_mention_of_a_user_that_is_not_there(town: PushTown) -> None:
    """Only members are notified of what is said in a channel."""
    town.subscriber("ann")
    assert notified(town, town.person("bob", "#a"), "PRIVMSG #a :ann: hello") == []


def test_a_message_for_some_members_notifies_these(town: PushTown) -> None:
    """A message to the operators of a channel notifies no member below them."""
    town.subscriber("ann", "#a")  # who made it
    town.subscriber("bob", "#a")
    eve = town.person("eve", "#a")
    assert notified(town, eve, "PRIVMSG @#a :ann and bob, hello") == ["ann"]
    assert notified(town, eve, "PRIVMSG #a :ann and bob, hello") == ["ann", "bob"]


def test_a_message_that_only_operators_hear(town: PushTown) -> None:
    """What a moderated channel (+U) shows to operators only notifies operators only."""
    ann, _ = town.subscriber("ann", "#a")
    town.subscriber("bob", "#a")
    ann.say("MODE #a +U")
    eve = town.person("eve", "#a")
    assert notified(town, eve, "PRIVMSG #a :ann and bob, hello") == ["ann"]


def test_users_elsewhere_are_not_notified(town: PushTown) -> None:
    """Of several users that a message mentions, the members are notified."""
    town.subscriber("ann", "#a")
    for nick in ("bob", "eve"):
        town.subscriber(nick)
    lone = town.person("lone", "#a")
    assert notified(town, lone, "PRIVMSG #a :ann and bob, hello") == ["ann"]


def test_a_relayed_message_notifies(town: PushTown) -> None:
    """A message of a bridge mentions users as others do."""
    town.subscriber("ann", "#a")
    bob = town.person("bob", "#b", caps="draft/relaymsg")
    bob.say("JOIN #a")
    town.subscriber("eve", "#b")
    assert notified(town, bob, "RELAYMSG #b carol/web :eve: hello") == ["eve"]


def test_an_invitation_notifies(town: PushTown) -> None:
    """The user that is invited is notified, and no member of the channel."""
    town.subscriber("ann")
    bob, _ = town.subscriber("bob", "#a")
    assert notified(town, bob, "INVITE ann #a") == ["ann"]


# The rules of an account


def answers(person: Person, line: str) -> list[str]:
    """Return the sentences with which NickServ answers."""
    return [message.params[-1] for message in person.say(f"NS {line}")]


def test_a_word_counts_as_a_mention(town: PushTown) -> None:
    """Words that the user has chosen notify it as its names do, in any case, and as whole words."""
    ann, _ = town.subscriber("ann", "#a")
    bob = town.person("bob", "#a")
    assert notified(town, bob, "PRIVMSG #a :the Build Server is down") == []
    ann.say("NS PUSH WORDS +build server,+C++")
    assert notified(town, bob, "PRIVMSG #a :the Build Server is down") == ["ann"]
    assert notified(town, bob, "PRIVMSG #a :c++?") == ["ann"]
    assert notified(town, bob, "PRIVMSG #a :rebuild servers") == []
    ann.say("NS PUSH WORDS -BUILD SERVER")
    assert notified(town, bob, "PRIVMSG #a :the Build Server is down") == []


@pytest.mark.parametrize("mask", ["bob", "BO?", "bob!*@*", "*!*@192.0.2.1", "*!bob@*"])
def test_an_ignored_user_does_not_notify(town: PushTown, mask: str) -> None:
    """Neither messages nor mentions, replies and invitations of an ignored user are pushed."""
    ann, _ = town.subscriber("ann", "#a", caps="message-tags echo-message")
    bob = town.person("bob", "#a", caps="message-tags")
    parent = find(ann.say("PRIVMSG #a :lunch?"), "PRIVMSG").tags["msgid"]
    ann.say(f"NS PUSH IGNORED +{mask}")
    bob.say("JOIN #b")
    for line in ("PRIVMSG ann :hi", "PRIVMSG #a :ann", f"@+reply={parent} PRIVMSG #a :yes"):
        assert notified(town, bob, line) == [], line
    assert notified(town, bob, "INVITE ann #b") == []
    assert notified(town, town.person("eve", "#a", host="192.0.2.9"), "PRIVMSG ann :hi") == ["ann"]
    ann.say(f"NS PUSH IGNORED -{mask}")
    assert notified(town, bob, "PRIVMSG ann :hi") == ["ann"]


def test_a_relayed_user_can_be_ignored(town: PushTown) -> None:
    """The source that a message shows is the one that is ignored."""
    ann, _ = town.subscriber("ann", "#a")
    bob = town.person("bob", "#b", caps="draft/relaymsg")
    ann.say("JOIN #b", "NS PUSH IGNORED +carol/web")
    assert notified(town, bob, "RELAYMSG #b carol/web :ann: hello") == []
    assert notified(town, bob, "RELAYMSG #b dave/web :ann: hello") == ["ann"]


def test_a_muted_conversation_does_not_notify(town: PushTown) -> None:
    """A muted channel notifies nobody that has muted it; a muted user may mention one elsewhere."""
    ann, _ = town.subscriber("ann", "#a", "#b")
    bob = town.person("bob", "#a")
    bob.say("JOIN #b")
    ann.say("NS PUSH MUTED +#A,+Bob")
    assert notified(town, bob, "PRIVMSG #a :ann: hi") == []
    assert notified(town, bob, "PRIVMSG #b :ann: hi") == ["ann"]
    assert notified(town, bob, "PRIVMSG ann :hi") == []
    ann.say("NS PUSH MUTED -*")
    assert notified(town, bob, "PRIVMSG #a :ann: hi") == ["ann"]


def test_rules_are_shown(town: PushTown) -> None:
    """PUSH LIST shows the devices and the rules, without endpoints."""
    ann, _ = town.subscriber("ann")
    assert (
        answers(ann, "PUSH MUTED +#a,+#b")[-1]
        == "muted for push messages: 2 of at most 100 entries."
    )
    shown = answers(ann, "PUSH LIST")
    assert shown[0].startswith("1 (this one): at p.test, since ")
    assert shown[-1] == "muted: #a, #b"
    assert not any("p.test/" in line for line in shown)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("bob", "begins with"),
        ("+", "begins with"),
        ("+a,", "begins with"),
        (f"+{'x' * 101}", "at most 100 characters"),
        (",".join(f"+{number}" for number in range(101)), "There can be 100 entries"),
    ],
)
def test_rules_that_are_refused(town: PushTown, changes: str, words: str) -> None:
    """A change that is wrong, or too much, changes nothing, and the answer says why."""
    ann, _ = town.subscriber("ann")
    (answer,) = answers(ann, f"PUSH WORDS {changes}")
    assert words in answer
    assert answer.endswith("Nothing was changed.")
    assert not town.world.push.rules


def test_a_guest_has_no_rules(town: PushTown) -> None:
    """Rules belong to accounts."""
    assert answers(town.person("guest"), "PUSH WORDS +a") == [LOG_IN_FIRST]


def test_rules_go_with_the_account(town: PushTown) -> None:
    """Rules outlive the devices, but not the account."""
    ann, _ = town.subscriber("ann")
    ann.say("NS PUSH WORDS +lunch", "NS PUSH DEL all")
    assert town.world.push.rules
    ann.say("NS DROP ann-password")
    assert not town.world.push.rules


def test_rules_come_back_as_they_were() -> None:
    """What is stored of the rules is all that is known of them."""
    rules = PushRules().changed("words", ["+a b", "+c"]).changed("ignored", ["+bob"])
    assert push_rules.from_state(rules.to_state()) == rules
    assert rules.ignored == ("bob!*@*",)
    assert rules.changed("words", ["-*"]).changed("ignored", ["-BOB"]).to_state() == {}


def test_a_read_marker_is_for_the_devices_too(town: PushTown) -> None:
    """A marker is an event for the devices of its user, when it has any."""
    ann, _ = town.subscriber("ann", "#a")
    line = "MARKREAD #a timestamp=2027-01-15T08:00:00.000Z"
    assert notified(town, ann, line) == ["ann"]
    assert notified(town, town.account("bob", "#a"), line) == []


def test_a_user_that_writes_has_seen_what_came_before(town: PushTown) -> None:
    """A message and a typing notification are the activity of a user; a NOTICE is a program's."""
    ann, _ = town.subscriber("ann", "#a", caps="message-tags")
    account = ann.session.account_id
    ann.say("NOTICE #a :beep", "PING x")
    assert account not in town.world.push.active
    ann.say("@+typing=active TAGMSG #a")
    assert town.world.push.active[account] == town.clock.now


def test_a_deleted_message_is_withdrawn(town: PushTown) -> None:
    """The edge learns of each message that is deleted."""
    town.subscriber("ann")
    bob = town.account("bob", "#a", caps="message-tags echo-message draft/message-redaction")
    echo = find(bob.say("PRIVMSG #a :hello"), "PRIVMSG")
    bob.say(f"REDACT #a {echo.tags['msgid']}")
    assert len(town.delivery.withdrawn) == 1


def test_state_comes_back_as_it_was(town: PushTown) -> None:
    """What is stored of a device is all that is known of it."""
    ann, _ = town.subscriber("ann", caps="server-time draft/read-marker")
    devices = town.world.push.of(ann.session.account_id)
    assert push.from_state(push.to_state(devices)) == devices
