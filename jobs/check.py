"""Glue job `check`: objects that landed in the RAW bucket -> accepted changes and quarantined rows.

Reads the intake queue and the RAW bucket. Writes `<dataset>_changes`, `quarantine`, `batches`,
`quality_results`, the Data Docs, and the batch's own objects in the lake bucket (`jobs.intake.batches`).

An error is bounded to its file (`jobs.reading.receive`), else to its dataset (`jobs.ingest.set_aside`).
Everything else continues, and the run fails at its end.

Safe to repeat, and to stop anywhere: a message is deleted only after the manifest that holds it is written. A
batch without `checked.json` is checked again from its manifest. An append that was made before finds the id
of its batch in the table and does nothing (`jobs.lake.commits`). A message may come twice, so that two
batches hold the same changes; they are in `<dataset>_changes` once (`jobs.checking.deduplicate`).
"""

import sys
from collections.abc import Sequence

import boto3

from jobs.ingest.check_batches import check_queue
from jobs.ingest.context import IngestContext
from jobs.ingest.drain import IntakeQueue
from jobs.ingest.failures import raise_failures
from jobs.ingest.metrics import count_metrics
from jobs.ingest.writers import is_writer
from jobs.intake import queue
from jobs.runtime.log import step
from jobs.runtime.options import Options


def main(argv: Sequence[str]) -> None:
    """Check the queue's messages and the batches that earlier runs left open; publish metrics."""
    options = Options.from_argv(argv)
    if not is_writer("check", options.ingest_mode):
        return
    with step("check: begun"):
        queue.end_backlog(boto3.client("events"), options.backlog_rule)
    context = IngestContext.of(options)
    source = IntakeQueue(context.sqs, context.queue_url, options.run_id)
    checked = check_queue(context.spark, context.lake, context.batches, source, context.contracts)
    context.publish("check", count_metrics(checked.counts))
    raise_failures("check", checked.failures)


if __name__ == "__main__":
    main(sys.argv)
