"""Folds changes of one dataset into its tombstones and its table, step by step.

The argument why any order, repetition and interruption gives the same table is in `jobs.merge`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.spark_schema import table_schema
from jobs.changes.columns import DELETE, RETRACT, UPSERT
from jobs.changes.key_text import encode_key
from jobs.lake.conflicts import after_conflicts
from jobs.lake.iceberg import planned_bytes
from jobs.lake.names import TOMBSTONES, Lake, committing
from jobs.lake.partitions import MOST_LISTED, is_bucketed_by_key
from jobs.lake.session import configured
from jobs.merging.fold import ERASURE, POSITION, greatest_deletes, newest_per_key, outranked_become_deletes
from jobs.merging.freshness import Arrivals, arrivals
from jobs.merging.target_partitions import (
    Places,
    key_bounds,
    named_places,
    place_of_change,
    where_rows_lie,
    within_bounds,
)

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
    places: Places  # that the changes name


def merge_changes(
    spark: SparkSession,
    lake: Lake,
    contract: Contract,
    batch_ids: Sequence[str],
    origins: Sequence[str] = (),
) -> Arrivals:
    """Fold the batches' changes of one dataset into its tombstones and its table; retracts come first.

    `origins` are batches that had files of these before (`jobs.checking.set_aside`); what these appended
    belongs here. Returns when the changes, which the table now shows, had come to their doors.
    """
    received = changes_of(spark, lake, contract, [*batch_ids, *origins])
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
        where = where_rows_lie(changes, lake, contract, found.in_bounds, found.places)
        rows = outranked_become_deletes(newest_per_key(changes, contract.key), tombstones)
        with committing(spark, batch_ids):
            merge_rows(lake, contract, rows, where)
    return found.arrived


def changes_of(spark: SparkSession, lake: Lake, contract: Contract, batch_ids: Sequence[str]) -> DataFrame:
    """The batches' changes.

    Not cached: all steps but MERGE read a few of their columns, which takes less than to keep them all; and
    Spark joins a table in buckets as it lies in files, and would shuffle a copy.
    """
    changes = spark.table(lake.changes(contract.dataset)).where(F.col("_batch_id").isin(*batch_ids))
    return changes.withColumn("_key", F.coalesce("_key", encode_key(contract)))  # null in rows of before it


def survey(changes: DataFrame, lake: Lake, contract: Contract) -> Survey | None:
    """Count the changes, and find what they are about: bounds of keys and partition values, not rows.

    One look at them tells this of all, and of those that name one place. None if there are no changes.
    """
    op = F.col("_op")
    found = (
        changes.withColumn("_here", place_of_change(lake, contract))
        .rollup("_here")
        .agg(
            F.grouping("_here").alias("is_of_all"),
            F.struct(*key_bounds(contract)).alias("bounds"),
            F.count("*").alias("changes"),
            F.count_if(op == DELETE).alias("deletes"),
            F.count_if(op == RETRACT).alias("retracts"),
            F.min("_version").alias("oldest"),
            F.struct(*arrivals()).alias("arrived"),
        )
        .collect()
    )
    places = [row for row in found if not row["is_of_all"]]
    for row in found:
        if row["is_of_all"]:
            of_keys = places if len(places) <= MOST_LISTED else [row]
            return Survey(
                row["changes"],
                row["deletes"],
                row["retracts"],
                row["oldest"],
                Arrivals(*row["arrived"]),
                within_bounds(contract, [one["bounds"] for one in of_keys]),
                named_places(contract, [one["_here"] for one in places]),
            )
    return None


def tombstones_since(spark: SparkSession, lake: Lake, contract: Contract, oldest: int) -> DataFrame | None:
    """The dataset's tombstones of at least this version; None where no file can hold one.

    Mostly none can: what is deleted stays so, and changes are newer than the deletes of the day before. Then
    the fold need not look, which would take longer than all else that it does.
    """
    of_dataset, since = F.col("dataset") == contract.dataset, F.col("_version") >= oldest
    tombstones = spark.table(lake.ops(TOMBSTONES)).where(of_dataset & since)
    return tombstones if planned_bytes(tombstones) else None


def apply_retracts(lake: Lake, contract: Contract, retracts: DataFrame, in_bounds: str) -> None:
    """Take away the row and the tombstone that stand at exactly these positions of their keys.

    Of the two, only one can be what is wrong; the other stands elsewhere and is left alone. The tombstone of
    an erased key is never wrong: only lifting the erasure takes it away.
    """
    # Copied for the sake of tables in buckets, as in jobs.merging.fold.
    positions = retracts.select(*contract.key, "_key", *POSITION).distinct().localCheckpoint()
    _sql(
        positions,
        f"""
        MERGE INTO {lake.ops(TOMBSTONES)} t USING {{source}} s
        ON t.dataset = '{contract.dataset}' AND t.key = s._key AND {_SAME_POSITION}
            AND NOT (t._version = {ERASURE[0]} AND t._tie = '{ERASURE[1]}')
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


def merge_rows(lake: Lake, contract: Contract, rows: DataFrame, conditions: Sequence[str]) -> None:
    """Write what is newer than the rows of the table that meet the conditions, and read no others."""
    columns = table_schema(contract).fieldNames()
    statement = merge_sql(lake, contract, columns, [_same_key(contract), *conditions])
    # Rows joined bucket by bucket are written so: any other distribution would shuffle them once more.
    distribution = "none" if is_bucketed_by_key(contract) else "hash"
    with configured(rows.sparkSession, {DISTRIBUTION: distribution}):
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


def _same_key(contract: Contract) -> str:
    return " AND ".join(f"t.`{name}` = s.`{name}`" for name in contract.key)


def _sql(source: DataFrame, statement: str) -> None:
    after_conflicts(lambda: source.sparkSession.sql(statement, source=source))
