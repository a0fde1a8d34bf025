"""One round of the job `follow`: what a run of `check` and then a run of `merge` do."""

from jobs.ingest.check_batches import check_queue
from jobs.ingest.context import IngestContext
from jobs.ingest.drain import IntakeQueue
from jobs.ingest.failures import BatchFailure
from jobs.ingest.merge_batches import merge_batches
from jobs.ingest.metrics import count_metrics
from jobs.lake.iceberg import forget_tables
from jobs.runtime.log import log
from jobs.runtime.metrics import Metric

# A round has to fit the memory of G.025X workers, 4 GB each for driver and executor. A batch of 100,000
# changes takes 3 GiB in both together (docs/costs.md). What does not fit makes the next round.
MOST_MESSAGES = 1_000
MOST_BYTES = 32 * 2**20  # of the announced objects; one that is larger makes a batch of its own


def ingest_round(context: IngestContext, round_id: str) -> list[BatchFailure]:
    """Check what landed as a batch of this id, and all open batches; merge what is checked; publish metrics.

    Failures are bounded, counted and logged as in runs of the workflow, and returned. Raises what says that
    this process can't go on: above all a Spark session that does not answer, in which every batch would fail.
    """
    source = IntakeQueue(context.sqs, context.queue_url, round_id, MOST_MESSAGES, MOST_BYTES)
    _forget_tables(context)
    checked = check_queue(context.spark, context.lake, context.batches, source, context.contracts)
    _forget_tables(context)
    merged = merge_batches(context.spark, context.lake, context.batches, context.contracts)
    failures = checked.failures + merged.failures
    for failure in failures:
        log("round: failed", round_id=round_id, error=str(failure))
    failed = Metric("IngestFailures", len(failures))  # a zero ends the alarm
    context.publish("round", [*count_metrics(checked.counts), *merged.metrics, failed])
    if failures:
        context.spark.range(1).count()
    return failures


def _forget_tables(context: IngestContext) -> None:
    """Let each step load the tables anew, as a job of its own would.

    Iceberg's catalog keeps a table that is read again and again as it was first read. Other jobs commit
    beside this one: above all the tombstones of an erasure, which a row must not overtake. Without its cache
    the catalog would load a table, and read its manifests, each time that a step names it.
    """
    forget_tables(context.spark, context.lake.of_datasets(context.contracts))
