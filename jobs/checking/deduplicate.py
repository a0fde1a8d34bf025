"""Which changes of a batch `<dataset>_changes` does not hold yet.

A change is identified by its key, `_version`, `_tie` and `_op`, whichever file it came in and however often.
A stream batch that Lambda sent twice, an object that was announced again, a replay, or a second export of an
unchanged item therefore adds nothing. A retract is always new: what it removed may have come back since.

The table is not searched as a whole. Equal changes have equal columns, so they lie in the same partition; and
they have the same `_version`, whose bounds Iceberg keeps for every file. For recent changes that leaves the
files of the last batches.
"""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes.columns import RETRACT
from jobs.lake.iceberg import planned_bytes
from jobs.lake.names import Lake
from jobs.lake.partitions import (
    collected_partition_values,
    inside_sql,
    partition_value_sets,
    pruning_partitions,
)

IDENTITY = ("_version", "_tie", "_op")


def new_changes(changes: DataFrame, known: DataFrame | None, contract: Contract) -> DataFrame:
    """The changes that are not among the known ones (`known_changes`), each once."""
    identity = [*contract.key, *IDENTITY]
    once = changes.dropDuplicates(identity)
    return once if known is None else once.join(known, identity, "left_anti")


def known_changes(changes: DataFrame, lake: Lake, contract: Contract) -> DataFrame | None:
    """The rows of `<dataset>_changes` that these changes may equal: key columns and `IDENTITY`.

    None if no file can hold such a row, as usual for recent changes: Spark then plans and runs no join.
    Evaluates `changes` once, to find partitions and bounds of versions.
    """
    known = changes.sparkSession.table(lake.changes(contract.dataset)).alias("t")
    for condition in _search_conditions(changes, lake, contract):
        known = known.where(condition)
    known = known.where(F.col("_op") != RETRACT).select(*contract.key, *IDENTITY)
    return known if planned_bytes(known) else None


def _search_conditions(changes: DataFrame, lake: Lake, contract: Contract) -> Sequence[str]:
    """Conditions on `<dataset>_changes`, aliased `t`, that each of these changes meets if it is there."""
    found = changes.agg(
        F.min("_version"),
        F.max("_version"),
        *partition_value_sets(lake.catalog, contract, pruning_partitions(contract)),
    ).first()
    least, greatest, *places = found or (None, None)
    if least is None:
        return ["false"]
    return [
        f"t._version BETWEEN {least} AND {greatest}",
        *(
            inside_sql(lake.catalog, partition, "t", values)
            for partition, values in collected_partition_values(
                contract, pruning_partitions(contract), places
            ).items()
        ),
    ]
