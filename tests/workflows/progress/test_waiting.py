"""When waiting ends, with a double of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from jobs.intake.manifest import Manifest, ManifestFile
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
    of_datasets: list[dict[str, str]] = field(default_factory=list)  # receipts of other datasets than `t`
    manifests: dict[str, Manifest] = field(default_factory=dict)
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

        def get_object(Bucket: str, Key: str) -> dict[str, Any]:
            manifest = self.manifests.get(Key.split("/")[1])
            if manifest is None:
                raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
            return {"Body": BytesIO(manifest.to_json().encode())}

        if service == "sqs":
            return SimpleNamespace(get_queue_attributes=depth)
        return SimpleNamespace(
            get_paginator=lambda operation: SimpleNamespace(paginate=paginate), get_object=get_object
        )

    def query(self, target: Any, sql: str) -> pa.Table:
        self.queries += 1
        if not self.receipts and not self.of_datasets:
            raise self.error
        own = [
            {"source_file": file, "batch_id": batch, "dataset": "t"} for file, batch in self.receipts.items()
        ]
        found = [receipt for receipt in (*own, *self.of_datasets) if receipt["source_file"] in sql]
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


SHARED = [f"s3://raw/exports/table=Shop/AWSDynamoDB/1/data/{name}.json.gz" for name in "ab"]


def manifest_of(batch: str, files: list[str], datasets: list[str]) -> Manifest:
    """The manifest of a batch that reads each file once for each dataset."""
    return Manifest(
        batch,
        datetime.now(UTC).isoformat(),
        tuple(
            ManifestFile("raw", file.split("/", 3)[3], "e", None, 1, "", dataset, "export", "jsonl.gz")
            for file in files
            for dataset in datasets
        ),
    )


def test_a_file_of_several_datasets_counts_when_the_last_of_them_is_merged(stack: Any) -> None:
    file = SHARED[0]
    stack.opened = ["batch-orders"]
    stack.manifests = {"batch-orders": manifest_of("batch-orders", [file], ["orders"])}
    stack.of_datasets = [{"source_file": file, "batch_id": "batch", "dataset": "customers"}]

    assert waiting.merged_files(stack, [file]) == set()  # that of `orders` has no receipt yet
    stack.of_datasets.append({"source_file": file, "batch_id": "batch-orders", "dataset": "orders"})
    assert waiting.merged_files(stack, [file]) == set()  # its batch is not merged
    stack.opened = ["another"]
    stack.manifests["another"] = manifest_of("another", [SHARED[1]], ["orders"])
    assert waiting.merged_files(stack, [file]) == {file}


def test_a_batch_that_has_no_manifest_yet_may_have_any_file(stack: Any) -> None:
    stack.of_datasets = [{"source_file": SHARED[0], "batch_id": "batch", "dataset": "customers"}]
    stack.opened = ["batch-orders"]

    assert waiting.merged_files(stack, [SHARED[0]]) == set()


def test_batches_from_before_do_not_keep_a_file_that_is_read_again(stack: Any) -> None:
    file = SHARED[0]
    stack.opened = ["old-orders"]
    stack.manifests = {"old-orders": manifest_of("old-orders", [file], ["orders"])}
    stack.of_datasets = [{"source_file": file, "batch_id": "new", "dataset": "customers"}]

    assert waiting.merged_files(stack, [file], before=["old", "old-orders"]) == {file}


@dataclass
class Ingest:
    """How `check` and `merge` work on one batch of shared files, one step at a time (`jobs.ingest`)."""

    stack: Stack
    merged: set[tuple[str, str]] = field(default_factory=set)  # file and dataset
    checked: set[str] = field(default_factory=set)

    def check(self, batch: str, failing: set[str]) -> Iterator[None]:
        """Check a batch; datasets that fail get a batch of their own first."""
        manifest = self.stack.manifests[batch]
        if len(manifest.datasets) > 1:
            for dataset in sorted(failing.intersection(manifest.datasets)):
                part = manifest.part(f"{batch}-{dataset}", {dataset})
                self.stack.opened.append(part.batch_id)
                yield
                self.stack.manifests[part.batch_id] = part
                yield
            rest = tuple(file for file in manifest.files if file.dataset not in failing)
            self.stack.manifests[batch] = manifest = replace(manifest, files=rest)
            if not rest:
                self.stack.opened.remove(batch)
                return
            yield
        self.stack.of_datasets += [
            {"source_file": file.source_file, "batch_id": batch, "dataset": file.dataset}
            for file in manifest.files
        ]
        self.checked.add(batch)

    def merge(self, batch: str, failing: set[str]) -> None:
        """Merge a batch; datasets that fail get a batch of their own, which is checked, before it closes."""
        manifest = self.stack.manifests[batch]
        failed = failing.intersection(manifest.datasets) if len(manifest.datasets) > 1 else set()
        for dataset in failed:
            part = manifest.part(f"{batch}-{dataset}", {dataset})
            self.stack.opened.append(part.batch_id)
            self.stack.manifests[part.batch_id] = part
            self.checked.add(part.batch_id)
        self.merged |= {
            (file.source_file, file.dataset) for file in manifest.files if file.dataset not in failed
        }
        self.stack.opened.remove(batch)


@given(st.data())
def test_a_file_is_never_merged_before_all_of_its_datasets_are_and_always_in_the_end(
    data: st.DataObject,
) -> None:
    datasets = data.draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True))
    stack: Any = Stack(opened=["batch"], manifests={"batch": manifest_of("batch", SHARED, datasets)})
    ingest = Ingest(stack)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "query", stack.query)
        while stack.opened:
            batch = data.draw(st.sampled_from(stack.opened))
            failing = data.draw(st.sets(st.sampled_from(datasets)))
            if batch in ingest.checked:
                ingest.merge(batch, failing)
            else:
                for _ in ingest.check(batch, failing):
                    assert waiting.merged_files(stack, SHARED) <= _whole(ingest, datasets)
            assert waiting.merged_files(stack, SHARED) == _whole(ingest, datasets)

    assert _whole(ingest, datasets) == set(SHARED)


def _whole(ingest: Ingest, datasets: list[str]) -> set[str]:
    return {file for file in SHARED if {(file, dataset) for dataset in datasets} <= ingest.merged}


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
