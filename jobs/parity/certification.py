"""Checks the mismatches of open comparisons again, and issues certificates.

A mismatch about which the table is not right (`jobs.parity.drift`) is drift only if no change that was
written before the scan ended is in flight: the streams are read that far (`jobs.parity.stream_lag`), what was
read has had time to land (`--SETTLE_SECONDS`), and all that had landed by then is merged
(`jobs.parity.in_flight`). Otherwise the comparison stays open, and a later run checks it again. A run never
waits, so no cluster idles.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.lake.column_history import column_history
from jobs.lake.iceberg import planned_bytes
from jobs.lake.names import QUARANTINE, TOMBSTONES, Lake
from jobs.lake.session import configured, settings_for_bytes
from jobs.parity.certificates import Certificate, Comparison, DriftedKeys
from jobs.parity.drift import (
    DIFFERING,
    ERASED_AGAIN,
    EXPLAINED,
    EXTRA,
    MISSING,
    QUARANTINED,
    CurrentState,
    verdicts,
)
from jobs.parity.dynamodb_scan import get
from jobs.parity.in_flight import Landing, in_flight
from jobs.parity.objects import ParityObjects
from jobs.parity.options import ParityOptions
from jobs.parity.quarantined import mark_quarantined
from jobs.parity.repairs import Repair, write_repairs
from jobs.parity.stream_lag import is_behind
from jobs.parity.tables import (
    create_parity_tables,
    current_ops_table,
    current_snapshot,
    delete_mismatches,
    mismatches_of,
    record_certificate,
    table_at,
)
from jobs.runtime.log import log, step

_TOMBSTONE = "dataset string, key string, _version bigint, _tie string"
_PAYLOAD = "dataset string, payload string"


def certify(
    spark: SparkSession,
    objects: ParityObjects,
    contracts: Iterable[Contract],
    landing: Landing,
    options: ParityOptions,
) -> list[Certificate]:
    """Check every open comparison; returns the certificates of those that have nothing in flight."""
    with step("certify: tables"):
        create_parity_tables(spark, options.lake)
    certificates = []
    for contract in contracts:
        for compared in objects.list_open(contract.dataset):
            with step(f"certify: {contract.dataset} of {compared.verified_through.isoformat()}"):
                found = check_again(spark, contract, compared, landing, options)
                if isinstance(found, Certificate):
                    issue(spark, options.lake, objects, compared, found)
                    certificates.append(found)
                else:
                    objects.put_open(found)
    return certificates


def check_again(
    spark: SparkSession, contract: Contract, compared: Comparison, landing: Landing, options: ParityOptions
) -> Certificate | Comparison:
    """The certificate of a comparison, or the comparison with what is `in_flight` if it is too early."""
    until, now = compared.scanned_until + options.settle, datetime.now(UTC)
    is_early = now < until or is_behind(landing.cloudwatch, options.forwarder, compared.scanned_until, now)
    not_merged = in_flight(spark, options.lake, landing, contract.dataset, until)
    judged = judge(spark, contract, compared, options)
    try:
        wrong = judged.where(F.col("verdict") != EXPLAINED)
        count = wrong.count()
        log(
            "mismatches judged",
            dataset=contract.dataset,
            mismatches=compared.counts.mismatches,
            not_explained=count,
        )
        if not count:
            return Certificate.of(compared, datetime.now(UTC))
        if is_early or not_merged:
            log("in flight", dataset=contract.dataset, first=not_merged[:5], until=until)
            return replace(compared, in_flight=count)
        return certificate_of_drift(contract, compared, wrong, options)
    finally:
        judged.unpersist()


def judge(spark: SparkSession, contract: Contract, compared: Comparison, options: ParityOptions) -> DataFrame:
    """The verdicts on the mismatches, to be unpersisted. The order of reads matters (`jobs.parity.drift`)."""
    mismatches, dataset, lake = mismatches_of(spark, options.lake, compared), contract.dataset, options.lake
    tombstones = current_ops_table(spark, lake, TOMBSTONES, _TOMBSTONE).where(F.col("dataset") == dataset)
    table = table_at(spark, lake, contract, current_snapshot(spark, lake.table(dataset)))
    keys = mismatches.select("key")
    items = get(
        spark, contract, contract.table_name(options.table_prefix), keys, options.read_units_per_second
    )
    history = column_history(spark, lake.table(dataset), contract)
    current = CurrentState(tombstones, table, items, history)
    scanned = sum(map(planned_bytes, (mismatches, tombstones, table)))
    with configured(spark, settings_for_bytes(scanned)):
        judged = verdicts(mismatches, current, contract, compared.verified_through)
        return judged.persist(StorageLevel.MEMORY_AND_DISK)


def certificate_of_drift(
    contract: Contract, compared: Comparison, wrong: DataFrame, options: ParityOptions
) -> Certificate:
    """The certificate that names the keys that are wrong; with `--REPAIR true`, repairs are written first."""
    spark, lake = wrong.sparkSession, options.lake
    quarantine = current_ops_table(spark, lake, QUARANTINE, _PAYLOAD)
    payloads = quarantine.where(F.col("dataset") == contract.dataset)
    history = column_history(spark, lake.table(contract.dataset), contract)
    named = mark_quarantined(wrong, payloads, contract, history).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        keys, repaired, now = keys_by_verdict(named), 0, datetime.now(UTC)
        if options.repair and keys.drift:
            repair = Repair.of(compared, options.job.raw_bucket, now)
            is_drift = F.col("verdict").isin(MISSING, EXTRA, DIFFERING)
            repaired = write_repairs(named.where(is_drift), repair, keys.drift)
        return Certificate.of(compared, now, keys, repaired)
    finally:
        named.unpersist()


def keys_by_verdict(named: DataFrame) -> DriftedKeys:
    """Collect the keys of each verdict: the certificate names all of them, and nothing else is collected."""
    keys = F.sort_array(F.collect_list("key")).alias("keys")
    rows: list[Any] = named.groupBy("verdict").agg(keys).collect()
    by_verdict = {row["verdict"]: tuple(row["keys"]) for row in rows}
    return DriftedKeys(
        missing=by_verdict.get(MISSING, ()),
        extra=by_verdict.get(EXTRA, ()),
        differing=by_verdict.get(DIFFERING, ()),
        quarantined=by_verdict.get(QUARANTINED, ()),
        erased=by_verdict.get(ERASED_AGAIN, ()),
    )


def issue(
    spark: SparkSession, lake: Lake, objects: ParityObjects, compared: Comparison, certificate: Certificate
) -> None:
    """Store the certificate, then close the comparison: until then, each step is repeated."""
    name = f"certify: {compared.dataset}"
    with step(f"{name}, record"):
        record_certificate(spark, lake, certificate)
    with step(f"{name}, certificate"):
        objects.issue(certificate)
    with step(f"{name}, mismatches deleted"):
        delete_mismatches(spark, lake, compared)
    with step(f"{name}, closed"):
        objects.close(compared)
