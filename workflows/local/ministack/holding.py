"""Holds the jobs of a stack while a deployment replaces their code, as long as its request is open.

The connection is the hold: if the deploying process is killed, the jobs go on. The answer has a line with the
job that is waited for, and QUIET when no work that has begun is left.
"""

import asyncio
from typing import Final, Protocol

from workflows.local.ministack.asgi import App, Message, Receive, Send

HOLD_PATH: Final = "/_glueline/hold"
QUIET: Final = "quiet"
_PAUSE_SECONDS: Final = 0.1


class Held(Protocol):
    """A runner of jobs that can be held."""

    @property
    def finishing(self) -> str | None:
        """While held: a job that is waited for."""

    @property
    def is_quiet(self) -> bool:
        """Held, and nothing that has begun is left."""

    def hold(self) -> None:
        """Start no new work."""

    def release(self) -> None:
        """Start new work again."""


def with_holding(app: App, runner: Held) -> App:
    """The app, which also holds the runner during a request to HOLD_PATH."""

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != HOLD_PATH or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        gone = asyncio.create_task(_until_gone(receive))
        runner.hold()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await _say_what_is_waited_for(runner, send, gone)
            await gone
        finally:
            gone.cancel()
            runner.release()

    return layer


async def _say_what_is_waited_for(runner: Held, send: Send, gone: asyncio.Task[None]) -> None:
    said = None
    while not gone.done():
        line = QUIET if runner.is_quiet else runner.finishing
        if line is not None and line != said:
            said = line
            body = f"{line}\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if line == QUIET:
            return
        await asyncio.wait({gone}, timeout=_PAUSE_SECONDS)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
