"""Passwords of a directory: a person is found, and the directory takes the password."""

import threading
from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

from login_fakes import FakeTree, entry
from trio_chat.chat.distinguished_names import normal_form
from trio_chat.chat.identities import PersonRefused, ProviderUnavailable
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.operator_blocks import Operator
from trio_chat.config import LdapSettings
from trio_chat.server.login.directory import (
    Connection,
    DirectoryError,
    LdapDirectory,
    WrongPassword,
)

PEOPLE = "ou=People"


def directory(tree: FakeTree, **changed: Any) -> LdapDirectory:
    """Return a directory that is searched by its own login."""
    chosen: dict[str, Any] = {
        "url": "ldaps://ldap.example.org",
        "base": PEOPLE,
        "bind_dn": "cn=chat",
        "bind_password_file": Path("secret"),
        **changed,
    }
    return LdapDirectory(LdapSettings(**chosen), "secret", tree.connect)


async def test_a_person_logs_in() -> None:
    """The identity is the unchanging number of the entry."""
    tree = FakeTree()
    found = await directory(tree).check("ann", "correct horse")
    assert found is not None
    assert found.key == IdentityKey("ldap:ou=people", "id-1")
    assert found.name == "ann"
    assert tree.binds == ["cn=chat", "uid=ann,ou=people"]
    assert tree.open == 0


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong"),
        ("bob", "correct horse"),
        ("ann", ""),
        ("ann", "correct horse\0x"),
        ("ann\0", "correct horse"),
        ("", "correct horse"),
        ("*", "correct horse"),
        ("ann)(uid=*", "correct horse"),
        ("ann", "x" * 601),
        ("a" * 201, "correct horse"),
    ],
)
async def test_what_logs_nobody_in(name: str, password: str) -> None:
    """Wrong, empty, with NUL, or with signs of filters; nothing of it is a filter."""
    tree = FakeTree()
    assert await directory(tree).check(name, password) is None
    assert all("(uid=*)" not in condition for _, condition in tree.searches)
    assert tree.open == 0


async def test_an_empty_password_is_never_sent() -> None:
    """RFC 4513 §5.1.2: the directory would let anybody in without one."""
    tree = FakeTree()
    assert await directory(tree).check("ann", "") is None
    assert not tree.binds


async def test_two_entries_are_nobody() -> None:
    """The filter must find one person."""
    tree = FakeTree()
    tree.found["(uid=ann)"].append(entry("uid=ann,ou=guests"))
    assert await directory(tree).check("ann", "correct horse") is None


async def test_an_entry_without_a_name_is_nobody() -> None:
    """Logging in without a name succeeds for anybody."""
    tree = FakeTree()
    tree.found["(uid=ann)"] = [entry("")]
    assert await directory(tree).check("ann", "correct horse") is None


async def test_the_name_can_be_made_by_a_template() -> None:
    """Then nothing is searched, and its signs have no meaning."""
    tree = FakeTree()
    there = directory(
        tree, base="", bind_dn="", bind_password_file=None, bind_template="uid={name},ou=people"
    )
    found = await there.check("ann", "correct horse")
    assert found is not None
    assert not tree.searches
    assert await there.check("ann,ou=people", "correct horse") is None
    assert tree.binds[-1] == "uid=ann\\2cou\\3dpeople,ou=people"


async def test_a_template_that_is_no_name_is_searched() -> None:
    """Active Directory takes `ann@example.org`, which names no entry."""
    tree = FakeTree()
    tree.passwords["ann@example.org"] = "correct horse"
    there = directory(tree, bind_template="{name}@example.org")
    found = await there.check("ann", "correct horse")
    assert found is not None
    assert tree.searches == [(PEOPLE, "(uid=ann)")]


@pytest.mark.parametrize(
    ("groups", "is_let_in"),
    [
        ((b"cn=chat,ou=groups", b"cn=x"), True),
        ((b"CN=Chat,OU=groups",), True),
        ((b"cn=ch\\61t, ou=groups",), True),
        ((b"x",), False),
    ],
)
async def test_a_group_can_be_required(groups: tuple[bytes, ...], is_let_in: bool) -> None:
    """By its name, in whatever way the directory writes that."""
    tree = FakeTree()
    tree.found["(uid=ann)"] = [entry("uid=ann,ou=people", b"ann", b"id-1", *groups)]
    there = directory(tree, required_group="cn=chat,ou=groups")
    if is_let_in:
        assert await there.check("ann", "correct horse") is not None
    else:
        with pytest.raises(PersonRefused, match="not in the group"):
            await there.check("ann", "correct horse")
        assert await there.check("ann", "wrong") is None


@pytest.mark.parametrize(
    ("number", "subject"), [(b"\xff\x01" * 8, "ff01" * 8), (b"a\nb", "610a62")]
)
async def test_the_number_can_be_bytes(number: bytes, subject: str | None) -> None:
    """Active Directory has 16 bytes."""
    tree = FakeTree()
    tree.found["(uid=ann)"] = [entry("uid=ann,ou=people", b"ann", number)]
    found = await directory(tree).check("ann", "correct horse")
    assert (found.key.subject if found else None) == subject


async def test_a_directory_that_is_away_is_no_wrong_password() -> None:
    """Its error is for the log."""
    tree = FakeTree()
    tree.error = DirectoryError("Can't contact LDAP server")
    with pytest.raises(ProviderUnavailable, match="contact"):
        await directory(tree).check("ann", "correct horse")


async def test_a_directory_that_hangs_is_given_up(autojump_clock: MockClock) -> None:
    """Whatever keeps its threads; they are bounded, and others are refused in time, too."""
    tree, release = FakeTree(), threading.Event()

    def connect(name: str, password: str) -> Connection:
        release.wait()
        return tree.connect(name, password)

    settings = LdapSettings(url="ldaps://ldap.example.org", base=PEOPLE, connections=1)
    there = LdapDirectory(settings, "", connect)
    try:
        for _ in range(2):
            with pytest.raises(ProviderUnavailable, match="in time"):
                await there.check("ann", "correct horse")
    finally:
        release.set()


async def test_a_wrong_password_of_the_server_itself_is_its_defect() -> None:
    """It is not taken for a wrong password of the person."""
    tree = FakeTree()
    tree.passwords["cn=chat"] = "another"
    with pytest.raises(ProviderUnavailable, match="bind_dn"):
        await directory(tree).check("ann", "correct horse")


async def test_the_groups_of_a_person_are_known() -> None:
    """Case-folded and not divided; a value that is no text is none that anybody configures."""
    tree, names = FakeTree(), (b"CN=Chat\\, x,OU=Groups", b"cn=b", b"\xff\xfe", b"")
    tree.found["(uid=ann)"] = [entry("uid=ann,ou=people", b"ann", b"id-1", *names)]
    found = await directory(tree).check("ann", "correct horse")
    assert found is not None
    assert found.confirmed.source == "ldap"
    assert found.groups == {"cn=chat\\, x,ou=groups", "cn=b", "fffe", ""}


@pytest.mark.parametrize("changed", [{}, {"bind_template": "uid={name},ou=people"}])
async def test_a_password_that_must_be_changed(changed: dict[str, str]) -> None:
    """It is right, and its owner hears what to do; nobody is let in."""
    tree = FakeTree()
    tree.outdated.add("uid=ann,ou=people")
    with pytest.raises(PersonRefused, match="change it there"):
        await directory(tree, **changed).check("ann", "correct horse")
    assert tree.open == 0


async def test_people_need_not_see_their_own_entries() -> None:
    """A right password logs in when only this server may search."""
    tree = FakeTree()
    tree.hidden = True
    assert await directory(tree).check("ann", "correct horse") is not None


async def test_a_base_that_does_not_exist_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A search there finds nobody, which looks like a wrong password to everybody."""
    tree = FakeTree()
    tree.found.clear()
    assert await directory(tree, base="ou=Peple").check("ann", "correct horse") is None
    assert "no entry ou=Peple" in caplog.text
    assert "[ldap] base" in caplog.text


async def test_a_base_that_exists_is_looked_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody who is not in the directory is no mistake of the operator."""
    tree = FakeTree()
    there = directory(tree)
    assert await there.check("eve", "correct horse") is None
    tree.bases.clear()
    assert await there.check("eve", "correct horse") is None
    assert not caplog.records


async def test_the_settings_can_be_examined() -> None:
    """Without anybody's password: the name of the server itself, and the base."""
    tree = FakeTree()
    await directory(tree).examine()
    with pytest.raises(DirectoryError, match=r"\[ldap\] base"):
        await directory(tree, base="ou=Peple").examine()
    tree.passwords["cn=chat"] = "another"
    with pytest.raises(DirectoryError, match="bind_dn"):
        await directory(tree).examine()
    assert tree.open == 0


async def test_a_directory_of_a_template_is_reached() -> None:
    """Nothing of it can be seen without a password, nor has it to let anybody in without one."""
    tree = FakeTree()
    there = directory(tree, bind_template="uid={name},ou=people", base="")
    await there.examine()
    tree.error = WrongPassword("nobody without a name")
    await there.examine()
    tree.error = DirectoryError("Can't contact LDAP server")
    with pytest.raises(DirectoryError, match="contact"):
        await there.examine()


async def test_the_reason_of_the_directory_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A name that it cannot read, or an account that it has locked, is no wrong password."""
    tree = FakeTree()
    tree.error = WrongPassword("Invalid DN syntax")
    with pytest.raises(ProviderUnavailable, match=r"bind_dn .*Invalid DN syntax"):
        await directory(tree).check("ann", "correct horse")
    with caplog.at_level("INFO", logger="trio_chat"):
        await directory(tree, bind_template="{name}").check("ann", "correct horse")
    assert "ann: Invalid DN syntax" in caplog.text


def test_the_group_of_operators_is_compared_likewise() -> None:
    """As the directory writes its name."""
    block = Operator(name="root", ldap_group="CN=Chat\\2C x, OU=Groups")
    assert block.group_of("ldap") == normal_form("cn=chat\\, x,ou=groups")


async def test_an_entry_without_a_number_is_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Its password is right, so its owner does not try others; the log has the attribute."""
    tree = FakeTree()
    tree.found["(uid=ann)"] = [entry("uid=ann,ou=people", b"ann", b"")]
    with pytest.raises(PersonRefused, match="operator"):
        await directory(tree).check("ann", "correct horse")
    assert "entryUUID" in caplog.text


async def test_the_filter_is_examined() -> None:
    """The directory reads it, with the name of nobody."""
    tree = FakeTree()
    await directory(tree).examine()
    assert tree.searches == [(PEOPLE, "(uid=trio-chat)")]
