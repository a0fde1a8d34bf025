"""The steps that fold changes of one dataset into its tombstones and its table.

`jobs.merge` argues why any order, repetition and interruption of these steps yields the same table.
"""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.spark_schema import table_schema
from jobs.changes.columns import DELETE, RETRACT, UPSERT
from jobs.changes.key_text import encode_key
from jobs.lake.commits import committing
from jobs.lake.conflicts import TURN_ON_TOMBSTONES, retry_conflicts
from jobs.lake.iceberg import planned_bytes
from jobs.lake.names import TOMBSTONES, Lake
from jobs.lake.partitions import is_bucketed_by_key
from jobs.lake.session import configured, settings_for_bytes
from jobs.merging.fold import ERASURE, POSITION, greatest_deletes, newest_per_key, outranked_become_deletes
from jobs.merging.freshness import Arrivals
from jobs.merging.summary import summarise
from jobs.merging.target_partitions import conditions_on_rows

DISTRIBUTION = "spark.sql.iceberg.distribution-mode"
_NEWER = "struct(s._version, s._tie) > struct(t._version, t._tie)"
_SAME_POSITION = "t._version <=> s._version AND t._tie <=> s._tie"


def merge_changes(
    spark: SparkSession,
    lake: Lake,
    contract: Contract,
    batch_ids: Sequence[str],
    origins: Sequence[str] = (),
) -> Arrivals:
    """Fold the batches' changes of one dataset into its tombstones and its table; retracts come first.

    `origins` are batches that had files of these batches before (`jobs.checking.set_aside`); the changes that
    they appended belong to these batches too. Returns when the merged changes had come to their doors.
    """
    received = changes_of(spark, lake, contract, [*batch_ids, *origins])
    with configured(spark, settings_for(received)):
        kept = keep_few(received)
        found = summarise(kept, lake, contract)
    if found is None:
        return Arrivals()
    if found.retracts:
        apply_retracts(lake, contract, kept.where(F.col("_op") == RETRACT), found.in_bounds)
    if found.changes > found.retracts:
        changes = kept.where(F.col("_op") != RETRACT)
        # Planned before the batches' own deletes become tombstones: the fold has those among its changes.
        tombstones = tombstones_since(spark, lake, contract, found.oldest)
        if found.deletes:
            merge_tombstones(lake, contract, greatest_deletes(changes))
        conditions = conditions_on_rows(changes, lake, contract, found.in_bounds, found.partitions)
        conditions = [found.in_range, *conditions]
        target = spark.table(lake.table(contract.dataset)).alias("t").where(" AND ".join(conditions))
        settings = settings_for(received, target)
        if not settings:  # the changes as they lie in their files: joined with a table in buckets as it is
            changes = received.where(F.col("_op") != RETRACT)
        rows = outranked_become_deletes(newest_per_key(changes, contract.key), tombstones)
        with committing(spark, batch_ids), configured(spark, settings):
            merge_rows(lake, contract, rows, conditions)
    return found.arrived


def settings_for(*scanned: DataFrame) -> Mapping[str, str]:
    """Settings for queries that scan these frames (`planned_bytes`): those for few rows, or none."""
    return settings_for_bytes(sum(map(planned_bytes, scanned)))


def keep_few(received: DataFrame) -> DataFrame:
    """The changes, kept in memory by the first query that reads them if they are few.

    Few changes may lie in a file for each partition. To open the files takes most of the time of a step, and
    each query sends some eight requests for each of them.
    """
    if not settings_for(received):
        return received
    at_once = received.sparkSession.sparkContext.defaultParallelism
    return received.coalesce(at_once).localCheckpoint(eager=False)


def changes_of(spark: SparkSession, lake: Lake, contract: Contract, batch_ids: Sequence[str]) -> DataFrame:
    """The batches' changes.

    Many changes are not cached. Every step except MERGE reads a few of their columns, which takes less time
    than to cache them all; and Spark joins a table in buckets as its files are, but would shuffle a copy.
    """
    changes = spark.table(lake.changes(contract.dataset)).where(F.col("_batch_id").isin(*batch_ids))
    # Rows from before the column `_key` existed have null there.
    return changes.withColumn("_key", F.coalesce("_key", encode_key(contract)))


def tombstones_since(spark: SparkSession, lake: Lake, contract: Contract, oldest: int) -> DataFrame | None:
    """The dataset's tombstones of at least this version; None if no file can hold one.

    Mostly no file can: deleted keys rarely return, and changes are newer than the deletes of the day before.
    The fold then skips its lookup, which would take longer than the rest of it.
    """
    of_dataset, since = F.col("dataset") == contract.dataset, F.col("_version") >= oldest
    tombstones = spark.table(lake.ops(TOMBSTONES)).where(of_dataset & since)
    return tombstones if planned_bytes(tombstones) else None


def apply_retracts(lake: Lake, contract: Contract, retracts: DataFrame, in_bounds: str) -> None:
    """Remove the row and the tombstone that have exactly these positions of their keys.

    Only one of the two can be wrong; the other has another position and stays. The tombstone of an erased key
    is never wrong: only the command that lifts the erasure removes it.
    """
    # Copied because of tables in buckets, as in jobs.merging.fold.
    positions = retracts.select(*contract.key, "_key", *POSITION).distinct().localCheckpoint()
    with TURN_ON_TOMBSTONES:
        run_merge(
            positions,
            f"""
            MERGE INTO {lake.ops(TOMBSTONES)} t USING {{source}} s
            ON t.dataset = '{contract.dataset}' AND t.key = s._key AND {_SAME_POSITION}
                AND NOT (t._version = {ERASURE[0]} AND t._tie = '{ERASURE[1]}')
            WHEN MATCHED THEN DELETE
            """,
        )
    run_merge(
        positions,
        f"""
        MERGE INTO {lake.table(contract.dataset)} t USING {{source}} s
        ON {_same_key(contract)} AND {in_bounds} AND {_SAME_POSITION}
        WHEN MATCHED THEN DELETE
        """,
    )


def merge_tombstones(lake: Lake, contract: Contract, deletes: DataFrame) -> None:
    """Keep the greatest delete of each key."""
    with TURN_ON_TOMBSTONES:
        run_merge(
            deletes.withColumn("dataset", F.lit(contract.dataset)),
            f"""
            MERGE INTO {lake.ops(TOMBSTONES)} t USING {{source}} s
            ON t.dataset = '{contract.dataset}' AND t.dataset = s.dataset AND t.key = s.key
            WHEN MATCHED AND {_NEWER} THEN UPDATE SET *
            WHEN NOT MATCHED THEN INSERT *
            """,
        )


def merge_rows(lake: Lake, contract: Contract, rows: DataFrame, conditions: Sequence[str]) -> None:
    """Write the rows that are newer than those of the table that meet the conditions, and read no others."""
    columns = table_schema(contract).fieldNames()
    statement = merge_sql(lake, contract, columns, [_same_key(contract), *conditions])
    # Rows joined bucket by bucket are written so: any other distribution would shuffle them once more.
    distribution = "none" if is_bucketed_by_key(contract) else "hash"
    with configured(rows.sparkSession, {DISTRIBUTION: distribution}):
        run_merge(rows, statement)


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


def run_merge(source: DataFrame, statement: str) -> None:
    """Run a MERGE whose `{source}` is the frame, again after each conflict with another job's commit."""
    retry_conflicts(lambda: source.sparkSession.sql(statement, source=source))


def _same_key(contract: Contract) -> str:
    return " AND ".join(f"t.`{name}` = s.`{name}`" for name in contract.key)
