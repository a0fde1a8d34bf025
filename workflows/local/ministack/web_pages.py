"""Refuses requests of web pages to the embedded AWS, which accepts any key and runs code.

A browser lets every page send requests to the loopback. Its headers show that: `Origin` (of a request that a
script may read or that changes something), `Sec-Fetch-Site` and `Referer` (of an image or a link), and
`Host`, if the page has bound its own name to 127.0.0.1. AWS SDKs and command lines send none of these. The
port in `Host` is ignored: a forwarded one may differ, and a name other than the loopback's is refused with
any port.
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from workflows.local.ministack.asgi import App, Message, Receive, Send, reply

# Buckets and APIs have hosts such as `*.localhost` and `*.127.0.0.1`; no page can have such a name.
_LOOPBACK: Final = re.compile(
    r"(?:[a-z0-9._-]+\.)?(?:localhost|127\.0\.0\.1)(?::\d+)?|\[::1\](?::\d+)?", re.I
)
ALLOW: Final = "GLUELINE_ALLOW_ORIGINS"


def refusing_web_pages(app: App, allowed: Collection[str] = ()) -> App:
    """The app, except that it answers web pages with 403 unless their origin is allowed."""

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        reason = refusal(scope.get("headers", ()), allowed)
        if scope["type"] == "lifespan" or reason is None:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a 403
        else:
            await reply(send, 403, "text/plain; charset=utf-8", f"{reason}\n".encode())

    return layer


def refusal(headers: Collection[tuple[bytes, bytes]], allowed: Collection[str]) -> str | None:
    """Why a request with these headers is refused; None if it does not come from a web page."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    for host in found.get("host", ()):
        if not _LOOPBACK.fullmatch(host):
            return (
                f"Expected the host 127.0.0.1, localhost, [::1] or *.localhost, got {host!r}: the local "
                "stack answers to the loopback's names only."
            )
    origins = found.get("origin", [])
    if "authorization" not in found:  # S3A sends a referer, but signs; a page without an origin can't sign
        origins = origins + [_origin(referer) for referer in found.get("referer", ())]
    for origin in origins:
        if origin not in allowed:
            return (
                f"Expected a program, got a web page of {origin!r}: pages have no access to the local stack. "
                f"To allow one of your own, start the stack with {ALLOW}={origin}."
            )
    for site in found.get("sec-fetch-site", ()):
        if site != "none" and not origins:
            return f"Expected a program, got a web page (Sec-Fetch-Site: {site})."
    return None


def read_allowed(text: str) -> frozenset[str]:
    """The origins in a comma-separated list.

    >>> sorted(read_allowed("http://localhost:3000, http://127.0.0.1:8080/"))
    ['http://127.0.0.1:8080', 'http://localhost:3000']
    """
    return frozenset(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip())


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc}"
