"""Glue job `certify`: looks again at what `reconcile` found differing, and issues the certificates.

Reads the open comparisons (`parity/<dataset>/open/`), their suspects, and the items and rows of these alone.
Writes certificates (`parity_results`, `parity/<dataset>/`, metrics) and, with `--REPAIR true`, repairs of the
drift into the RAW bucket (`repairs/`). It never writes to a dataset's table.

A suspect that the table is not right about (`jobs.parity.drift`) is drift only if nothing is in flight that
was written before the scan ended: the streams are read so far (`jobs.parity.stream_lag`), enough time has
passed for what was read to land (`--SETTLE_SECONDS`), and all that had landed by then is merged
(`jobs.parity.in_flight`). Otherwise the comparison stays open, and a later run looks again; a run never
waits, so that no cluster idles while others work.

Safe to repeat, and to stop anywhere: a comparison is closed last. Until then each step is done again, to the
same names.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.odcs import load_contracts
from jobs.intake.batches import Batches
from jobs.lake.column_history import column_history
from jobs.lake.names import QUARANTINE, TOMBSTONES, Lake
from jobs.lake.session import BASE, configure
from jobs.parity.certificates import Certificate, Comparison, Drift, ParityObjects
from jobs.parity.drift import (
    DIFFERING,
    ERASED_AGAIN,
    EXTRA,
    FINE,
    MISSING,
    QUARANTINED,
    Now,
    mark_quarantined,
    verdicts,
)
from jobs.parity.dynamodb_scan import get
from jobs.parity.in_flight import Landing, in_flight
from jobs.parity.options import ParityOptions
from jobs.parity.repairs import Repair, write_repairs
from jobs.parity.stream_lag import is_behind
from jobs.parity.tables import (
    create_parity_tables,
    current_snapshot,
    forget_suspects,
    ops_table_at,
    record,
    send_metrics,
    suspects_of,
    table_at,
)
from jobs.runtime.log import log, step

_TOMBSTONE = "dataset string, key string, _version bigint, _tie string"
_PAYLOAD = "dataset string, payload string"


def main(argv: Sequence[str]) -> None:
    """Confirm every open comparison whose suspects are settled."""
    options = ParityOptions.from_argv(argv)
    spark = SparkSession.builder.getOrCreate()
    configure(spark, BASE)
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    objects, batches = ParityObjects(s3, options.job.lake_bucket), Batches(s3, options.job.lake_bucket)
    cloudwatch = boto3.client("cloudwatch")
    landing = Landing(s3, sqs, cloudwatch, options.job.raw_bucket, options.job.intake_queue_url, batches)
    contracts = options.datasets(load_contracts())
    with step("certify: tables"):
        create_parity_tables(spark, options.lake)

    certificates = []
    for contract in contracts:
        for compared in objects.waiting(contract.dataset):
            with step(f"certify: {contract.dataset} of {compared.verified_through}"):
                found = confirm(spark, contract, compared, landing, options)
                if isinstance(found, Certificate):
                    issue(spark, options.lake, objects, compared, found)
                    certificates.append(found)
                else:
                    objects.open(found)
    datasets = [contract.dataset for contract in contracts]
    with step("certify: metrics"):
        send_metrics(cloudwatch, spark, options.lake, certificates, datasets)


def confirm(
    spark: SparkSession, contract: Contract, compared: Comparison, landing: Landing, options: ParityOptions
) -> Certificate | Comparison:
    """The certificate; the comparison, with what is `in_flight`, if it is too early for one."""
    scanned = datetime.fromisoformat(compared.scanned_until)
    until, now = scanned + options.settle, datetime.now(UTC)
    is_early = now < until or is_behind(landing.cloudwatch, options.forwarder, scanned, now)
    on_their_way = in_flight(spark, options.lake, landing, contract.dataset, until)
    judged = judge(spark, contract, compared, options).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        wrong = judged.where(F.col("verdict") != FINE)
        count = wrong.count()
        log("suspects judged", dataset=contract.dataset, suspects=compared.suspects, not_explained=count)
        if count and (is_early or on_their_way):
            log("in flight", dataset=contract.dataset, first=on_their_way[:5], until=until)
            return replace(compared, in_flight=count)
        return certify(contract, compared, wrong, options) if count else agreed(compared)
    finally:
        judged.unpersist()


def judge(spark: SparkSession, contract: Contract, compared: Comparison, options: ParityOptions) -> DataFrame:
    """The verdicts on the suspects. The order of the reads matters (`jobs.parity.drift`)."""
    suspects, dataset, lake = suspects_of(spark, options.lake, compared), contract.dataset, options.lake
    tombstones = ops_table_at(spark, lake, TOMBSTONES, _TOMBSTONE).where(F.col("dataset") == dataset)
    table = table_at(spark, lake, contract, current_snapshot(spark, lake.table(dataset)))
    keys = suspects.select("key")
    items = get(spark, options.table_prefix + dataset, keys, options.read_units_per_second)
    history = column_history(spark, lake.table(dataset), contract)
    return verdicts(suspects, Now(tombstones, table, items, history), contract, compared.at)


def agreed(compared: Comparison) -> Certificate:
    """The certificate of a comparison whose suspects were all on their way."""
    return Certificate.of(compared, datetime.now(UTC), Drift())


def certify(
    contract: Contract, compared: Comparison, wrong: DataFrame, options: ParityOptions
) -> Certificate:
    """The certificate that names what is wrong; repairs, if they are wanted, are written first."""
    spark, lake = wrong.sparkSession, options.lake
    quarantine = ops_table_at(spark, lake, QUARANTINE, _PAYLOAD)
    payloads = quarantine.where(F.col("dataset") == contract.dataset)
    history = column_history(spark, lake.table(contract.dataset), contract)
    named = mark_quarantined(wrong, payloads, contract, history).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        drift, repaired, now = collect_drift(named), 0, datetime.now(UTC)
        if options.repair and drift.count:
            repair = Repair.of(compared, options.job.raw_bucket, now)
            is_drift = F.col("verdict").isin(MISSING, EXTRA, DIFFERING)
            repaired = write_repairs(named.where(is_drift), repair, drift.count)
        return Certificate.of(compared, now, drift, repaired)
    finally:
        named.unpersist()


def collect_drift(named: DataFrame) -> Drift:
    """The keys by verdict: what the certificate has to name, and no more of them."""
    keys = F.sort_array(F.collect_list("key")).alias("keys")
    rows: list[Any] = named.groupBy("verdict").agg(keys).collect()
    by_verdict = {row["verdict"]: tuple(row["keys"]) for row in rows}
    kinds = (MISSING, EXTRA, DIFFERING, QUARANTINED, ERASED_AGAIN)
    return Drift(*(by_verdict.get(kind, ()) for kind in kinds))


def issue(
    spark: SparkSession, lake: Lake, objects: ParityObjects, compared: Comparison, certificate: Certificate
) -> None:
    """Put the certificate where it is looked for, then close the comparison."""
    name = f"certify: {compared.dataset}"
    with step(f"{name}, record"):
        record(spark, lake, certificate)
    with step(f"{name}, certificate"):
        objects.issue(certificate)
    with step(f"{name}, suspects forgotten"):
        forget_suspects(spark, lake, compared)
    with step(f"{name}, closed"):
        objects.close(compared)


if __name__ == "__main__":
    main(sys.argv)
