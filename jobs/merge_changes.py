"""Folds changes of one dataset into its tombstones and its table, step by step.

The argument why any order, repetition and interruption gives the same table is in `jobs.merge`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract, Partition
from expectations.spark_schema import table_schema
from jobs.changes import DELETE, RETRACT, UPSERT
from jobs.conflicts import after_conflicts
from jobs.fold import POSITION, greatest_deletes, newest_per_place, outranked_become_deletes
from jobs.freshness import Arrivals, arrivals
from jobs.key_text import encode_key
from jobs.lake import TOMBSTONES, Lake, committing, setting
from jobs.partitions import MOST_LISTED, is_bucketed_by_key, movable, place_sets, place_sql, pruning_sql
from jobs.places import (
    UNPLACED,
    elsewhere_sql,
    key_bounds,
    place_names,
    places_of,
    rows_elsewhere,
    within_bounds,
)
from jobs.tables import may_hold

DISTRIBUTION = "spark.sql.iceberg.distribution-mode"
_NEWER = "struct(s._version, s._tie) > struct(t._version, t._tie)"
_SAME_POSITION = "t._version <=> s._version AND t._tie <=> s._tie"


@dataclass(frozen=True, slots=True)
class Survey:
    """What has to be known of the changes before they can be merged."""

    changes: int
    deletes: int
    retracts: int
    oldest: int  # the least version; no tombstone below it outranks a change
    arrived: Arrivals
    in_bounds: str  # a condition on the table, `t`, that all rows of the changes' keys meet
    elsewhere: str  # … and those of them that lie where no change of theirs says (`jobs.places`)
    places: tuple[frozenset[Any], ...]  # that the changes name, for each partition that rules anything out


def merge_changes(spark: SparkSession, lake: Lake, contract: Contract, batch_ids: Sequence[str]) -> Arrivals:
    """Fold the batches' changes of one dataset into its tombstones and its table; retracts come first.

    Returns when the changes, which the table now shows, had come to their doors.
    """
    with _read_once(changes_of(spark, lake, contract, batch_ids), contract) as received:
        found = survey(received, lake, contract)
        if found is None:
            return Arrivals()
        if found.retracts:
            apply_retracts(lake, contract, received.where(F.col("_op") == RETRACT), found.in_bounds)
        if found.changes > found.retracts:
            changes = received.where(F.col("_op") != RETRACT)
            # Looked for before the batches' own are among them: those are deletes that the fold has anyway.
            tombstones = tombstones_since(spark, lake, contract, found.oldest)
            if found.deletes:
                merge_tombstones(lake, contract, greatest_deletes(changes))
            changes, places = with_rows_elsewhere(changes, lake, contract, found)
            rows = fold(changes, tombstones, contract)
            pruning = [
                pruning_sql(lake.catalog, partition, "t", values)
                for partition, values in zip(_pruned(contract), places, strict=True)
            ]
            with committing(spark, batch_ids):
                merge_rows(lake, contract, rows.where(~F.col(UNPLACED)), pruning)
        return found.arrived


@contextmanager
def _read_once(changes: DataFrame, contract: Contract) -> Iterator[DataFrame]:
    """The changes, which several steps look at, kept in memory or on disk until the context ends.

    Not those of a table in buckets: Spark joins them as they lie in files, and would shuffle a copy.
    """
    if is_bucketed_by_key(contract):
        yield changes
        return
    kept = changes.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield kept
    finally:
        kept.unpersist()


def changes_of(spark: SparkSession, lake: Lake, contract: Contract, batch_ids: Sequence[str]) -> DataFrame:
    """The batches' changes, with the places they name (`_place_0`, …), and whether they name none."""
    unplaced = F.lit(False)
    for partition in movable(contract):
        unplaced = unplaced | ((F.col("_op") != UPSERT) & F.col(partition.column).isNull())
    changes = spark.table(lake.changes(contract.dataset)).where(F.col("_batch_id").isin(*batch_ids))
    return changes.withColumns(
        {
            "_key": F.coalesce("_key", encode_key(contract)),  # null in rows older than the column
            **places_of(changes, lake, contract),
            UNPLACED: unplaced,
        }
    )


def survey(changes: DataFrame, lake: Lake, contract: Contract) -> Survey | None:
    """Count the changes, and find what they are about: bounds of keys and partition values, not rows.

    One look at them tells this of all, and of those that name one place. None if there are no changes.
    """
    op, places = F.col("_op"), place_names(contract)
    found = (
        changes.groupingSets([[*places, UNPLACED], []], *places, UNPLACED)
        .agg(
            F.grouping(UNPLACED).alias("_of_all"),
            F.count("*").alias("changes"),
            F.count_if(op == DELETE).alias("deletes"),
            F.count_if(op == RETRACT).alias("retracts"),
            F.min("_version").alias("oldest"),
            F.struct(*arrivals()).alias("arrived"),
            F.struct(*key_bounds(contract)).alias("bounds"),
            F.struct(*place_sets(lake.catalog, _pruned(contract), ~F.col(UNPLACED))).alias("places"),
        )
        .collect()
    )
    named = [
        (None if row[UNPLACED] else [row[name] for name in places], row["bounds"])
        for row in found
        if not row["_of_all"]
    ]
    for row in found:
        if row["_of_all"]:
            in_bounds = within_bounds(contract, row["bounds"])
            return Survey(
                row["changes"],
                row["deletes"],
                row["retracts"],
                row["oldest"],
                Arrivals(*row["arrived"]),
                in_bounds,
                elsewhere_sql(lake, contract, named) if len(named) <= MOST_LISTED else in_bounds,
                _sets(row["places"]),
            )
    return None


def with_rows_elsewhere(
    changes: DataFrame, lake: Lake, contract: Contract, found: Survey
) -> tuple[DataFrame, tuple[frozenset[Any], ...]]:
    """The changes with the rows of their keys that lie elsewhere, and the places of both."""
    table = changes.sparkSession.table(lake.table(contract.dataset)).alias("t")
    if not movable(contract) or not may_hold(table.where(found.elsewhere)):
        return changes, found.places
    elsewhere = rows_elsewhere(changes, lake, contract, found.elsewhere)
    if elsewhere is None:
        return changes, found.places
    rows, there = elsewhere
    of_partition = dict(zip(movable(contract), there, strict=True))
    places = tuple(
        named | of_partition.get(partition, frozenset())
        for partition, named in zip(_pruned(contract), found.places, strict=True)
    )
    return changes.unionByName(rows, allowMissingColumns=True), places


def tombstones_since(spark: SparkSession, lake: Lake, contract: Contract, oldest: int) -> DataFrame | None:
    """The dataset's tombstones of at least this version; None where no file can hold one.

    Mostly none can: what is deleted stays so, and changes are newer than the deletes of the day before. Then
    the fold need not look, which would take longer than all else that it does.
    """
    of_dataset, since = F.col("dataset") == contract.dataset, F.col("_version") >= oldest
    tombstones = spark.table(lake.ops(TOMBSTONES)).where(of_dataset & since)
    return tombstones if may_hold(tombstones) else None


def fold(changes: DataFrame, tombstones: DataFrame | None, contract: Contract) -> DataFrame:
    """One row for each key in each place, as `merge_rows` needs them."""
    places = [*place_names(contract), UNPLACED] if movable(contract) else []
    newest = newest_per_place(changes, contract.key, places)
    return outranked_become_deletes(newest, tombstones, contract.key, places)


def apply_retracts(lake: Lake, contract: Contract, retracts: DataFrame, in_bounds: str) -> None:
    """Take away the row and the tombstone that stand at exactly these positions of their keys.

    Of the two, only one can be what is wrong; the other stands elsewhere and is left alone.
    """
    # Copied for the sake of tables in buckets, as in jobs.fold.
    positions = retracts.select(*contract.key, "_key", *POSITION).distinct().localCheckpoint()
    _sql(
        positions,
        f"""
        MERGE INTO {lake.ops(TOMBSTONES)} t USING {{source}} s
        ON t.dataset = '{contract.dataset}' AND t.key = s._key AND {_SAME_POSITION}
        WHEN MATCHED THEN DELETE
        """,
    )
    _sql(
        positions,
        f"""
        MERGE INTO {lake.table(contract.dataset)} t USING {{source}} s
        ON {_same_key(contract)} AND {in_bounds} AND {_SAME_POSITION}
        WHEN MATCHED THEN DELETE
        """,
    )


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
    """  # noqa: S608 -- names of ours and of contracts


def _pruned(contract: Contract) -> tuple[Partition, ...]:
    """The partitions whose values rule out files: changes touch all buckets of the key anyway."""
    return () if is_bucketed_by_key(contract) else contract.partitions


def _sets(found: Iterable[Any]) -> tuple[frozenset[Any], ...]:
    return tuple(frozenset(value[0] for value in values) for values in found)


def _same_key(contract: Contract) -> str:
    return " AND ".join(f"t.`{name}` = s.`{name}`" for name in contract.key)


def _sql(source: DataFrame, statement: str) -> None:
    after_conflicts(lambda: source.sparkSession.sql(statement, source=source))
