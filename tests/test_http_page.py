"""The page over HTTP: its files, the index made from its template, and what clients may keep."""

import json
import re
import shutil
from html.parser import HTMLParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import trio_chat
from edge import edge
from http_fakes import HttpClient, get
from trio_chat.config import ListenerSettings, ServerSettings, Settings
from trio_chat.server.http.page_files import TYPES, imported_modules, read_page_files

ROOT = Path(__file__).parent.parent
WEB = Path(trio_chat.__file__).parent / "web"
BROWSER = b"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Encoding: gzip, br\r\n"


class Links(HTMLParser):
    """The addresses that a page names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note `href` and `src`."""
        known = dict(attrs)
        for name in ("href", "src"):
            if address := known.get(name):
                self.found.append((known.get("rel") or tag, address))


async def test_everything_that_the_page_names_is_there() -> None:
    """Style sheets, modules, icons, the manifest and the icons in it."""
    async with edge() as here:
        index = await get(here, "/", BROWSER)
        found = Links(index.text).found
        assert {kind for kind, _ in found} >= {"stylesheet", "script", "manifest", "modulepreload"}
        manifest = json.loads((await get(here, "/manifest.webmanifest")).text)
        named = [address for _, address in found]
        named += [icon["src"] for icon in manifest["icons"]]
        named += re.findall(r'"(/[\w.-]+\.png)"', (await get(here, "/sw.js")).text)
        for address in [*named, "/favicon.ico"]:
            answer = await get(here, address)
            assert answer.status == 200, address
            assert answer.headers["content-type"].startswith(
                ("text/", "image/png", "application/manifest+json")
            )


@pytest.mark.parametrize(
    ("request_host", "client", "named"),
    [
        ("localhost:5000", "127.0.0.1", True),
        ("[::1]:5000", "::1", True),
        ("192.0.2.1:5000", "127.0.0.1", False),
        ("localhost:5000", "198.51.100.7", False),
    ],
)
async def test_a_page_of_this_machine_knows_the_address_for_others(
    request_host: str, client: str, named: bool
) -> None:
    """A link to `localhost` would lead a guest to the guest's own machine."""
    async with edge() as here:
        here.server.world.page_url = "http://192.0.2.1:5000/"
        stranger = HttpClient(here, host=client)
        answer = await stranger.ask("/", BROWSER, host=request_host)
        assert ('data-page="http://192.0.2.1:5000/"' in answer.text) == named


def test_all_static_imports_are_named_for_preloading() -> None:
    """A module that is not named is found only after its importer has come: a round trip for each
    level.
    """
    pages = read_page_files()
    reachable = {pages.entry, *pages.modules}
    for name in reachable:
        source = re.sub(r"/\*.*?\*/", "", pages.files[name].data.decode(), flags=re.DOTALL)
        for path in re.findall(r"""\bfrom\s*["'](\..*?)["']""", source):
            target = (WEB / name).parent.joinpath(path).resolve().relative_to(WEB).as_posix()
            assert target in reachable, f"{name} imports {path}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (b'import "./b.js";', ["a/b.js"]),
        (b'import b from "./b.js";', ["a/b.js"]),
        (b'import {\n  b,\n  c,\n} from "../c.js";', ["c.js"]),
        (b'export * from "./b.js";', ["a/b.js"]),
        (b'import{b as c}from"./b.js";', ["a/b.js"]),
        (b'import{b as c}from"./b.js";import"../c.js";var x=1;', ["a/b.js", "c.js"]),
        (b'const b = await import("./b.js");', []),
        (b'// import "./b.js"', []),
        (b'export const text = "./b.js";', []),
        (b'import "./nowhere.js";', []),
        (b'import "../../../c.js";', []),
        (b'import "./main.js";', []),
    ],
)
def test_static_imports_are_found(source: bytes, found: list[str]) -> None:
    """Dynamic ones are loaded when they are needed, and others are no files of the page."""
    contents = {"a/main.js": source, "a/b.js": b"", "c.js": b""}
    assert list(imported_modules("a/main.js", contents)) == found


async def test_the_administrators_page_is_a_part_of_the_page() -> None:
    """Its address leads there, also behind a proxy that has the page under another path."""
    async with edge() as here:
        answer = await get(here, "/admin", BROWSER)
        assert (answer.status, answer.headers["location"]) == (303, "./#?admin=overview")


async def test_a_file_may_be_kept_for_ever() -> None:
    """Its address has a digest of all files."""
    async with edge() as here:
        pages = await here.server.site.page_files()
        answer = await get(here, f"/v/{pages.digest}/app/main.js", BROWSER)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.text == (WEB / "app" / "main.js").read_text("utf-8")


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        (b"gzip", True),
        (b"br, x-gzip", True),
        (b"*", True),
        (b"gzip;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000, br", False),
        (b"br", False),
        (b"", False),
    ],
)
async def test_only_what_a_client_takes_is_compressed(accepted: bytes, is_compressed: bool) -> None:
    """ "q=0" refuses an encoding (RFC 9110 §12.5.3)."""
    async with edge() as here:
        pages = await here.server.site.page_files()
        path = f"/v/{pages.digest}/style/base.css"
        answer = await get(here, path, b"Accept-Encoding: " + accepted + b"\r\n")
        assert ("content-encoding" in answer.headers) is is_compressed
        assert answer.text == (WEB / "style" / "base.css").read_text("utf-8")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/sw.js", "/manifest.webmanifest", "/icon-192.png"])
async def test_what_a_client_has_is_not_sent_again(path: str, method: str) -> None:
    """304 by the entity tag, as it was sent, among others, or without the sign of a weak one."""
    async with edge() as here:
        first = await get(here, path, BROWSER)
        tag = first.headers["etag"]
        for kept in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
            again = await get(
                here, path, BROWSER + f"If-None-Match: {kept}\r\n".encode(), method=method
            )
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["cache-control"] == first.headers["cache-control"]
        changed = await get(here, path, BROWSER + b'If-None-Match: "x"\r\n')
        assert changed.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "../index.html",
        "app/../app/main.js",
        "%2e%2e/__init__.py",
        "app/%2e%2e/sw.js",
        "app%2fmain.js",
        "app//main.js",
        "app/main.js/",
        "app\\main.js",
        "app/main.js%00",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "",
        "app",
        "app/",
        "index.html",
        "sw.js",
        "vendor/README.md",
        "locale/ru.po",
        "__init__.py",
    ],
)
async def test_no_path_leaves_the_files_of_the_page(path: str) -> None:
    """A path is looked up among those of the files, and never given to the system."""
    async with edge() as here:
        pages = await here.server.site.page_files()
        assert (await get(here, f"/v/{pages.digest}/{path}")).status == 404


async def test_a_file_of_another_version_is_not_there() -> None:
    """Modules of two versions must not be mixed."""
    async with edge() as here:
        answer = await get(here, "/v/0123456789abcdef/app/main.js")
        assert answer.status == 404
        assert answer.headers["cache-control"] == "no-store"


HOSTILE = """<script>"'&{{lobby}}{{entry}}\\"""


async def test_values_in_the_page_are_text() -> None:
    """A name of the network is neither HTML, nor JSON, nor a template."""
    server = ServerSettings(network=HOSTILE, allowed_hosts=("example.org",))
    async with edge(Settings(server=server)) as here:
        text = (await get(here, "/", BROWSER)).text
        assert HOSTILE not in text
        escaped = "&lt;script&gt;&quot;&#x27;&amp;{{lobby}}{{entry}}\\"
        assert f"<title>{escaped}</title>" in text
        manifest = (await get(here, "/manifest.webmanifest")).text
        assert json.loads(manifest)["name"] == HOSTILE


async def test_no_template_is_left_in_the_page() -> None:
    """Every name in braces has a value."""
    async with edge() as here:
        for path in ("/", "/manifest.webmanifest"):
            assert "{{" not in (await get(here, path, BROWSER)).text


async def test_a_program_gets_plain_text() -> None:
    """`curl` asks for anything, and not for HTML."""
    async with edge() as here:
        for accept in (b"", b"Accept: */*\r\n", b"Accept: text/plain\r\n"):
            answer = await get(here, "/", accept, host="example.org:5001")
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert "trio-chat connect example.org:5001" in answer.text
            assert answer.headers["vary"] == "Accept, Accept-Encoding"


async def test_where_there_is_no_websocket_there_is_no_page() -> None:
    """It could not connect; the text does not name it."""
    listener = ListenerSettings(name="", websocket=False)
    async with edge() as here:
        answer = await get(here, "/", BROWSER, listener=listener)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "browser" not in answer.text
        assert "WebSocket" not in answer.text


@pytest.mark.parametrize(
    ("host", "sockets"),
    [
        ("example.org", " ws://example.org:* wss://example.org:*"),
        ("EXAMPLE.org.:8000", " ws://example.org:8000 wss://example.org:8000"),
        ("192.0.2.1:5000", " ws://192.0.2.1:5000 wss://192.0.2.1:5000"),
        ("[2001:db8::1]:5000", ""),
    ],
)
async def test_the_policy_names_the_own_websocket(host: str, sockets: str) -> None:
    """Not every browser has it in 'self'; an IPv6 address cannot be named (CSP3 §2.3.1)."""
    async with edge() as here:
        policy = (await get(here, "/", BROWSER, host=host)).headers["content-security-policy"]
        assert f"connect-src 'self'{sockets};" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_a_host_that_is_no_name_of_dns_is_not_in_the_policy() -> None:
    """Whatever `allowed_hosts` permits, no header gets a directive of somebody else."""
    async with edge(Settings(server=ServerSettings(allowed_hosts=("any",)))) as here:
        answer = await get(here, "/", BROWSER, host="a_b")
        assert "connect-src 'self';" in answer.headers["content-security-policy"]


async def test_the_service_worker_may_request_files() -> None:
    """Its own policy holds for its requests, not that of the page (Service Workers §3.1)."""
    async with edge() as here:
        answer = await get(here, "/sw.js")
        assert "connect-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("host", "is_sent"),
    [("localhost:5000", True), ("127.0.0.1", True), ("[::1]", True), ("192.0.2.1", False)],
)
async def test_isolation_is_asked_for_where_browsers_heed_it(host: str, is_sent: bool) -> None:
    """On other addresses without TLS they complain on the console."""
    async with edge() as here:
        answer = await get(here, "/", BROWSER, host=host)
        assert ("cross-origin-opener-policy" in answer.headers) is is_sent


@pytest.mark.parametrize("path", ["/", "/sw.js", "/health", "/nowhere", "/v/x"])
async def test_every_answer_has_the_headers_of_security(path: str) -> None:
    """Also errors, whose text a browser shows."""
    async with edge() as here:
        headers = (await get(here, path, BROWSER)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["date"].endswith(" GMT")


def make_page(directory: Path, *names: str) -> Path:
    """Make a page of files with their names in them."""
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(f"// {name}", "utf-8")
    return directory


def test_a_bundle_is_used_where_there_is_one(tmp_path: Path) -> None:
    """A wheel may have it; without it the page begins with its modules."""
    make_page(tmp_path, "index.html", "app/main.js")
    assert read_page_files(tmp_path).entry == "app/main.js"
    make_page(tmp_path, "bundle/app/main.js")
    assert read_page_files(tmp_path).entry == "bundle/app/main.js"


def test_the_bundle_of_the_page_is_complete(tmp_path: Path) -> None:
    """esbuild makes it of the modules; what it imports is in it, and data is where it looks."""
    spec = spec_from_file_location("bundle", ROOT / "tools" / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    bundle = module_from_spec(spec)
    spec.loader.exec_module(bundle)
    esbuild = bundle.esbuild()
    if esbuild is None:
        pytest.skip("the bundle of the page is NOT tested: there is no esbuild (npm ci)")
    shutil.copytree(WEB, tmp_path / "web")
    bundle.bundle(esbuild, tmp_path / "web" / "bundle" / "app")
    pages = read_page_files(tmp_path / "web")
    assert pages.entry == "bundle/app/main.js"
    bundled = {name: file for name, file in pages.files.items() if name.startswith("bundle/")}
    for name, file in bundled.items():
        source = file.data.decode()
        for path in re.findall(r"""(?:\bfrom|\bimport\(?)\s*"(\.[^"]*)\"""", source):
            assert str(Path("bundle/app", path)) in bundled, f"{name} imports {path}"
        for path in re.findall(r"new URL\([`\"](\.\./\.\./\w+/)", source):
            assert any(other.startswith(path.removeprefix("../../")) for other in pages.files)
    assert not pages.modules
    assert_imports_exist({name: file.data.decode() for name, file in bundled.items()})
    assert len(pages.files[pages.entry].gzipped) < 51_000


def assert_imports_exist(sources: dict[str, str]) -> None:
    """Check that each file exports what others import from it, as a browser does at the start."""
    exports = {
        Path(name).name: {
            part.split(" as ")[-1]
            for names in re.findall(r"export\{([^}]*)\}", source)
            for part in names.split(",")
        }
        for name, source in sources.items()
    }
    imported = [
        (other, part.split(" as ")[0])
        for source in sources.values()
        for names, other in re.findall(r'import\{([^}]*)\}from"\./([^"]+)"', source)
        for part in names.split(",")
    ]
    assert len(imported) > 50
    for other, name in imported:
        assert name in exports[other], f"{other} does not export {name}"


def test_another_file_makes_other_addresses(tmp_path: Path) -> None:
    """Also when a file is only renamed, or two change places."""
    make_page(tmp_path, "index.html", "app/main.js")
    before = read_page_files(tmp_path).digest
    (tmp_path / "app" / "main.js").rename(tmp_path / "app" / "other.js")
    assert read_page_files(tmp_path).digest != before
    (tmp_path / "app" / "other.js").rename(tmp_path / "app" / "main.js")
    assert read_page_files(tmp_path).digest == before


def test_sources_and_hidden_files_are_not_served(tmp_path: Path) -> None:
    """Only the kinds in the table."""
    make_page(tmp_path, "index.html", "app/main.js", "app/.secret.js", "a.py", "a.po", "b/x.html")
    assert set(read_page_files(tmp_path).files) == {"index.html", "app/main.js"}
    assert all(suffix.startswith(".") for suffix in TYPES)


def test_without_files_there_is_no_page(tmp_path: Path) -> None:
    """The server runs all the same."""
    assert read_page_files(tmp_path / "nowhere").entry == ""


def test_the_files_in_memory_are_few() -> None:
    """They stay there, in both forms."""
    kept = read_page_files().files.values()
    assert sum(len(file.data) + len(file.gzipped) for file in kept) < 4_000_000
