"""Page of the packages at `/download/`, in English and Russian, and the packages themselves.

It needs no script. A program that asks for JSON gets the list for the dialogs of the page.
"""

import html
from typing import NamedTuple
from urllib.parse import unquote

from trio_chat.irc.addresses import format_address
from trio_chat.server.http import package_index
from trio_chat.server.http.authority import preferred_language
from trio_chat.server.http.download_choice import choices, fitting, system
from trio_chat.server.http.downloads import CHECKSUMS, WHEELS, Download, Package
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, json_response
from trio_chat.server.http.page import irc_place
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
        "browser": 'On this device the chat needs no program: <a href="/">open it</a> in the'
        " browser, and add it to the home screen.",
        ".exe": "Open the file. Windows does not know its author and may protect the computer from"
        " it: <em>More info</em>, then <em>Run anyway</em>.",
        ".deb": "Install it with <code>sudo apt install ./{name}</code>.",
        ".zip": "Unpack it; README.md in it has the next step.",
        "more": "All packages",
        "unknown": "SHA-256 is being computed; load this page again in a moment.",
        "check": "Compare the SHA-256 of the file with the one that the administrator has: over"
        " plain http, somebody on the way could have replaced both.",
        "install": "Install it with Python, from this server alone, and join",
        "online": "Install it with Python; the Internet is needed for the packages that it uses",
        "authority": 'Save <a href="/ca.pem">the certificate of this server</a> in the directory'
        " of these commands first.",
        "legacy": "Leave out <code>--use-deprecated=legacy-certs</code> for a pip before 24.2.",
        "join": "With the program installed, this joins the chat",
        "any": "Any other program for IRC can join at the same address.",
    },
    "ru": {
        "title": "Программа для {network}",
        "chat": "К чату",
        "other": '<a href="/download/?lang=en" lang="en" hreflang="en">In English</a>',
        "yours": "Для вашей системы",
        "none": "На этом сервере нет пакета для вашей системы.",
        "browser": 'На этом устройстве программа не нужна: <a href="/">откройте чат</a> в браузере'
        " и добавьте его на главный экран.",
        ".exe": "Откройте файл. Windows не знает его автора и может защитить от него компьютер:"
        " <em>Подробнее</em>, затем <em>Выполнить в любом случае</em>.",
        ".deb": "Установите командой <code>sudo apt install ./{name}</code>.",
        ".zip": "Распакуйте; дальнейшее — в README.ru.md внутри.",
        "more": "Все пакеты",
        "unknown": "SHA-256 ещё вычисляется; обновите страницу чуть позже.",
        "check": "Сверьте SHA-256 файла с тем, который есть у администратора: по обычному http"
        " кто-то в пути мог подменить и то и другое.",
        "install": "Установить с помощью Python только с этого сервера и войти",
        "online": "Установить с помощью Python; нужные программе пакеты берутся из Интернета",
        "authority": 'Сначала сохраните <a href="/ca.pem">сертификат этого сервера</a> в каталог,'
        " в котором выполняются команды.",
        "legacy": "Для pip старше 24.2 уберите <code>--use-deprecated=legacy-certs</code>.",
        "join": "Когда программа установлена, эта команда подключит к чату",
        "any": "По тому же адресу можно войти любой программой для IRC.",
    },
}


class _View(NamedTuple):
    """What a visitor sees.

    Args:
        downloads: the packages.
        system: that of the visitor, as `download_choice.system` names it.
        best: the one for the visitor's system.
        commands: install the program and join, or only install it when `is_online`.
        is_online: whether the commands need the Internet.
        authority: whether the certificate of the private authority is needed for them.
        address: what a client connects to.
    """

    downloads: list[Download]
    system: str
    best: Download | None
    commands: list[str]
    is_online: bool
    authority: bool
    address: str


async def answer(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the list of packages, or with one of them."""
    if not request.path.startswith(PATH):
        return HttpResponse(308, b"", [("Location", PATH)])  # as a person types it
    name = request.path.removeprefix(PATH)
    simple = package_index.PATH.removeprefix(PATH)
    if f"{name}/".startswith(simple):
        return await package_index.answer(request, site, f"{name}/".removeprefix(simple))
    if name:
        return await _package(request, site, unquote(name))
    view = await _view(request, site)
    vary = ("Vary", "Accept, Accept-Language, User-Agent")
    if "application/json" in request.words(b"accept"):
        return json_response(_values(view), headers=[vary])
    language = preferred_language(request)
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Language", language),
        ("Content-Security-Policy", _CSP),
        vary,
    ]
    text = _page(site.settings.server.network, view, language)
    return HttpResponse(200, text.encode(), headers)


async def _package(request: HttpRequest, site: Site, name: str) -> HttpResponse:
    directory = site.settings.server.downloads
    if directory is not None and name.startswith(f"{WHEELS}/"):
        directory, name = directory / WHEELS, name.removeprefix(f"{WHEELS}/")
    package = None if directory is None else await site.downloads.open(directory, name)
    if package is None:
        raise RequestError(404, "there is no such package on this server; /download/ lists them")
    try:
        response = await _delivered(request, site, package)
    except BaseException:
        package.close()
        raise
    if isinstance(response.body, bytes):
        package.close()
    return response


async def _delivered(request: HttpRequest, site: Site, package: Package) -> HttpResponse:
    """Return the answer with a package; its body closes the package, unless it is bytes."""
    found = await site.downloads.describe(package)
    is_head = request.method == "HEAD"
    delivery = deliver(found, request.header, is_head=is_head)
    # Another package may get the same name. Without a digest there is nothing to recognize it by.
    own = {"Cache-Control"} if found.sha256 else {"Cache-Control", "ETag", "Accept-Ranges"}
    headers = [pair for pair in delivery.headers if pair[0] not in own]
    headers.append(("Cache-Control", "no-cache"))
    length = delivery.end - delivery.start
    if not length:
        return HttpResponse(delivery.status, b"", headers)
    pieces = package.pieces(delivery.start, delivery.end)
    if is_head:
        package.close()  # what is not started is not closed by the connection
    return HttpResponse(delivery.status, pieces, headers, length)


async def _view(request: HttpRequest, site: Site) -> _View:
    downloads = await site.downloads.all(site.settings.server.downloads)
    address = format_address(*irc_place(request, site))
    commands = await package_index.commands(request, site, address)
    needs_authority = request.peer.is_secure and bool(await site.authority())
    wheel = next((each for each in downloads if each.filename.endswith(".whl")), None)
    is_online = not commands
    if is_online and wheel is not None:
        commands = [await package_index.wheel_command(request, site, wheel)]
    agent = request.header(b"user-agent")
    best = fitting(downloads, agent)
    return _View(downloads, system(agent), best, commands, is_online, needs_authority, address)


def _values(view: _View) -> dict[str, object]:
    """Return what the page's script gets."""
    return {
        "files": [
            {"name": each.filename, "size": each.size, "sha256": each.sha256}
            for each in view.downloads
        ],
        "systems": choices(view.downloads),
        "commands": view.commands,
        "address": view.address,
    }


def _page(network: str, view: _View, language: str) -> str:
    texts = _TEXTS[language]
    title = html.escape(texts["title"].format(network=network))
    lines = [
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{title}</title>\n<link rel="stylesheet" href="/ca.css">',
        f'<nav><a href="/">{texts["chat"]}</a> {texts["other"]}</nav>\n<main>\n<h1>{title}</h1>',
        f"<h2>{texts['yours']}</h2>",
        *_for_visitor(view, texts),
    ]
    is_program = view.best is not None and view.best.filename.endswith(".exe")
    if view.commands and not is_program:
        what = texts["online" if view.is_online else "install"]
        shown = "".join(f"<p><code>{html.escape(each)}</code></p>" for each in view.commands)
        if view.authority and not view.is_online:
            lines.append(f"<p>{texts['authority']}</p>")
        lines.append(f"<p>{what}:</p>\n{shown}")
        if any(package_index.LEGACY in each for each in view.commands):
            lines.append(f"<p>{texts['legacy']}</p>")
    command = html.escape(f"trio-chat connect {view.address}")
    lines.append(f"<p>{texts['join']}: <code>{command}</code></p>\n<p>{texts['any']}</p>")
    if view.downloads:
        entries = "\n".join(_entry(each, texts) for each in view.downloads)
        lines.append(f"<h2>{texts['more']}</h2>\n<dl>{entries}</dl>\n<p>{texts['check']}</p>")
    return "\n".join([*lines, "</main>\n</html>\n"])


def _for_visitor(view: _View, texts: dict[str, str]) -> list[str]:
    """Return the package for the visitor's system, and how it is opened there."""
    if view.best is None:
        return [f"<p>{texts['none' if view.system else 'browser']}</p>"]
    how = texts.get(view.best.filename[-4:], "").format(name=html.escape(view.best.filename))
    return [f"<dl>{_entry(view.best, texts)}</dl>", f"<p>{how}</p>" if how else ""]


def _entry(download: Download, texts: dict[str, str]) -> str:
    name = html.escape(download.filename)
    size = f"{download.size / (1 << 20):.1f} MiB"
    digest = f"SHA-256 <code>{download.sha256}</code>" if download.sha256 else texts["unknown"]
    shown = "" if name == CHECKSUMS else f"<br><small>{digest}</small>"
    return f'<dt><a href="{PATH}{name}" download>{name}</a></dt><dd>{size}{shown}</dd>'
