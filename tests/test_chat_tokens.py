"""TOKEN, and the address for uploads in RPL_ISUPPORT (IRCv3 draft/authtoken, draft/FILEHOST)."""

import pytest

from storage_fakes import ListHistory
from support import Person, Town, commands
from trio_chat.chat import uploads
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.uploads import TOKEN_LIFETIME, UploadRules, UploadTokens
from trio_chat.chat.users import Session

PAGE = "http://192.0.2.9:5000/"


def town_that(users: str = "all", *, is_enabled: bool = True) -> Town:
    """Return a town with uploads."""
    return Town(
        server_info=ServerInfo(uploads=UploadRules(is_enabled, users)),
        storage=StoragePorts(history=ListHistory()),
    )


def newcomer(town: Town, page_url: str = PAGE) -> Person:
    """Return a client that reaches the page under an address."""
    person = town.newcomer()
    person.session.page_url = page_url
    return person


def person(town: Town, caps: str = "", page_url: str = PAGE) -> Person:
    """Return a user."""
    made = newcomer(town, page_url)
    made.say("CAP LS 302", f"CAP REQ :{caps}", "NICK ann", "USER ann 0 * :Ann", "CAP END")
    return made


def token_of(someone: Person) -> str:
    """Let a user get a token."""
    return someone.say("TOKEN GENERATE filehost")[0].params[-1]


def used(town: Town, token: str) -> Session | None:
    """Use a token; return the session that it names."""
    return town.world.upload_tokens.use(token, town.world.sessions)


def isupport(someone: Person) -> list[str]:
    """Return the tokens of RPL_ISUPPORT."""
    lines = [line for line in someone.say("ISUPPORT") if line.command == "005"]
    return [token for line in lines for token in line.params[1:-1]]


def test_the_address_is_announced() -> None:
    """Under both names, as this session reaches it; without an address neither."""
    town = town_that()
    tokens = isupport(person(town))
    assert f"draft/FILEHOST={PAGE}upload" in tokens
    assert f"soju.im/FILEHOST={PAGE}upload" in tokens
    assert "draft/AUTHTOKEN" in tokens
    other = newcomer(town, "")
    other.say("NICK bob", "USER bob 0 * :Bob")
    assert not [token for token in isupport(other) if "FILEHOST" in token]


def test_a_server_without_uploads_announces_nothing() -> None:
    """No token, no capability, no service."""
    ann = person(town_that(is_enabled=False))
    assert not [token for token in isupport(ann) if "FILEHOST" in token or "AUTH" in token]
    assert "draft/authtoken" not in str(ann.say("CAP LS 302"))
    assert ann.say("TOKEN SERVICELIST")[0].params[:2] == ("TOKEN", "NO_SERVICES")
    assert ann.say("TOKEN GENERATE FILEHOST")[0].params[1] == "UNKNOWN_SERVICE"


def test_an_address_that_is_too_long_is_not_announced() -> None:
    """It would not fit into a line."""
    ann = person(town_that(), page_url=f"http://{'a' * 300}/")
    assert not [token for token in isupport(ann) if "FILEHOST" in token]


def test_a_token_names_its_session() -> None:
    """Once; a second request needs another token."""
    town = town_that()
    ann = person(town)
    answer = ann.say("TOKEN GENERATE FILEHOST #a")[0]
    assert answer.params[:3] == ("GENERATE", "FILEHOST", f"{PAGE}upload")
    assert 32 <= len(answer.params[3]) <= 200
    assert used(town, answer.params[3]) is ann.session
    assert used(town, answer.params[3]) is None


def test_a_token_ends() -> None:
    """After some minutes."""
    town = town_that()
    ann = person(town)
    first = token_of(ann)
    town.clock.now += TOKEN_LIFETIME + 1
    assert used(town, first) is None


@pytest.mark.parametrize("token", ["", "x", "\ud800", "é", "a" * 1000, "A" * 86])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Whatever it is."""
    assert used(town_that(), token) is None


def test_a_changed_token_is_refused() -> None:
    """It is signed, with its session and its end."""
    town = town_that()
    token = token_of(person(town))
    for position in range(0, len(token) - 1, 5):
        sign = "A" if token[position] != "A" else "B"
        assert used(town, token[:position] + sign + token[position + 1 :]) is None
    assert used(town, token) is not None


def test_a_token_is_for_any_server_with_the_key_and_the_session() -> None:
    """A load balancer leads the upload anywhere. A session of another start may have the number."""
    here, there, elsewhere = town_that(), town_that(), town_that()
    for town, key in ((here, b"k" * 32), (there, b"k" * 32), (elsewhere, b"l" * 32)):
        town.world.upload_tokens = UploadTokens(town.world.elapsed, key)
    ann, same, other = (person(town) for town in (here, there, elsewhere))
    assert ann.session.id == same.session.id == other.session.id
    token = token_of(ann)
    assert used(elsewhere, token) is None
    same.session.connected += 1
    assert used(there, token) is None
    same.session.connected = ann.session.connected
    assert used(there, token) is same.session
    assert used(there, token) is None


def test_used_tokens_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten first, and all after their end."""
    monkeypatch.setattr(uploads, "_MOST_USED", 3)
    town = town_that()
    ann = person(town)
    tokens = [token_of(ann) for _ in range(5)]
    assert all(used(town, token) for token in tokens)
    kept = town.world.upload_tokens._used
    assert len(kept) == 3
    town.clock.now += TOKEN_LIFETIME + 2
    assert used(town, token_of(ann)) is ann.session
    assert len(kept) == 1


def test_accounts_only() -> None:
    """A guest gets no token."""
    answer = person(town_that("accounts")).say("TOKEN GENERATE FILEHOST")[0]
    assert answer.params[:3] == ("TOKEN", "ACCOUNT_REQUIRED", "FILEHOST")


def test_operators_only() -> None:
    """Nobody else gets one."""
    answer = person(town_that("operators")).say("TOKEN GENERATE FILEHOST")[0]
    assert answer.params[:3] == ("TOKEN", "NO_PERMISSIONS", "FILEHOST")


def test_services_are_listed() -> None:
    """In a batch; after registration unasked, with the capability."""
    town = town_that()
    ann = newcomer(town)
    ann.say("CAP LS 302", "CAP REQ :batch draft/authtoken", "NICK ann", "CAP END")
    welcome = ann.say("USER ann 0 * :Ann")
    found = [line for line in welcome if line.command in ("BATCH", "TOKEN", "251")]
    assert [line.command for line in found] == ["BATCH", "TOKEN", "BATCH", "251"]
    assert found[0].params[1:] == ("draft/authtoken", "*", "*")
    assert found[1].params[:3] == ("SERVICE", "FILEHOST", f"{PAGE}upload")
    assert found[1].tags["batch"] == found[0].params[0][1:]
    assert commands(ann.say("TOKEN SERVICELIST")) == ["BATCH", "TOKEN", "BATCH"]


def test_nobody_validates() -> None:
    """The server itself takes the tokens; before registration, too."""
    answer = newcomer(town_that()).say(f"TOKEN VALIDATE FILEHOST {PAGE}upload :x")[0]
    assert answer.params[:3] == ("TOKEN", "NO_PERMISSIONS", "FILEHOST")


def test_newcomers_get_no_token() -> None:
    """Registration comes first."""
    answer = newcomer(town_that()).say("TOKEN GENERATE FILEHOST")[0]
    assert answer.params[:2] == ("TOKEN", "NO_PERMISSIONS")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("TOKEN BOGUS", "UNKNOWN_COMMAND"),
        ("TOKEN GENERATE", "UNKNOWN_SERVICE"),
        ("TOKEN GENERATE QDB", "UNKNOWN_SERVICE"),
    ],
)
def test_other_requests_fail(line: str, code: str) -> None:
    """With a standard reply."""
    assert person(town_that()).say(line)[0].params[:2] == ("TOKEN", code)
