"""The hold of a deployment, against an embedded AWS whose jobs do not run."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest

from workflows.local.base.errors import StackError
from workflows.local.lifecycle.held_jobs import held_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def older_stack() -> Iterator[str]:
    """A stack of a version that holds nothing."""

    class NotFound(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), NotFound) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_the_stack_of_an_older_version_is_refused_with_advice(older_stack: str) -> None:
    with (
        pytest.raises(StackError, match=r"got 404: another version .* glueline down --keep"),
        held_jobs(older_stack, print),
    ):
        raise AssertionError("nothing is held")


def test_a_stack_that_has_ended_is_an_error() -> None:
    with pytest.raises(httpx.TransportError), held_jobs("http://127.0.0.1:9", print):
        raise AssertionError("nothing is held")


@pytest.mark.emulator
def test_the_block_runs_while_the_jobs_are_held_and_a_second_hold_follows(embedded_aws: str) -> None:
    waited: list[str] = []
    for _ in range(2):
        with held_jobs(embedded_aws, waited.append):
            assert httpx.get(f"{embedded_aws}/_ministack/health").is_success

    assert waited == []
