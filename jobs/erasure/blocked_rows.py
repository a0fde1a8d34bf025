"""Rows of erased keys in a batch that is checked: none becomes a change, and none keeps its payload.

While a key is erased, a row of it may still come: by a replay, an older copy, a late record, a repair. It
adds nothing to the table and to `<dataset>_changes`; the quarantine gets a row with the reason
`ERASED_REASON` and no payload, so that the counts of the batch add up.

The erased keys are those of the tombstones that the phase `block` writes (`jobs.erasure.tombstones`), as for
the merge. For a dataset without any, which Iceberg's metadata shows, no Spark job runs.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial, reduce
from operator import or_

import pyarrow as pa
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.keys import InvalidKey, decode_key
from jobs.changes.reasons import ERASED_REASON
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.tables import key_frame
from jobs.erasure.tombstones import erased_tombstones
from jobs.lake.iceberg import planned_bytes
from jobs.lake.names import Lake

_IS_ERASED = "_is_erased"
_QUARANTINED = ("source_file", "row_number", "payload", "reasons")


def datasets_with_erased_keys(spark: SparkSession, lake: Lake, datasets: Sequence[str]) -> set[str]:
    """Those of the datasets that have erased keys: one look at the table for all of them.

    An erasure that begins later removes the rows itself, when this run has ended (`jobs.erase`).
    """
    tombstones = erased_tombstones(spark, lake, *datasets)
    if not datasets or not planned_bytes(tombstones):
        return set()
    return {row["dataset"] for row in tombstones.select("dataset").distinct().collect()}


def erased_keys(spark: SparkSession, lake: Lake, contract: Contract) -> ErasedKeys | None:
    """The erased keys of the dataset; None if it has none."""
    tombstones = erased_tombstones(spark, lake, contract.dataset)
    if not planned_bytes(tombstones):
        return None
    texts = [row["key"] for row in tombstones.select("key").collect()]
    texts = [text for text in texts if _is_key(contract, text)]
    return ErasedKeys.of(contract, texts) if texts else None


def refuse_erased(parsed: DataFrame, contract: Contract, erased: ErasedKeys | None) -> DataFrame:
    """The parsed rows; those of erased keys with `ERASED_REASON` as their only reason and without payload."""
    if erased is None:
        return parsed
    keys = key_frame(parsed.sparkSession, contract, erased).drop("_key").withColumn(_IS_ERASED, F.lit(True))
    joined = parsed.join(F.broadcast(keys), list(contract.key), "left")
    return _refused(joined, F.coalesce(_IS_ERASED, F.lit(False))).select(parsed.columns)


def refuse_unread(rejected: DataFrame, contract: Contract, erased: ErasedKeys | None) -> DataFrame:
    """The rejected rows; those whose key is unreadable and whose payload is of an erased key, without the
    payload.

    Only rows without a key are searched, in Python. `refuse_erased` has judged all others by their key.
    """
    if erased is None:
        return rejected
    has_no_key = reduce(or_, (F.col(name).isNull() for name in contract.key))
    is_unread = has_no_key & F.col("payload").isNotNull()
    kept = rejected.where(~is_unread).select(*_QUARANTINED)
    searched = rejected.where(is_unread).select(*_QUARANTINED)
    return kept.unionByName(searched.mapInArrow(partial(_without_payloads, erased), searched.schema))


def is_refused_as_erased() -> Expression:
    """Whether `refuse_erased` has refused a parsed row."""
    return F.coalesce(F.get("reasons", F.lit(0)) == ERASED_REASON, F.lit(False))


def _refused(rows: DataFrame, is_erased: Expression) -> DataFrame:
    return rows.withColumns(
        {
            "reasons": F.when(is_erased, F.array(F.lit(ERASED_REASON))).otherwise(F.col("reasons")),
            "payload": F.when(~is_erased, F.col("payload")),
        }
    )


def _without_payloads(keys: ErasedKeys, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What one Spark task does."""
    for batch in batches:
        rows = batch.to_pylist()
        for row in rows:
            if keys.own_line(row["payload"]):
                row.update(payload=None, reasons=[ERASED_REASON])
        yield pa.RecordBatch.from_pylist(rows, batch.schema)


def _is_key(contract: Contract, text: str) -> bool:
    """Whether the text is a key of the contract. A tombstone of any other text names no row."""
    try:
        decode_key(contract, text)
    except InvalidKey:
        return False
    return True
