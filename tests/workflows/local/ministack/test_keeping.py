"""The state of a stack that is kept: when it counts, and which format it has.

`lifecycle/test_small_stack.py` has a stack and its successor.
"""

import asyncio
import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from workflows.local.base.errors import StackError
from workflows.local.exports.service import ClientToken, ExportService, ExportState
from workflows.local.glue.definitions import Action, Batching, Job, Predicate, Trigger, Workflow
from workflows.local.glue.engine import GlueState
from workflows.local.glue.runs import JobRun, WorkflowRun
from workflows.local.glue.schedule import Cron, Rate
from workflows.local.glue.triggers import CollectedEvents, Triggers
from workflows.local.ministack.keeping import (
    FORMAT,
    KEEP_PATH,
    KeptRecord,
    KeptState,
    is_kept,
    kept_port,
    remove_state,
    with_keeping,
)


def test_a_stack_whose_state_is_kept_answers_nothing_else() -> None:
    kept: list[str] = []
    answers: list[int] = []

    async def beneath(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: dict[str, Any]) -> None:
        answers.extend([message["status"]] if "status" in message else [])

    keep = ("POST", KEEP_PATH)
    layer = with_keeping(beneath, lambda: kept.append("kept"))

    async def send_all() -> None:
        for method, path in (("GET", "/"), ("GET", KEEP_PATH), keep, ("GET", "/"), keep):
            await layer({"type": "http", "method": method, "path": path}, send, send)  # type: ignore[arg-type]

    asyncio.run(send_all())

    assert answers == [200, 200, 200, 503, 200]
    assert kept == ["kept"]


def test_an_export_that_was_being_written_has_failed_for_the_successor() -> None:
    exports = ExportService(lambda _: None, lambda _: None)  # type: ignore[arg-type, return-value]

    exports.take_state(
        ExportState(
            recoverable_since={"table": 1.0},
            exports={"a": {"ExportStatus": "IN_PROGRESS"}, "b": {"ExportStatus": "COMPLETED"}},
            tokens={},
        )
    )

    statuses = [export["ExportStatus"] for export in exports.state().exports.values()]
    assert statuses == ["FAILED", "COMPLETED"]


def test_a_state_without_its_record_is_incomplete_and_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "state.pickle").write_bytes(b"half")

    assert not is_kept(tmp_path)
    assert kept_port(tmp_path) is None


def test_a_state_of_this_format_has_a_port_until_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(KeptRecord(FORMAT, 4570).to_json())
    assert is_kept(tmp_path)
    assert kept_port(tmp_path) == 4570

    remove_state(tmp_path)

    assert not is_kept(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        pytest.param("port", "4566", 0, id="a version that had no format"),
        pytest.param("kept.json", json.dumps({"format": FORMAT + 1, "port": 4566}), FORMAT + 1, id="newer"),
    ],
)
def test_a_state_of_another_format_is_refused_with_what_to_do(
    file: str, text: str, found: int, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text)

    assert is_kept(tmp_path)  # so that `down` asks before it deletes the state
    with pytest.raises(
        StackError, match=rf"Expected a kept stack of format {FORMAT} .*, found format {found}: .*down --yes"
    ):
        kept_port(tmp_path)


def test_the_format_changes_with_the_classes_that_are_kept() -> None:
    kept = (
        *(KeptState, GlueState, CollectedEvents, ExportState, ClientToken),
        *(Job, Action, Predicate, Batching, Trigger, Workflow, Rate, Cron, JobRun, WorkflowRun),
    )
    described = [
        (one.__module__, one.__qualname__, sorted(field.name for field in fields(one))) for one in kept
    ]
    described.append((Triggers.__module__, Triggers.__qualname__, sorted(vars(Triggers()))))
    digest = hashlib.sha256(json.dumps(described).encode()).hexdigest()[:12]

    # If this fails, raise FORMAT and write the new pair here.
    assert (FORMAT, digest) == (2, "7e2261148f53")
