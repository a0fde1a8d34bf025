"""Who may use the console: the browser that opened its first address, from a page of the console itself.

The console listens on the loopback, where every program and every web page in a browser of this machine can
reach it. So each request must name the loopback as its host (a page elsewhere could point its own name here),
and have the cookie that the first address was exchanged for. A request that changes something must also come
from a page of the console (Origin) and carry that page's token.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS: Final = ("GET", "HEAD")
CSRF_HEADER: Final = "x-csrf-token"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# For pages that others have written, such as Data Docs: no script of theirs runs, and nothing is loaded.
FOREIGN_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_NOT_OPENED: Final = (
    "This console belongs to the browser that opened its first address. Open the address that "
    "glueline console printed, with its token."
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one run of the console on a port: of its first address, its cookie and its forms."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def cookie(self) -> str:
        """The name of the cookie; cookies do not know ports, and there may be two consoles."""
        return f"glueline_console_{self.port}"

    @property
    def hosts(self) -> tuple[str, str]:
        """The values of the header Host that a request may have."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def first_address(self) -> str:
        """The address that opens the console."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"


class Guard:
    """Middleware that refuses requests which do not come from the console's own pages."""

    def __init__(self, app: ASGIApp, known: Secrets) -> None:
        self._app, self._known = app, known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(message)
            await send(message)

        request = Request(scope)
        answer = self._answer(request)
        await (answer or self._app)(scope, receive, send_protected)

    def _answer(self, request: Request) -> PlainTextResponse | RedirectResponse | None:
        """What the request is refused with, or where it is sent on; None if it may go on."""
        known = self._known
        is_safe = request.method in SAFE_METHODS
        if request.headers.get("host", "") not in known.hosts:
            return PlainTextResponse(f"Expected the host {known.hosts[0]}.", 421)
        if is_safe and "token" in request.query_params:
            return self._exchange(request)
        if not _same(request.cookies.get(known.cookie, ""), known.session):
            return PlainTextResponse(_NOT_OPENED, 403)
        problem = "" if is_safe else self._problem(request)
        return PlainTextResponse(problem, 403) if problem else None

    def _exchange(self, request: Request) -> PlainTextResponse | RedirectResponse:
        """The cookie for the token of the first address."""
        known = self._known
        if not _same(request.query_params["token"], known.token):
            return PlainTextResponse(_NOT_OPENED, 403)
        opened = RedirectResponse(_without_token(request), 303)
        opened.set_cookie(known.cookie, known.session, path="/", httponly=True, samesite="strict")
        return opened

    def _problem(self, request: Request) -> str:
        """Why a request may not change anything; empty if it may."""
        if request.headers.get("origin") not in {f"http://{host}" for host in self._known.hosts}:
            return "Expected a request from a page of this console."
        if not _same(request.headers.get(CSRF_HEADER, ""), self._known.csrf):
            return "This page is of an earlier run of the console. Reload it."
        return ""


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _without_token(request: Request) -> str:
    left = [(name, value) for name, value in parse_qsl(request.url.query) if name != "token"]
    path = "/" + request.url.path.lstrip("/")  # // would be the name of another host
    return f"{path}?{urlencode(left)}" if left else path


def _protect(message: MutableMapping[str, object]) -> None:
    """Add the headers that the answer does not have itself. Pages are not kept; libraries are."""
    headers = message.get("headers") or ()
    given: list[tuple[bytes, bytes]] = list(_pairs(headers))
    names = {name.decode().lower() for name, _ in given}
    wanted = {**_HEADERS, "cache-control": "no-store"}
    given += [(name.encode(), value.encode()) for name, value in wanted.items() if name not in names]
    message["headers"] = given


def _pairs(headers: object) -> Iterable[tuple[bytes, bytes]]:
    return headers if isinstance(headers, (list, tuple)) else ()
