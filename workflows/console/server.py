"""The application of the console, and the server that runs it on the loopback."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from expectations.problems import GluelineError
from workflows.console import pages
from workflows.console.answering import Console, Page, answering, console_of, render
from workflows.console.jobs import Jobs
from workflows.console.readings import Readings
from workflows.console.rendering import STATIC
from workflows.console.security import Guard, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from workflows.console.answering import Endpoint
    from workflows.stack.target import Target

PORT: Final = 4620
WHOLE: Final[dict[str, Endpoint]] = {
    "/": pages.overview,
}
PARTS: Final[dict[str, Endpoint]] = {
    "/parts/attention": pages.attention,
    "/parts/datasets": pages.datasets,
}
ACTIONS: Final[dict[str, Endpoint]] = {}


class NoPort(GluelineError):
    """Raised when the console can't listen on a port."""


def application(console: Console) -> Starlette:
    """The pages, parts and actions, behind the guard."""
    app = Starlette(
        routes=[
            *(Route(path, answering(endpoint, whole=True)) for path, endpoint in WHOLE.items()),
            *(Route(path, answering(endpoint)) for path, endpoint in PARTS.items()),
            *(Route(path, answering(endpoint), methods=["POST"]) for path, endpoint in ACTIONS.items()),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, known=console.secrets)],
        exception_handlers={404: _no_such_page},
    )
    app.state.console = console
    return app


def serve(target: Target, port: int | None, opened: Callable[[str], None]) -> None:
    """Serve the console on the loopback until it is interrupted; `opened` gets its first address.

    Without a port, it is `PORT` or, if that is taken, any. Raises NoPort.
    """
    import uvicorn

    listening = _listen(port)
    known = Secrets(listening.getsockname()[1])
    console = Console(Readings(target), known, Jobs())
    config = uvicorn.Config(application(console), log_level="warning", access_log=False, lifespan="off")
    threading.Thread(target=_warm_up, args=(console.readings,), daemon=True).start()
    opened(known.first_address)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def _listen(port: int | None) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for wanted in (PORT, 0) if port is None else (port,):
        try:
            listening.bind(("127.0.0.1", wanted))
        except OSError as error:
            problem = error
        else:
            listening.listen(128)
            return listening
    listening.close()
    raise NoPort(
        f"Expected to listen on 127.0.0.1:{port}, got: {problem.strerror}. Choose another: --port"
    ) from problem


def _warm_up(readings: Readings) -> None:
    """Import the engine of queries, and read what the first page needs, before it is asked for."""
    with suppress(Exception):  # the page that needs it says what is wrong
        readings.file_counts()


def _no_such_page(request: Request, error: Any) -> Response:
    values = {"title": "Not found", "words": "There is no such page."}
    return render(console_of(request), Page("problem.html", values), 404)
