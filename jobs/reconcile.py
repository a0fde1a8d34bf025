"""Glue job `reconcile`: compares DynamoDB with the datasets' tables and certifies those that agree.

Reads each dataset's DynamoDB table (a parallel scan) and Iceberg table (one snapshot). Writes certificates
(`parity_results`, `parity/<dataset>/`, metrics) of datasets that agree; of the others mismatches
(`parity_suspects`) and the comparison (`parity/<dataset>/open/`), which the job `certify` reads.
`jobs.parity.reconciliation` shows why a comparison needs neither side to stand still.

Safe to repeat, and to stop anywhere: every run makes a comparison of its own time. A comparison is open only
after its mismatches are stored; mismatches without a comparison are never read.
"""

import sys
from collections.abc import Sequence

import boto3

from expectations.odcs import load_contracts
from jobs.lake.session import BUCKETED_JOINS, configure
from jobs.parity.metrics import send_metrics
from jobs.parity.objects import ParityObjects
from jobs.parity.options import ParityOptions
from jobs.parity.reconciliation import reconcile
from jobs.runtime.log import step
from jobs.runtime.session import spark_session


def main(argv: Sequence[str]) -> None:
    """Compare each dataset; leave the mismatches of those that differ to `certify`."""
    options = ParityOptions.from_argv(argv)
    spark = spark_session()
    configure(spark, BUCKETED_JOINS)
    objects = ParityObjects(boto3.client("s3"), options.job.lake_bucket)
    known = load_contracts()
    contracts = options.datasets(known)
    certificates = reconcile(spark, objects, contracts, options)
    with step("reconcile: metrics"):
        send_metrics(spark, options, objects, certificates, known.values())


if __name__ == "__main__":
    main(sys.argv)
