"""Glue job `reconcile`: DynamoDB against the datasets' tables, bucket by bucket; certificates of what agrees.

Reads each dataset's DynamoDB table (a parallel scan) and Iceberg table (one snapshot). Writes certificates
(`parity_results`, `parity/<dataset>/`, metrics) of datasets that agree; of the others suspects
(`parity_suspects`) and the comparison (`parity/<dataset>/open/`), which the job `certify` takes from there.

There is no moment at which both sides stand still, and none is needed. The scan begins at t1 and sees at
least all that was written before. A key that agrees shows that the table has what was written to it before
t1. One that does not may just have changed: it is looked at again when what was in flight at t1 is merged. So
a certificate says that all that was written before t1 is in the table.

Safe to repeat, and to stop anywhere: every run makes a comparison of its own time. A comparison is open once
its suspects are written; nothing refers to suspects whose comparison never was.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import boto3
from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs.lake.column_history import column_history
from jobs.lake.session import BUCKETED_JOINS, configure
from jobs.parity.certificates import Certificate, Comparison, Drift, ParityObjects
from jobs.parity.compare import (
    SUSPECT,
    bucket_count,
    compare_keys,
    count_findings,
    differing_buckets,
    item_states,
    item_sums,
    row_states,
    row_sums,
    with_bucket,
)
from jobs.parity.dynamodb_scan import scan
from jobs.parity.options import ParityOptions
from jobs.parity.tables import (
    create_parity_tables,
    current_snapshot,
    keep_suspects,
    record,
    send_metrics,
    table_at,
)
from jobs.runtime.log import log, step


def main(argv: Sequence[str]) -> None:
    """Compare each dataset; certify those that agree, leave the suspects of the others to `certify`."""
    options = ParityOptions.from_argv(argv)
    spark = SparkSession.builder.getOrCreate()
    lake = options.lake
    objects = ParityObjects(boto3.client("s3"), options.job.lake_bucket)
    contracts = options.datasets(load_contracts())
    configure(spark, BUCKETED_JOINS)
    with step("reconcile: tables"):
        create_parity_tables(spark, lake)

    certificates = []
    for contract in contracts:
        with step(f"reconcile: {contract.dataset}"):
            compared = compare(spark, contract, options)
            log("compared", **asdict(compared))
        if compared.suspects:
            with step(f"reconcile: {contract.dataset}, suspects"):
                objects.open(compared)
        else:
            certificates.append(Certificate.of(compared, datetime.now(UTC), Drift()))
            with step(f"reconcile: {contract.dataset}, record"):
                record(spark, lake, certificates[-1])
            with step(f"reconcile: {contract.dataset}, certificate"):
                objects.issue(certificates[-1])
    datasets = [contract.dataset for contract in contracts]
    with step("reconcile: metrics"):
        send_metrics(boto3.client("cloudwatch"), spark, lake, certificates, datasets)


def compare(spark: SparkSession, contract: Contract, options: ParityOptions) -> Comparison:
    """Compare one dataset and write down its suspects.

    DynamoDB is read once: what is kept of an item is its key and its state.
    """
    dataset, lake, begun = contract.dataset, options.lake, datetime.now(UTC)
    snapshot = current_snapshot(spark, lake.table(dataset))
    buckets = bucket_count(snapshot.rows if snapshot else 0)
    received = scan(spark, options.table_prefix + dataset, options.read_units_per_second)
    history = column_history(spark, lake.table(dataset), contract)
    items = with_bucket(item_states(received, contract, history), buckets).drop("is_refused", "record")
    rows = with_bucket(row_states(table_at(spark, lake, contract, snapshot), contract, history), buckets)
    items, rows = (side.persist(StorageLevel.MEMORY_AND_DISK) for side in (items, rows))
    try:
        of_items = item_sums(items)
        scanned = datetime.now(UTC)
        of_rows = row_sums(rows)
        differing = differing_buckets(of_items, of_rows)
        compared = compare_keys(items, rows, differing).persist(StorageLevel.MEMORY_AND_DISK)
        found = count_findings(compared) if differing else {}
        suspects = compared.where(F.col("finding") == "suspect").select(*(_names(SUSPECT)))
        kept = keep_suspects(lake, suspects, dataset, begun) if found.get("suspect") else 0
        compared.unpersist()
    finally:
        items.unpersist()
        rows.unpersist()
    agreeing = [one.apart for bucket, one in of_rows.items() if bucket not in set(differing)]
    return Comparison(
        dataset=dataset,
        run_id=options.job_run_id,
        verified_through=begun.isoformat(),
        scanned_until=scanned.isoformat(),
        snapshot_id=snapshot.id if snapshot else None,
        buckets=buckets,
        differing_buckets=len(differing),
        items=sum(one.count for one in of_items.values()),
        rows=sum(one.count + one.apart for one in of_rows.values()),
        drop_only=sum(agreeing) + found.get("drop_only", 0),
        outranked=found.get("outranked", 0),
        suspects=kept,
    )


def _names(columns: str) -> list[str]:
    return [column.split()[0] for column in columns.split(",")]


if __name__ == "__main__":
    main(sys.argv)
