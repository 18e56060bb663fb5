"""Extension modules: of the hot rooms, which mypyc makes of the same source, and of the fan-out in
C.

    python3 tools/compiled.py DIRECTORY

A build of a wheel with `TRIO_CHAT_COMPILE=1` runs this (hatch_build.py). `MYPYC_OPT_LEVEL` is the
level of the C compiler, 3 if it is not set.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
ROOMS = (
    "trio_chat/irc/**/*.py",
    "trio_chat/chat/**/*.py",
    "trio_chat/server/admission.py",
    "trio_chat/server/broadcaster.py",
    "trio_chat/server/connection.py",
    "trio_chat/server/deliveries.py",
    "trio_chat/server/farewell.py",
    "trio_chat/server/fanout.py",
    "trio_chat/server/flood.py",
    "trio_chat/server/lingering.py",
    "trio_chat/server/outbox.py",
    "trio_chat/server/overtaking.py",
    "trio_chat/server/poller.py",
    "trio_chat/server/silence.py",
    "trio_chat/server/token_bucket.py",
    "trio_chat/server/transport.py",
    "trio_chat/server/uncommitted.py",
    "trio_chat/server/waiting.py",
)
FANOUT = "trio_chat/server/_fanout.c"
"""A loop that is written in C, too: its calls of the system are those of Linux and macOS."""
WRITTEN = (
    "api_tokens",
    "credentials",
    "hooks",
    "invitations",
    "moderation/server",
    "moderation/state",
    "notification_levels",
    "operator_blocks",
    "push_rules",
    "second_factors",
)
"""Modules of `chat/` with values that the log of a cluster contains. They are read by the types of
their fields, and an extension module forgets those that are more than a plain class.
"""
PURE = {
    "**/__init__.py": "a package finds its modules, and has hardly any code",
    "trio_chat/chat/account_index.py": "the base of classes that are not compiled",
    "trio_chat/chat/changes/*.py": "values, some of two bases",
    "trio_chat/chat/operation.py": "one of these bases",
    "trio_chat/chat/decided_events.py": "a subclass of list",
    "trio_chat/chat/services/*.py": "seldom asked, and a sixth of the time of the compiler",
    "trio_chat/chat/snapshot/*.py": "seldom taken",
    "trio_chat/chat/translation.py": "has the base of an exception that is not compiled",
    "trio_chat/irc/numerics.py": "a subclass of str",
    **{f"trio_chat/chat/{name}.py": "see `WRITTEN`" for name in WRITTEN},
}
"""Modules of the rooms that stay as they are, and why."""


_OPTIONS = (
    "--config-file",
    str(ROOT / "pyproject.toml"),
    "--cache-dir",
    os.devnull,
    # What is only imported may need libraries that are not there: those of extras.
    "--follow-imports=silent",
)


def sources() -> list[str]:
    """Return the modules that are compiled, as paths below `SOURCE`."""
    found = {path for room in ROOMS for path in SOURCE.glob(room)}
    found -= {path for pattern in PURE for path in SOURCE.glob(pattern)}
    return sorted(path.relative_to(SOURCE).as_posix() for path in found)


def build(directory: Path) -> None:
    """Make the extension modules in a directory, which gets `trio_chat` and the library that all of
    them share.
    """
    from mypyc.build import mypycify  # noqa: PLC0415  a test wants the names alone
    from setuptools import Distribution, Extension  # noqa: PLC0415
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    directory = directory.absolute()
    with tempfile.TemporaryDirectory(prefix="trio-chat-compiled-") as work:
        extensions = mypycify(
            [*_OPTIONS, *sources()],
            only_compile_paths=sources(),
            opt_level=os.environ.get("MYPYC_OPT_LEVEL", "3"),
            debug_level="0",
            multi_file=True,
            target_dir=str(Path(work) / "c"),
            group_name="trio_chat",
        )
        if sys.platform != "win32":
            name = FANOUT.removesuffix(".c").replace("/", ".")
            extensions.append(Extension(name, [FANOUT], extra_compile_args=["-O3"]))
        command = build_ext(Distribution({"ext_modules": extensions}))
        command.build_lib = str(directory)
        command.build_temp = str(Path(work) / "objects")
        command.parallel = os.cpu_count()  # for the small files, one for each module
        command.ensure_finalized()
        command.build_extensions = partial(build_in_parallel, command, command.build_extensions)
        command.run()


def build_in_parallel(command: Any, build: Callable[[], None]) -> None:
    """Build the extensions; all processors compile the files of the library, too."""
    compile_some = command.compiler.compile

    def compile_all(sources: list[str], **options: object) -> list[str]:
        first = compile_some(sources[:1], **options)  # it looks for the compiler
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            others = pool.map(lambda source: compile_some([source], **options), sources[1:])
            return [*first, *(found for each in others for found in each)]

    command.compiler.compile = compile_all
    build()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the extension modules.")
    parser.add_argument("directory", type=Path, help="where they are put; it is made if need be")
    place = parser.parse_args().directory.absolute()
    os.chdir(SOURCE)  # a module has the name of its path from here
    build(place)
