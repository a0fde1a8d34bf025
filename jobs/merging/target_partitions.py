"""In which partitions the rows of changed keys are: a key has one row, in whatever partition.

A change names the partition that its row is in from then on, its target. It may not name the partition that
the row was in before: a drop and an export do not know it, a delete may consist of its key alone, and a
stream record knows what DynamoDB held, not what other doors did. MERGE reads the partitions that any of the
changes names, and rows of their keys in other partitions are searched. Mostly there are none, which Iceberg
knows without reading a file. Otherwise only files whose bounds overlap those of the keys are read, and only
their key columns: where keys grow with time, as serial numbers do, these files are few. A table partitioned
by its key needs none of this.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract, Partition
from expectations.keys import RANGED_KINDS
from expectations.spark_literals import literal
from jobs.changes.columns import UPSERT
from jobs.lake.iceberg import planned_bytes
from jobs.lake.names import Lake
from jobs.lake.partitions import (
    collectable,
    collectable_partition_value,
    collected_partition_value,
    collected_partition_values,
    from_collected,
    inside_sql,
    movable_partitions,
    outside_sql,
    partition_value_sets,
    pruning_partitions,
)

# Estimated by Iceberg, in memory. Reading so many bytes takes less time than starting a Spark job.
SMALL = 64 << 20
_ORDERED = ("int", "long", "decimal", "string", "date", "timestamp")

type PartitionValues = dict[Partition, frozenset[Any]]


def partition_of_change(lake: Lake, contract: Contract) -> Expression:
    """Whether a change names its partition, and its partition values, as a struct.

    A null of an upsert is a partition value; a null of a delete or retract means that it is not known.
    """
    unknown = (F.col(partition.column).isNull() for partition in movable_partitions(contract))
    is_named = (F.col("_op") == UPSERT) | ~reduce(or_, unknown, F.lit(False))
    return F.struct(
        is_named,
        *(
            collectable_partition_value(lake.catalog, contract, partition)
            for partition in pruning_partitions(contract)
        ),
    )


def named_partition_values(contract: Contract, found: Sequence[Sequence[Any]]) -> PartitionValues:
    """All values that changes name, from the distinct values of `partition_of_change`.

    The values of partition fields that are a function of the key are always known.
    """
    return {
        partition: frozenset(
            collected_partition_value(contract, partition, values[number])
            for values in found
            if values[0] or partition.column in contract.key
        )
        for number, partition in enumerate(pruning_partitions(contract), 1)
    }


def key_bounds(contract: Contract) -> list[Expression]:
    """Aggregates: the least and greatest value of each key column whose type has an order."""
    return [
        collectable(column, bound(F.col(column.name)))
        for column in _ranged(contract)
        for bound in (F.min, F.max)
    ]


def within_bounds(contract: Contract, bounds: Iterable[Sequence[Any]]) -> str:
    """A condition on the table, `t`, that all rows with keys within any of the bounds meet."""
    return f"({' OR '.join(f'({_between(contract, one)})' for one in bounds)})"


def conditions_on_rows(
    changes: DataFrame, lake: Lake, contract: Contract, in_bounds: str, named: PartitionValues
) -> list[str]:
    """Conditions on the table, `t`, that all rows of the changes' keys meet, and few other rows.

    `in_bounds` is such a condition; `named` are the partition values that changes name. If files of other
    partitions can hold rows of the keys, MERGE reads everything in bounds where these files are small, and
    otherwise also the partitions in which a search finds rows: a search takes longer than reading a little
    more.
    """
    within, partitions = _within_partitions(lake, named), movable_partitions(contract)
    if not partitions:
        return within
    outside = [outside_sql(lake.catalog, partition, "t", named[partition]) for partition in partitions]
    elsewhere = f"{in_bounds} AND ({' OR '.join(outside)})"
    rows = changes.sparkSession.table(lake.table(contract.dataset)).alias("t").where(elsewhere)
    size = planned_bytes(rows)
    if not size:
        return within
    if size <= SMALL:
        return [in_bounds]
    found = partition_values_of_keys(rows, changes, lake, contract)
    values = {
        partition: of_changes | found.get(partition, frozenset()) for partition, of_changes in named.items()
    }
    return _within_partitions(lake, values)


def partition_values_of_keys(
    rows: DataFrame, changes: DataFrame, lake: Lake, contract: Contract
) -> PartitionValues:
    """The partition values of those rows of the table whose key a change has."""
    partitions = movable_partitions(contract)
    of_keys = rows.join(changes.select(*contract.key), [*contract.key], "left_semi")
    found = of_keys.agg(*partition_value_sets(lake.catalog, contract, partitions)).first() or ()
    return collected_partition_values(contract, partitions, found)


def _within_partitions(lake: Lake, values: PartitionValues) -> list[str]:
    return [inside_sql(lake.catalog, partition, "t", known) for partition, known in values.items()]


def _between(contract: Contract, bounds: Sequence[Any]) -> str:
    ranges = [
        f"t.`{column.name}` BETWEEN {literal(from_collected(column, least))} "
        f"AND {literal(from_collected(column, greatest))}"
        for column, least, greatest in zip(_ranged(contract), bounds[::2], bounds[1::2], strict=True)
        if least is not None
    ]
    return " AND ".join(ranges) or "true"


def _ranged(contract: Contract) -> list[Column]:
    return [column for column in contract.key_columns if column.kind in RANGED_KINDS]
