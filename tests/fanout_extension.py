"""The loop of the fan-out in C, built for tests with the C compiler of this machine."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

SOURCE = Path(__file__).parent.parent / "src" / "trio_chat" / "server" / "_fanout.c"


def why_not() -> str:
    """Return why it cannot be built here, or ""."""
    if sys.platform == "win32":
        return "the loop in C is not for Windows"
    command = shlex.split(os.environ.get("LDSHARED") or sysconfig.get_config_var("LDSHARED") or "")
    if not command or shutil.which(command[0]) is None:
        return "there is no C compiler: the loop of the fan-out in C is NOT TESTED"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "there is no Python.h: the loop of the fan-out in C is NOT TESTED"
    return ""


def build(directory: Path) -> ModuleType:
    """Build it in a directory, and import it; a warning of the compiler is an error."""
    target = directory / "_fanout.so"
    linker = os.environ.get("LDSHARED") or sysconfig.get_config_var("LDSHARED")
    command = [*shlex.split(linker), "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    command += ["-Wno-unused-parameter", f"-I{sysconfig.get_path('include')}"]
    subprocess.run([*command, str(SOURCE), "-o", str(target)], check=True)
    spec = importlib.util.spec_from_file_location("_fanout", target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
