"""The application of the console, and the server that runs it on the loopback."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from expectations.problems import GluelineError
from workflows.console import (
    actions,
    contract_pages,
    dashboard_pages,
    lineage_pages,
    pages,
    rejections,
    row_pages,
    sql_pages,
)
from workflows.console.answering import Console, Page, answering, console_of, render
from workflows.console.jobs import Jobs
from workflows.console.readings import Readings
from workflows.console.rendering import STATIC
from workflows.console.security import Guard, Secrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from workflows.console.answering import Endpoint
    from workflows.stack.target import Target

PORT: Final = 4620
MOST_BYTES: Final = 1_000_000  # of a form
WHOLE: Final[dict[str, Endpoint]] = {
    "/": pages.overview,
    "/flow": pages.flow,
    "/batches": pages.batches,
    "/batches/{batch}": pages.batch,
    "/quarantine": rejections.quarantine,
    "/rows": row_pages.rows,
    "/lineage": lineage_pages.lineage,
    "/quality": pages.quality,
    "/parity": pages.parity,
    "/contracts": contract_pages.contracts,
    "/contracts/{dataset}": contract_pages.contract,
    "/dashboards": dashboard_pages.dashboards,
    "/dashboards/{dataset}": dashboard_pages.dashboard,
    "/sql": sql_pages.sql,
    "/docs/{path:path}": pages.data_docs,
}
PARTS: Final[dict[str, Endpoint]] = {
    "/parts/attention": pages.attention,
    "/parts/datasets": pages.datasets,
    "/parts/flow": pages.flow_drawing,
    "/parts/batches": pages.batches_list,
    "/parts/batches/unmerged": pages.batches_unmerged,
    "/parts/batches/one/{batch}": pages.batch_one,
    "/parts/batches/log/{batch}": pages.batch_log,
    "/parts/quarantine": rejections.groups,
    "/parts/quarantine/samples": rejections.samples,
    "/parts/dead-letters": rejections.dead_letters,
    "/parts/rows": row_pages.rows_history,
    "/parts/rows/keys": row_pages.rows_keys,
    "/parts/lineage": lineage_pages.drawing,
    "/parts/lineage/columns": lineage_pages.columns,
    "/parts/quality": pages.quality_rules,
    "/parts/quality/volume": pages.quality_volume,
    "/parts/parity": pages.parity_certificates,
    "/parts/parity/progress": pages.parity_progress,
    "/parts/contracts": contract_pages.contracts_list,
    "/parts/contracts/{dataset}": contract_pages.contract_one,
    "/parts/contracts/{dataset}/versions": contract_pages.contract_versions,
    "/parts/contracts/{dataset}/examples": contract_pages.contract_examples,
    "/parts/dashboards": dashboard_pages.dashboards_list,
    "/parts/dashboards/{dataset}/{chart:int}": dashboard_pages.chart,
    "/sql/result.csv": sql_pages.sql_csv,
}
ACTIONS: Final[dict[str, Endpoint]] = {
    "/parts/sql": sql_pages.sql_result,  # a statement may be long
    "/actions/replay-quarantine": actions.replay_quarantine,
    "/actions/replay-batch": actions.replay_batch,
    "/actions/redrive": actions.redrive,
    "/actions/retry-batch": actions.retry_batch,
    "/actions/set-batch-aside": actions.set_batch_aside,
    "/actions/prove-parity": actions.prove_parity,
}


class NoPort(GluelineError):
    """Raised when the console can't listen on a port."""


def application(console: Console) -> Starlette:
    """The pages, parts and actions, behind the guard."""
    app = Starlette(
        routes=[
            *(Route(path, answering(endpoint, whole=True)) for path, endpoint in WHOLE.items()),
            *(Route(path, answering(endpoint)) for path, endpoint in PARTS.items()),
            *(
                Route(path, _with_form(answering(endpoint)), methods=["POST"])
                for path, endpoint in ACTIONS.items()
            ),
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
    config = uvicorn.Config(
        application(console),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,  # a browser keeps its connections open
    )
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
        readings.contracts()
        readings.day_counts()


def _with_form(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of an action, which finds the fields of its form in `request.state.form`."""

    async def read_form(request: Request) -> Response:
        text = bytearray()
        async for chunk in request.stream():
            text += chunk
            if len(text) > MOST_BYTES:
                return Response(f"Expected a form of at most {MOST_BYTES:,} bytes.", 413)
        request.state.form = dict(parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True))
        return await run_in_threadpool(answer, request)

    return read_form


def _no_such_page(request: Request, error: Any) -> Response:
    values = {"title": "Not found", "words": "There is no such page."}
    is_whole = not request.url.path.startswith(("/parts/", "/actions/"))
    return render(console_of(request), Page("problem.html" if is_whole else "missing.html", values), 404)
