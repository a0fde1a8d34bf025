"""Compares DynamoDB with the datasets' tables, bucket by bucket, and certifies what agrees.

There is no moment at which both sides stand still, and none is needed. The scan begins at t1 and sees at
least all writes before t1. A key that agrees shows that the table has what was written to it before t1. A key
that does not agree may just have changed: `jobs.parity.certification` checks it again when what was in flight
at t1 is merged. So a certificate states that all writes before t1 are in the table.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.lake.column_history import column_history
from jobs.lake.iceberg import planned_bytes
from jobs.lake.session import configured, settings_for_bytes
from jobs.parity.buckets import bucket_count, differing_buckets, item_sums, row_sums, with_bucket
from jobs.parity.certificates import Certificate, Comparison, Counts
from jobs.parity.compare import compare_keys, count_findings
from jobs.parity.dynamodb_scan import Scanned, scan
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
    return [
        certificate
        for some in by_table(contracts, options)
        for certificate in _reconcile_table(spark, objects, some, options)
    ]


def by_table(contracts: Iterable[Contract], options: ParityOptions) -> list[list[Contract]]:
    """The contracts, those of one DynamoDB table together."""
    tables: dict[str, list[Contract]] = {}
    for contract in contracts:
        tables.setdefault(contract.table_name(options.table_prefix), []).append(contract)
    return list(tables.values())


def _reconcile_table(
    spark: SparkSession, objects: ParityObjects, contracts: Sequence[Contract], options: ParityOptions
) -> list[Certificate]:
    """Compare the datasets of one table, which is scanned once, and as of the time at which that began."""
    begun = datetime.now(UTC)
    with scan_table(spark, contracts, options) as scanned:
        found = [_reconcile(spark, objects, contract, options, scanned, begun) for contract in contracts]
    return [certificate for certificate in found if certificate is not None]


def _reconcile(  # noqa: PLR0913, PLR0917 -- what a comparison is made of
    spark: SparkSession,
    objects: ParityObjects,
    contract: Contract,
    options: ParityOptions,
    scanned: Scanned,
    begun: datetime,
) -> Certificate | None:
    with step(f"reconcile: {contract.dataset}"):
        compared = compare(spark, contract, options, scanned, begun)
        log("compared", **compared.to_dict())
    if compared.counts.mismatches:
        with step(f"reconcile: {contract.dataset}, mismatches"):
            objects.put_open(compared)
        return None
    certificate = Certificate.of(compared, datetime.now(UTC))
    with step(f"reconcile: {contract.dataset}, record"):
        record_certificate(spark, options.lake, certificate)
    with step(f"reconcile: {contract.dataset}, certificate"):
        objects.issue(certificate)
    return certificate


@contextmanager
def scan_table(
    spark: SparkSession, contracts: Sequence[Contract], options: ParityOptions
) -> Iterator[Scanned]:
    """The items of the contracts' table. If it has items of several datasets, they are kept once read."""
    table = contracts[0].table_name(options.table_prefix)
    scanned = scan(spark, contracts, table, options.read_units_per_second)
    with _kept(*([scanned.items] if contracts[0].table.entities else [])):
        yield scanned


@contextmanager
def _kept(*frames: DataFrame) -> Iterator[None]:
    """Keep what is read of the frames in memory or on disk, until the context ends or fails."""
    for frame in frames:
        frame.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield
    finally:
        for frame in frames:
            frame.unpersist()


def compare(
    spark: SparkSession, contract: Contract, options: ParityOptions, scanned: Scanned, begun: datetime
) -> Comparison:
    """Compare one dataset and store its mismatches.

    DynamoDB is read once: of each item, its key and its state are kept.
    """
    dataset, lake = contract.dataset, options.lake
    snapshot = current_snapshot(spark, lake.table(dataset))
    buckets = bucket_count(snapshot.rows if snapshot else 0)
    history = column_history(spark, lake.table(dataset), contract)
    states = item_states(scanned.of(contract), contract, history)
    items = with_bucket(states, buckets).drop("is_rejected", "record")
    table = table_at(spark, lake, contract, snapshot)
    rows = with_bucket(row_states(table, contract, history), buckets)
    settings = settings_for_bytes(scanned.table_bytes + planned_bytes(table))
    with configured(spark, settings), _kept(items, rows):
        of_items = item_sums(items)
        until = datetime.now(UTC)
        of_rows = row_sums(rows)
        differing = differing_buckets(of_items, of_rows)
        compared = compare_keys(items, rows, differing)
        with _kept(compared):
            found = count_findings(compared) if differing else {}
            mismatches = compared.where(F.col("finding") == "mismatch").drop("finding")
            stored = append_mismatches(lake, mismatches, dataset, begun) if found.get("mismatch") else 0
    agreeing = sum(one.apart for bucket, one in of_rows.items() if bucket not in set(differing))
    counts = Counts(
        buckets=buckets,
        differing_buckets=len(differing),
        mismatches=stored,
        items=sum(one.count for one in of_items.values()),
        rows=sum(one.count + one.apart for one in of_rows.values()),
        drop_only=agreeing + found.get("drop_only", 0),
        outranked=found.get("outranked", 0),
        unclaimed=scanned.unclaimed() if contract.table.entities else 0,
    )
    snapshot_id = snapshot.id if snapshot else None
    return Comparison(dataset, options.job_run_id, begun, until, snapshot_id, counts)
