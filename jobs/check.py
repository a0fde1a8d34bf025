"""Glue job `check`: what landed in the RAW bucket -> accepted changes and quarantined rows.

Reads the intake queue and the RAW bucket. Writes `<dataset>_changes`, `quarantine`, `batches`,
`quality_results`, the Data Docs, and the batch's own objects in the lake bucket (`jobs.batches`).

Safe to repeat, and to stop anywhere: a message is deleted when the manifest that holds it is written, and not
before. A batch whose `checked.json` is missing is checked again from its manifest; an append that was made
before finds its batch's id in the table and does nothing (`jobs.lake`). What two batches hold both, because a
message came twice, is in `<dataset>_changes` once (`jobs.once_only`).
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from pyspark.sql import SparkSession

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs import data_docs, intake
from jobs.batches import CHECKED, Batches
from jobs.checked_dataset import FileCount, check_dataset
from jobs.erased_rows import erased_keys
from jobs.evolution import EvolutionRefused, bring_to_contract, plans
from jobs.export_intake import open_exports
from jobs.first_events import FirstEvents
from jobs.lake import Lake, create_ops_tables
from jobs.manifest import Manifest, make_manifest
from jobs.metrics import Metric, publish
from jobs.options import Options
from jobs.record_batch import append_changes, append_quarantine, append_results, file_counts
from jobs.steps import say, step

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # The JVM compiles no longer method (HugeMethodLimit). A contract's reasons in one are longer; without the
    # fusion of whole stages Spark cuts them up.
    "spark.sql.codegen.hugeMethodLimit": "8000",
}


def main(argv: Sequence[str]) -> None:
    """Finish what earlier runs left open, then check what waits in the queue."""
    options = Options.from_argv(argv)
    with step("check: begun"):
        intake.backlog_heard(boto3.client("events"), options.backlog_rule)
    contracts = load_contracts()
    spark = SparkSession.builder.getOrCreate()
    lake = Lake(options.database, options.ops_database)
    batches = Batches(boto3.client("s3"), options.lake_bucket)

    counts, stopped = check_batches(spark, lake, batches, batches.to_check(), contracts)
    with step("intake"):
        batch_id = batches.free_id(options.run_id)
        drained = drain(boto3.client("sqs"), options.intake_queue_url, batches, batch_id, contracts)
    if drained is None:
        say("check: nothing waits")
    else:
        with step(f"batch {batch_id}: what waits for its contract", batch_id=batch_id):
            parts = set_apart(spark, lake, batches, drained, contracts)
        more_counts, more_stopped = check_batches(spark, lake, batches, parts, contracts)
        counts, stopped = counts + more_counts, stopped + more_stopped
    with step("check: metrics"):
        publish(boto3.client("cloudwatch"), count_metrics(counts))
    if stopped:
        raise ExceptionGroup("check: the rest is done, but some batches wait for their contracts", stopped)


def check_batches(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifests: Iterable[Manifest],
    contracts: Mapping[str, Contract],
) -> tuple[list[FileCount], list[EvolutionRefused]]:
    """Check the batches one by one: their counts, and what stopped some.

    What stops one of them that waits for its contract stops no other.
    """
    counts: list[FileCount] = []
    stopped: list[EvolutionRefused] = []
    for manifest in manifests:
        try:
            counts += check_batch(spark, lake, batches, manifest, contracts)
        except EvolutionRefused as refusal:
            say("batch waits for its contract", batch_id=manifest.batch_id, refusal=str(refusal))
            stopped.append(refusal)
    return counts, stopped


def drain(
    sqs: "SQSClient", queue_url: str, batches: Batches, batch_id: str, contracts: Mapping[str, Contract]
) -> Manifest | None:
    """Turn the messages that wait into a batch of that id; None if there is nothing to read.

    An export that is not complete stays in the queue, hidden for as long as it is old: that is not asked for
    again and again, and does not look like work that waits.
    """
    now = datetime.now(UTC)
    messages = intake.receive_all(sqs, queue_url)
    announced = make_manifest(batch_id, now, (message.body for message in messages), contracts)
    announced = FirstEvents(batches.s3, batches.bucket).add_to(announced)
    opened = open_exports(batches.s3, announced, now)
    manifest = opened.manifest
    if manifest.files or manifest.refused:
        batches.open(manifest)
    kept = {message: seconds for message in messages if (seconds := opened.waits(message.body, now))}
    for message, seconds in kept.items():
        intake.keep(sqs, queue_url, message, seconds)
    intake.delete(sqs, queue_url, (message for message in messages if message not in kept))
    return manifest if manifest.files or manifest.refused else None


def set_apart(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifest: Manifest,
    contracts: Mapping[str, Contract],
) -> list[Manifest]:
    """The batch without the files of datasets that wait for their contracts, which get batches of their own.

    Those are opened first: if the run stops in between, files are in two batches, which changes nothing.
    """
    waiting = []
    for dataset in dict.fromkeys(file.dataset for file in manifest.files):
        try:
            plans(spark, lake, contracts[dataset])
        except EvolutionRefused:
            waiting.append(dataset)
    parts = [
        Manifest(
            f"{manifest.batch_id}-{dataset}",
            manifest.created_at,
            tuple(file for file in manifest.files if file.dataset == dataset),
        )
        for dataset in waiting
    ]
    for part in parts:
        batches.open(part)
    if not parts:
        return [manifest]
    rest = replace(manifest, files=tuple(file for file in manifest.files if file.dataset not in waiting))
    batches.open(rest)
    return [rest, *parts]


def check_batch(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifest: Manifest,
    contracts: Mapping[str, Contract],
) -> list[FileCount]:
    """Check the files of one batch, dataset by dataset, and write down what became of them: the counts.

    EvolutionRefused, before anything is written, if a dataset's live tables can't become what its contract
    says. The batch stays open, and is checked when they can.
    """
    name = f"batch {manifest.batch_id}"
    for setting, value in SETTINGS.items():
        spark.conf.set(setting, value)
    at = datetime.now(UTC)
    with ExitStack() as kept, step(name, batch_id=manifest.batch_id):
        datasets = list(dict.fromkeys(file.dataset for file in manifest.files))
        with step(f"{name}: tables"):
            for dataset in datasets:
                plans(spark, lake, contracts[dataset])  # asks all before anything is written
            create_ops_tables(spark, lake)
            for dataset in datasets:
                bring_to_contract(spark, lake, contracts[dataset])
        checked = []
        for dataset in datasets:
            with step(f"{name}: {dataset}", batch_id=manifest.batch_id, dataset=dataset):
                files = [file for file in manifest.files if file.dataset == dataset]
                contract, erased = contracts[dataset], erased_keys(spark, lake, contracts[dataset])
                checked.append(kept.enter_context(check_dataset(spark, files, contract, erased)))
                append_changes(lake, manifest, checked[-1], at)
        with step(f"{name}: quarantine, counts, quality results"):
            append_quarantine(spark, lake, manifest, checked, at)
            append_results(spark, lake, manifest, checked, at)
        with step(f"{name}: data docs"):
            verdicts = {one.contract.dataset: one.verdict for one in checked}
            data_docs.publish(batches.s3, batches.bucket, manifest.batch_id, at, verdicts)
        counts = file_counts(manifest, checked)
        with step(f"{name}: done", batch_id=manifest.batch_id):
            batches.done(
                manifest.batch_id,
                CHECKED,
                {"checked_at": at.isoformat(), "files": [asdict(count) for count in counts]},
            )
    for count in counts:
        say("file checked", batch_id=manifest.batch_id, **asdict(count))
    return counts


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
    return metrics


if __name__ == "__main__":
    main(sys.argv)
