"""Bill of materials of the packages, in the format CycloneDX (https://cyclonedx.org).

There is one for each system, because the libraries differ. Two builds of a commit give the same
bytes: the time is that of the commit, and the serial number is derived from the contents.
"""

import hashlib
import uuid
from datetime import UTC, datetime
from pathlib import Path

import packaging_common
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging_common import (
    WORK,
    Python,
    build_wheel,
    epoch,
    install,
    own_python,
    version,
    windows_python,
)
from packaging_licences import (
    WEB,
    Library,
    needs_of,
    openssl_of_cryptography,
    page_libraries,
    python_libraries,
    runtime_libraries,
)

_PROJECT = "trio-chat"


def build_sboms() -> list[Path]:
    """Build the bill of materials for this system, and for Windows where it can be built."""
    wheel = build_wheel()
    pythons = {python.platform: python for python in (own_python(), windows_python()) if python}
    return [_build(python, wheel) for python in pythons.values()]


def _build(python: Python, wheel: Path) -> Path:
    site = WORK / f"{python.platform}-bill"
    install(python, wheel, site, "pyinstaller", "pyinstaller-hooks-contrib")
    libraries = python_libraries(site) + runtime_libraries(python) + page_libraries()
    libraries.append(openssl_of_cryptography(python, site))
    target = packaging_common.DIST / f"{_PROJECT}-{version()}-{python.platform}.cdx.json"
    target.write_text(bill(libraries, needs_of(site, _PROJECT)), "utf-8", newline="\n")
    return target


def bill(libraries: list[Library], needs: tuple[str, ...]) -> str:
    """Return the bill of materials.

    Args:
        libraries: all that a package contains.
        needs: the names of the libraries that the project itself imports.
    """
    licences = LicenseFactory()
    own = Library(_PROJECT, version(), "MIT", (), f"pkg:pypi/{_PROJECT}@{version()}")
    parts = {library.purl: _component(library, licences) for library in [own, *libraries]}
    components = sorted(parts[library.purl] for library in libraries)
    text = "\n".join(sorted(parts))
    bom = Bom(components=components, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, text))
    bom.metadata.component = parts[own.purl]
    bom.metadata.component.type = ComponentType.APPLICATION
    bom.metadata.timestamp = datetime.fromtimestamp(epoch(), UTC)
    by_name: dict[str, list[Component]] = {}
    for library in libraries:
        by_name.setdefault(library.name, []).append(parts[library.purl])
    for library in libraries:
        needed_parts = [part for name in library.needs for part in by_name[name]]
        bom.register_dependency(parts[library.purl], needed_parts)
    # What no library needs, the project does, such as the JavaScript of the page.
    needed = {name for library in libraries for name in library.needs}
    direct = [name for name in by_name if name in needs or name not in needed]
    bom.register_dependency(parts[own.purl], [part for name in direct for part in by_name[name]])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(library: Library, licences: LicenseFactory) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=library.name,
        version=library.version,
        purl=PackageURL.from_string(library.purl),
        bom_ref=library.purl,
        licenses=[licences.make_from_string(library.licence)] if library.licence else (),
        hashes=_hashes(library.name),
    )


def _hashes(name: str) -> list[HashType]:
    """Return the sum of the file that the page has of a package of npm, if it is one file."""
    path = WEB / "vendor" / f"{name.removeprefix('@').replace('/', '-')}.js"
    if not path.is_file():
        return []
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return [HashType(alg=HashAlgorithm.SHA_256, content=digest)]
