"""Checks one batch, each dataset by itself, and writes what became of its files."""

import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from pyspark.sql import SparkSession

from expectations.contract import Contract
from jobs.checking.append import append_changes, append_quarantine, append_results, file_counts
from jobs.checking.batch_records import is_recorded
from jobs.checking.checked_dataset import CheckedDataset, are_few, check_dataset
from jobs.erasure.blocked_rows import datasets_with_erased_keys, erased_keys
from jobs.ingest.check_lineage import tell_check_failed, tell_checked
from jobs.ingest.failures import BatchFailure, contract_of
from jobs.ingest.set_aside import settle, split_off
from jobs.ingest.side_by_side import work_on_each
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.intake.results import CheckedBatch, FileCount
from jobs.lake.creation import create_ops_tables
from jobs.lake.evolution import bring_to_contract
from jobs.lake.names import Lake
from jobs.lake.session import FEW_ROWS, LONG_EXPRESSIONS, configured
from jobs.quality import data_docs
from jobs.runtime.failures import in_one_line, is_retryable
from jobs.runtime.log import log, step


class Checked(NamedTuple):
    """The counts of the files, and what failed."""

    counts: list[FileCount]
    failures: list[BatchFailure]


def check_batch(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifest: Manifest,
    contracts: Mapping[str, Contract],
) -> Checked:
    """Check the files of one batch, and write `checked.json`.

    A dataset that fails stops no other: its files go to a batch of their own. An error is raised if the batch
    has no other dataset, or if what failed concerns all datasets.
    """
    name = f"batch {manifest.batch_id}"
    at = datetime.now(UTC)
    with (
        configured(spark, _settings(manifest.files)),
        ExitStack() as kept,
        step(name, batch_id=manifest.batch_id),
    ):
        with step(f"{name}: tables"):
            create_ops_tables(spark, lake)
            erased = datasets_with_erased_keys(spark, lake, manifest.datasets)
        check = _Check(lake, manifest, contracts, erased, at, kept)
        small = {dataset for dataset in manifest.datasets if are_few(files_of(manifest, dataset))}
        found = work_on_each(spark, lake, manifest.datasets, small, check)
        checked = list(found.results.values())
        failures: list[BatchFailure] = []
        if found.errors:
            tell_check_failed(batches, manifest, found.errors)
            manifest, failures = without_failed(spark, lake, batches, manifest, found.errors)
        with step(f"{name}: quarantine, counts, quality results"):
            append_quarantine(spark, lake, manifest, checked, at)
            append_results(spark, lake, manifest, checked, at)
        with step(f"{name}: data docs"):
            failures += publish_docs(batches, manifest.batch_id, checked, at)
        counts = file_counts(manifest, checked)
        tell_checked(batches, manifest, checked, at)  # before the mark: a batch that has it is not told again
        with step(f"{name}: done", batch_id=manifest.batch_id):
            batches.mark_checked(CheckedBatch(manifest.batch_id, tuple(counts), at.isoformat()))
    for count in counts:
        log("file checked", batch_id=manifest.batch_id, **asdict(count))
    return Checked(counts, failures)


@dataclass(frozen=True, slots=True)
class _Check:
    """The work on one dataset of the batch: check its files and append the changes.

    The tables of the dataset are brought to its contract first. Its rows are cached until `kept` is closed.
    """

    lake: Lake
    manifest: Manifest
    contracts: Mapping[str, Contract]
    erased: Collection[str]  # the datasets that have erased keys
    at: datetime
    kept: ExitStack

    def __call__(self, spark: SparkSession, dataset: str) -> CheckedDataset:
        batch_id, files = self.manifest.batch_id, files_of(self.manifest, dataset)
        with (
            configured(spark, _settings(files)),
            step(f"batch {batch_id}: {dataset}", batch_id=batch_id, dataset=dataset),
        ):
            contract = contract_of(self.contracts, dataset)
            bring_to_contract(spark, self.lake, contract)
            keys = erased_keys(spark, self.lake, contract) if dataset in self.erased else None
            checked = self.kept.enter_context(check_dataset(spark, files, contract, keys))
            append_changes(self.lake, self.manifest, checked, self.at)
            return checked


def files_of(manifest: Manifest, dataset: str) -> list[ManifestFile]:
    """The batch's files of a dataset."""
    return [file for file in manifest.files if file.dataset == dataset]


def _settings(files: Iterable[ManifestFile]) -> Mapping[str, str]:
    """The settings with which rows of these files are checked and appended."""
    return FEW_ROWS if are_few(files) else LONG_EXPRESSIONS


def without_failed(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifest: Manifest,
    errors: Mapping[str, BaseException],
) -> tuple[Manifest, list[BatchFailure]]:
    """The batch without the datasets that failed, and their failures.

    Raises the error if the batch can't be split: it has no other dataset, or an earlier run wrote rows of all
    its datasets to a table that they share.
    """
    if has_one_part(manifest) or is_recorded(spark, lake, manifest):
        raise next(iter(errors.values()))
    for error in errors.values():
        traceback.print_exception(error)
    rest, parts = split_off(batches, manifest, errors)
    return rest, [settle(spark, lake, batches, part) for part in parts]


def has_one_part(manifest: Manifest) -> bool:
    """Whether nothing would be left of the batch without one of its datasets."""
    return len(manifest.datasets) + bool(manifest.refused) < 2


def publish_docs(
    batches: Batches, batch_id: str, checked: Sequence[CheckedDataset], at: datetime
) -> list[BatchFailure]:
    """Publish the Data Docs. A page that can't be rendered fails the run, but keeps no row from its table.

    Raises what may succeed later.
    """
    verdicts = {one.contract.dataset: one.verdict for one in checked}
    try:
        data_docs.publish(batches.s3, batches.bucket, batch_id, at, verdicts)
    except Exception as error:
        if is_retryable(error):
            raise
        traceback.print_exception(error)
        return [BatchFailure(f"data docs: {in_one_line(error)}", batch_id, tuple(verdicts))]
    return []
