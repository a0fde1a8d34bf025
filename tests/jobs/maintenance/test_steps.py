"""A run of maintenance as a whole: what is removed, what is kept, and that it may stop anywhere."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, MergedBatch
from jobs.lake.creation import create_dataset_tables
from jobs.lake.iceberg import snapshots, table_names
from jobs.lake.names import QUARANTINE, TOMBSTONES, Lake
from jobs.maintenance import steps as subject
from jobs.maintenance.log import MAINTENANCE, StepResult
from jobs.maintenance.retention import Retention
from jobs.maintenance.snapshots import ORPHANS
from jobs.maintenance.steps import MaintenanceContext, maintain, unfinished_since
from jobs.parity.tables import PARITY_RESULTS, create_parity_tables
from tests.crashing import crash_at
from tests.jobs.builders import ENTITIES, SENT, manifest_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
LANDED = datetime.now(UTC)
NOW = LANDED + timedelta(days=40)  # what lands in a test is past its retention by then
RETENTION = Retention(*(timedelta(days=days) for days in (30, 30, 90, 5)))


@pytest.fixture
def context(
    spark: "SparkSession", lake: Lake, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> MaintenanceContext:
    create_dataset_tables(spark, lake, ENTITIES)
    create_parity_tables(spark, lake)
    # Three tables show what ten would, in a third of the time.
    some = [lake.table(ENTITIES.dataset), lake.ops(QUARANTINE), lake.ops(TOMBSTONES)]
    monkeypatch.setattr(subject, "table_names", lambda spark, lake: iter(some))
    # Iceberg compares an orphan's age with the clock, which a test can't set; see test_snapshots.
    monkeypatch.setattr(subject, "remove_orphans", lambda spark, table, now: StepResult(table, ORPHANS, 0))
    return MaintenanceContext(spark, lake, batches, "raw", RETENTION, NOW)


def land(s3: "S3Client", batches: Batches, batch_id: str, *, merged: bool) -> None:
    """A drop of entities that a batch has read."""
    key = f"drops/{ENTITIES.dataset}/{batch_id}.csv"
    etag = s3.put_object(Bucket="raw", Key=key, Body=b"id\n1\n")["ETag"].strip('"')
    batches.open(Manifest(batch_id, SENT.isoformat(), (manifest_file(key, dataset="entities", etag=etag),)))
    if merged:
        batches.mark_checked(CheckedBatch(batch_id))
        batches.mark_merged(MergedBatch(batch_id))
        batches.close(batch_id)


def insert(spark: "SparkSession", table: str, *rows: "Mapping[str, Any]") -> None:
    columns = spark.table(table).schema
    spark.createDataFrame([dict.fromkeys(columns.names) | dict(row) for row in rows], columns).writeTo(
        table
    ).append()


def column(spark: "SparkSession", table: str, name: str) -> set[Any]:
    return {row[0] for row in spark.table(table).select(name).collect()}


def days(number: int) -> datetime:
    """That many days before the run."""
    return NOW - timedelta(days=number)


def fill(context: MaintenanceContext, s3: "S3Client") -> None:
    """A lake that has been in use: each kind of data, some past its retention and some not."""
    spark, lake = context.spark, context.lake
    entities = lake.table(ENTITIES.dataset)
    for name in "abcdef":
        insert(spark, entities, {"id": 1, "name": name, "_version": 1})
    first = snapshots(spark, entities)[0].id
    land(s3, context.batches, "merged", merged=True)
    land(s3, context.batches, "unfinished", merged=False)
    insert(
        spark,
        lake.ops(PARITY_RESULTS),
        {"dataset": "entities", "verified_through": days(100), "ok": False},
        {"dataset": "entities", "verified_through": days(39), "ok": True, "snapshot_id": first},
    )
    insert(
        spark,
        lake.ops(TOMBSTONES),
        # The unfinished batch's object landed 40 days ago, and keeps what was deleted then or a week before.
        *(
            {"dataset": "entities", "key": str(age), "_version": 1, "deleted_at": days(age)}
            for age in (48, 46, 41, 1)
        ),
        {"dataset": "others", "key": "38", "_version": 1, "deleted_at": days(38)},
        {"dataset": "others", "key": "36", "_version": 1, "deleted_at": days(36)},
    )
    insert(
        spark,
        lake.ops(QUARANTINE),
        {"batch_id": "91", "quarantined_at": days(91)},
        {"batch_id": "89", "quarantined_at": days(89)},
    )


def check_what_is_left(context: MaintenanceContext, s3: "S3Client") -> None:
    spark, lake = context.spark, context.lake
    objects = {item["Key"] for item in s3.list_objects_v2(Bucket="raw")["Contents"]}
    assert objects == {"drops/entities/unfinished.csv"}
    assert {one["Key"] for one in s3.list_objects_v2(Bucket="lake")["Contents"]} == {
        "batches/unfinished/manifest.json",
        "open/unfinished",
    }
    assert column(spark, lake.ops(TOMBSTONES), "key") == {"46", "41", "1", "36"}
    assert column(spark, lake.ops(QUARANTINE), "batch_id") == {"89"}
    assert column(spark, lake.ops(PARITY_RESULTS), "ok") == {True}
    assert spark.table(lake.table(ENTITIES.dataset)).count() == 6
    assert spark.table(f"{lake.table(ENTITIES.dataset)}.files").count() == 1


def test_a_run_that_stops_after_any_step_is_finished_by_the_next(
    context: MaintenanceContext, s3: "S3Client"
) -> None:
    fill(context, s3)
    for name in ("remove_read", "delete_tombstones", "compact", "expire"):
        with crash_at(subject, name, "after"):
            maintain(context, "stopped")

    maintain(context, "whole")

    check_what_is_left(context, s3)


def test_a_run_does_and_reports_what_is_due_and_the_next_run_finds_nothing_to_do(
    context: MaintenanceContext, s3: "S3Client", capsys: pytest.CaptureFixture[str]
) -> None:
    fill(context, s3)

    results = [one for one in maintain(context, "first") if one.step != ORPHANS]

    check_what_is_left(context, s3)
    lake, logged = context.lake, [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one.subject, one.step, one.removed) for one in results] == [
        ("raw", "objects", 1),
        ("batches/", "objects", 1),
        (lake.ops(QUARANTINE), "rows", 1),
        (lake.ops(PARITY_RESULTS), "rows", 1),
        (lake.ops(TOMBSTONES), "rows", 2),
        (lake.table("entities"), "data files", None),
        (lake.ops(TOMBSTONES), "data files", None),  # what was deleted leaves the files too
    ]
    assert (results[-2].files_before, results[-2].files_after) == (6, 1)
    assert [line["subject"] for line in logged if line.get("step") != ORPHANS and "subject" in line] == [
        one.subject for one in results
    ]
    kept = context.spark.table(lake.ops(MAINTENANCE)).where(f"step != '{ORPHANS}'")
    assert kept.where("run_id = 'first'").count() == len(results)
    second = maintain(replace(context, now=NOW + timedelta(minutes=1)), "second")
    assert [one for one in second if one.step != ORPHANS] == []


def test_every_table_of_both_databases_is_maintained(spark: "SparkSession", lake: Lake) -> None:
    create_dataset_tables(spark, lake, ENTITIES)

    assert {lake.table("entities"), lake.changes("entities"), lake.ops(QUARANTINE)} < set(
        table_names(spark, lake)
    )


def test_an_unfinished_batch_needs_snapshots_since_it_began(batches: Batches) -> None:
    assert unfinished_since(batches) is None

    batches.s3.put_object(Bucket="lake", Key="open/just-begun", Body=b"")
    assert unfinished_since(batches) is None

    for number in (2, 1):
        batches.open(Manifest(f"b{number}", (SENT + timedelta(hours=number)).isoformat()))
    assert unfinished_since(batches) == SENT + timedelta(hours=1)
