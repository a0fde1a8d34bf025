"""Glue job `check`: what landed in the RAW bucket -> accepted changes and quarantined rows.

Reads the intake queue and the RAW bucket. Writes `<dataset>_changes`, `quarantine`, `batches`,
`quality_results`, the Data Docs, and the batch's own objects in the lake bucket (`jobs.intake.batches`).

What raises ends its file (`jobs.reading.receive`), else its dataset (`jobs.checking.set_aside`); the rest
goes on, and the run fails when all else is done.

Safe to repeat, and to stop anywhere: a message is deleted when the manifest that holds it is written, and not
before. A batch whose `checked.json` is missing is checked again from its manifest; an append that was made
before finds its batch's id in the table and does nothing (`jobs.lake.commits`). What two batches hold both,
because a message came twice, is in `<dataset>_changes` once (`jobs.checking.deduplicate`).
"""

import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import boto3
from pyspark.sql import SparkSession

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs.checking.append import append_changes, append_quarantine, append_results, file_counts, is_recorded
from jobs.checking.checked_dataset import CheckedDataset, FileCount, check_dataset
from jobs.checking.set_aside import (
    Failure,
    contract_of,
    dissolve,
    note_failure,
    run_failed,
    set_apart,
    settle,
    take_up,
)
from jobs.erasure.blocked_rows import erased_keys
from jobs.intake import queue
from jobs.intake.batches import CHECKED, Batches
from jobs.intake.first_events import FirstEvents
from jobs.intake.manifest import Manifest, make_manifest
from jobs.lake.creation import create_ops_tables
from jobs.lake.evolution import bring_to_contract
from jobs.lake.names import Lake
from jobs.lake.session import LONG_EXPRESSIONS, configure
from jobs.quality import data_docs
from jobs.reading.exports import open_exports
from jobs.runtime.failures import ENDINGS, in_one_line, is_retryable
from jobs.runtime.log import log, step
from jobs.runtime.metrics import Metric, publish
from jobs.runtime.options import Options

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Checked(NamedTuple):
    """What was counted, and what failed."""

    counts: list[FileCount]
    failures: list[Failure]


def main(argv: Sequence[str]) -> None:
    """Check what is in the queue, then what earlier runs left open.

    New work first: a batch that ends the process each time it is read must not keep that from being read.
    """
    options = Options.from_argv(argv)
    with step("check: begun"):
        queue.backlog_heard(boto3.client("events"), options.backlog_rule)
    contracts = load_contracts()
    spark = SparkSession.builder.getOrCreate()
    lake = Lake(options.database, options.ops_database)
    batches = Batches(boto3.client("s3"), options.lake_bucket)

    left = list(batches.to_check())
    new, failures = [], []
    try:
        with step("intake"):
            batch_id = batches.free_id(options.run_id)
            drained = drain(boto3.client("sqs"), options.intake_queue_url, batches, batch_id, contracts)
        new = [] if drained is None else [drained.batch_id]
    except ENDINGS:
        raise
    except BaseException as error:  # noqa: BLE001 -- the queue keeps its messages, and open batches go on
        traceback.print_exception(error)
        failures = [Failure(in_one_line(error))]
    if not new and not left:
        log("check: nothing to do")
    checked = check_batches(spark, lake, batches, chain(new, take_up(batches, left)), contracts)
    with step("check: metrics"):
        set_aside = Metric("BatchesSetAside", len(batches.aside()))
        publish(boto3.client("cloudwatch"), [*count_metrics(checked.counts), set_aside])
    if failures := [*failures, *checked.failures]:
        raise run_failed("check", failures)


def check_batches(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    batch_ids: Iterable[str],
    contracts: Mapping[str, Contract],
) -> Checked:
    """Check the batches one by one: what was counted, and what failed. What stops one stops no other."""
    counts: list[FileCount] = []
    failures: list[Failure] = []
    failing = set(batches.failing())
    for batch_id in batch_ids:
        if batch_id in failing and batches.attempts(batch_id).are_used_up(datetime.now(UTC)):
            failures.append(settle(spark, lake, batches, batch_id))
            continue
        try:
            checked = check_batch(spark, lake, batches, batches.manifest(batch_id), contracts)
        except ENDINGS:
            raise
        except BaseException as error:  # noqa: BLE001 -- whatever it is, it ends this batch alone
            failures += batch_failed(spark, lake, batches, batch_id, error)
        else:
            counts += checked.counts
            failures += checked.failures
    return Checked(counts, failures)


def batch_failed(
    spark: SparkSession, lake: Lake, batches: Batches, batch_id: str, error: BaseException
) -> list[Failure]:
    """Note that a batch failed in what its datasets share, and take these apart: one of them may be why.

    Not if AWS is why.
    """
    manifest = batches.manifest(batch_id)
    is_one = len(manifest.datasets) + bool(manifest.refused) < 2
    if is_one or is_retryable(error) or not manifest.datasets:
        return [note_failure(spark, lake, batches, batch_id, error)]
    traceback.print_exception(error)
    if is_recorded(spark, lake, manifest):
        return [
            settle(spark, lake, batches, part) for part in dissolve(spark, lake, batches, manifest, error)
        ]
    rest, parts = set_apart(batches, manifest, dict.fromkeys(manifest.datasets, error))
    if not rest.refused:
        batches.close(batch_id)
        batches.forget_attempts(batch_id)
    return [settle(spark, lake, batches, part) for part in parts]


def drain(
    sqs: "SQSClient", queue_url: str, batches: Batches, batch_id: str, contracts: Mapping[str, Contract]
) -> Manifest | None:
    """Turn the messages that wait into a batch of that id; None if there is nothing to read.

    An export that is not complete stays in the queue, hidden for as long as it is old: that is not asked for
    again and again, and does not look like work that waits.
    """
    now = datetime.now(UTC)
    messages = queue.receive_all(sqs, queue_url)
    announced = make_manifest(batch_id, now, (message.body for message in messages), contracts)
    announced = FirstEvents(batches.s3, batches.bucket).add_to(announced)
    opened = open_exports(batches.s3, announced, now)
    manifest = opened.manifest
    if manifest.files or manifest.refused:
        batches.open(manifest)
    kept = {message: seconds for message in messages if (seconds := opened.waits(message.body, now))}
    for message, seconds in kept.items():
        queue.keep(sqs, queue_url, message, seconds)
    queue.delete(sqs, queue_url, (message for message in messages if message not in kept))
    return manifest if manifest.files or manifest.refused else None


def check_batch(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifest: Manifest,
    contracts: Mapping[str, Contract],
) -> Checked:
    """Check the files of one batch, dataset by dataset, and write down what became of them.

    What stops one dataset stops no other: its files go to a batch of their own. An error leaves from here if
    the batch has no other dataset, or if it is of what the datasets share.
    """
    name = f"batch {manifest.batch_id}"
    configure(spark, LONG_EXPRESSIONS)
    at = datetime.now(UTC)
    with ExitStack() as kept, step(name, batch_id=manifest.batch_id):
        with step(f"{name}: tables"):
            create_ops_tables(spark, lake)
        checked: list[CheckedDataset] = []
        errors: dict[str, BaseException] = {}
        for dataset in manifest.datasets:
            try:
                with step(f"{name}: {dataset}", batch_id=manifest.batch_id, dataset=dataset):
                    one = kept.enter_context(begin_dataset(spark, lake, manifest, dataset, contracts))
                    append_changes(lake, manifest, one, at)
            except ENDINGS:
                raise
            except BaseException as error:  # noqa: BLE001 -- whatever it is, it ends this dataset alone
                errors[dataset] = error
            else:
                checked.append(one)
        failures: list[Failure] = []
        if errors:
            manifest, failures = without_failed(spark, lake, batches, manifest, errors)
        with step(f"{name}: quarantine, counts, quality results"):
            append_quarantine(spark, lake, manifest, checked, at)
            append_results(spark, lake, manifest, checked, at)
        with step(f"{name}: data docs"):
            failures += publish_docs(batches, manifest.batch_id, checked, at)
        counts = file_counts(manifest, checked)
        with step(f"{name}: done", batch_id=manifest.batch_id):
            batches.done(
                manifest.batch_id,
                CHECKED,
                {"checked_at": at.isoformat(), "files": [asdict(count) for count in counts]},
            )
    for count in counts:
        log("file checked", batch_id=manifest.batch_id, **asdict(count))
    return Checked(counts, failures)


def begin_dataset(
    spark: SparkSession, lake: Lake, manifest: Manifest, dataset: str, contracts: Mapping[str, Contract]
) -> AbstractContextManager[CheckedDataset]:
    """The batch's files of a dataset, to be checked in tables that are as its contract says."""
    contract = contract_of(contracts, dataset)
    bring_to_contract(spark, lake, contract)
    files = [file for file in manifest.files if file.dataset == dataset]
    return check_dataset(spark, files, contract, erased_keys(spark, lake, contract))


def publish_docs(
    batches: Batches, batch_id: str, checked: Sequence[CheckedDataset], at: datetime
) -> list[Failure]:
    """Publish the Data Docs. A page that can't be made fails the run, and keeps no row from its table."""
    verdicts = {one.contract.dataset: one.verdict for one in checked}
    try:
        data_docs.publish(batches.s3, batches.bucket, batch_id, at, verdicts)
    except Exception as error:
        if is_retryable(error):
            raise
        traceback.print_exception(error)
        return [Failure(f"data docs: {in_one_line(error)}", batch_id, tuple(verdicts))]
    return []


def without_failed(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifest: Manifest,
    errors: Mapping[str, BaseException],
) -> tuple[Manifest, list[Failure]]:
    """The batch without the datasets that failed, and their failures.

    Raises the error where there is nothing to take apart: no other dataset, or rows of them all in a table
    that they share, which an earlier run wrote.
    """
    is_alone = len(manifest.datasets) + bool(manifest.refused) < 2
    if is_alone or is_recorded(spark, lake, manifest):
        raise next(iter(errors.values()))
    for error in errors.values():
        traceback.print_exception(error)
    rest, parts = set_apart(batches, manifest, errors)
    return rest, [settle(spark, lake, batches, part) for part in parts]


def count_metrics(counts: Sequence[FileCount]) -> list[Metric]:
    """Rows accepted and quarantined of each dataset, and how many files had no row that was accepted.

    Zeros are numbers too: they end an alarm. What names no dataset of ours counts as a file alone. Rows of
    erased keys are counted as neither: nothing is wrong with them.
    """
    metrics: list[Metric] = []
    for dataset in dict.fromkeys(count.dataset for count in counts if count.dataset):
        of_dataset = [count for count in counts if count.dataset == dataset]
        accepted = sum(count.accepted for count in of_dataset)
        quarantined = sum(count.quarantined - count.erased for count in of_dataset)
        metrics.append(Metric("RowsAccepted", accepted, dataset))
        metrics.append(Metric("RowsQuarantined", quarantined, dataset))
        if rows := accepted + quarantined:
            metrics.append(Metric("QuarantinePercent", 100 * quarantined / rows, dataset, rows))
    if counts:
        refused = sum(count.quarantined > count.erased and not count.accepted for count in counts)
        metrics.append(Metric("FilesRefused", refused))
        metrics.append(Metric("FilesSuperseded", sum(count.superseded for count in counts)))
    return metrics


if __name__ == "__main__":
    main(sys.argv)
