"""The files of the page, `trio_chat/web/`, read and compressed once and then kept in memory.

The address of a file has a digest of all files in it, so that a browser may keep the file for ever,
and never mixes the modules of two versions.
"""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from posixpath import dirname, join, normpath
from typing import NamedTuple

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Kinds of files that are served, by the end of their names."""
ENTRY = "app/main.js"
BUNDLE = f"bundle/{ENTRY}"
"""The entry in one file with all that it imports, which a wheel may have. It is as deep as the
modules are, because they find data by `import.meta.url`.
"""
INDEX, WORKER, MANIFEST = "index.html", "sw.js", "manifest.webmanifest"
"""Files at the root of the site, whose addresses have no digest."""
_COMPRESSED_ALREADY = (".png", ".woff2")
_IMPORT = re.compile(
    r"""(?:^|;)[ \t]*(?:import|export)\b(?:[^;"'`=]*?\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""",
    re.MULTILINE,
)
_DIGEST = 16
"""Characters of a digest in an address."""


class PageFile(NamedTuple):
    """A file as it is served.

    Args:
        content_type: its media type.
        data: its bytes.
        gzipped: the same, compressed; empty when that is not shorter.
        tag: an entity tag (RFC 9110 §8.8.3), the same for both forms and so a weak one.
    """

    content_type: str
    data: bytes
    gzipped: bytes
    tag: str


@dataclass(frozen=True, eq=False)
class PageFiles:
    """All files of the page, in one version.

    Args:
        digest: of all files.
        files: by their path, those at the root of the site as well.
        entry: path of the script that the page begins with; "" when there is no page.
        modules: paths of the modules that the entry imports, also through others, so that a browser
            can request all of them at once.
    """

    digest: str = ""
    files: Mapping[str, PageFile] = field(default_factory=dict)
    entry: str = ""
    modules: tuple[str, ...] = ()


def page_file(name: str, data: bytes) -> PageFile:
    """Return a file to be served."""
    suffix = name[name.rfind(".") :]
    gzipped = b"" if suffix in _COMPRESSED_ALREADY else gzip.compress(data, 9, mtime=0)
    tag = f'W/"{sha256(data).hexdigest()[:_DIGEST]}"'
    content_type = TYPES.get(suffix, "text/html; charset=utf-8")
    return PageFile(content_type, data, gzipped if len(gzipped) < len(data) else b"", tag)


def read_page_files(directory: Traversable | None = None) -> PageFiles:
    """Read all files; this blocks for about 0.1 s.

    Args:
        directory: with the files; None for those of this package.

    Raises:
        OSError: a file cannot be read.
    """
    directory = directory or package_files("trio_chat") / "web"
    contents = dict(sorted(_walk(directory))) if directory.is_dir() else {}
    if INDEX not in contents:
        return PageFiles()
    digest = sha256()
    for name, data in contents.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    entry = BUNDLE if BUNDLE in contents else ENTRY
    return PageFiles(
        digest.hexdigest()[:_DIGEST],
        {name: page_file(name, data) for name, data in contents.items()},
        entry,
        tuple(imported_modules(entry, contents)),
    )


def imported_modules(entry: str, contents: Mapping[str, bytes]) -> Iterable[str]:
    """Return the modules that an entry imports statically, also through others, without itself."""
    found: dict[str, None] = {}
    queue = [entry]
    while queue:
        name = queue.pop(0)
        if name in found or name not in contents:
            continue
        found[name] = None
        source = contents[name].decode("utf-8", "replace")
        queue += [normpath(join(dirname(name), path)) for path in _IMPORT.findall(source)]
    return [name for name in found if name != entry]


def _walk(directory: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    """Return the files that are served, with their paths."""
    for item in directory.iterdir():
        name = above + item.name
        if item.is_dir():
            yield from _walk(item, f"{name}/")
        elif name == INDEX or (item.name.endswith(tuple(TYPES)) and not item.name.startswith(".")):
            yield name, item.read_bytes()
