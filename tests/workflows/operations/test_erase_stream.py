"""The stream's records of the marks of an erasure are awaited until they have landed and are merged."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.erasure.notes import BlockNote
from jobs.erasure.requests import Erasures
from tests.jobs.builders import record
from tests.workflows.empty_stack import empty_stack
from workflows.operations import erase_stream
from workflows.operations.erase_stream import await_marks
from workflows.progress.waiting import NotThroughInTime

if TYPE_CHECKING:
    from workflows.stack.target import Target


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


@pytest.fixture
def erasures(target: Target) -> Erasures:
    return Erasures(target.client("s3"), target.output("LakeBucket"))


def silent(_: str) -> None:
    pass


def land(target: Target, name: str, *records: dict[str, Any]) -> str:
    key = f"stream/entities/{datetime.now(UTC):%Y/%m/%d/%H}/{name}.jsonl.gz"
    body = gzip.compress("".join(f"{json.dumps(one)}\n" for one in records).encode())
    target.client("s3").put_object(Bucket=target.output("RawBucket"), Key=key, Body=body)
    return f"s3://{target.output('RawBucket')}/{key}"


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The files that the command waits for, without waiting."""
    awaited: list[set[str]] = []
    monkeypatch.setattr(erase_stream, "poll_seconds", lambda _: 0)
    monkeypatch.setattr(erase_stream, "wait", lambda _, files, *more, **others: awaited.append(set(files)))
    return awaited


MARK = {"_key": {"S": "7"}, "_deleted": {"BOOL": True}, "_erased": {"BOOL": True}}


def test_the_command_waits_until_the_records_of_marks_have_landed_and_are_merged(
    target: Target, erasures: Erasures, merged: list[set[str]]
) -> None:
    now = datetime.now(UTC)
    note = BlockNote(("7", "8"), now.isoformat(), now.isoformat())
    erasures.write("e1", note)
    hour_ago = now - timedelta(hours=1)
    land(target, "older", record("MODIFY", "7", new=MARK, at=hour_ago), record("MODIFY", "7", new={}, at=now))
    one = land(
        target, "one", record("MODIFY", "7", new=MARK, at=now), record("INSERT", "9", new=MARK, at=now)
    )
    late: list[str] = []

    def report(_: str) -> None:
        if not late:
            late.append(land(target, "late", record("INSERT", "8", new=MARK, at=now)))

    await_marks(target, erasures, "e1", "entities", report)

    assert merged == [{one, *late}]
    await_marks(target, erasures, "e1", "entities", silent)  # once is enough
    assert merged == [{one, *late}]


def test_there_is_no_wait_if_all_keys_had_marks(
    target: Target, erasures: Erasures, merged: list[set[str]]
) -> None:
    await_marks(target, erasures, "e1", "entities", silent)

    assert merged == []


def test_the_wait_for_the_stream_ends_with_an_error(
    target: Target, erasures: Erasures, merged: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).isoformat()
    erasures.write("e1", BlockNote(("7",), now, now))
    monkeypatch.setattr(erase_stream, "patience_seconds", lambda _: -1)

    with pytest.raises(NotThroughInTime, match="forwarder"):
        await_marks(target, erasures, "e1", "entities", silent)
    assert merged == []
