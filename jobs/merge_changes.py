"""Folds changes of one dataset into its tombstones and its table, step by step.

The argument why any order, repetition and interruption gives the same table is in `jobs.merge`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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
from jobs.partitions import is_bucketed_by_key, movable, place_sets, place_sql, pruning_sql
from jobs.places import UNPLACED, key_bounds, place_names, places_of, rows_elsewhere, within_bounds

DISTRIBUTION = "spark.sql.iceberg.distribution-mode"
_NEWER = "struct(s._version, s._tie) > struct(t._version, t._tie)"
_SAME_POSITION = "t._version <=> s._version AND t._tie <=> s._tie"


@dataclass(frozen=True, slots=True)
class Survey:
    """What has to be known of the changes before they can be merged."""

    changes: int
    deletes: int
    retracts: int
    in_bounds: str  # a condition on the table, `t`, that all rows of the changes' keys meet
    arrived: Arrivals
    places: tuple[frozenset[Any], ...]  # that the changes name, for each partition that rules anything out


def merge_changes(spark: SparkSession, lake: Lake, contract: Contract, batch_ids: Sequence[str]) -> Arrivals:
    """Fold the batches' changes of one dataset into its tombstones and its table; retracts come first.

    Returns when the changes, which the table now shows, had come to their doors.
    """
    received = changes_of(spark, lake, contract, batch_ids)
    found = survey(received, lake, contract)
    if found.retracts:
        apply_retracts(lake, contract, received.where(F.col("_op") == RETRACT), found.in_bounds)
    if found.changes == found.retracts:
        return found.arrived
    changes = received.where(F.col("_op") != RETRACT)
    if found.deletes:
        merge_tombstones(lake, contract, greatest_deletes(changes))
    places = found.places
    if movable(contract):
        elsewhere = rows_elsewhere(changes, lake, contract, found.in_bounds)
        if elsewhere is not None:
            there = places_named(elsewhere, lake, contract)
            places = tuple(named | others for named, others in zip(places, there, strict=True))
            changes = changes.unionByName(elsewhere, allowMissingColumns=True)
    rows = fold(changes, spark.table(lake.ops(TOMBSTONES)), contract)
    pruning = [
        pruning_sql(lake.catalog, partition, "t", values)
        for partition, values in zip(_pruned(contract), places, strict=True)
    ]
    with committing(spark, batch_ids):
        merge_rows(lake, contract, rows.where(~F.col(UNPLACED)), pruning)
    return found.arrived


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


def survey(changes: DataFrame, lake: Lake, contract: Contract) -> Survey:
    """Count the changes, and find what they are about: bounds of keys and partition values, not rows."""
    op, bounds = F.col("_op"), key_bounds(contract)
    found: Any = changes.agg(
        F.count("*"),
        F.count_if(op == DELETE),
        F.count_if(op == RETRACT),
        *arrivals(),
        *bounds,
        *place_sets(lake.catalog, _pruned(contract), ~F.col(UNPLACED)),
    ).first()
    number, deletes, retracts, first, middle, *rest = found
    return Survey(
        number,
        deletes,
        retracts,
        within_bounds(contract, rest[: len(bounds)]),
        Arrivals(first, middle),
        _sets(rest[len(bounds) :]),
    )


def places_named(rows: DataFrame, lake: Lake, contract: Contract) -> tuple[frozenset[Any], ...]:
    """The values that rows name of each partition that rules anything out."""
    found: Any = rows.agg(*place_sets(lake.catalog, _pruned(contract), ~F.col(UNPLACED))).first()
    return _sets(found)


def fold(changes: DataFrame, tombstones: DataFrame, contract: Contract) -> DataFrame:
    """One row for each key in each place, as `merge_rows` needs them."""
    places = [*place_names(contract), UNPLACED] if movable(contract) else []
    of_dataset = tombstones.where(F.col("dataset") == contract.dataset)
    newest = newest_per_place(changes, contract.key, places)
    return outranked_become_deletes(newest, of_dataset, contract.key, places)


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
