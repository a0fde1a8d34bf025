"""What is kept of a stack: the layer that keeps it, and the parts that are our own."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any

from tests.workflows.local.glue_builders import NOON, ask, end, glue, launched
from workflows.local.exports import Exports
from workflows.local.glue import Glue
from workflows.local.keeping import KEEP_PATH, keeping, kept_port

if TYPE_CHECKING:
    from pathlib import Path


def test_a_glue_that_takes_a_state_goes_on_as_the_one_that_told_it() -> None:
    first = glue()
    first.start_workflow_run("flow", {}, NOON)
    first.receive_event("flow", "e1", NOON)
    assert launched(first) == ["check"]

    again = Glue()
    again.take_state(pickle.loads(pickle.dumps(first.state())))  # noqa: S301

    assert launched(again) == []
    for one in (first, again):
        end(one, "check")
        assert launched(one) == ["merge"]
        one.tick(NOON + 60)
        assert launched(one) == ["check"]  # for the event that waited
    told = [ask(one, "GetWorkflowRuns", Name="flow", IncludeGraph=True)["Runs"] for one in (first, again)]
    assert len(told[0]) == len(told[1]) == 2
    assert [run["Status"] for run in told[0]] == [run["Status"] for run in told[1]]


def test_an_export_that_was_being_written_has_failed_for_the_next() -> None:
    told = {
        "since": {"table": 1.0},
        "tokens": {},
        "exports": {"a": {"ExportStatus": "IN_PROGRESS"}, "b": {"ExportStatus": "COMPLETED"}},
    }
    exports = Exports(lambda _: None, lambda _: None)  # type: ignore[arg-type, return-value]

    exports.take_state(told)

    assert [export["ExportStatus"] for export in exports.state()["exports"].values()] == [
        "FAILED",
        "COMPLETED",
    ]


def test_a_stack_that_was_kept_answers_nothing_more() -> None:
    kept: list[str] = []
    answers: list[int] = []

    async def beneath(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: dict[str, Any]) -> None:
        answers.extend([message["status"]] if "status" in message else [])

    keep = ("POST", KEEP_PATH)
    layer = keeping(beneath, lambda: kept.append("kept"))

    async def send_all() -> None:
        for method, path in (("GET", "/"), ("GET", KEEP_PATH), keep, ("GET", "/"), keep):
            await layer({"type": "http", "method": method, "path": path}, send, send)  # type: ignore[arg-type]

    asyncio.run(send_all())

    assert answers == [200, 200, 200, 503, 200]
    assert kept == ["kept"]


def test_what_is_not_all_there_is_not_kept(tmp_path: Path) -> None:
    assert kept_port(tmp_path) is None
    (tmp_path / "state.pickle").write_bytes(b"half")
    assert kept_port(tmp_path) is None
