"""Glue job `check`: what landed in the RAW bucket -> accepted changes and quarantined rows.

Reads the intake queue and the RAW bucket. Writes `<dataset>_changes`, `quarantine`, `batches`,
`quality_results`, the Data Docs, and the batch's own objects in the lake bucket (`jobs.batches`).

Safe to repeat, and to stop anywhere: a message is deleted when the manifest that holds it is written, and not
before. A batch whose `checked.json` is missing is checked again from its manifest; an append that was made
before finds its batch's id in the table and does nothing (`jobs.lake`). What two batches hold both, because a
message came twice, merges into the same rows.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from pyspark.sql import SparkSession

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs import data_docs, intake
from jobs.batches import CHECKED, Batches
from jobs.checked_dataset import check_dataset
from jobs.lake import Lake, create_dataset_tables, create_ops_tables
from jobs.manifest import Manifest, make_manifest
from jobs.options import Options
from jobs.record_batch import append_changes, append_quarantine, append_results, file_counts
from jobs.steps import step

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def main(argv: Sequence[str]) -> None:
    """Finish what earlier runs left open, then check what waits in the queue."""
    options = Options.from_argv(argv)
    contracts = load_contracts()
    spark = SparkSession.builder.getOrCreate()
    lake = Lake(options.database, options.ops_database)
    batches = Batches(boto3.client("s3"), options.lake_bucket)

    for manifest in batches.to_check():
        check_batch(spark, lake, batches, manifest, contracts)
    with step("intake"):
        batch_id = batches.free_id(options.run_id)
        drained = drain(boto3.client("sqs"), options.intake_queue_url, batches, batch_id, contracts)
    if drained is None:
        print("check: nothing waits")
    else:
        check_batch(spark, lake, batches, drained, contracts)


def drain(
    sqs: "SQSClient", queue_url: str, batches: Batches, batch_id: str, contracts: Mapping[str, Contract]
) -> Manifest | None:
    """Turn the messages that wait into a batch of that id; None if there is nothing to read."""
    messages = intake.receive_all(sqs, queue_url)
    manifest = make_manifest(batch_id, datetime.now(UTC), (message.body for message in messages), contracts)
    if manifest.files or manifest.refused:
        batches.open(manifest)
    intake.delete(sqs, queue_url, messages)
    return manifest if manifest.files or manifest.refused else None


def check_batch(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    manifest: Manifest,
    contracts: Mapping[str, Contract],
) -> None:
    """Check the files of one batch, dataset by dataset, and write down what became of them."""
    name = f"batch {manifest.batch_id}"
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    at = datetime.now(UTC)
    with ExitStack() as kept, step(name):
        with step(f"{name}: tables"):
            create_ops_tables(spark, lake)
        checked = []
        for dataset in dict.fromkeys(file.dataset for file in manifest.files):
            with step(f"{name}: {dataset}"):
                files = [file for file in manifest.files if file.dataset == dataset]
                create_dataset_tables(spark, lake, contracts[dataset])
                checked.append(kept.enter_context(check_dataset(spark, files, contracts[dataset])))
                append_changes(lake, manifest, checked[-1], at)
        with step(f"{name}: quarantine, counts, quality results"):
            append_quarantine(spark, lake, manifest, checked, at)
            append_results(spark, lake, manifest, checked, at)
        with step(f"{name}: data docs"):
            verdicts = {one.contract.dataset: one.verdict for one in checked}
            data_docs.publish(batches.s3, batches.bucket, manifest.batch_id, at, verdicts)
        counts = file_counts(manifest, checked)
        batches.done(
            manifest.batch_id,
            CHECKED,
            {"checked_at": at.isoformat(), "files": [asdict(count) for count in counts]},
        )
    read, accepted, quarantined = (
        sum(getattr(count, what) for count in counts) for what in ("rows_read", "accepted", "quarantined")
    )
    print(f"{name}: {len(counts)} files: {read} rows read = {accepted} accepted + {quarantined} quarantined")


if __name__ == "__main__":
    main(sys.argv)
