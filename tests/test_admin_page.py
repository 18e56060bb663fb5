"""The administrator's page asks for what the API has: its sections name operations of the API."""

import re
from pathlib import Path

import trio_chat
from trio_chat.server.api.resources import ResourceTable

SECTIONS = Path(trio_chat.__file__).parent / "web" / "app" / "admin"
_OPERATION = re.compile(r'\boperation: "([A-Z]+ /[^"]*)"')
_PATH = re.compile(r'\bpath: "(/[^"]*)"')


def test_every_operation_of_the_page_is_one_of_the_api() -> None:
    """One that the server does not have would hide a button or a section for ever."""
    code = "".join(path.read_text("utf-8") for path in sorted(SECTIONS.glob("sections*.js")))
    asked = {*_OPERATION.findall(code), *(f"GET {path}" for path in _PATH.findall(code))}
    known = {
        f"{resource.method} {re.sub(r'{[^}]*}', '{}', resource.path)}"
        for resource in ResourceTable().all
    }
    assert len(asked) > 20
    assert sorted(asked - known) == []
