"""Glue job `merge`: checked changes -> the datasets' tables.

Reads `<dataset>_changes` of the batches that are checked and not merged. Writes `tombstones`, `<dataset>`,
and the batches' own objects in the lake bucket (`jobs.intake.batches`).

The content of a table is a function of the set of all changes, whatever their order, repetition and batches:

* The changes of a key are totally ordered by their position `(_version, _tie)`, which is part of the change;
  equal positions are equal changes. A row is the newest change of its key, if that is an upsert; a tombstone
  is the key's greatest delete. Both are maxima, and a maximum does not depend on order, grouping or
  repetition.
* MERGE writes only what is greater than what the table holds. A table can't show that a key was deleted, so
  tombstones record this. They are written before the table, so there is no moment at which an older upsert
  finds neither the row nor the tombstone.
* Each step takes all changes of the run's batches at once. If the run stops between or in the steps, the
  batches stay open, and the next run repeats all steps: maxima once more. A table's MERGE commits with the
  batches' ids, so that a repeated run skips it. That saves work and snapshots; safety does not depend on it.
* A row lies in the partition that its newest change names. MERGE compares each key's newest change with the
  key's row in any partition: it reads the partitions that changes name, and those others in which rows of
  their keys are found (`jobs.merging.target_partitions`). An update may so move a row; a key never has two.
* A retract (of a repair) removes what stands at exactly its position. It is no maximum: it acts on what came
  before it. So batches are merged in the order in which they began, those before a repair apart from it, and
  if one is merged again, so are all behind it. Within its batch a retract comes first.
"""

import sys
from collections.abc import Sequence

import boto3

from jobs.ingest.context import IngestContext
from jobs.ingest.failures import raise_failures
from jobs.ingest.merge_batches import merge_batches
from jobs.ingest.writers import is_writer
from jobs.intake import queue
from jobs.runtime.log import step
from jobs.runtime.options import Options


def main(argv: Sequence[str]) -> None:
    """Merge all checked batches; start the workflow once more if work is left; publish metrics."""
    options = Options.from_argv(argv)
    if not is_writer("merge", options.ingest_mode):
        return
    context = IngestContext.of(options)
    merged = merge_batches(context.spark, context.lake, context.batches, context.contracts)
    with step("merge: backlog"):
        messages = queue.waiting_messages(context.sqs, context.queue_url)
        if backlog := messages + len(context.batches.begun()):
            queue.announce_backlog(boto3.client("events"), options.backlog_rule, backlog)
    context.publish("merge", merged.metrics)
    raise_failures("merge", merged.failures)


if __name__ == "__main__":
    main(sys.argv)
