"""docs/protocol.md: its tables name what the server has."""

import re
from pathlib import Path

import pytest

from trio_chat.chat import dispatch  # noqa: F401  # it fills the registry
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.registry import COMMANDS
from trio_chat.chat.sasl_mechanisms import mechanisms
from trio_chat.chat.services import chanserv, nickserv
from trio_chat.chat.services.service import Service
from trio_chat.irc import extbans, isupport, modes
from trio_chat.irc.capabilities import CAPABILITIES
from trio_chat.irc.rights import RIGHTS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "trio_chat"
TEXT = (ROOT / "docs" / "protocol.md").read_text("utf-8")
CODE = re.compile("`([^`]+)`")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])


def section(title: str) -> str:
    """Return what stands under a headline."""
    _, _, rest = TEXT.partition(f"\n## {title}\n")
    assert rest, f"docs/protocol.md has no section {title}"
    return rest.partition("\n## ")[0]


def rows(title: str) -> list[tuple[str, str]]:
    """Return the first cell of each row of the tables of a section, and the others as one."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    cells = [line.removeprefix("| ").partition(" | ") for line in lines]
    return [(first, rest) for first, _, rest in cells]


def named(title: str) -> list[str]:
    """Return what the first cells of a section's tables name, in the order of the rows."""
    return [name for first, _ in rows(title) for name in CODE.findall(first)]


def test_every_command_has_its_line() -> None:
    """Each command of the registry once, and none that is not there."""
    assert sorted(named("Commands")) == sorted(COMMANDS)


def test_a_dear_command_says_what_it_costs() -> None:
    """The weight of a command is in its line, as ×n."""
    said = {
        name: re.findall(r"×(\d)", rest)
        for first, rest in rows("Commands")
        for name in CODE.findall(first)
    }
    assert said == {
        name: [str(entry.weight)] if entry.weight > 1 else [] for name, entry in COMMANDS.items()
    }


def test_a_command_for_newcomers_says_so() -> None:
    """Which commands can be used before registration is in their lines, as ⁰."""
    said = {name for first, rest in rows("Commands") if "⁰" in rest for name in CODE.findall(first)}
    assert said == {name for name, entry in COMMANDS.items() if not entry.needs_registration}


def test_a_command_for_operators_says_its_right() -> None:
    """Which right a command takes stands at the beginning of what it does."""
    said = {
        name: re.search(r"\| right `(\w+)`", rest)
        for first, rest in rows("Commands")
        for name in CODE.findall(first)
    }
    assert {name: right[1] if right else "" for name, right in said.items()} == {
        name: entry.right for name, entry in COMMANDS.items()
    }


def test_every_right_of_an_operator_is_named() -> None:
    """In the table of docs/operations.md, in the order of the program."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    table = page.partition("\n## Operators of the server\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [*RIGHTS, "all"]


def test_every_capability_is_named() -> None:
    """Each capability of the table once, and none that is not there."""
    assert sorted(named("Capabilities")) == sorted(CAPABILITIES)


def test_every_isupport_token_is_named() -> None:
    """Each token once, with the value that it has by default."""
    assert sorted(named("ISUPPORT")) == isupport.tokens(isupport.Lengths(), "trio-chat", 100)


def test_every_channel_mode_is_named() -> None:
    """Each mode with its sign, in the order of the table."""
    wanted = [
        word for mode in modes.CHANNEL_MODES.values() for word in (mode.letter, mode.prefix) if word
    ]
    assert named("Channel modes") == wanted


def test_every_mode_says_its_name() -> None:
    """The second cell has the name for PROP."""
    for title, names in (
        ("Channel modes", [mode.name for mode in modes.CHANNEL_MODES.values()]),
        ("User modes", [mode.name for mode in modes.USER_MODES.values()]),
    ):
        assert [
            rest.partition(" | ")[0].strip("`") for first, rest in rows(title) if CODE.search(first)
        ] == names


def test_a_channel_mode_says_who_may_change_it() -> None:
    """The last cell has the lowest rank that may change the mode."""
    said = [
        rest.removesuffix(" |").rpartition("| ")[2]
        for first, rest in rows("Channel modes")
        if CODE.search(first)
    ]
    assert said == [mode.needs for mode in modes.CHANNEL_MODES.values()]


def test_every_user_mode_is_named() -> None:
    """Each mode, in the order of the table."""
    assert named("User modes") == list(modes.USER_MODES)


@pytest.mark.parametrize("extban", extbans.EXTBANS.values(), ids=lambda extban: extban.name)
def test_every_extended_ban_is_named(extban: extbans.Extban) -> None:
    """By its letter and by its name."""
    assert {f"{extban.letter}:", f"{extban.name}:"} <= set(CODE.findall(section("Channel modes")))


def test_every_sasl_mechanism_is_named() -> None:
    """The table has the mechanisms of a client with a certificate, which are all."""
    assert [name for name in named("Accounts") if name.isupper()] == list(
        mechanisms(
            "a fingerprint", AccountRules(has_sign_on=True, passkeys="https://chat.example.org/")
        )
    )


@pytest.mark.parametrize(
    "service", [nickserv.NICKSERV, chanserv.CHANSERV], ids=lambda service: service.name
)
def test_every_command_of_a_service_is_named(service: Service) -> None:
    """In the line of the service."""
    (listed,) = (rest for first, rest in rows("Accounts") if first == service.name)
    assert set(service.commands) <= set(CODE.findall(listed))


@pytest.mark.parametrize("name", ["features.md", "features.ru.md"])
def test_the_list_of_features_names_every_capability(name: str) -> None:
    """The list has the capabilities of CAP LS, in the same order."""
    text = (ROOT / "docs" / name).read_text("utf-8")
    bullet = text.partition("- **IRCv3**: ")[2].partition("\n- **")[0]
    assert " ".join(bullet.split()).partition(";")[0].split(", ") == list(CAPABILITIES)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headlines, as they are made on GitHub."""
    headlines = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line).strip().lower().replace(" ", "-") for line in headlines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file of the repository, and a headline in it."""
    for link in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text("utf-8")):
        target, _, anchor = "".join(link).partition("#")
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_is_in_the_file_that_it_links_to(page: Path) -> None:
    """A link from a name of the code leads to the module that defines the name."""
    links = re.findall(r"\[`([\w.]+)`\]\(([^)#]+\.py)\)", page.read_text("utf-8"))
    for name, target in links:
        file = page.parent / target
        text, last = file.read_text("utf-8"), name.rpartition(".")[2]
        defined = rf"^\s*(?:(?:async )?def|class) {last}\b|^{last}\s*[:=]"
        assert file.stem == last or re.search(defined, text, re.MULTILINE), f"{name}: {target}"


def test_every_path_in_backticks_exists() -> None:
    """CONTRIBUTING.md names packages and files, from the root or from the package."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    words = CODE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    paths = [word for word in words if re.fullmatch(r"[\w./]+/|[\w/]+/[\w/]+(\.\w+)?", word)]
    assert paths
    assert [
        path for path in paths if not any((top / path).exists() for top in (ROOT, PACKAGE))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_line_of_prose_exceeds_the_columns_of_the_code(page: Path) -> None:
    """Lines have at most 100 columns, except rows of tables and blocks of code."""
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not line.startswith(("|", "    "))]
    assert [line for line in lines if len(line) > 100] == []
