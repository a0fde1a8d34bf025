"""Appends that happen once: every commit of a batch carries the batch's id.

An append writes the id of its batch into the summary of its snapshot. If a run stops after the append, the
next run of the batch finds the id there and appends nothing. One job writes to a table at a time, and rows
and id are one commit, so neither is ever there without the other.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from expectations.timestamps import instant_of
from jobs.lake.iceberg import load_table
from jobs.lake.session import configured

BATCH_ID = "glueline.batch-id"
_NO_PROPERTIES: Mapping[str, str] = MappingProxyType({})
_CLOCK_SKEW = timedelta(hours=1)


def append_once(
    rows: DataFrame,
    table: str,
    batch_id: str,
    begun: datetime,
    properties: Mapping[str, str] = _NO_PROPERTIES,
) -> int:
    """Append a batch's rows unless a snapshot has the batch's id; returns how many rows the batch appended.

    `begun` is when the batch began: older snapshots cannot be of the batch and are not searched. `properties`
    are added to the snapshot's summary.
    """
    committed = find_commit(rows.sparkSession, table, batch_id, begun)
    if committed is None:
        return append_batch(rows, table, batch_id, begun, properties)
    return int(committed.get("added-records", 0))


def append_batch(
    rows: DataFrame,
    table: str,
    batch_id: str,
    begun: datetime,
    properties: Mapping[str, str] = _NO_PROPERTIES,
) -> int:
    """`append_once` for a batch that `find_commit` has not found."""
    summary = {**properties, BATCH_ID: batch_id}
    options = {f"snapshot-property.{name}": value for name, value in summary.items()}
    rows.writeTo(table).options(**options).append()
    committed = find_commit(rows.sparkSession, table, batch_id, begun)
    return int((committed or {}).get("added-records", 0))


def find_commit(spark: SparkSession, table: str, batch_id: str, begun: datetime) -> Mapping[str, str] | None:
    """The summary of the table's snapshot that carries the batch's id; None if there is none."""
    for snapshot in _snapshots(spark, table):
        if instant_of(snapshot["timestamp-ms"] * 1000) < begun - _CLOCK_SKEW:
            return None
        summary: dict[str, str] = snapshot["summary"]
        if batch_id in summary.get(BATCH_ID, "").split(","):
            return summary
    return None


def committing(spark: SparkSession, batch_ids: Iterable[str]) -> AbstractContextManager[None]:
    """A context in which every commit of a SQL statement carries the batches' ids."""
    return configured(spark, {f"spark.sql.iceberg.snapshot-property.{BATCH_ID}": ",".join(batch_ids)})


def _snapshots(spark: SparkSession, table: str) -> Iterator[dict[str, Any]]:
    """The table's snapshots from the current one back, as its metadata file has them.

    By Iceberg's API, as a query would run a Spark job; and as text, as each value of a summary would be a
    call of the JVM.
    """
    jvm: Any = spark._jvm
    loaded = load_table(spark, table)
    snapshot = loaded.currentSnapshot()
    while snapshot is not None:
        found: dict[str, Any] = json.loads(jvm.org.apache.iceberg.SnapshotParser.toJson(snapshot))
        yield found
        parent = found.get("parent-snapshot-id")
        snapshot = None if parent is None else loaded.snapshot(parent)
