"""Merges all batches that are checked, each dataset by itself, and closes them.

The argument why any order, repetition and interruption gives the same table is in `jobs.merge`.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pyspark.sql import SparkSession

from expectations.contract import Contract
from jobs.ingest.failures import BatchFailure, contract_of
from jobs.ingest.merge_lineage import tell_merged
from jobs.ingest.set_aside import note_failure, part_checked, settle
from jobs.ingest.side_by_side import work_on_each
from jobs.intake.batches import Batches
from jobs.intake.doors import REPAIR
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, MergedBatch
from jobs.lake.commits import find_commit
from jobs.lake.evolution import bring_to_contract, lacks_columns
from jobs.lake.names import Lake
from jobs.lake.session import BUCKETED_JOINS, configure
from jobs.merging.freshness import freshness
from jobs.merging.steps import merge_changes
from jobs.runtime.log import log, step
from jobs.runtime.metrics import Metric

_FEW_CHANGES = 10_000  # that a merge folds in less time than it takes to plan


class Merged(NamedTuple):
    """The freshness of the changes in their tables, and what failed."""

    metrics: list[Metric]
    failures: list[BatchFailure]


def merge_batches(
    spark: SparkSession, lake: Lake, batches: Batches, contracts: Mapping[str, Contract]
) -> Merged:
    """Merge the batches that are checked and not merged, in the order in which they began, and close them.

    A dataset that fails stops no other: its part of the batches stays open.
    """
    failing = set(batches.failing())
    failures = [settle(spark, lake, batches, batch_id) for batch_id in used_up(batches, failing)]
    manifests = {batch_id: batches.manifest(batch_id) for batch_id in batches.to_merge()}
    to_merge = sorted(manifests, key=lambda batch_id: manifests[batch_id].begun)
    if not to_merge:
        log("merge: nothing to do")
        return Merged([], failures)
    configure(spark, BUCKETED_JOINS)
    checked = [batches.checked(batch_id) for batch_id in to_merge]
    of_datasets = groups_of_datasets(checked)
    started = datetime.now(UTC)

    def merge(spark: SparkSession, dataset: str) -> list[Metric]:
        groups = of_datasets[dataset]
        batch_ids = [batch_id for group in groups for batch_id in group]
        with step(f"merge: {dataset}", dataset=dataset, batch_ids=batch_ids):
            return merge_dataset(spark, lake, contract_of(contracts, dataset), groups, manifests)

    with step(f"merge of {', '.join(to_merge)}"):
        found = work_on_each(spark, lake, list(of_datasets), with_few_changes(checked), merge)
    for one in checked:
        tell_merged(batches, one, contracts, found.errors, started)  # a closed batch is not told again
        failures += close_batch(spark, lake, batches, one, found.errors)
    for batch_id in failing.intersection(to_merge).difference(failure.batch_id for failure in failures):
        batches.forget_attempts(batch_id)
    return Merged([metric for metrics in found.results.values() for metric in metrics], failures)


def used_up(batches: Batches, failing: Collection[str]) -> list[str]:
    """The ids of checked batches that have no attempt left."""
    now = datetime.now(UTC)
    to_merge = batches.to_merge() if failing else []
    return [one for one in to_merge if one in failing and batches.attempts(one).are_used_up(now)]


def groups_of_datasets(checked: Sequence[CheckedBatch]) -> dict[str, list[list[str]]]:
    """Dataset -> ids of the batches that have changes of it, in groups that are merged at once.

    The groups keep the order of the batches. A batch with a repair of the dataset begins a group.
    """
    groups: dict[str, list[list[str]]] = {}
    for one in checked:
        repaired = {file.dataset for file in one.files if file.accepted and file.door == REPAIR.name}
        for dataset in one.datasets:
            of_dataset = groups.setdefault(dataset, [])
            if not of_dataset or dataset in repaired:
                of_dataset.append([])
            of_dataset[-1].append(one.batch_id)
    return groups


def with_few_changes(checked: Sequence[CheckedBatch]) -> set[str]:
    """The datasets that have few changes in all of the batches together."""
    changes = Counter[str]()
    for file in (file for one in checked for file in one.files):
        changes[file.dataset or ""] += file.accepted
    return {dataset for dataset, accepted in changes.items() if accepted <= _FEW_CHANGES}


def merge_dataset(
    spark: SparkSession,
    lake: Lake,
    contract: Contract,
    groups: Sequence[Sequence[str]],
    manifests: Mapping[str, Manifest],
) -> list[Metric]:
    """Merge groups of batches in their order, from the first group that has a batch not merged before.

    Returns the freshness of each group's changes.
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


def close_batch(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    checked: CheckedBatch,
    errors: Mapping[str, BaseException],
) -> list[BatchFailure]:
    """Close a batch that is merged. A dataset that failed continues in a batch of its own."""
    batch_id = checked.batch_id
    failed = [dataset for dataset in checked.datasets if dataset in errors]
    if failed and len(checked.datasets) == 1:
        return [note_failure(spark, lake, batches, batch_id, errors[failed[0]])]
    parts = {dataset: part_checked(batches, checked, dataset) for dataset in failed}
    failures = [note_failure(spark, lake, batches, part, errors[dataset]) for dataset, part in parts.items()]
    apart = tuple(parts.values())
    with step(f"merge: {batch_id} done", batch_id=batch_id):
        batches.mark_merged(MergedBatch(batch_id, datetime.now(UTC).isoformat(), apart))
    with step(f"merge: {batch_id} closed", batch_id=batch_id):
        batches.close(batch_id)
    log("batch merged", batch_id=batch_id, **({"apart": apart} if apart else {}))
    return failures
