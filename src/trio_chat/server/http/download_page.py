"""Page of the packages at `/download/`, in English and Russian, and the packages themselves.

It needs no script. A program that asks for JSON gets the list for the dialogs of the page.
"""

import html

from trio_chat.server.http.authority import preferred_language, requested_address
from trio_chat.server.http.downloads import CHECKSUMS, Download, fitting, read
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, json_response
from trio_chat.server.http.site import Site
from trio_chat.server.uploads.delivery import deliver

PATH = "/download/"
_CSP = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_TEXTS = {
    "en": {
        "title": "The program of {network}",
        "chat": "To the chat",
        "other": '<a href="/download/?lang=ru" lang="ru" hreflang="ru">По-русски</a>',
        "yours": "For your system",
        "none": "This server has no package for your system.",
        "more": "All packages",
        "check": "Compare the SHA-256 of the file with the one that the administrator has: over"
        " plain http, somebody on the way could have replaced both.",
        "install": "Install a wheel with Python",
        "join": "With the program installed, this joins the chat",
        "any": "Any other program for IRC can join at the same address.",
    },
    "ru": {
        "title": "Программа для {network}",
        "chat": "К чату",
        "other": '<a href="/download/?lang=en" lang="en" hreflang="en">In English</a>',
        "yours": "Для вашей системы",
        "none": "На этом сервере нет пакета для вашей системы.",
        "more": "Все пакеты",
        "check": "Сверьте SHA-256 файла с тем, который есть у администратора: по обычному http"
        " кто-то в пути мог подменить и то и другое.",
        "install": "Установить wheel с помощью Python",
        "join": "Когда программа установлена, эта команда подключит к чату",
        "any": "По тому же адресу можно войти любой программой для IRC.",
    },
}


async def answer(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the list of packages, or with one of them."""
    name = request.path.removeprefix(PATH)
    if name:
        return await _package(request, site, name)
    downloads = await site.downloads.all(site.settings.server.downloads)
    vary = ("Vary", "Accept, Accept-Language, User-Agent")
    address = requested_address(request, site)
    if "application/json" in request.words(b"accept"):
        best = fitting(downloads, request.header(b"user-agent"))
        files = [
            {"name": found.filename, "size": found.size, "sha256": found.sha256}
            for found in downloads
        ]
        fits = best.filename if best else None
        return json_response({"files": files, "fits": fits, "address": address}, headers=[vary])
    language = preferred_language(request)
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Language", language),
        ("Content-Security-Policy", _CSP),
        vary,
    ]
    text = _page(request, site, downloads, language)
    return HttpResponse(200, text.encode(), headers)


async def _package(request: HttpRequest, site: Site, name: str) -> HttpResponse:
    directory = site.settings.server.downloads
    found = await site.downloads.find(directory, name)
    if directory is None or found is None:
        raise RequestError(404, "there is no such package on this server; /download/ lists them")
    delivery = deliver(found, request.header, is_head=request.method == "HEAD")
    length = delivery.end - delivery.start
    if not length:
        return HttpResponse(delivery.status, b"", delivery.headers)
    pieces = read(directory, name, delivery.start, delivery.end)
    return HttpResponse(delivery.status, pieces, delivery.headers, length)


def _page(request: HttpRequest, site: Site, downloads: list[Download], language: str) -> str:
    texts = _TEXTS[language]
    best = fitting(downloads, request.header(b"user-agent"))
    title = html.escape(texts["title"].format(network=site.settings.server.network))
    address = requested_address(request, site)
    wheel = next((each for each in downloads if each.filename.endswith(".whl")), None)
    lines = [
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{title}</title>\n<link rel="stylesheet" href="/ca.css">',
        f'<nav><a href="/">{texts["chat"]}</a> {texts["other"]}</nav>\n<main>\n<h1>{title}</h1>',
        f"<h2>{texts['yours']}</h2>",
        f"<dl>{_entry(best)}</dl>" if best else f"<p>{texts['none']}</p>",
    ]
    if wheel:
        scheme = "https" if request.peer.is_secure else "http"
        command = f"pip install {scheme}://{address}{PATH}{wheel.filename}"
        lines.append(f"<p>{texts['install']}: <code>{html.escape(command)}</code></p>")
    command = html.escape(f"trio-chat connect {address}")
    lines.append(f"<p>{texts['join']}: <code>{command}</code></p>\n<p>{texts['any']}</p>")
    if downloads:
        entries = "\n".join(_entry(each) for each in downloads)
        lines.append(f"<h2>{texts['more']}</h2>\n<dl>{entries}</dl>\n<p>{texts['check']}</p>")
    return "\n".join([*lines, "</main>\n</html>\n"])


def _entry(download: Download) -> str:
    name = html.escape(download.filename)
    size = f"{download.size / (1 << 20):.1f} MiB"
    is_list = name == CHECKSUMS
    digest = "" if is_list else f"<br><small>SHA-256 <code>{download.sha256}</code></small>"
    return f'<dt><a href="{PATH}{name}" download>{name}</a></dt><dd>{size}{digest}</dd>'
