"""Batches of `EVENTS` that `check` has parsed, for tests of what is appended of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.checking.append import append_changes
from jobs.checking.checked_dataset import CheckedDataset
from jobs.doors.stream import parse_stream
from jobs.intake.manifest import Manifest
from jobs.intake.results import FileCount
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import Lake
from tests.jobs.builders import EVENTS, SENT, received, record

NOT_JUDGED: Any = None  # the result of the rules, where it plays no part


def put(number: int, *, days: int = 0) -> dict[str, Any]:
    """A stream record that puts an item."""
    at = (SENT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    item = {
        "_key": {"S": f"a,{number}"},
        "shop": {"S": "a"},
        "number": {"N": str(number)},
        "happened_at": {"S": at},
        "updated_at": {"S": at},
    }
    return record("INSERT", f"a,{number}", new=item, number=number)


def parsed(spark: SparkSession, records: Sequence[dict[str, Any]]) -> DataFrame:
    return parse_stream(received(spark, records), EVENTS)


def checked(rows: DataFrame, *, quarantined: int = 0) -> CheckedDataset:
    """The rows as one checked file, of which so many are rejected."""
    number = rows.count()
    count = FileCount("events", "s3://raw/file", "stream", number, number - quarantined, quarantined)
    return CheckedDataset(EVENTS, rows.cache(), (count,), NOT_JUDGED)


def append(spark: SparkSession, lake: Lake, batch_id: str, records: Sequence[dict[str, Any]]) -> None:
    """Append the changes of a batch with these records."""
    create_dataset_tables(spark, lake, EVENTS)
    append_changes(lake, Manifest(batch_id, SENT.isoformat()), checked(parsed(spark, records)), SENT)


def changes(spark: SparkSession, lake: Lake) -> list[tuple[str, str, str]]:
    """Key, op and batch of each change in the table."""
    rows = spark.table(lake.changes("events")).select("_key", "_op", "_batch_id").orderBy("_key")
    return [tuple(row) for row in rows.collect()]
