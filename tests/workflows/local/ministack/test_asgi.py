"""Plain responses of the layers."""

import asyncio
from typing import Any

from workflows.local.ministack.asgi import reply


def test_a_response_has_its_status_its_content_type_and_its_body() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(reply(send, 403, "text/plain", b"no\n"))

    assert sent == [
        {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]},
        {"type": "http.response.body", "body": b"no\n"},
    ]
