"""Removes rows of erased keys from the files of a table, and from its older snapshots.

Iceberg deletes a row by writing where it is; the row and its statistics stay in the files. So, table by
table:

1. delete   the rows, as any delete does
2. rewrite  the files that hold deleted rows; then the manifests, which also contain the bounds of files that
   are gone. The resulting snapshot is *clean*.
3. expire   all snapshots before the clean one, with the files that only they have: time travel to before an
            erasure is impossible
4. remove   files with such rows that are in no snapshot: jobs that stopped before their commit left them

Each step looks at what is there, so it can be repeated at any point. Steps 1 and 2 yield to other jobs'
commits and are tried again (`jobs.lake.conflicts`). Steps 3 and 4 require that all jobs that ran at step 2
have ended, and that all batches that were open then are closed: a batch that is checked again looks for its
id in snapshots (`jobs.lake.names`), and the files of a running job are in no snapshot yet.
"""

from functools import partial
from typing import Any

from pyspark.sql import SparkSession

from expectations.problems import RetryableError
from expectations.spark_literals import literal
from jobs.erasure.stored_files import rows_in_files
from jobs.erasure.tables import ErasableTable
from jobs.lake.conflicts import retry_conflicts
from jobs.lake.iceberg import call_procedure, current_table

_DELETED = 2  # the status of a manifest's entry (Iceberg's spec, "Manifests")


class RowsLeft(RetryableError):
    """Raised when files of a table hold rows of erased keys after they were rewritten."""


def remove_from_table(spark: SparkSession, table: ErasableTable) -> None:
    """Delete the rows, and rewrite the files that hold them: steps 1 and 2.

    Raises RowsLeft if another job committed some meanwhile.
    """
    has_rows = table.find(spark).rows > 0
    if has_rows:
        retry_conflicts(partial(table.delete, spark))
    live = [path for path, is_live in _named_files(spark, table.name).items() if is_live]
    if has_rows or rows_in_files(spark, live, table.count):
        retry_conflicts(partial(_rewrite_files, spark, table))
    if not all(_named_files(spark, table.name).values()):
        retry_conflicts(partial(_rewrite_manifests, spark, table.name))
    if left := rows_in_files(spark, _named_files(spark, table.name), table.count):
        raise RowsLeft(
            f"{table.name}: expected files without erased rows, got {len(left)} with some, "
            f"{next(iter(left))} among them; another job wrote to it meanwhile: run this again"
        )


def has_rows_in_files(spark: SparkSession, table: ErasableTable) -> bool:
    """Whether rows are in a file that the newest snapshot has, or has just dropped."""
    return bool(rows_in_files(spark, _named_files(spark, table.name), table.count))


def expire_before(spark: SparkSession, table: str, clean: int) -> int:
    """Expire the snapshots before the clean one, with the files that only they have; how many there were."""
    found = current_table(spark, table).snapshots()
    ids = [snapshot.snapshotId() for snapshot in found if snapshot.sequenceNumber() < clean]
    if ids:
        array = ", ".join(map(str, ids))
        # No snapshot is older than that time, so that none but the listed ones expire.
        arguments = (
            f", snapshot_ids => array({array}), older_than => timestamp'1970-01-01', retain_last => 1, "
            "stream_results => true"
        )
        retry_conflicts(lambda: call_procedure(spark, table, "expire_snapshots", arguments))
    return len(ids)


def reachable_files(spark: SparkSession, table: str) -> set[str]:
    """The data files of all snapshots."""
    spark.sql(f"REFRESH TABLE {table}")
    return {row[0] for row in spark.table(f"{table}.all_data_files").select("file_path").distinct().collect()}


def newest_sequence_number(spark: SparkSession, table: str) -> int:
    """The sequence number of the newest snapshot; 0 if there is none."""
    snapshot = current_table(spark, table).currentSnapshot()
    return 0 if snapshot is None else int(snapshot.sequenceNumber())


def location(spark: SparkSession, table: str) -> str:
    """The folder of the table's files."""
    return str(current_table(spark, table).location())


def _named_files(spark: SparkSession, table: str) -> dict[str, bool]:
    """The data files that the newest snapshot names, and whether it has them (or says that they are gone)."""
    spark.sql(f"REFRESH TABLE {table}")
    entries = spark.table(f"{table}.entries").where("data_file.content = 0")
    return {row[0]: row[1] != _DELETED for row in entries.select("data_file.file_path", "status").collect()}


def _rewrite_files(spark: SparkSession, table: ErasableTable) -> None:
    where = "" if table.where is None else f", where => {literal(table.where)}"
    call_procedure(
        spark,
        table.name,
        "rewrite_data_files",
        f"{where}, options => map('delete-file-threshold', '1', 'remove-dangling-deletes', 'true')",
    )


def _rewrite_manifests(spark: SparkSession, table: str) -> None:
    """Write manifests without entries of files that are gone. The procedure skips a single manifest."""
    found = current_table(spark, table)
    if len(found.currentSnapshot().dataManifests(found.io())) > 1:
        call_procedure(spark, table, "rewrite_manifests")
    else:
        found.rewriteManifests().clusterBy(_constant_function(spark)).commit()


def _constant_function(spark: SparkSession) -> Any:
    """A Java function that returns the same for everything: a Scala map that has only a default is one."""
    jvm: Any = spark._jvm
    empty = getattr(getattr(jvm.scala.collection.immutable, "Map$"), "MODULE$").empty()
    return jvm.scala.jdk.javaapi.FunctionConverters.asJavaFunction(empty.withDefaultValue(""))
