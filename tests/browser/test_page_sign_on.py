"""Single sign-on in the page: to the provider and back, and no second time."""

import hashlib
import json
import re
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from harness import Server, Visitor
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from playwright.sync_api import expect
from test_page_accessibility import AXE, violations

Visit = Callable[..., Visitor]
Serve = Callable[..., Server]

KEY = RSAKey.generate_key(2048, {"kid": "key"})


class Provider(BaseHTTPRequestHandler):
    """A provider whose only user is logged in already."""

    codes: dict[str, dict[str, str]]
    """What the browser has sent for each code."""
    place: str
    """The address of the provider."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # it overrides one
        """Log nothing."""

    @property
    def issuer(self) -> str:
        """The issuer."""
        return self.place

    def do_GET(self) -> None:
        """Answer with the documents, or lead the browser back."""
        parts = urlsplit(self.path)
        if parts.path == "/auth":
            sent = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code = f"code-{len(self.codes)}"
            self.codes[code] = sent
            answer = urlencode({"code": code, "state": sent["state"], "iss": self.issuer})
            self.send_response(303)
            self.send_header("Location", f"{sent['redirect_uri']}?{answer}")
            self.end_headers()
        elif parts.path == "/keys":
            self._answer(dict(KeySet([KEY]).as_dict(private=False)))
        else:
            ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
            document = {name: f"{self.issuer}/{path}" for name, path in ends.items()}
            self._answer({"issuer": self.issuer, **document})

    def do_POST(self) -> None:
        """Exchange a code for a token, once, for the verifier of its challenge."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        sent = self.codes.pop(form["code"])
        hashed = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert urlsafe_b64encode(hashed).decode().rstrip("=") == sent["code_challenge"]
        assert form["redirect_uri"] == sent["redirect_uri"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": sent["client_id"], "sub": "5f0c", "iat": now}
        claims |= {"exp": now + 300, "nonce": sent["nonce"], "preferred_username": "ann"}
        self._answer({"id_token": jwt.encode({"alg": "RS256", "kid": "key"}, claims, KEY)})

    def _answer(self, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def provider() -> Iterator[str]:
    """Run a provider; yield its issuer."""
    Provider.codes = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Provider.place = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Provider.place
        finally:
            server.shutdown()
            thread.join()


def test_a_user_logs_in_by_single_sign_on(serve: Serve, visit: Visit) -> None:
    """The page leads to the provider and back; a reload needs no provider any more."""
    with provider() as issuer:
        server = serve(f"[oidc]\nissuer = {issuer}\nclient_id = trio-chat\nname = Example")
        ann = visit(address=server.url)
        page = ann.open()
        page.get_by_role("button", name="I have an account or a password").click()
        page.get_by_label("Stay logged in on this device").check()
        button = page.get_by_role("button", name="Log in with Example")
        expect(button).to_be_visible()
        if AXE.exists():
            ann.settle()
            assert violations(ann) == []
        button.click()
        expect(ann.prompt).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^ann Logged in"))).to_be_visible()
        assert "code=" not in page.url
        assert "state=" not in page.url
    page.reload()
    expect(ann.prompt).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^ann Logged in"))).to_be_visible()


def test_a_refusal_by_the_provider_is_in_the_language_of_the_page(
    visit: Visit, serve: Serve
) -> None:
    """The page has loaded its catalogue before it makes the sentence."""
    with provider() as issuer:
        server = serve(f"[oidc]\nissuer = {issuer}\nclient_id = trio-chat\nname = Example")
        anna = visit(address=server.url, locale="ru-RU")
        anna.open("?error=access_denied&state=x")
        expect(anna.page.get_by_text("Этот вход начат не здесь")).to_be_visible()
