"""Files are announced again: the same states of the same objects, with the times of their first events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile, make_manifest
from tests.workflows.empty_stack import empty_stack
from tests.workflows.landed_files import DATASETS, announced, land
from tests.workflows.query.tables import Lake, ScannedTable
from workflows.operations import replay as replays
from workflows.operations.replay import (
    LostFile,
    ReplayError,
    Selection,
    of_batch,
    of_quarantine,
    quarantine_sql,
    read_again,
)
from workflows.progress.announcements import object_created
from workflows.query.local_engine import query_here
from workflows.query.sql import rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflows.stack.target import Target

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


def keep(target: Target, batch_id: str, *files: ManifestFile, refused: Iterable[str] = ()) -> None:
    """Keep the manifest of a batch that has read these files and refused these messages."""
    of_refused = make_manifest(batch_id, AT, refused, ()).refused
    batches = Batches(target.client("s3"), target.output("LakeBucket"))
    batches.open(Manifest(batch_id, AT.isoformat(), files, of_refused))
    batches.close(batch_id)


# --- a batch ------------------------------------------------------------------------------------------------


def test_a_batchs_files_are_announced_as_they_were_the_first_time(target: Target) -> None:
    files = [
        land(target, "drops/products/a.csv", at="2026-11-20T08:00:00.123456+00:00"),
        land(target, "drops/products/über & mehr.jsonl.gz"),
        land(target, "stream/transactions/2026/11/24/10/d-1-2.jsonl.gz"),
    ]
    keep(target, "wr_1", *files)

    read_again(target, of_batch(target, "wr_1", DATASETS))

    assert announced(target) == sorted(
        (replace(file, format="jsonl.gz") if file.door == "stream" else file for file in files),
        key=lambda file: file.key,
    )


def test_a_file_without_a_version_is_announced_by_its_etag(target: Target) -> None:
    file = replace(land(target, "drops/products/a.csv"), version_id=None)
    keep(target, "wr_1", file)

    read_again(target, of_batch(target, "wr_1", DATASETS))

    assert announced(target) == [file]


def test_a_batch_without_files_starts_no_run(target: Target) -> None:
    keep(target, "wr_1")

    read_again(target, of_batch(target, "wr_1", DATASETS))

    assert announced(target) == []


def test_a_deleted_object_is_read_again_while_its_version_is_kept(target: Target) -> None:
    file = land(target, "drops/products/a.csv")
    target.client("s3").delete_object(Bucket=file.bucket, Key=file.key)
    keep(target, "wr_1", file)

    assert of_batch(target, "wr_1", DATASETS).files == (file,)


def test_objects_that_are_gone_or_replaced_are_named_and_the_others_announced(target: Target) -> None:
    there = land(target, "drops/products/there.csv")
    gone = land(target, "drops/products/gone.csv")
    unversioned = replace(land(target, "drops/products/replaced.csv"), version_id=None)
    land(target, "drops/products/replaced.csv", b"other")
    never = replace(there, key="drops/products/never.csv", version_id=None)
    target.client("s3").delete_object(Bucket=gone.bucket, Key=gone.key, VersionId=gone.version_id)
    keep(target, "wr_1", there, gone, unversioned, never)

    found = of_batch(target, "wr_1", DATASETS)

    assert found.files == (there,)
    assert {
        (lost.source_file.rpartition("/")[2], lost.why.removesuffix("; put it there again"))
        for lost in found.lost
    } == {
        ("gone.csv", "the object is gone"),
        ("never.csv", "the object is gone"),
        ("replaced.csv", "the object was replaced; its new content was announced separately"),
    }


def test_the_error_for_an_unknown_batch_says_where_to_look(target: Target) -> None:
    with pytest.raises(ReplayError, match=r"no batch wr_9.*lake_ops\.batches"):
        of_batch(target, "wr_9", DATASETS)


def test_a_message_that_no_door_accepted_is_announced_once_a_door_accepts_it(target: Target) -> None:
    file = land(target, "drops/products/a.csv")
    other = land(target, "drops/products/a.xls")
    keep(target, "wr_1", refused=[object_created(file), object_created(other), "no event"])

    found = of_batch(target, "wr_1", DATASETS)

    assert found.files == (file,)
    assert [(lost.source_file, lost.batch_id) for lost in found.lost] == [
        ("drops/products/a.xls", "wr_1"),
        ("", "wr_1"),
    ]
    assert "no door accepts it: intake: expected a file named *.avro, *.csv" in found.lost[0].why


# --- quarantine ---------------------------------------------------------------------------------------------

QUARANTINE = pa.table(
    {
        "dataset": ["products", "products", "products", "transactions", None],
        "reasons": [
            ["type: column a: x"],
            ["Brand_In_Set", "key: b"],
            ["it's odd"],
            ["type: column t"],
            ["intake: y"],
        ],
        "source_file": ["s3://raw/a", "s3://raw/a", "s3://raw/b", "s3://raw/t", "drops/orders/o.csv"],
        "batch_id": ["wr_1", "wr_1", "wr_2", "wr_2", "wr_3"],
        "quarantined_at": pa.array([datetime(2026, 11, day, tzinfo=UTC) for day in (1, 1, 2, 2, 3)]),
    }
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), {("wr_1", "a"): 2, ("wr_2", "b"): 1, ("wr_2", "t"): 1, ("wr_3", "o.csv"): 1}),
        (Selection(dataset="products"), {("wr_1", "a"): 2, ("wr_2", "b"): 1}),
        (Selection(dataset="orders"), {("wr_3", "o.csv"): 1}),
        (Selection(reason="brand_in"), {("wr_1", "a"): 1}),
        (Selection(reason="key: B"), {("wr_1", "a"): 1}),
        (Selection(reason="it's"), {("wr_2", "b"): 1}),
        (Selection(since=datetime(2026, 11, 2, tzinfo=UTC), reason="type"), {("wr_2", "t"): 1}),
        (Selection(since=datetime(2026, 11, 2, 0, 0, 0, 1, tzinfo=UTC)), {("wr_3", "o.csv"): 1}),
        (Selection(dataset="households"), {}),
    ],
)
def test_rows_are_selected_by_dataset_reason_and_time(
    selection: Selection, expected: dict[tuple[str, str], int]
) -> None:
    lake: Any = Lake()
    lake.tables["lake_ops", "quarantine"] = ScannedTable(QUARANTINE)

    found = rows(query_here(lake, quarantine_sql(selection, "lake_ops"), "lake")[0])

    assert {
        (row["batch_id"], row["source_file"].rpartition("/")[2]): row["quarantined"] for row in found
    } == expected


def quarantined(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, str, int]) -> None:
    """What the query of quarantine answers."""
    table = pa.Table.from_pylist(
        [{"batch_id": batch, "source_file": file, "quarantined": count} for batch, file, count in found]
    )
    monkeypatch.setattr(replays, "query", lambda target, sql: table)


def test_quarantined_rows_have_their_own_files_read_again_each_state_once(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = land(target, "drops/products/a.csv"), land(target, "drops/products/a.csv", b"newer")
    good, other = land(target, "drops/products/good.csv"), land(target, "drops/products/c.csv")
    keep(target, "wr_1", first, good)
    keep(target, "wr_2", first)  # the same state: announced twice
    keep(target, "wr_3", second, other)
    name = first.source_file
    quarantined(
        monkeypatch, ("wr_1", name, 3), ("wr_2", name, 3), ("wr_3", name, 1), ("wr_3", other.source_file, 2)
    )

    found = of_quarantine(target, Selection(), DATASETS)

    assert set(found.files) == {first, second, other}
    assert len(found.files) == 3
    assert (found.rows, found.batches, found.lost) == (9, ("wr_1", "wr_2", "wr_3"), ())


def test_a_batch_whose_manifest_is_gone_is_named(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    quarantined(monkeypatch, ("wr_0", "s3://raw/drops/products/a.csv", 3))

    found = of_quarantine(target, Selection(), DATASETS)

    assert found.files == ()
    assert found.lost == (
        LostFile(
            "s3://raw/drops/products/a.csv", "wr_0", "the manifest of its batch is gone; drop the file again"
        ),
    )


def test_a_refused_message_of_quarantine_is_found_by_its_key(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = land(target, "drops/products/a.csv"), land(target, "drops/products/b.csv")
    keep(target, "wr_1", refused=[object_created(file), object_created(other)])
    quarantined(monkeypatch, ("wr_1", file.key, 1))

    assert of_quarantine(target, Selection(), DATASETS).files == (file,)


# --- waiting ------------------------------------------------------------------------------------------------


def test_waiting_ends_with_the_batch_that_reads_the_file_again_and_only_it_is_counted(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = land(target, "drops/products/a.csv")
    keep(target, "wr_1", file)
    receipt = {
        "source_file": file.source_file,
        "dataset": "products",
        "batch_id": "wr_1",
        "rows_read": 9,
        "accepted": 2,
        "quarantined": 7,
    }
    answers = [[receipt]] * 3 + [
        [receipt, receipt | {"batch_id": "wr_2", "accepted": 8, "quarantined": 1}]
    ] * 9
    asked = iter(answers)
    monkeypatch.setattr(replays, "receipts", lambda target, files: next(asked))
    monkeypatch.setattr("workflows.progress.waiting.receipts", lambda target, files: next(asked))
    monkeypatch.setattr("workflows.progress.waiting.poll_seconds", lambda target: 0.0)
    stages: list[int] = []

    read = read_again(target, of_batch(target, "wr_1", DATASETS), lambda stage: stages.append(stage.files))

    assert stages == [1, 1, 0, 0]
    assert read == {"rows_read": 9, "accepted": 8, "quarantined": 1}


def test_data_files_of_an_export_are_read_again_by_its_summary(target: Target) -> None:
    folder = "exports/products/AWSDynamoDB/01-a"
    files = [
        replace(land(target, f"{folder}/data/{name}.json.gz"), format="jsonl.gz")
        for name in ("one", "two", "unlisted")
    ]
    listed = "".join(f'{{"dataFileS3Key": "{file.key}"}}\n' for file in files[:2])
    s3, bucket = target.client("s3"), target.output("RawBucket")
    s3.put_object(Bucket=bucket, Key=f"{folder}/manifest-files.json", Body=listed.encode())
    s3.put_object(Bucket=bucket, Key=f"{folder}/manifest-summary.json", Body=b"{}")
    keep(target, "wr_1", *files)

    found = of_batch(target, "wr_1", DATASETS)
    read_again(target, found)

    assert found.files == tuple(files[:2])
    assert [(lost.source_file, "request the export again" in lost.why) for lost in found.lost] == [
        (files[2].source_file, True)
    ]
    assert [file.key for file in announced(target)] == [f"{folder}/manifest-summary.json"]
