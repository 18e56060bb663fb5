"""The package index: what pip and uv find there, and which commands the page shows."""

import hashlib
import json
from pathlib import Path

import pytest

from edge import edge
from http_fakes import get
from test_downloads import WINDOWS, serving
from trio_chat.server.http.downloads import WHEEL
from trio_chat.server.http.package_index import normalized

OWN = "trio_chat-0.9.0-py3-none-any.whl"
BELOW = ("trio-0.31.0-py3-none-any.whl", "apsw-3.51.0.0-cp311-cp311-win_amd64.whl")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A directory with the wheel of the program, and with others below it."""
    directory = tmp_path / "downloads"
    (directory / "wheels").mkdir(parents=True)
    (directory / OWN).write_bytes(OWN.encode())
    for name in BELOW:
        (directory / "wheels" / name).write_bytes(name.encode())
    return directory


async def test_the_root_lists_projects(packages: Path) -> None:
    """By their normalized names (PEP 503)."""
    async with edge(serving(packages)) as here:
        for path in ("/download/simple/", "/download/simple"):
            text = (await get(here, path)).text
            for name in ("trio-chat", "trio", "apsw"):
                assert f'<a href="/download/simple/{name}/">{name}</a>' in text


@pytest.mark.parametrize(
    ("project", "path", "name"),
    [
        ("trio-chat", f"/download/{OWN}", OWN),
        ("Trio_Chat", f"/download/{OWN}", OWN),
        ("apsw", f"/download/wheels/{BELOW[1]}", BELOW[1]),
    ],
)
async def test_a_project_lists_its_wheels_with_digests(
    packages: Path, project: str, path: str, name: str
) -> None:
    """And each of them can be downloaded."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    async with edge(serving(packages)) as here:
        text = (await get(here, f"/download/simple/{project}/")).text
        assert f'<a href="{path}#sha256={digest}">{name}</a>' in text
        assert (await get(here, path)).body == name.encode()
        accept = b"Accept: application/vnd.pypi.simple.v1+json, text/html;q=0.1\r\n"
        answer = await get(here, f"/download/simple/{project}/", accept)
        assert answer.headers["content-type"] == "application/vnd.pypi.simple.v1+json"
        [file] = json.loads(answer.text)["files"]
        assert file == {"filename": name, "url": path, "hashes": {"sha256": digest}}


@pytest.mark.parametrize(
    "path",
    [
        "simple/no-such-project/",
        "simple/../../config.ini",
        "wheels/",
        "wheels/../config.ini",
        "wheels/%2e%2e/config.ini",
        "wheels/config.ini",
        "wheels/wheels/trio-0.31.0-py3-none-any.whl",
        "wheels/..-1-py3-none-any.whl",
    ],
)
async def test_nothing_else_is_served(packages: Path, path: str) -> None:
    """Neither other files, nor those of other directories."""
    (packages / "wheels" / "config.ini").write_text("secret")
    (packages / "config.ini").write_text("secret")
    async with edge(serving(packages)) as here:
        assert (await get(here, f"/download/{path}")).status == 404


async def test_a_name_that_is_escaped_is_found(packages: Path) -> None:
    """As pip writes the local part of a version."""
    (packages / "wheels" / "x-1.0+a-py3-none-any.whl").write_bytes(b"local")
    async with edge(serving(packages)) as here:
        text = (await get(here, "/download/simple/x/")).text
        assert "/download/wheels/x-1.0%2Ba-py3-none-any.whl#" in text
        answer = await get(here, "/download/wheels/x-1.0%2Ba-py3-none-any.whl")
        assert answer.body == b"local"


async def test_commands_use_the_index_alone(packages: Path) -> None:
    """When it has what is needed; pip trusts a server without TLS only by name."""
    async with edge(serving(packages)) as here:
        page = (await get(here, "/download/", host="192.0.2.7:5000")).text
        index = "--index-url http://192.0.2.7:5000/download/simple/"
        assert f"pip install {index} --trusted-host 192.0.2.7:5000 trio-chat" in page
        assert f"uvx {index} trio-chat connect 192.0.2.7:5000" in page
        agent = f"User-Agent: {WINDOWS}\r\n".encode()
        windows = (await get(here, "/download/", agent, host="192.0.2.7:5000")).text
        assert f"py -m pip install {index}" in windows


async def test_commands_quote_an_address_of_ipv6(packages: Path) -> None:
    """zsh takes brackets for a pattern, and cmd takes single quotes for letters."""
    async with edge(serving(packages)) as here:
        page = (await get(here, "/download/", host="[2001:db8::7]:5000")).text
        assert "--index-url &#x27;http://[2001:db8::7]:5000/download/simple/&#x27;" in page
        agent = f"User-Agent: {WINDOWS}\r\n".encode()
        page = (await get(here, "/download/", agent, host="[2001:db8::7]:5000")).text
        assert "--trusted-host [2001:db8::7]:5000 trio-chat<" in page


async def test_a_lonely_wheel_needs_the_internet(packages: Path) -> None:
    """The page says so, and names the bytes by their digest."""
    (packages / "wheels" / BELOW[0]).unlink()
    digest = hashlib.sha256(OWN.encode()).hexdigest()
    async with edge(serving(packages)) as here:
        page = (await get(here, "/download/", host="192.0.2.7:5000")).text
    assert f"http://192.0.2.7:5000/download/{OWN}#sha256={digest}" in page
    assert "the Internet is needed" in page


@pytest.mark.parametrize(
    ("name", "is_wheel"),
    [
        ("trio-0.31.0-py3-none-any.whl", True),
        ("a-1-1-py3-none-any.whl", True),
        ("cffi-2.0.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1.0-py3-none.whl", False),
        ("-1.0-py3-none-any.whl", False),
        (".a-1.0-py3-none-any.whl", False),
        ("a-1.0-py3-none-any.whl\n", False),
        ("а-1.0-py3-none-any.whl", False),  # Cyrillic
        ("a-1.0-py3-none-any.tar.gz", False),
    ],
)
def test_names_of_wheels(name: str, is_wheel: bool) -> None:
    """Others are not offered."""
    assert bool(WHEEL.fullmatch(name)) is is_wheel


def test_normalized_names() -> None:
    """PEP 503."""
    assert normalized("Trio__Chat.x-Y") == "trio-chat-x-y"
