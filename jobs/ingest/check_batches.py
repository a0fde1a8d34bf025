"""Checks all batches of a run: the one that the queue yields, and those that earlier runs left open."""

import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from expectations.contract import Contract
from jobs.checking.batch_records import is_recorded
from jobs.ingest.check_batch import Checked, check_batch, has_one_part
from jobs.ingest.drain import IntakeQueue, drain
from jobs.ingest.failures import BatchFailure
from jobs.ingest.set_aside import begin_attempts, note_failure, settle, split_off, split_up
from jobs.intake.batches import Batches
from jobs.lake.names import Lake
from jobs.runtime.failures import ENDINGS, in_one_line, is_retryable
from jobs.runtime.log import log, step

if TYPE_CHECKING:
    from jobs.intake.results import FileCount


def check_queue(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    source: IntakeQueue,
    contracts: Mapping[str, Contract],
) -> Checked:
    """Check the messages of the queue as a batch named after the run, then the batches that were open before.

    New work comes first: a batch that ends the process each time it is read must not block it. A queue that
    can't be read keeps its messages, and does not keep the open batches from being checked.
    """
    left = list(batches.to_check())
    new: list[str] = []
    failures: list[BatchFailure] = []
    try:
        with step("intake"):
            drained = drain(source, batches, contracts)
        new = [] if drained is None else [drained.batch_id]
    except ENDINGS:
        raise
    except BaseException as error:  # noqa: BLE001 -- whatever it is, the open batches are checked
        traceback.print_exception(error)
        failures = [BatchFailure(in_one_line(error))]
    if not new and not left:
        log("check: nothing to do")
    checked = check_batches(spark, lake, batches, chain(new, begin_attempts(batches, left)), contracts)
    return Checked(checked.counts, failures + checked.failures)


def check_batches(
    spark: SparkSession,
    lake: Lake,
    batches: Batches,
    batch_ids: Iterable[str],
    contracts: Mapping[str, Contract],
) -> Checked:
    """Check the batches one by one. A batch that fails stops no other."""
    counts: list[FileCount] = []
    failures: list[BatchFailure] = []
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
) -> list[BatchFailure]:
    """Count a failure that concerns all datasets of a batch, and give each dataset a batch of its own.

    One of the datasets may be the cause. The batch stays whole if the error may pass by itself.
    """
    manifest = batches.manifest(batch_id)
    if has_one_part(manifest) or is_retryable(error) or not manifest.datasets:
        return [note_failure(spark, lake, batches, batch_id, error)]
    traceback.print_exception(error)
    if is_recorded(spark, lake, manifest):
        parts = split_up(spark, lake, batches, manifest, error)
    else:
        rest, parts = split_off(batches, manifest, dict.fromkeys(manifest.datasets, error))
        if not rest.refused:
            batches.close(batch_id)
            batches.forget_attempts(batch_id)
    return [settle(spark, lake, batches, part) for part in parts]
