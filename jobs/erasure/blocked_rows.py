"""Rows of erased keys in a batch that is checked: none of them becomes a change, or is kept as it came.

While a key is erased, whatever brings a row of it (a replay, an older copy, a late record, a repair) adds
nothing to the table, to `<dataset>_changes` or to the quarantine but the fact that a row came: it is
quarantined with the reason `ERASED_REASON` and without its payload, and counted as such.

The erased keys are those of the tombstones that erase leaves (`jobs.erasure.tombstones`), the same that the
merge goes by. Where a dataset has none, which Iceberg's metadata tells, nothing is done and no job is run.
"""

from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

_IS_ERASED = "_is_erased"
_QUARANTINED = ("source_file", "row_number", "payload", "reasons")


def erased_keys(spark: SparkSession, lake: Lake, contract: Contract) -> ErasedKeys | None:
    """The erased keys of the dataset; None if it has none."""
    graves = erased_tombstones(spark, lake, contract.dataset)
    if not planned_bytes(graves):
        return None
    texts = [row["key"] for row in graves.select("key").collect()]
    texts = [text for text in texts if _is_key(contract, text)]
    return ErasedKeys.of(contract, texts) if texts else None


def refuse_erased(parsed: DataFrame, contract: Contract, erased: ErasedKeys | None) -> DataFrame:
    """The parsed rows; those of erased keys have `ERASED_REASON` alone and no payload."""
    if erased is None:
        return parsed
    keys = key_frame(parsed.sparkSession, contract, erased).drop("_key").withColumn(_IS_ERASED, F.lit(True))
    joined = parsed.join(F.broadcast(keys), list(contract.key), "left")
    return _refused(joined, F.coalesce(_IS_ERASED, F.lit(False))).select(parsed.columns)


def refuse_unread(rejected: DataFrame, contract: Contract, erased: ErasedKeys | None) -> DataFrame:
    """The rejected rows; those without a readable key whose payload is of an erased key, without the payload.

    Only rows without a key are searched, in Python: all others were judged by their key (`refuse_erased`).
    """
    if erased is None:
        return rejected
    has_no_key = reduce(or_, (F.col(name).isNull() for name in contract.key))
    is_unread = has_no_key & F.col("payload").isNotNull()
    kept = rejected.where(~is_unread).select(*_QUARANTINED)
    searched = rejected.where(is_unread).select(*_QUARANTINED)
    return kept.unionByName(searched.mapInArrow(partial(_without_payloads, erased), searched.schema))


def is_refused_as_erased() -> Expression:
    """Whether a parsed row is one of an erased key."""
    return F.coalesce(F.get("reasons", F.lit(0)) == ERASED_REASON, F.lit(False))


def _refused(rows: DataFrame, is_erased: Expression) -> DataFrame:
    return rows.withColumns(
        {
            "reasons": F.when(is_erased, F.array(F.lit(ERASED_REASON))).otherwise(F.col("reasons")),
            "payload": F.when(~is_erased, F.col("payload")),
        }
    )


def _without_payloads(keys: ErasedKeys, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """What one Spark task does."""
    import pyarrow as pa

    for batch in batches:
        rows = batch.to_pylist()
        for row in rows:
            if keys.own_line(row["payload"]):
                row.update(payload=None, reasons=[ERASED_REASON])
        yield pa.RecordBatch.from_pylist(rows, batch.schema)


def _is_key(contract: Contract, text: str) -> bool:
    """Whether the text is a key of the contract; a tombstone that is of none can't name a row."""
    try:
        decode_key(contract, text)
    except InvalidKey:
        return False
    return True
