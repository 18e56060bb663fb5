"""Routes: the one table of the paths that are answered over HTTP.

To add a page, write a handler, `[async] def page(request, site)`, that returns an `HttpResponse`,
in a module of its own, and add its row to `ROUTES`. A handler refuses by raising `RequestError`. It
reads a body by `request.body(limit)`. Deadlines, HEAD, `Connection`, the headers of security and
the log are the connection's.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from trio_chat.server import api
from trio_chat.server.api import entry
from trio_chat.server.hooks import handlers as hooks
from trio_chat.server.http import authority, download_page, page, pages
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError
from trio_chat.server.http.site import Site
from trio_chat.server.login import handlers as sign_on
from trio_chat.server.uploads import handlers as uploads

Handler = Callable[[HttpRequest, Site], HttpResponse | Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table.

    Args:
        path: a whole path; one that ends with `/` stands for all that begins so, but for `/`.
        handlers: by method; GET is HEAD, too.
        without_tls: whether it is answered in plain text also where TLS is required.
        others: the handler of all other methods; None to refuse them.
    """

    path: str
    handlers: Mapping[str, Handler]
    without_tls: bool = False
    others: Handler | None = None

    def takes(self, path: str) -> bool:
        """Return whether the row answers a path."""
        if self.path.endswith("/") and self.path != "/":
            return path.startswith(self.path)
        return path == self.path

    @property
    def allowed(self) -> str:
        """The methods, as the header `Allow` lists them."""
        return ", ".join(
            word
            for name in self.handlers
            for word in (("GET", "HEAD") if name == "GET" else (name,))
        )

    def handler(self, method: str) -> Handler:
        """Return the handler of a method.

        Raises:
            RequestError: 405: "The origin server MUST generate an Allow header field" (RFC 9110
                §15.5.6).
        """
        handler = self.handlers.get("GET" if method == "HEAD" else method, self.others)
        if handler is None:
            why = f"this address takes only {self.allowed}"
            why = "this page can only be read" if set(self.handlers) == {"GET"} else why
            raise RequestError(405, why, [("Allow", self.allowed)])
        return handler


ROUTES = (
    Route("/", {"GET": page.index}),
    Route("/admin", {"GET": page.administration}),
    Route(page.FILES, {"GET": page.file}),
    Route("/sw.js", {"GET": page.worker}),
    Route("/manifest.webmanifest", {"GET": page.manifest}),
    *(Route(f"/{name}", {"GET": page.icon}) for name in (*page.ICONS, "favicon.ico")),
    Route("/ca", {"GET": authority.page}, without_tls=True),
    Route("/ca.css", {"GET": authority.style}, without_tls=True),
    Route("/ca.svg", {"GET": authority.qr_code}, without_tls=True),
    Route("/ca.pem", {"GET": authority.pem}, without_tls=True),
    Route("/ca.cer", {"GET": authority.cer}, without_tls=True),
    Route("/ca.mobileconfig", {"GET": authority.profile}, without_tls=True),
    *(Route(path, {"GET": download_page.answer}) for path in ("/download", "/download/")),
    Route(sign_on.PATH, {"GET": sign_on.begin, "POST": sign_on.finish}),
    Route("/health", {"GET": pages.health}, without_tls=True),
    *(Route(path, {"GET": pages.archive}) for path in ("/archive", "/archive/")),
    Route("/robots.txt", {"GET": pages.robots}),
    Route(hooks.PATH, {"POST": hooks.receive}),
    # The API itself refuses methods that a resource does not have.
    *(
        Route(path, {}, without_tls=True, others=entry.answer)
        for path in (api.PATH, api.PATH.removesuffix("/"))
    ),
    Route("/upload", {"OPTIONS": uploads.options, "POST": uploads.receive}),
    Route("/cluster/file/", {"GET": uploads.send_to_node}, without_tls=True),
    Route("/file/", {"OPTIONS": uploads.explore, "GET": uploads.send, "DELETE": uploads.remove}),
)
_UNKNOWN = Route("", dict.fromkeys(("DELETE", "GET", "PATCH", "POST", "PUT"), pages.unknown))
"""What is sent to a mistyped address is not sent in a wrong way."""


def find_route(path: str) -> Route:
    """Return the row of a path."""
    return next((route for route in ROUTES if route.takes(path)), _UNKNOWN)
