"""Takes the rows of erased keys out of tables: out of what queries show, out of the files, out of the past.

Iceberg deletes a row by writing down where it is; row and statistics stay. So, table by table:

1. delete   the rows, as any delete
2. rewrite  the files that hold deleted rows; then the manifests, which name least and greatest values also of
            files that are gone. The snapshot that comes of it is *clean*.
3. expire   all snapshots before the clean one, with the files that they alone have: there is no travelling
            back in time to before an erasure
4. remove   files with such rows that no snapshot has: jobs that were ended before their commit left them

Each step looks at what is there, so it can be done again at any point. Steps 1 and 2 give way to other jobs'
commits and are made again (`jobs.lake.conflicts`). Steps 3 and 4 need that all jobs that ran at step 2 have
ended, and all batches that were open then are closed: a batch that is done again looks for its id in
snapshots (`jobs.lake.commits`), and a running job's files are in no snapshot yet.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations import timestamps
from expectations.contract import Column, Contract
from expectations.spark_literals import literal
from expectations.spark_schema import row_schema
from jobs.changes.key_text import decode_key
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.stored_files import CountRows, count_by_key, count_by_payload, rows_in_files
from jobs.lake.conflicts import retry_conflicts
from jobs.lake.iceberg import call_procedure, current_table
from jobs.lake.names import QUARANTINE, Lake

_BOUNDED = ("int", "long", "decimal", "string", "date", "timestamp")


class Seen(NamedTuple):
    """The rows of erased keys that a query of a table shows: how many, and the newest version of each key."""

    rows: int
    newest: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stock:
    """A table that may hold rows of erased keys, and how to tell which."""

    name: str  # in full
    see: Callable[[SparkSession], Seen]
    delete: Callable[[SparkSession], None]
    count: CountRows
    where: str | None  # a condition that all these rows meet, for Iceberg to pick files by


def stocks(spark: SparkSession, lake: Lake, contract: Contract, keys: ErasedKeys) -> list[Stock]:
    """The tables that exist, of those that may hold rows of the dataset's keys."""
    by_key = [
        Stock(
            name,
            partial(_see_keys, name, contract, keys),
            partial(_delete_keys, name, contract, keys),
            partial(count_by_key, keys),
            within(keys),
        )
        for name in (lake.table(contract.dataset), lake.changes(contract.dataset))
    ]
    quarantine = Stock(
        lake.ops(QUARANTINE),
        partial(_see_payloads, lake.ops(QUARANTINE), keys),
        partial(_delete_payloads, lake.ops(QUARANTINE), keys),
        partial(count_by_payload, keys),
        None,
    )
    return [stock for stock in (*by_key, quarantine) if spark.catalog.tableExists(stock.name)]


# --- rows ---------------------------------------------------------------------------------------------------


def key_frame(spark: SparkSession, contract: Contract, keys: ErasedKeys) -> DataFrame:
    """The keys as rows: `_key` and the key's columns, typed."""
    texts = spark.createDataFrame([(text,) for text in sorted(keys.texts)], "_key string")
    reads = decode_key(contract, F.col("_key"))
    types = {field.name: field.dataType for field in row_schema(contract)}
    return texts.select("_key", *(reads[name].value.cast(types[name]).alias(name) for name in contract.key))


def within(keys: ErasedKeys, table: str = "") -> str | None:
    """A condition on a table, by its alias, that all rows of the keys meet: by the bounds of each column."""
    ranges = []
    for column in keys.contract.columns:
        if column.kind in _BOUNDED:
            values = sorted((key[column.name] for key in keys.values), key=_in_order(column))
            prefix = column.kind if column.kind in ("date", "timestamp") else ""
            least, greatest = (f"{prefix}{literal(value)}" for value in (values[0], values[-1]))
            ranges.append(f"{table}`{column.name}` BETWEEN {least} AND {greatest}")
    return " AND ".join(ranges) or None


def _in_order(column: Column) -> Callable[[Any], Any]:
    """How values of a key are compared. Times come as texts, which are not in the order of the times."""
    return timestamps.parse if column.kind == "timestamp" else lambda value: value


def _see_keys(table: str, contract: Contract, keys: ErasedKeys, spark: SparkSession) -> Seen:
    spark.sql(f"REFRESH TABLE {table}")
    rows, condition = spark.table(table), within(keys)
    bounded = rows if condition is None else rows.where(condition)
    wanted = F.broadcast(key_frame(spark, contract, keys)).alias("k")
    of_keys = bounded.alias("t").join(wanted, list(contract.key)).groupBy("k._key")
    found = of_keys.agg(F.count("*").alias("rows"), F.max("t._version").alias("newest")).collect()
    newest = {row["_key"]: row["newest"] for row in found if row["newest"] is not None}
    return Seen(sum(row["rows"] for row in found), newest)


def _delete_keys(table: str, contract: Contract, keys: ErasedKeys, spark: SparkSession) -> None:
    same = [f"t.`{name}` = s.`{name}`" for name in contract.key]
    condition = " AND ".join(filter(None, [*same, within(keys, "t.")]))
    spark.sql(
        f"MERGE INTO {table} t USING {{wanted}} s ON {condition} WHEN MATCHED THEN DELETE",
        wanted=key_frame(spark, contract, keys),
    )


def _payloads(spark: SparkSession, table: str, keys: ErasedKeys) -> DataFrame:
    """The hashes of quarantined rows that are of one of the keys, one for each row."""
    spark.sql(f"REFRESH TABLE {table}")
    rows = spark.table(table).where(
        (F.col("dataset") == keys.contract.dataset) & F.col("payload").isNotNull()
    )
    return (
        rows.select("payload")
        .mapInArrow(partial(_own, keys), "payload string")
        .select(F.sha2("payload", 256).alias("hash"))
    )


def _see_payloads(table: str, keys: ErasedKeys, spark: SparkSession) -> Seen:
    return Seen(_payloads(spark, table, keys).count(), {})


def _own(keys: ErasedKeys, batches: Iterable[Any]) -> Iterable[Any]:
    import pyarrow as pa

    for batch in batches:
        owned = [keys.own_line(payload) for payload in batch.column(0).to_pylist()]
        yield batch.filter(pa.array(owned, pa.bool_()))


def _delete_payloads(table: str, keys: ErasedKeys, spark: SparkSession) -> None:
    hashes = [row["hash"] for row in _payloads(spark, table, keys).distinct().collect()]
    if hashes:
        spark.sql(
            f"MERGE INTO {table} t USING {{wanted}} s "
            f"ON t.dataset = '{keys.contract.dataset}' AND sha2(t.payload, 256) = s.hash "
            "WHEN MATCHED THEN DELETE",
            wanted=spark.createDataFrame([(one,) for one in hashes], "hash string"),
        )


# --- files and snapshots ------------------------------------------------------------------------------------


class NotClean(Exception):
    """Raised when files of a table hold erased rows after they were written again."""


def lies_in_files(spark: SparkSession, stock: Stock) -> bool:
    """Whether rows lie in a file that the newest snapshot has or has just let go of."""
    return bool(rows_in_files(spark, named_files(spark, stock.name), stock.count))


def purge(spark: SparkSession, stock: Stock) -> None:
    """Delete the rows, and write anew what holds them. NotClean if another job brought some meanwhile."""
    is_seen = stock.see(spark).rows > 0
    if is_seen:
        retry_conflicts(partial(stock.delete, spark))
    live = [path for path, is_live in named_files(spark, stock.name).items() if is_live]
    if is_seen or rows_in_files(spark, live, stock.count):
        retry_conflicts(partial(_rewrite_files, spark, stock))
    if not all(named_files(spark, stock.name).values()):
        retry_conflicts(partial(_rewrite_manifests, spark, stock.name))
    if held := rows_in_files(spark, named_files(spark, stock.name), stock.count):
        raise NotClean(
            f"{stock.name}: expected files without erased rows, got {len(held)} with some, "
            f"{next(iter(held))} for one; another job wrote to it meanwhile: run this again"
        )


def named_files(spark: SparkSession, table: str) -> dict[str, bool]:
    """The data files that the newest snapshot names; whether it has them, or says that they are gone."""
    spark.sql(f"REFRESH TABLE {table}")
    entries = spark.table(f"{table}.entries").where("data_file.content = 0")
    return {row[0]: row[1] != 2 for row in entries.select("data_file.file_path", "status").collect()}


def reachable_files(spark: SparkSession, table: str) -> set[str]:
    """The data files of all snapshots."""
    spark.sql(f"REFRESH TABLE {table}")
    return {row[0] for row in spark.table(f"{table}.all_data_files").select("file_path").distinct().collect()}


def newest(spark: SparkSession, table: str) -> int:
    """The sequence number of the newest snapshot."""
    snapshot = current_table(spark, table).currentSnapshot()
    return 0 if snapshot is None else int(snapshot.sequenceNumber())


def expire_before(spark: SparkSession, table: str, clean: int) -> int:
    """Expire the snapshots that are older than the clean one, with the files they alone have; how many."""
    found = current_table(spark, table).snapshots()
    ids = [snapshot.snapshotId() for snapshot in found if snapshot.sequenceNumber() < clean]
    if ids:
        array = ", ".join(map(str, ids))
        # Nothing is older than that time: no other snapshot goes by its age.
        arguments = (
            f", snapshot_ids => array({array}), older_than => timestamp'1970-01-01', retain_last => 1, "
            "stream_results => true"
        )
        retry_conflicts(lambda: call_procedure(spark, table, "expire_snapshots", arguments))
    return len(ids)


def location(spark: SparkSession, table: str) -> str:
    """The folder of the table's files."""
    return str(current_table(spark, table).location())


def _rewrite_files(spark: SparkSession, stock: Stock) -> None:
    where = "" if stock.where is None else f", where => {literal(stock.where)}"
    call_procedure(
        spark,
        stock.name,
        "rewrite_data_files",
        f"{where}, options => map('delete-file-threshold', '1', 'remove-dangling-deletes', 'true')",
    )


def _rewrite_manifests(spark: SparkSession, table: str) -> None:
    """Write manifests without entries of files that are gone. The procedure leaves a single one as it is."""
    found = current_table(spark, table)
    if len(found.currentSnapshot().dataManifests(found.io())) > 1:
        call_procedure(spark, table, "rewrite_manifests")
    else:
        found.rewriteManifests().clusterBy(_constant(spark)).commit()


def _constant(spark: SparkSession) -> Any:
    """A Java function that gives the same for everything: a Scala map with nothing but a default is one."""
    jvm: Any = spark._jvm
    empty = getattr(getattr(jvm.scala.collection.immutable, "Map$"), "MODULE$").empty()
    return jvm.scala.jdk.javaapi.FunctionConverters.asJavaFunction(empty.withDefaultValue(""))
