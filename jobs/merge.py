"""Glue job `merge`: checked changes -> the datasets' tables.

Reads `<dataset>_changes` of the batches that are checked and not merged. Writes `tombstones`, `<dataset>`,
and the batches' own objects in the lake bucket (`jobs.intake.batches`).

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
  their keys are found (`jobs.merging.target_partitions`). An update may so move a row; a key never has two.
* A retract (a repair's) takes back what stands at exactly its position. It is no maximum: it acts on what
  came before it. So batches are merged in the order in which they began, those before a repair apart from
  it, and if one is merged again, so are all behind it. Within its batch a retract comes first.
"""

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import boto3
from pyspark.sql import SparkSession

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs.checking.set_aside import Failure, contract_of, note_failure, part_checked, run_failed, settle
from jobs.intake import queue
from jobs.intake.batches import MERGED, Batches
from jobs.intake.doors import REPAIR
from jobs.intake.manifest import Manifest
from jobs.lake.commits import find_commit
from jobs.lake.evolution import bring_to_contract, lacks_columns
from jobs.lake.names import Lake
from jobs.lake.session import BUCKETED_JOINS, configure
from jobs.merging.freshness import freshness
from jobs.merging.steps import merge_changes
from jobs.runtime.failures import ENDINGS
from jobs.runtime.log import log, step
from jobs.runtime.metrics import Metric, publish
from jobs.runtime.options import Options


class Merged(NamedTuple):
    """How fresh changes came to their tables, and what failed."""

    metrics: list[Metric]
    failures: list[Failure]


def main(argv: Sequence[str]) -> None:
    """Merge all checked batches; start the workflow once more if work is left; publish metrics."""
    options = Options.from_argv(argv)
    spark = SparkSession.builder.getOrCreate()
    batches = Batches(boto3.client("s3"), options.lake_bucket)
    merged = merge_batches(spark, Lake(options.database, options.ops_database), batches, load_contracts())

    with step("merge: backlog"):
        number = queue.waiting(boto3.client("sqs"), options.intake_queue_url) + len(batches.begun())
        if number:
            queue.announce_backlog(boto3.client("events"), options.backlog_rule, number)
    with step("merge: metrics"):
        set_aside = Metric("BatchesSetAside", len(batches.aside()))
        publish(boto3.client("cloudwatch"), [*merged.metrics, set_aside])
    if merged.failures:
        raise run_failed("merge", merged.failures)


def merge_batches(
    spark: SparkSession, lake: Lake, batches: Batches, contracts: Mapping[str, Contract]
) -> Merged:
    """Merge the batches that are checked and not merged, dataset by dataset, and close them.

    What stops one dataset stops no other: its part of the batches stays open.
    """
    failing = set(batches.failing())
    failures = [settle(spark, lake, batches, batch_id) for batch_id in used_up(batches, failing)]
    manifests = {batch_id: batches.manifest(batch_id) for batch_id in batches.to_merge()}
    to_merge = sorted(manifests, key=lambda batch_id: manifests[batch_id].begun)
    if not to_merge:
        log("merge: nothing to do")
        return Merged([], failures)
    configure(spark, BUCKETED_JOINS)
    metrics: list[Metric] = []
    errors: dict[str, BaseException] = {}
    with step(f"merge of {', '.join(to_merge)}"):
        for dataset, groups in datasets_of(batches, to_merge).items():
            batch_ids = [batch_id for group in groups for batch_id in group]
            try:
                with step(f"merge: {dataset}", dataset=dataset, batch_ids=batch_ids):
                    contract = contract_of(contracts, dataset)
                    metrics += merge_dataset(spark, lake, contract, groups, manifests)
            except ENDINGS:
                raise
            except BaseException as error:  # noqa: BLE001 -- whatever it is, it ends this dataset alone
                errors[dataset] = error
    for batch_id in to_merge:
        failures += close_batch(spark, lake, batches, batch_id, errors)
    for batch_id in failing.intersection(to_merge).difference(failure.batch_id for failure in failures):
        batches.forget_attempts(batch_id)
    return Merged(metrics, failures)


def used_up(batches: Batches, failing: Collection[str]) -> list[str]:
    """The batches that wait for `merge` and have no attempt left."""
    now = datetime.now(UTC)
    to_merge = batches.to_merge() if failing else []
    return [one for one in to_merge if one in failing and batches.attempts(one).are_used_up(now)]


def close_batch(
    spark: SparkSession, lake: Lake, batches: Batches, batch_id: str, errors: Mapping[str, BaseException]
) -> list[Failure]:
    """Close a batch that is merged. A dataset that failed goes on in a batch of its own."""
    files = batches.checked(batch_id)["files"] if errors else []
    accepted = dict.fromkeys(count["dataset"] for count in files if count["accepted"])
    failed = [dataset for dataset in accepted if dataset in errors]
    if failed and len(accepted) == 1:
        return [note_failure(spark, lake, batches, batch_id, errors[failed[0]])]
    parts = {dataset: part_checked(batches, batch_id, dataset, files) for dataset in failed}
    failures = [note_failure(spark, lake, batches, part, errors[dataset]) for dataset, part in parts.items()]
    with step(f"merge: {batch_id} done", batch_id=batch_id):
        apart = {"apart": list(parts.values())} if parts else {}
        batches.done(batch_id, MERGED, {"merged_at": datetime.now(UTC).isoformat(), **apart})
    with step(f"merge: {batch_id} closed", batch_id=batch_id):
        batches.close(batch_id)
    log("batch merged", batch_id=batch_id, **apart)
    return failures


def merge_dataset(
    spark: SparkSession,
    lake: Lake,
    contract: Contract,
    groups: Sequence[Sequence[str]],
    manifests: Mapping[str, Manifest],
) -> list[Metric]:
    """Merge groups of batches in their order, from the first of which a batch was not merged before.

    Returns how fresh each group's changes came to the table.
    """
    if lacks_columns(spark, lake, contract):
        bring_to_contract(spark, lake, contract)  # deployed after these batches were checked
    metrics: list[Metric] = []
    table = lake.table(contract.dataset)
    is_needed = False
    for group in groups:
        missing = [
            one for one in group if is_needed or not find_commit(spark, table, one, manifests[one].begun)
        ]
        if missing:
            origins = [origin for one in missing for origin in manifests[one].origins]
            arrived = merge_changes(spark, lake, contract, missing, origins)
            metrics += freshness(contract.dataset, arrived, datetime.now(UTC))
            is_needed = True
    return metrics


def datasets_of(batches: Batches, batch_ids: Iterable[str]) -> dict[str, list[list[str]]]:
    """Dataset -> the batches that have changes of it, in groups to be merged at once: a repair begins one."""
    found: dict[str, list[list[str]]] = {}
    for batch_id in batch_ids:
        counts = [count for count in batches.checked(batch_id)["files"] if count["accepted"]]
        repaired = {count["dataset"] for count in counts if count["door"] == REPAIR.name}
        for dataset in dict.fromkeys(count["dataset"] for count in counts):
            groups = found.setdefault(dataset, [])
            if not groups or dataset in repaired:
                groups.append([])
            groups[-1].append(batch_id)
    return found


if __name__ == "__main__":
    main(sys.argv)
