"""Folds changes of one dataset into its tombstones and its table, step by step.

The argument why any order, repetition and interruption gives the same table is in `jobs.merge`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.spark_schema import table_schema
from jobs.changes import DELETE, UPSERT
from jobs.fold import POSITION, greatest_deletes, newest_per_place, outranked_become_deletes
from jobs.key_text import encode_key
from jobs.lake import TOMBSTONES, Lake, committing, setting
from jobs.partitions import is_bucketed_by_key, movable, place, place_sql, pruning_sql

UNPLACED = "_unplaced"
DISTRIBUTION = "spark.sql.iceberg.distribution-mode"
_NEWER = "struct(s._version, s._tie) > struct(t._version, t._tie)"


@dataclass(frozen=True, slots=True)
class Survey:
    """What has to be known of the changes before they can be merged."""

    deletes: int
    unplaced: int  # deletes that don't say in which partition their row is
    pruning: tuple[str, ...]  # conditions on the table, `t`, that all other rows in question meet


def merge_changes(spark: SparkSession, lake: Lake, contract: Contract, batch_ids: Sequence[str]) -> None:
    """Fold the batches' changes of one dataset into its tombstones and its table."""
    changes = changes_of(spark, lake, contract, batch_ids)
    found = survey(changes, lake, contract)
    if found.deletes:
        merge_tombstones(lake, contract, greatest_deletes(changes))
    rows = fold(changes, spark.table(lake.ops(TOMBSTONES)), contract)
    if found.unplaced:
        delete_everywhere(lake, contract, rows.where(UNPLACED))
    with committing(spark, batch_ids):
        merge_rows(lake, contract, rows.where(~F.col(UNPLACED)), found.pruning)


def changes_of(spark: SparkSession, lake: Lake, contract: Contract, batch_ids: Sequence[str]) -> DataFrame:
    """The batches' changes, with `_key`, the places they name (`_place_0`, …), and whether they name none."""
    movables = movable(contract)
    unplaced = F.lit(False)
    for partition in movables:
        unplaced = unplaced | ((F.col("_op") == DELETE) & F.col(partition.column).isNull())
    return (
        spark.table(lake.changes(contract.dataset))
        .where(F.col("_batch_id").isin(*batch_ids))
        .withColumn("_key", F.coalesce("_key", encode_key(contract)))  # null in rows older than the column
        .withColumns(
            {
                f"_place_{number}": place(lake.catalog, partition, F.col(partition.column))
                for number, partition in enumerate(movables)
            }
        )
        .withColumn(UNPLACED, unplaced)
    )


def survey(changes: DataFrame, lake: Lake, contract: Contract) -> Survey:
    """Count deletes, and find the partitions that the changes are about: partition values, not rows."""
    pruned = () if is_bucketed_by_key(contract) else contract.partitions
    unplaced = F.col(UNPLACED)
    places = [
        # In a struct, since a set of bare values would leave null out.
        F.collect_set(F.when(~unplaced, F.struct(place(lake.catalog, partition, F.col(partition.column)))))
        for partition in pruned
    ]
    found: Any = changes.agg(F.count_if(F.col("_op") == DELETE), F.count_if(unplaced), *places).first()
    deletes, without_place, *values = found
    return Survey(
        deletes,
        without_place,
        tuple(
            pruning_sql(lake.catalog, partition, "t", (value[0] for value in of_partition))
            for partition, of_partition in zip(pruned, values, strict=True)
        ),
    )


def fold(changes: DataFrame, tombstones: DataFrame, contract: Contract) -> DataFrame:
    """One row for each key in each place, as `merge_rows` needs them."""
    places = [f"_place_{number}" for number, _ in enumerate(movable(contract))]
    of_dataset = tombstones.where(F.col("dataset") == contract.dataset)
    if not places:
        newest = newest_per_place(changes.drop(UNPLACED), contract.key, [])
        return outranked_become_deletes(newest, of_dataset, contract.key, []).withColumn(
            UNPLACED, F.lit(False)
        )
    newest = newest_per_place(changes, contract.key, [*places, UNPLACED])
    return outranked_become_deletes(newest, of_dataset, contract.key, places)


def merge_tombstones(lake: Lake, contract: Contract, deletes: DataFrame) -> None:
    """Keep the greatest delete of each key."""
    _sql(
        deletes.withColumn("dataset", F.lit(contract.dataset)),
        f"""
        MERGE INTO {lake.ops(TOMBSTONES)} t USING {{source}} s
        ON t.dataset = '{contract.dataset}' AND t.dataset = s.dataset AND t.key = s.key
        WHEN MATCHED AND {_NEWER} THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *
        """,
    )


def delete_everywhere(lake: Lake, contract: Contract, deletes: DataFrame) -> None:
    """Delete rows older than their key's delete in all partitions: it reads the keys of the whole table."""
    _sql(
        deletes.select(*contract.key, *POSITION),
        f"""
        MERGE INTO {lake.table(contract.dataset)} t USING {{source}} s ON {_same_key(contract)}
        WHEN MATCHED AND {_NEWER} THEN DELETE
        """,
    )


def merge_rows(lake: Lake, contract: Contract, rows: DataFrame, pruning: Sequence[str]) -> None:
    """Write what is newer than the table's rows, reading no other partitions than those the changes name."""
    columns = table_schema(contract).fieldNames()
    same_place = [
        f"{place_sql(lake.catalog, partition, 't')} <=> s._place_{number}"
        for number, partition in enumerate(movable(contract))
    ]
    statement = merge_sql(lake, contract, columns, [_same_key(contract), *same_place, *pruning])
    # Rows joined bucket by bucket are written so: any other distribution would shuffle them once more.
    with setting(rows.sparkSession, DISTRIBUTION, "none" if is_bucketed_by_key(contract) else "hash"):
        _sql(rows, statement)


def merge_sql(lake: Lake, contract: Contract, columns: Sequence[str], conditions: Sequence[str]) -> str:
    """The MERGE of a dataset's table; `{source}` stands for the folded rows."""
    # Names come from contracts, which allow no quotes in them.
    return f"""
        MERGE INTO {lake.table(contract.dataset)} t USING {{source}} s
        ON {" AND ".join(conditions)}
        WHEN MATCHED AND s._op = '{DELETE}' AND {_NEWER} THEN DELETE
        WHEN MATCHED AND s._op = '{UPSERT}' AND {_NEWER} THEN
            UPDATE SET {", ".join(f"t.`{name}` = s.`{name}`" for name in columns)}
        WHEN NOT MATCHED AND s._op = '{UPSERT}' THEN
            INSERT ({", ".join(f"`{name}`" for name in columns)})
            VALUES ({", ".join(f"s.`{name}`" for name in columns)})
    """  # noqa: S608


def _same_key(contract: Contract) -> str:
    return " AND ".join(f"t.`{name}` = s.`{name}`" for name in contract.key)


def _sql(source: DataFrame, statement: str) -> None:
    source.sparkSession.sql(statement, source=source)
