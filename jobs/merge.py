"""Glue job `merge`: checked changes -> the datasets' tables.

Reads `<dataset>_changes` of the batches that are checked and not merged. Writes `tombstones`, `<dataset>`,
and the batches' own objects in the lake bucket (`jobs.batches`).

What a table holds is a function of the set of all changes, whatever their order, repetition and batches:

* The changes of a key are totally ordered by their position `(_version, _tie)`, which is part of the
  change; equal positions are equal changes. A row is the newest change of its key, if that is an upsert; a
  tombstone is its greatest delete. Both are maxima, and a maximum does not depend on order, grouping or
  repetition.
* MERGE writes only what is greater than what the table holds. It can't compare with what the table does not
  show: that a key is gone. Tombstones say so. They are written before the table, so there is no moment at
  which an older upsert could find neither the row nor the tombstone.
* Each step takes all changes of the run's batches at once. If the run stops between or in the steps, the
  batches stay open, and the next run does all steps again: maxima once more. A table's MERGE commits with
  the batches' ids, so that what was done is not done twice; that saves work and snapshots, and is not what
  makes it safe.
* A row lies in the partition that its newest change names. MERGE compares each key's newest change with the
  key's row, wherever that lies: it reads the partitions that changes name, and those others in which rows of
  their keys are found (`jobs.places`). An update may so move a row; a key never has two.
* A retract (a repair's) takes back what stands at exactly its position. It is no maximum: it acts on what
  came before it. So batches are merged in the order in which they began, those before a repair apart from
  it, and if one is merged again, so are all behind it. Within its batch a retract comes first.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import boto3
from pyspark.sql import SparkSession

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs import intake
from jobs.batches import MERGED, Batches
from jobs.freshness import freshness
from jobs.lake import Lake, find_commit
from jobs.manifest import REPAIR
from jobs.merge_changes import merge_changes
from jobs.metrics import Metric, publish
from jobs.options import Options
from jobs.steps import say, step

# Joins of two tables in the same buckets without a shuffle, and by hash rather than by sorting the larger
# one.
JOINS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.sources.v2.bucketing.enabled": "true",
    "spark.sql.sources.v2.bucketing.pushPartValues.enabled": "true",
    "spark.sql.iceberg.planning.preserve-data-grouping": "true",
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.join.preferSortMergeJoin": "false",
}


def main(argv: Sequence[str]) -> None:
    """Merge all checked batches; start the workflow once more if messages wait; tell how fresh tables are."""
    options = Options.from_argv(argv)
    spark = SparkSession.builder.getOrCreate()
    batches = Batches(boto3.client("s3"), options.lake_bucket)
    metrics = merge_batches(spark, Lake(options.database, options.ops_database), batches, load_contracts())

    with step("merge: backlog"):
        number = intake.waiting(boto3.client("sqs"), options.intake_queue_url)
        if number:
            intake.announce_backlog(boto3.client("events"), options.backlog_rule, number)
    with step("merge: metrics"):
        publish(boto3.client("cloudwatch"), metrics)


def merge_batches(
    spark: SparkSession, lake: Lake, batches: Batches, contracts: Mapping[str, Contract]
) -> list[Metric]:
    """Merge the batches that are checked and not merged, and close them; how fresh their changes came."""
    to_merge = batches.to_merge()
    if not to_merge:
        say("merge: nothing waits")
        return []
    for name, value in JOINS.items():
        spark.conf.set(name, value)
    begun = {batch_id: batches.manifest(batch_id).begun for batch_id in to_merge}
    metrics: list[Metric] = []
    with step(f"merge of {', '.join(to_merge)}"):
        for dataset, groups in datasets_of(batches, to_merge).items():
            batch_ids = [batch_id for group in groups for batch_id in group]
            with step(f"merge: {dataset}", dataset=dataset, batch_ids=batch_ids):
                metrics += merge_dataset(spark, lake, contracts[dataset], groups, begun)
    for batch_id in to_merge:
        with step(f"merge: {batch_id} done", batch_id=batch_id):
            batches.done(batch_id, MERGED, {"merged_at": datetime.now(UTC).isoformat()})
        with step(f"merge: {batch_id} closed", batch_id=batch_id):
            batches.close(batch_id)
        say("batch merged", batch_id=batch_id)
    return metrics


def merge_dataset(
    spark: SparkSession,
    lake: Lake,
    contract: Contract,
    groups: Sequence[Sequence[str]],
    begun: Mapping[str, datetime],
) -> list[Metric]:
    """Merge groups of batches in their order, from the first of which a batch was not merged before.

    Returns how fresh each group's changes came to the table.
    """
    metrics: list[Metric] = []
    table = lake.table(contract.dataset)
    is_needed = False
    for group in groups:
        missing = [one for one in group if is_needed or not find_commit(spark, table, one, begun[one])]
        if missing:
            arrived = merge_changes(spark, lake, contract, missing)
            metrics += freshness(contract.dataset, arrived, datetime.now(UTC))
            is_needed = True
    return metrics


def datasets_of(batches: Batches, batch_ids: Iterable[str]) -> dict[str, list[list[str]]]:
    """Dataset -> the batches that have changes of it, in groups to be merged at once: a repair begins one."""
    found: dict[str, list[list[str]]] = {}
    for batch_id in batch_ids:
        counts = [count for count in batches.checked(batch_id)["files"] if count["accepted"]]
        repaired = {count["dataset"] for count in counts if count["door"] == REPAIR}
        for dataset in dict.fromkeys(count["dataset"] for count in counts):
            groups = found.setdefault(dataset, [])
            if not groups or dataset in repaired:
                groups.append([])
            groups[-1].append(batch_id)
    return found


if __name__ == "__main__":
    main(sys.argv)
