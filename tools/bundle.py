"""Bundle of the page: its modules in a few files, made by esbuild.

    python3 tools/bundle.py DIRECTORY

A wheel contains the bundle if esbuild is there when it is built (`hatch_build.py`), and the server
then sends it instead of the modules. Without esbuild nothing is made: the page works without a
bundle as well. esbuild is the program that the environment variable ESBUILD names, that of
`npm ci`, or one in the PATH.

esbuild makes a chunk of each set of modules that the same dynamic imports have in common, which is
a dozen small files before the page can start. They are joined: what the entry needs in any case
becomes one file, and so does what the chat needs besides; all else imports from those two. A file
is compressed better than its parts, and requested once.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENTRY = ROOT / "src" / "trio_chat" / "web" / "app" / "main.js"
OWNERS = ("main.js", "views/chat.js")
"""Entries that are one file with all chunks that they import, in the order of loading."""


def esbuild() -> str | None:
    """Return the program, or None when there is none or no node to run it."""
    installed = ROOT / "node_modules" / ".bin" / "esbuild"
    for name in (os.environ.get("ESBUILD", ""), str(installed), "esbuild"):
        path = shutil.which(name) if name else None
        if path and works(path):
            return path
    return None


def works(program: str) -> bool:
    """Return whether a program starts; esbuild of npm needs node."""
    command = [program, "--version"]
    return not subprocess.run(command, capture_output=True, check=False).returncode


def bundle(program: str, directory: Path, entry: Path = ENTRY) -> None:
    """Make the bundle of an entry: the file with its name, and chunks that are loaded later.

    Raises:
        subprocess.CalledProcessError: esbuild reports an error.
    """
    with tempfile.TemporaryDirectory(prefix="trio-chat-split-") as scratch:
        split = Path(scratch, "split")
        metafile = Path(scratch, "meta.json")
        options = ["--splitting", "--chunk-names=[name]-[hash]", f"--metafile={metafile}"]
        esbuild_files(program, [entry], split, options)
        outputs = json.loads(metafile.read_text("utf-8"))["outputs"]
        chunks = {Path(path).name: output for path, output in outputs.items()}
        directory.mkdir(parents=True, exist_ok=True)
        join(program, split, directory, chunks)


def esbuild_files(
    program: str, entries: Iterable[Path], directory: Path, options: Iterable[str]
) -> None:
    """Run esbuild for entries in the same directory."""
    entries = list(entries)
    command = [
        program,
        *(path.name for path in entries),
        f"--outdir={directory}",
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--legal-comments=none",  # vendor/LICENSES.txt has them
        "--log-level=warning",
        *options,
    ]
    subprocess.run(command, check=True, cwd=entries[0].parent)


def join(program: str, split: Path, directory: Path, chunks: Mapping[str, Any]) -> None:
    """Make the final files of chunks.

    Those that load last come first: what they import from an owner is what it has to export.
    """
    owned = chunks_of_owners(chunks)
    joined = [(chunk, owner) for owner, found in owned.items() for chunk in found]
    exported = [(chunk, name) for chunk, _ in joined for name in chunks[chunk]["exports"]]
    aliases = {each: letters(number) for number, each in enumerate(exported)}
    originals = {name: (split / name).read_text("utf-8") for name in chunks}
    for chunk, owner in joined:
        (split / chunk).write_text(stub(chunk, owner, chunks[chunk], aliases), "utf-8")
    final = [name for name in chunks if name not in dict(joined)]
    minify(program, split, directory, [name for name in final if name not in owned], final)
    for owner, absorbed in reversed(owned.items()):
        for chunk in absorbed:
            (split / chunk).write_text(originals[chunk], "utf-8")
        wanted = imported_names(directory, owner)
        (split / f"_{owner}").write_text(originals[owner], "utf-8")
        lines = [f'export * from "./_{owner}";'] + [
            f'export {{ {name} as {aliases[chunk, name]} }} from "./{chunk}";'
            for chunk, name in exported
            if chunk in absorbed and aliases[chunk, name] in wanted
        ]
        (split / owner).write_text("\n".join(lines), "utf-8")
        minify(program, split, directory, [owner], final)


def chunks_of_owners(chunks: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the chunks that each owner imports, without those of the owners before it."""
    found: dict[str, list[str]] = {}
    taken: set[str] = set()
    for entry in OWNERS:
        for owner, output in chunks.items():
            if output.get("entryPoint") == entry:
                imported = [
                    name
                    for name in static_imports(owner, chunks)
                    if name not in taken and not chunks[name].get("entryPoint")
                ]
                found[owner] = imported
                taken.update(imported)
    return found


def static_imports(name: str, chunks: Mapping[str, Any]) -> list[str]:
    """Return the files that one imports statically, also through others."""
    found: dict[str, None] = {}
    queue = [name]
    while queue:
        for imported in chunks[queue.pop()]["imports"]:
            other = Path(imported["path"]).name
            if imported["kind"] == "import-statement" and other not in found:
                found[other] = None
                queue.append(other)
    return list(found)


def stub(chunk: str, owner: str, output: Any, aliases: Mapping[tuple[str, str], str]) -> str:
    """Return a module that has the exports of a chunk from its owner."""
    names = ", ".join(f"{aliases[chunk, name]} as {name}" for name in output["exports"])
    return f'export {{ {names} }} from "./{owner}";\n'


def minify(
    program: str, split: Path, directory: Path, names: list[str], files: Iterable[str]
) -> None:
    """Make final files, which import the other `files` as they are."""
    outside = [f"--external:./{file}" for file in sorted(files) if file not in names]
    for name in names:
        others = [f"--external:./{other}" for other in names if other != name]
        esbuild_files(program, [split / name], directory, ["--minify", *outside, *others])


def imported_names(directory: Path, owner: str) -> set[str]:
    """Return what the final files import from an owner."""
    pattern = re.compile(r"(?:import|export)\{([^}]*)\}from\"\./" + re.escape(owner) + '"')
    return {
        part.split(" as ")[0].strip()
        for path in directory.glob("*.js")
        for names in pattern.findall(path.read_text("utf-8"))
        for part in names.split(",")
    }


def letters(number: int) -> str:
    """Return a short name for a number, in letters that no keyword consists of."""
    name = ""
    while True:
        number, digit = divmod(number, 26)
        name += "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit]
        if not number:
            return name


def main(arguments: list[str]) -> int:
    """Make the bundle in a directory, if that is possible; return the exit code."""
    [directory] = arguments
    program = esbuild()
    if program is None:
        print("Without esbuild there is no bundle: browsers load the page as modules.")
        return 0
    try:
        bundle(program, Path(directory))
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
