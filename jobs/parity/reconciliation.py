"""Compares DynamoDB with the datasets' tables, bucket by bucket, and certifies what agrees.

There is no moment at which both sides stand still, and none is needed. The scan begins at t1 and sees at
least all writes before t1. A key that agrees shows that the table has what was written to it before t1. A key
that does not agree may just have changed: `jobs.parity.certification` checks it again when what was in flight
at t1 is merged. So a certificate states that all writes before t1 are in the table.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.lake.column_history import column_history
from jobs.parity.buckets import bucket_count, differing_buckets, item_sums, row_sums, with_bucket
from jobs.parity.certificates import Certificate, Comparison, Counts
from jobs.parity.compare import compare_keys, count_findings
from jobs.parity.dynamodb_scan import scan
from jobs.parity.objects import ParityObjects
from jobs.parity.options import ParityOptions
from jobs.parity.states import item_states, row_states
from jobs.parity.tables import (
    append_mismatches,
    create_parity_tables,
    current_snapshot,
    record_certificate,
    table_at,
)
from jobs.runtime.log import log, step


def reconcile(
    spark: SparkSession, objects: ParityObjects, contracts: Iterable[Contract], options: ParityOptions
) -> list[Certificate]:
    """Compare each dataset; returns the certificates of those that agree.

    The comparisons of the others are left open for `jobs.parity.certification.certify`.
    """
    with step("reconcile: tables"):
        create_parity_tables(spark, options.lake)
    certificates = []
    for contract in contracts:
        with step(f"reconcile: {contract.dataset}"):
            compared = compare(spark, contract, options)
            log("compared", **compared.to_dict())
        if compared.counts.mismatches:
            with step(f"reconcile: {contract.dataset}, mismatches"):
                objects.put_open(compared)
        else:
            certificate = Certificate.of(compared, datetime.now(UTC))
            certificates.append(certificate)
            with step(f"reconcile: {contract.dataset}, record"):
                record_certificate(spark, options.lake, certificate)
            with step(f"reconcile: {contract.dataset}, certificate"):
                objects.issue(certificate)
    return certificates


def compare(spark: SparkSession, contract: Contract, options: ParityOptions) -> Comparison:
    """Compare one dataset and store its mismatches.

    DynamoDB is read once: of each item, its key and its state are kept.
    """
    dataset, lake, begun = contract.dataset, options.lake, datetime.now(UTC)
    snapshot = current_snapshot(spark, lake.table(dataset))
    buckets = bucket_count(snapshot.rows if snapshot else 0)
    received = scan(spark, contract, contract.table_name(options.table_prefix), options.read_units_per_second)
    history = column_history(spark, lake.table(dataset), contract)
    items = with_bucket(item_states(received, contract, history), buckets).drop("is_rejected", "record")
    rows = with_bucket(row_states(table_at(spark, lake, contract, snapshot), contract, history), buckets)
    items, rows = (side.persist(StorageLevel.MEMORY_AND_DISK) for side in (items, rows))
    try:
        of_items = item_sums(items)
        scanned = datetime.now(UTC)
        of_rows = row_sums(rows)
        differing = differing_buckets(of_items, of_rows)
        compared = compare_keys(items, rows, differing).persist(StorageLevel.MEMORY_AND_DISK)
        found = count_findings(compared) if differing else {}
        mismatches = compared.where(F.col("finding") == "mismatch").drop("finding")
        stored = append_mismatches(lake, mismatches, dataset, begun) if found.get("mismatch") else 0
        compared.unpersist()
    finally:
        items.unpersist()
        rows.unpersist()
    agreeing = sum(one.apart for bucket, one in of_rows.items() if bucket not in set(differing))
    counts = Counts(
        buckets=buckets,
        differing_buckets=len(differing),
        mismatches=stored,
        items=sum(one.count for one in of_items.values()),
        rows=sum(one.count + one.apart for one in of_rows.values()),
        drop_only=agreeing + found.get("drop_only", 0),
        outranked=found.get("outranked", 0),
    )
    snapshot_id = snapshot.id if snapshot else None
    return Comparison(dataset, options.job_run_id, begun, scanned, snapshot_id, counts)
