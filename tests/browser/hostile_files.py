"""Files of strangers: each would run as a script, a page or a style if a browser took it for one.

What has run writes `ran` to the console, which fails the test, and sets the custom property `--ran`
where it is a style.
"""

import struct
import zipfile
from io import BytesIO
from typing import NamedTuple

from upload_fakes import box, chunk, jpeg, png, segment

RAN = 'console.error("ran")'
_SVG = f"<svg xmlns=\"http://www.w3.org/2000/svg\" onload='{RAN}'><script>{RAN}</script></svg>"
_XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{RAN}</script></html>'
_XML = (
    '<?xml version="1.0"?><?xml-stylesheet type="text/css" href="data:text/css,*{--ran:1}"?>'
    f'<x><script xmlns="http://www.w3.org/1999/xhtml">{RAN}</script></x>'
)
_XSLT = (
    '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?><xsl:stylesheet id="s"'
    ' version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
    f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{RAN}</script></html>'
    "</xsl:template></xsl:stylesheet>"
)
_HTML = f"<!doctype html><title>x</title><script>{RAN}</script>"
_PDF_JS = f"""%PDF-1.4
1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj
trailer<</Root 1 0 R>>
%*/{RAN};//
"""
_WASM = b"\0asm\1\0\0\0"


class HostileFile(NamedTuple):
    """A file.

    Args:
        name: as its sender calls it.
        data: its bytes.
        runs_as: a type as which a browser would run it, or "" for what only looks hostile.
        claimed: the type that its sender claims.
    """

    name: str
    data: bytes
    runs_as: str = ""
    claimed: str = ""


def gif_script() -> bytes:
    """Return a picture whose width opens a comment of JavaScript, and whose colours end it."""
    colours = f"*/=1;{RAN};//".encode().ljust(768)
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 1, 0) + b"\x08\x02\x44\x01\0\x3b"
    return b"GIF89a" + b"/*" + b"\1\0" + b"\xf7\0\0" + colours + picture


def zip_bomb() -> bytes:
    """Return an archive that expands to a thousand times its size, with a path out of it."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../../evil.html", b" " * 10_000_000)
    return target.getvalue()


HTML, SCRIPT, STYLE = "text/html", "text/javascript", "text/css"
FILES = (
    HostileFile("picture.svg", _SVG.encode(), "image/svg+xml", "image/png"),
    HostileFile("picture.svg.png", _SVG.encode(), "image/svg+xml", "image/svg+xml"),
    HostileFile("bom.svg", _SVG.encode("utf-8-sig"), "image/svg+xml"),
    HostileFile("wide.svg", _SVG.encode("utf-16"), "image/svg+xml"),
    HostileFile("page.html", _HTML.encode(), HTML, HTML),
    HostileFile("page.HTM", b"\n\n\t" + _HTML.encode(), HTML, "image/jpeg"),
    HostileFile("late.html", b"harmless text " * 500 + _HTML.encode(), HTML, HTML),
    HostileFile("page.shtml", f"<b onmouseover=1><script>{RAN}</script>".encode(), HTML),
    HostileFile("note.txt", f"text\n<script>{RAN}</script>".encode(), HTML, "text/plain"),
    HostileFile("utf7.txt", b"+ADw-script+AD4-1+ADw-/script+AD4-", "", "text/html;charset=utf-7"),
    HostileFile("page.xhtml", _XHTML.encode(), "application/xhtml+xml", "application/xhtml+xml"),
    HostileFile("feed.xml", _XML.encode(), "application/xml", "text/xml"),
    HostileFile("style.xsl", _XSLT.encode(), "", "text/xsl"),
    HostileFile("page.mht", b"MIME-Version: 1.0\nContent-Type: text/html\n\n" + _HTML.encode()),
    HostileFile("gif.js", gif_script(), SCRIPT, SCRIPT),
    HostileFile("page.jpg", jpeg(1, segment(0xE2, b"ICC_PROFILE\0\1\1" + _HTML.encode())), HTML),
    HostileFile("tail.png", png() + _HTML.encode(), HTML, HTML),
    HostileFile("text.png", png() + chunk(b"tEXt", _HTML.encode()), HTML),
    HostileFile("page.mp4", box(b"ftyp", b"isom") + box(b"free", _HTML.encode()), HTML),
    HostileFile("script.pdf", _PDF_JS.encode(), "", "application/pdf"),
    HostileFile("42.zip", zip_bomb(), "", "application/zip"),
    HostileFile("x.tar.gz", b"\x1f\x8b" + bytes(20), "", "application/gzip"),
    HostileFile("code.js", RAN.encode(), SCRIPT, SCRIPT),
    HostileFile("code.mjs", f"{RAN}; export default 1".encode(), SCRIPT, SCRIPT),
    HostileFile("sw.js", f"{RAN}; onfetch = () => 0".encode(), SCRIPT, SCRIPT),
    HostileFile("code.txt", f"// text\n{RAN}".encode(), SCRIPT, "text/plain"),
    HostileFile("empty.wasm", _WASM, "", "application/wasm"),
    HostileFile("manifest.webmanifest", b'{"start_url": "javascript:1"}', "", "text/html"),
    HostileFile("style.css", b":root{--ran:1}", STYLE, STYLE),
    HostileFile("setup.exe", b"MZ" + bytes(100), "", "image/png"),
    HostileFile("link.url", b"[InternetShortcut]\nURL=javascript:1\n", "", "text/plain"),
    HostileFile("desktop.hta", _HTML.encode(), HTML, "application/hta"),
)
NAMES = (
    "../../etc/passwd.txt",
    "..\\..\\windows\\system32\\evil.txt",
    "/absolute.txt",
    "C:\\fakepath\\x.txt",
    "..",
    ".",
    "",
    "...txt",
    ".htaccess",
    "~root.txt",
    "a\0b.txt",
    "cat.png\0.exe",
    "line\r\nSet-Cookie: a=1.txt",
    "line\u2028break.txt",
    "\u202etxt.exe",
    "photo\u202egpj.exe",
    "\u2066\u2067isolated.txt",
    "\ufeffbom.txt",
    "zero\u200bwidth.txt",
    'quote".txt',
    "quote'.txt",
    'x"; filename="evil.html',
    "semi;colon=1.txt",
    "<img src=x onerror=ran=1>.txt",
    "<script>ran=1</script>.png",
    "javascript:ran=1",
    "%2e%2e%2fetc.txt",
    "%3Cscript%3Eran=1%3C%2Fscript%3E.txt",
    "%00%0d%0a.txt",
    "%.txt",
    "100%.txt",
    "a?b=c#d.txt",
    "a&amp;b.txt",
    "CON",
    "con.txt",
    "aux.c",
    "LPT1.txt",
    "com¹.txt",
    "NUL.tar.gz",
    "trailing. . .",
    "name:stream.txt",
    "*?.txt",
    "long" * 100 + ".txt",
    "я" * 300 + ".txt",
    "e\u0301" * 200 + ".txt",
    "👩‍👩‍👧‍👦" * 30 + ".txt",
    "кот и пёс.txt",
    "){]**_`.txt",
    "http://192.0.2.1/.txt",
    "a  b   c.txt",
    "-rf.txt",
    "$(reboot).txt",
    "=cmd|'/c calc'!A0.csv",
)
"""Names of files as strangers write them."""
