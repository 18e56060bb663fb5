"""Distinguished names: several ways to write one name, and what is none."""

import pytest

from trio_chat.chat.distinguished_names import check, normal_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=Chat\\, users,dc=x", "CN=chat\\2C users,DC=X"),
        ("cn=a#b,dc=x", "cn=a\\#b,dc=x"),
        ("cn=a#b,dc=x", "cn=a\\23b,dc=x"),
        ("cn=\\#a", "cn=\\23a"),
        ("cn=Jürgen,dc=x", "cn=J\\C3\\BCrgen,dc=x"),
        ("cn=a, dc=x", "cn=a,dc=x"),
        ("cn = a ,dc= x ", "cn=a,dc=x"),
        ('cn="a, b",dc=x', "cn=a\\, b,dc=x"),
        ("cn=a;dc=x", "cn=a,dc=x"),
        ("cn=a+uid=b,dc=x", "uid=B+cn=A,dc=x"),
        ("cn=a  b", "cn=a b"),
        ("cn=a\\ ", "cn=a"),
        ("cn=\\\\2c", "cn=\\5C2c"),
        ("cn=#0403414243", "CN=#0403414243"),
        ("Chat Users", "chat users"),
        ("", ""),
    ],
)
def test_one_name_in_two_ways(one: str, other: str) -> None:
    """As a directory writes it, and as people do."""
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=a\\,dc=x", "cn=a,dc=x"),
        ("cn=a\\+uid=b", "cn=a+uid=b"),
        ("cn=\\\\2c", "cn=\\,"),
        ("cn=\\#0403414243", "cn=#0403414243"),
        ("cn=a,dc=x", "dc=x,cn=a"),
        ("cn=a", "uid=a"),
    ],
)
def test_other_names_stay_other_ones(one: str, other: str) -> None:
    """What is escaped has no meaning."""
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize(
    "name",
    ["dc=example,dc=org", "ou=R\\&D \\#1,dc=x", "ou=a#b", "<GUID=ab>", "cn=", "2.5.4.3=a", "o=a=b"],
)
def test_what_is_a_name(name: str) -> None:
    """Escaped, and where no escape is needed."""
    check(name)


@pytest.mark.parametrize(
    "name",
    ["", "people", "ou=#people,dc=x", "ou=a, b,dc=x", "ou=a\\", 'ou="a', 'ou=a"b', 'ou="a"b', "=a"],
)
def test_what_is_no_name(name: str) -> None:
    """Most often a sign is not escaped."""
    with pytest.raises(ValueError, match=r"\w"):
        check(name)
