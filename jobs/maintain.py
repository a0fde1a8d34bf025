"""Glue job `maintain`: keeps the tables fast to read, and removes what is past its retention.

Reads the catalog, the tables' metadata, the certificates (`parity_results`), and the batches in the lake
bucket (`jobs.intake.batches`). Removes objects, and rows of `lake_ops`; rewrites files and expires snapshots
of every table; records what it did in `lake_ops.maintenance`. Changes no row of a dataset.
`jobs.maintenance.steps` has the steps in their order.

Safe to repeat, and to stop anywhere: each step finds out what is to be done now. What is done is not found
again, and what a step leaves unfinished is found by the next run. A step on a table is one commit or none;
objects are removed before what names them. Steps depend on each other by their order alone, and a step that
did not run makes the following steps keep more, never less.

Safe beside other jobs: `jobs.lake.conflicts` says which job gives way. What unfinished batches need is read
before anything that could be removed; batches that begin later need only what is new.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import boto3

from jobs.intake.batches import Batches
from jobs.lake.names import Lake
from jobs.lake.session import BASE, configure
from jobs.maintenance.retention import Retention
from jobs.maintenance.steps import MaintenanceContext, maintain
from jobs.runtime.options import Options
from jobs.runtime.session import spark_session


def main(argv: Sequence[str]) -> None:
    """Run all maintenance steps."""
    options, retention = Options.from_argv(argv), Retention.from_argv(argv)
    spark = spark_session()
    configure(spark, BASE)
    lake = Lake(options.database, options.ops_database)
    batches = Batches(boto3.client("s3"), options.lake_bucket)
    now = datetime.now(UTC)
    maintain(MaintenanceContext(spark, lake, batches, options.raw_bucket, retention, now), options.run_id)


if __name__ == "__main__":
    main(sys.argv)
