"""Glue streaming job `follow`: in the mode `continuous` it is `check` and `merge`, in rounds, without an end.

Reads and writes what `jobs.check` and `jobs.merge` do, by the same functions and with the same batches,
manifests and guarantees. A round begins within seconds of an event (`jobs.ingest.continuous`), reads at most
what fits its memory (`jobs.ingest.rounds`), and publishes its metrics. A failure is bounded as there, and is
counted in `IngestFailures`; the job goes on. What is not bounded ends the run; a schedule starts the next.

Safe to repeat, and to stop anywhere: a round that stopped is what a run of `check` or `merge` that stopped
is, and the next round continues with the batches that are open.

It is the only writer (`jobs.ingest.writers`): Glue runs it once at a time, and its first round waits until no
run of `check` or `merge` is active. Other jobs write beside it, so each step of a round loads
the tables anew. A run ends between two rounds when the job was deployed again.
"""

import sys
from collections.abc import Sequence

from awsglue.utils import getResolvedOptions

from jobs.ingest.context import IngestContext
from jobs.ingest.continuous import RETRY_PAUSE, Pace, Run, await_workflow, follow
from jobs.ingest.rounds import ingest_round
from jobs.ingest.stack_jobs import StackJobs
from jobs.ingest.writers import is_writer
from jobs.runtime.options import Options


def main(argv: Sequence[str]) -> None:
    """Check and merge whatever lands, until the run is over."""
    options = Options.from_argv(argv)
    if not is_writer("follow", options.ingest_mode):
        return
    seconds = float(getResolvedOptions(list(argv), ["ROUND_SECONDS"])["ROUND_SECONDS"])
    context = IngestContext.of(options, retry_pause=RETRY_PAUSE)
    jobs = StackJobs.of_run(argv)
    await_workflow(jobs)
    pace = Pace(context, jobs, seconds)
    follow(lambda number: ingest_round(context, f"{options.run_id}-{number}"), pace.is_due, Run(jobs).is_over)


if __name__ == "__main__":
    main(sys.argv)
