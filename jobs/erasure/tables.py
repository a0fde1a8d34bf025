"""The tables that may hold rows of erased keys, and how these rows are found and deleted by SQL."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations import timestamps
from expectations.contract import Column, Contract
from expectations.keys import RANGED_KINDS
from expectations.spark_literals import literal
from expectations.spark_schema import row_schema
from jobs.changes.key_text import decode_key
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.stored_files import CountRows, count_by_key, count_by_payload
from jobs.lake.names import QUARANTINE, Lake


class FoundRows(NamedTuple):
    """Rows of erased keys that a query of a table returns: how many, and the newest version of each key."""

    rows: int
    newest: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ErasableTable:
    """A table that may hold rows of erased keys."""

    name: str  # in full
    find: Callable[[SparkSession], FoundRows]
    delete: Callable[[SparkSession], None]
    count: CountRows  # in one of its data files
    where: str | None  # a condition that all these rows meet, by which Iceberg selects files


def erasable_tables(
    spark: SparkSession, lake: Lake, contract: Contract, keys: ErasedKeys
) -> list[ErasableTable]:
    """The dataset's table, its changes and the quarantine, those of them that exist."""
    by_key = [
        ErasableTable(
            name,
            partial(_find_by_key, name, contract, keys),
            partial(_delete_by_key, name, contract, keys),
            partial(count_by_key, keys),
            bounds(keys),
        )
        for name in (lake.table(contract.dataset), lake.changes(contract.dataset))
    ]
    quarantine = ErasableTable(
        lake.ops(QUARANTINE),
        partial(_find_by_payload, lake.ops(QUARANTINE), keys),
        partial(_delete_by_payload, lake.ops(QUARANTINE), keys),
        partial(count_by_payload, keys),
        None,
    )
    return [table for table in (*by_key, quarantine) if spark.catalog.tableExists(table.name)]


# --- rows with a key ----------------------------------------------------------------------------------------


def key_frame(spark: SparkSession, contract: Contract, keys: ErasedKeys) -> DataFrame:
    """The keys as rows: `_key` and the key's columns, typed."""
    texts = spark.createDataFrame([(text,) for text in sorted(keys.texts)], "_key string")
    reads = decode_key(contract, F.col("_key"))
    types = {field.name: field.dataType for field in row_schema(contract)}
    return texts.select("_key", *(reads[name].value.cast(types[name]).alias(name) for name in contract.key))


def bounds(keys: ErasedKeys, alias: str = "") -> str | None:
    """A condition that all rows of the keys meet: each key column lies between its least and greatest value.

    `alias` is that of the table, with its dot. None if no column of the key has such bounds.
    """
    ranges = []
    for column in keys.contract.columns:
        if column.kind in RANGED_KINDS:
            values = sorted((key[column.name] for key in keys.values), key=_order_of(column))
            prefix = column.kind if column.kind in ("date", "timestamp") else ""
            least, greatest = (f"{prefix}{literal(value)}" for value in (values[0], values[-1]))
            ranges.append(f"{alias}`{column.name}` BETWEEN {least} AND {greatest}")
    return " AND ".join(ranges) or None


def _order_of(column: Column) -> Callable[[Any], Any]:
    """The sort key of a key column's values. Times are texts here, which sort otherwise than times."""
    return timestamps.parse if column.kind == "timestamp" else lambda value: value


def _find_by_key(table: str, contract: Contract, keys: ErasedKeys, spark: SparkSession) -> FoundRows:
    spark.sql(f"REFRESH TABLE {table}")
    rows, condition = spark.table(table), bounds(keys)
    bounded = rows if condition is None else rows.where(condition)
    wanted = F.broadcast(key_frame(spark, contract, keys)).alias("k")
    of_keys = bounded.alias("t").join(wanted, list(contract.key)).groupBy("k._key")
    found = of_keys.agg(F.count("*").alias("rows"), F.max("t._version").alias("newest")).collect()
    newest = {row["_key"]: row["newest"] for row in found if row["newest"] is not None}
    return FoundRows(sum(row["rows"] for row in found), newest)


def _delete_by_key(table: str, contract: Contract, keys: ErasedKeys, spark: SparkSession) -> None:
    same_key = [f"t.`{name}` = s.`{name}`" for name in contract.key]
    condition = " AND ".join(filter(None, [*same_key, bounds(keys, "t.")]))
    spark.sql(
        f"MERGE INTO {table} t USING {{wanted}} s ON {condition} WHEN MATCHED THEN DELETE",
        wanted=key_frame(spark, contract, keys),
    )


# --- rows with a payload ------------------------------------------------------------------------------------


def _payload_hashes(spark: SparkSession, table: str, keys: ErasedKeys) -> DataFrame:
    """`hash`: the SHA-256 of the payload, for each quarantined row of one of the keys."""
    spark.sql(f"REFRESH TABLE {table}")
    rows = spark.table(table).where(
        (F.col("dataset") == keys.contract.dataset) & F.col("payload").isNotNull()
    )
    return (
        rows.select("payload")
        .mapInArrow(partial(_payloads_of_keys, keys), "payload string")
        .select(F.sha2("payload", 256).alias("hash"))
    )


def _payloads_of_keys(keys: ErasedKeys, batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    """What one Spark task does."""
    for batch in batches:
        is_of_keys = [keys.own_line(payload) for payload in batch.column(0).to_pylist()]
        yield batch.filter(pa.array(is_of_keys, pa.bool_()))


def _find_by_payload(table: str, keys: ErasedKeys, spark: SparkSession) -> FoundRows:
    return FoundRows(_payload_hashes(spark, table, keys).count(), {})


def _delete_by_payload(table: str, keys: ErasedKeys, spark: SparkSession) -> None:
    hashes = [row["hash"] for row in _payload_hashes(spark, table, keys).distinct().collect()]
    if hashes:
        spark.sql(
            f"MERGE INTO {table} t USING {{wanted}} s "
            f"ON t.dataset = '{keys.contract.dataset}' AND sha2(t.payload, 256) = s.hash "
            "WHEN MATCHED THEN DELETE",
            wanted=spark.createDataFrame([(one,) for one in hashes], "hash string"),
        )
