"""When waiting ends, with a double of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from workflows.progress import waiting
from workflows.progress.waiting import Pending, WaitTimeout, wait
from workflows.query.dialect.errors import NoSuchTable, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = "s3://raw/exports/t/data/a.json.gz"
OTHER = "s3://raw/exports/t/data/b.json.gz"


@dataclass
class Stack:
    """The queues, markers and receipts of a stack; each of `steps` happens after one look."""

    inbound: int = 0
    intake: int = 0
    opened: list[str] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)  # file -> batch
    queries: int = 0
    error: QueryError = field(default_factory=lambda: NoSuchTable("No table lake_ops.batches"))
    endpoint_url: str | None = "http://127.0.0.1"

    def open_batch(self) -> None:
        """Read the messages of the intake queue."""
        self.intake = 0
        self.opened.append("batch")

    def output(self, name: str) -> str:
        return name

    def client(self, service: str) -> Any:
        def depth(QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
            waits = self.inbound if QueueUrl == "InboundQueueUrl" else self.intake
            return {"Attributes": dict.fromkeys(AttributeNames, "0") | {AttributeNames[0]: str(waits)}}

        def paginate(**listing: str) -> Iterator[dict[str, Any]]:
            yield {"Contents": [{"Key": f"open/{batch}"} for batch in self.opened]}

        if service == "sqs":
            return SimpleNamespace(get_queue_attributes=depth)
        return SimpleNamespace(get_paginator=lambda operation: SimpleNamespace(paginate=paginate))

    def query(self, target: Any, sql: str) -> pa.Table:
        self.queries += 1
        if not self.receipts:
            raise self.error
        found = [
            {"source_file": file, "batch_id": batch, "dataset": "t"}
            for file, batch in self.receipts.items()
            if file in sql
        ]
        columns = ("source_file", "batch_id", "dataset")
        return pa.Table.from_pylist(found, pa.schema([(name, pa.string()) for name in columns]))


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Any:
    stack = Stack()
    monkeypatch.setattr(waiting, "query", stack.query)
    monkeypatch.setattr(waiting, "poll_seconds", lambda target: 0.0)
    return stack


def watch(stack: Any, *steps: Callable[[], Any], until_quiet: bool = True) -> list[Pending]:
    """What was pending at each look, when each step happens after a look."""
    seen: list[Pending] = []
    left = list(steps)

    def report(pending: Pending) -> None:
        seen.append(pending)
        if left:
            left.pop(0)()

    wait(stack, [FILE, OTHER], report, until_quiet=until_quiet)
    assert not left
    return seen


def test_waiting_ends_when_nothing_is_pending_and_every_file_has_its_receipt(stack: Any) -> None:
    stack.inbound, stack.intake = 3, 2

    seen = watch(
        stack,
        lambda: setattr(stack, "inbound", 0),
        stack.open_batch,
        lambda: stack.receipts.update({FILE: "batch", OTHER: "batch"}),
        stack.opened.clear,
    )

    assert [(pending.inbound, pending.intake, pending.batches, pending.files) for pending in seen] == [
        (3, 2, 0, 2), (0, 2, 0, 2), (0, 0, 1, 2), (0, 0, 1, 2), (0, 0, 0, 0), (0, 0, 0, 0),
    ]  # fmt: skip
    assert stack.queries == 1


def test_waiting_for_files_ends_while_other_work_goes_on(stack: Any) -> None:
    stack.inbound, stack.intake = 5, 7
    stack.opened = ["ours", "another"]
    stack.receipts = {FILE: "ours", OTHER: "another"}

    seen = watch(
        stack,
        lambda: stack.opened.remove("ours"),
        lambda: stack.opened.remove("another"),
        until_quiet=False,
    )

    assert [pending.files for pending in seen] == [2, 1, 0, 0]
    assert seen[-1].waiting == 12


def test_a_receipt_counts_when_its_batch_is_merged_and_not_before(stack: Any) -> None:
    stack.opened, stack.receipts = ["batch"], {FILE: "batch"}

    assert waiting.merged_files(stack, [FILE, OTHER]) == set()
    stack.opened.clear()
    assert waiting.merged_files(stack, [FILE, OTHER]) == {FILE}


def test_a_receipt_does_not_count_while_its_dataset_fails_in_a_batch_of_its_own(stack: Any) -> None:
    stack.opened, stack.receipts = ["batch-t", "batch-other"], {FILE: "batch"}

    assert waiting.merged_files(stack, [FILE]) == set()
    stack.opened.remove("batch-t")
    assert waiting.merged_files(stack, [FILE]) == {FILE}


def test_the_timeout_names_what_is_still_pending(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "patience_seconds", lambda target: 0)
    stack.intake = 4

    with pytest.raises(WaitTimeout, match="4 objects in the intake queue, 2 files"):
        wait(stack, [FILE, OTHER], lambda pending: None, until_quiet=False)


def test_receipts_of_many_files_are_read_in_statements_that_athena_takes(stack: Any) -> None:
    files = [f"s3://raw/exports/t/data/{number}.json.gz" for number in range(2500)]
    stack.receipts = {files[2400]: "batch"}

    assert waiting.merged_files(stack, files) == {files[2400]}
    assert stack.queries == 3


def test_only_a_missing_table_is_waited_for(stack: Any) -> None:
    stack.error = QueryError("The Athena query ended in state FAILED: Access denied when reading a key")

    with pytest.raises(QueryError, match="Access denied"):
        wait(stack, [FILE], lambda pending: None)
