"""Copies of the npm packages that the page uses, in `src/trio_chat/web/vendor`.

    npm ci && python3 tools/vendor.py

The versions are those of `package.json`, and each archive must have the hash of
`package-lock.json`. A browser has no package names, so imports of other packages become relative
ones. Packages that consist of many files, or that are not minified, pass through esbuild.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src" / "trio_chat" / "web" / "vendor"


class Copy(NamedTuple):
    """One file of `vendor`.

    Args:
        name: the file's name without `.js`.
        package: the npm package.
        source: the file in the package, or the code of a module that esbuild bundles.
        types: the modules that have its types, separated by spaces.
        purpose: why the page has it.
    """

    name: str
    package: str
    source: str
    types: str
    purpose: str


COPIES = (
    Copy("preact", "preact", "dist/preact.mjs", "preact", "components"),
    Copy("hooks", "preact", "hooks/dist/hooks.mjs", "preact/hooks", "state of components"),
    Copy(
        "signals-core",
        "@preact/signals-core",
        "dist/signals-core.module.js",
        "@preact/signals-core",
        "values that the views follow",
    ),
    Copy(
        "signals",
        "@preact/signals",
        "dist/signals.module.js",
        "@preact/signals",
        "components that follow values",
    ),
    Copy("uqr", "uqr", 'export { encode } from "uqr"', "uqr", "QR codes"),
    Copy(
        "noble-hashes",
        "@noble/hashes",
        'export { sha256 } from "@noble/hashes/sha2.js";'
        'export { hmac } from "@noble/hashes/hmac.js";'
        'export { pbkdf2Async } from "@noble/hashes/pbkdf2.js"',
        "@noble/hashes/sha2.js @noble/hashes/hmac.js @noble/hashes/pbkdf2.js",
        "SCRAM in a page that is not a secure context",
    ),
    Copy(
        "idb-keyval",
        "idb-keyval",
        'export { createStore, get, set, del, keys, clear, update } from "idb-keyval"',
        "idb-keyval",
        "IndexedDB",
    ),
)
LOCAL = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "@preact/signals-core": "./signals-core.js",
}


def main() -> None:
    """Renew all copies."""
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    rows, licenses = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for package in sorted({copy.package for copy in COPIES}):
            entry = lock[f"node_modules/{package}"]
            folder = unpack(package, entry["version"], entry["integrity"], Path(scratch))
            copies = [copy for copy in COPIES if copy.package == package]
            rows.extend(write(copy, folder, entry) for copy in copies)
            licenses.append(license_text(package, folder))
    (VENDOR / "LICENSES.txt").write_text("\n".join(licenses))
    (VENDOR / "README.md").write_text(readme(rows))


def unpack(package: str, version: str, integrity: str, scratch: Path) -> Path:
    """Fetch an archive, compare its hash with the locked one, and return its unpacked folder."""
    packed = subprocess.run(
        ("npm", "pack", "--silent", f"{package}@{version}"),
        cwd=scratch,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = scratch / packed.stdout.strip().splitlines()[-1]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != integrity:
        sys.exit(f"{package} {version}: the archive does not have the hash of package-lock.json")
    folder = scratch / package.replace("/", "+")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def write(copy: Copy, folder: Path, entry: dict[str, str]) -> str:
    """Write one file with its types, and return its row of the table."""
    is_file = not copy.source.startswith("export ")
    text = (folder / copy.source).read_text() if is_file else bundle(copy.source)
    text = re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE).strip()
    text = re.sub(
        r'(from|import)(\s*)(["\'])([^"\'.][^"\']*)\3',
        lambda found: f'{found[1]}{found[2]}"{LOCAL[found[4]]}"',
        text,
    )
    header = f"/* {copy.package} {entry['version']}, {entry['license']}: see LICENSES.txt */\n"
    path = VENDOR / f"{copy.name}.js"
    path.write_text(f"{header}{text}\n")
    types = "".join(f'export * from "{name}";\n' for name in copy.types.split())
    (VENDOR / f"{copy.name}.d.ts").write_text(types)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return (
        f"| `{path.name}` | {copy.package} | {entry['version']} | {entry['license']} |"
        f" {copy.purpose} | `{digest}` |"
    )


def bundle(code: str) -> str:
    """Return a module and what it imports as one minified module."""
    done = subprocess.run(
        (
            *(str(ROOT / "node_modules" / ".bin" / "esbuild"), "--bundle", "--format=esm"),
            *("--minify", "--target=es2022", "--legal-comments=none"),
        ),
        cwd=ROOT,
        input=code,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def license_text(package: str, folder: Path) -> str:
    """Return the text of a package's license under its name."""
    path = next(path for path in sorted(folder.iterdir()) if path.name.startswith("LICEN"))
    return f"{package}\n{'=' * len(package)}\n\n{path.read_text().strip()}\n"


def readme(rows: list[str]) -> str:
    """Return the page that lists the copies."""
    return (
        "# Packages that the page uses\n\n"
        "`tools/vendor.py` makes these files; do not edit them. `LICENSES.txt` has the licenses."
        " The `.d.ts`\nfiles are for the type checker, and browsers do not load them.\n\n"
        "| file | package | version | license | purpose | SHA-256 |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


if __name__ == "__main__":
    main()
