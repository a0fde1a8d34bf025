"""Glue job `certify`: checks again what `reconcile` found differing, and issues the certificates.

Reads the open comparisons (`parity/<dataset>/open/`), their mismatches, and the items and rows of these keys
alone. Writes certificates (`parity_results`, `parity/<dataset>/`, metrics) and, with `--REPAIR true`, repairs
of the drift into the RAW bucket (`repairs/`). It never writes to a dataset's table.
`jobs.parity.certification` shows when a mismatch is drift.

Safe to repeat, and to stop anywhere: a comparison is closed last. Until then each step is repeated, and
writes to the same names.
"""

import sys
from collections.abc import Sequence

import boto3

from expectations.odcs import load_contracts
from jobs.lake.session import BASE, configure
from jobs.parity.certification import certify
from jobs.parity.in_flight import Landing
from jobs.parity.metrics import send_metrics
from jobs.parity.objects import ParityObjects
from jobs.parity.options import ParityOptions
from jobs.runtime.log import step
from jobs.runtime.session import spark_session


def main(argv: Sequence[str]) -> None:
    """Certify every open comparison that has nothing in flight."""
    options = ParityOptions.from_argv(argv)
    spark = spark_session()
    configure(spark, BASE)
    s3, sqs, cloudwatch = boto3.client("s3"), boto3.client("sqs"), boto3.client("cloudwatch")
    landing = Landing.of(options.job, s3, sqs, cloudwatch)
    known = load_contracts()
    contracts = options.datasets(known)
    objects = ParityObjects(s3, options.job.lake_bucket)
    certificates = certify(spark, objects, contracts, landing, options)
    with step("certify: metrics"):
        send_metrics(spark, options, objects, certificates, known.values())


if __name__ == "__main__":
    main(sys.argv)
