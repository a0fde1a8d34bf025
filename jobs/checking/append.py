"""Writes the results of a checked batch: changes, quarantine, counts and quality results, each appended once.

One append for each table, so that a batch makes one commit a table. The number of rows that a table received
is compared with the number that was read: a batch that does not add up fails.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from expectations.problems import GluelineError
from expectations.spark_schema import changes_schema
from jobs.changes.columns import accepted_changes
from jobs.checking.batch_records import append_counts, refused_counts, refused_rows, small_frame
from jobs.checking.checked_dataset import CheckedDataset, is_superseded
from jobs.checking.deduplicate import known_changes, new_changes
from jobs.erasure.blocked_rows import refuse_unread
from jobs.intake.manifest import Manifest
from jobs.intake.results import FileCount
from jobs.lake.commits import append_batch, append_once, find_commit
from jobs.lake.names import QUALITY_RESULTS, QUARANTINE, Lake
from jobs.runtime.log import log

OFFERED = "glueline.offered"  # snapshot property: the number of changes in a batch, new or not


class BatchDoesNotAddUp(GluelineError):
    """Raised when a table received another number of rows than were accepted or quarantined."""


def append_changes(lake: Lake, manifest: Manifest, dataset: CheckedDataset, at: datetime) -> None:
    """Append the accepted rows to `<dataset>_changes`, except those that it holds already.

    The snapshot keeps how many were offered, so that a repetition of this batch can be compared with it.
    Raises BatchDoesNotAddUp.
    """
    contract = dataset.contract
    expected = sum(count.accepted for count in dataset.counts)
    erased = sum(count.erased for count in dataset.counts)
    if not expected:
        return
    table, spark = lake.changes(contract.dataset), dataset.rows.sparkSession
    committed = find_commit(spark, table, manifest.batch_id, manifest.begun)
    if committed is None:
        changes = accepted_changes(dataset.rows, contract).withColumns(
            {"_batch_id": F.lit(manifest.batch_id), "_ingested_at": F.lit(at)}
        )
        known = known_changes(changes, lake, contract)
        offered = Observation()
        counted = changes.select(changes_schema(contract).fieldNames()).observe(
            offered, F.count("*").alias("rows")
        )
        new = new_changes(counted, known, contract)
        added = append_batch(new, table, manifest.batch_id, manifest.begun, {OFFERED: str(expected)})
        _compare(table, manifest, expected, offered.get["rows"])
        log(
            "changes appended",
            batch_id=manifest.batch_id,
            dataset=contract.dataset,
            new=added,
            known_already=expected - added,
        )
    else:
        before = int(committed.get(OFFERED, expected))
        _compare(table, manifest, expected, before, erased_since=range(erased + 1))


def append_quarantine(
    spark: SparkSession, lake: Lake, manifest: Manifest, datasets: Sequence[CheckedDataset], at: datetime
) -> None:
    """Append the rejected rows, files and messages to `quarantine`. Raises BatchDoesNotAddUp."""
    expected = sum(count.quarantined for dataset in datasets for count in dataset.counts)
    expected += len(manifest.refused)
    if expected:
        # The first frame decides about the session that appends: this one, not that of a dataset.
        rejects = [refused_rows(spark, manifest)]
        rejects += [_rejected_rows(dataset) for dataset in datasets if _any_quarantined(dataset)]
        rows = reduce(DataFrame.unionByName, rejects).withColumns(
            {"batch_id": F.lit(manifest.batch_id), "quarantined_at": F.lit(at)}
        )
        table = lake.ops(QUARANTINE)
        got = append_once(rows, table, manifest.batch_id, manifest.begun)
        erased = sum(count.erased for dataset in datasets for count in dataset.counts)
        _compare(table, manifest, expected, got, erased_since=range(-erased, 1))


def append_results(
    spark: SparkSession, lake: Lake, manifest: Manifest, datasets: Sequence[CheckedDataset], at: datetime
) -> None:
    """Append the counts of each file to `batches`, and the result of each dataset to `quality_results`."""
    append_counts(spark, lake, manifest, file_counts(manifest, datasets), at)
    if datasets:
        results = lake.ops(QUALITY_RESULTS)
        verdicts = [
            (manifest.batch_id, one.contract.dataset, one.verdict.success, one.verdict.statistics,
             one.verdict.as_json, at)
            for one in datasets
        ]  # fmt: skip
        append_once(small_frame(spark, verdicts, results), results, manifest.batch_id, manifest.begun)


def file_counts(manifest: Manifest, datasets: Iterable[CheckedDataset]) -> list[FileCount]:
    """The counts of all files of the batch. A refused message counts as one row, read and quarantined."""
    return [count for dataset in datasets for count in dataset.counts] + refused_counts(manifest)


def _any_quarantined(dataset: CheckedDataset) -> bool:
    return any(count.quarantined for count in dataset.counts)


def _rejected_rows(dataset: CheckedDataset) -> DataFrame:
    rejected = dataset.rows.where((F.size("reasons") > 0) & ~is_superseded())
    return refuse_unread(rejected, dataset.contract, dataset.erased).select(
        F.lit(dataset.contract.dataset).alias("dataset"), "reasons", "payload", "source_file", "row_number"
    )


def _compare(table: str, manifest: Manifest, expected: int, got: int, erased_since: range = range(1)) -> None:
    """Raise BatchDoesNotAddUp unless the table received the expected number of rows.

    An earlier run of the batch may have accepted rows of keys that were erased since, and are quarantined
    now: `erased_since` has the differences that this explains.
    """
    if got - expected not in erased_since:
        raise BatchDoesNotAddUp(
            f"batch {manifest.batch_id}: expected {expected} rows in {table}, got {got}; if an earlier run "
            "wrote them, a file has changed since: compare the batch's manifest with the files' versions"
        )
