"""A console on a stack in this process, as the browser that has opened it uses it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from workflows.console.answering import Console
from workflows.console.jobs import Jobs
from workflows.console.readings import Readings
from workflows.console.security import CSRF_HEADER, Secrets
from workflows.console.server import application
from workflows.query.sql import BYTES_READ

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa
    import pytest

    from workflows.stack.target import Target

PORT = 4620


def console_on(target: Target) -> Console:
    return Console(Readings(target), Secrets(PORT), Jobs())


def new_browser(console: Console) -> TestClient:
    """A browser that has not opened the first address."""
    return TestClient(
        application(console),
        f"http://127.0.0.1:{PORT}",
        follow_redirects=False,
        raise_server_exceptions=False,
    )


def opened(console: Console) -> TestClient:
    """A browser that has opened it, and sends what the console's own pages send."""
    browser = new_browser(console)
    assert browser.get(console.secrets.first_address).status_code == 303
    browser.headers.update({CSRF_HEADER: console.secrets.csrf, "origin": f"http://127.0.0.1:{PORT}"})
    return browser


def with_rows(patch: pytest.MonkeyPatch, readings: Readings, **answers: list[dict[str, Any]]) -> None:
    """Let bookkeeping tables have rows: those named like the statement that selects them."""
    from workflows.console import statements

    by_statement = {getattr(statements, name): rows for name, rows in answers.items()}
    patch.setattr(readings, "bookkeeping", lambda sql, **parts: by_statement.get(sql, []))


def with_databases(target: Target) -> None:
    """Let the stack have its databases, without tables."""
    glue = target.client("glue")
    for name in ("LakeDatabase", "OpsDatabase"):
        with suppress(glue.exceptions.AlreadyExistsException):
            glue.create_database(DatabaseInput={"Name": target.output(name)})


def with_results(patch: pytest.MonkeyPatch, pages: ModuleType, *results: pa.Table | Exception) -> list[str]:
    """Let statements of these pages have these results, one after the other; the statements that are run."""
    left, asked = list(results), list[str]()

    def answer(target: Target, sql: str) -> pa.Table:
        asked.append(sql)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found.replace_schema_metadata({BYTES_READ: "2500000"})

    patch.setattr(pages, "query", answer)
    return asked
