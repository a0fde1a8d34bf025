"""How a dataset's table is partitioned: the partition of a row, and conditions that skip other partitions."""

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract, Partition
from expectations.spark_literals import literal
from expectations.timestamps import instant_of

# Iceberg's evaluators stop at longer lists (IN_PREDICATE_LIMIT): then only the bounds of files prune.
MOST_LISTED = 200


def is_bucketed_by_key(contract: Contract) -> bool:
    """Whether table and changes are in the same buckets of the key: Spark joins them without a shuffle."""
    partitions = contract.partitions
    return len(partitions) == 1 and partitions[0].transform.startswith("bucket") and (
        (partitions[0].column,) == contract.key
    )  # fmt: skip


def pruning_partitions(contract: Contract) -> tuple[Partition, ...]:
    """The partition fields whose values exclude files. Buckets of the key do not: changes are in all."""
    return () if is_bucketed_by_key(contract) else contract.partitions


def movable_partitions(contract: Contract) -> tuple[Partition, ...]:
    """The partition fields that are not a function of the key: a change of such a value moves the row."""
    return tuple(partition for partition in contract.partitions if partition.column not in contract.key)


def partition_value(catalog: str, partition: Partition, column: Expression) -> Expression:
    """The partition value of rows, by the function with which Iceberg partitions them."""
    name, size = _transform(partition)
    if name == "identity":
        return column
    return F.call_function(f"{catalog}.system.{name}", *(F.lit(number) for number in size), column)


def partition_value_sql(catalog: str, partition: Partition, table: str) -> str:
    """`partition_value` of a table's column, as SQL."""
    name, size = _transform(partition)
    column = f"{table}.`{partition.column}`"
    if name == "identity":
        return column
    return f"{catalog}.system.{name}({', '.join([*map(str, size), column])})"


def collectable(column: Column, value: Expression) -> Expression:
    """A column's value in a form that can be collected; `from_collected` restores its type.

    PySpark collects a timestamp as a local time without a zone. On a machine whose zone is not UTC that is
    another time: two times an hour apart can become equal, and the calendar's first and last days fail.
    """
    return F.unix_micros(value) if column.kind == "timestamp" else value


def from_collected(column: Column, collected: Any) -> Any:
    """The value of which `collectable` was collected; a timestamp has the zone UTC."""
    if collected is None or column.kind != "timestamp":
        return collected
    return instant_of(collected)


def collectable_partition_value(catalog: str, contract: Contract, partition: Partition) -> Expression:
    """The partition value of rows in a form that can be collected; `collected_partition_value` reads it."""
    value = F.col(partition.column)
    if partition.transform == "identity":
        return collectable(contract.column(partition.column), value)
    return partition_value(catalog, partition, value)


def collected_partition_value(contract: Contract, partition: Partition, collected: Any) -> Any:
    """The partition value of which `collectable_partition_value` was collected."""
    is_of_column = partition.transform == "identity"
    return from_collected(contract.column(partition.column), collected) if is_of_column else collected


def partition_value_sets(
    catalog: str, contract: Contract, partitions: Iterable[Partition]
) -> list[Expression]:
    """Aggregates: the distinct values of each partition field, for `collected_partition_values` to read."""
    # In a struct, because a set of bare values leaves null out.
    return [
        F.collect_set(F.struct(collectable_partition_value(catalog, contract, partition)))
        for partition in partitions
    ]


def collected_partition_values(
    contract: Contract, partitions: Sequence[Partition], collected: Iterable[Any]
) -> dict[Partition, frozenset[Any]]:
    """The partition values of which `partition_value_sets` were collected."""
    return {
        partition: frozenset(collected_partition_value(contract, partition, value[0]) for value in values)
        for partition, values in zip(partitions, collected, strict=True)
    }


def inside_sql(catalog: str, partition: Partition, table: str, values: Iterable[Any]) -> str:
    """A condition that all rows in the partitions of these values meet, and that reaches Iceberg's scan.

    Iceberg gets no filter from a cast of the column or from a comparison with another table's column. It does
    from its own function compared with literals (its partition filter), so files of other partitions are
    never opened.
    """
    found = set(values)
    known = sorted(value for value in found if value is not None)
    row_value = partition_value_sql(catalog, partition, table)
    if len(known) > MOST_LISTED:
        condition = f"{row_value} BETWEEN {literal(known[0])} AND {literal(known[-1])}"
    elif len(known) > 1 and isinstance(known[0], str):
        # Iceberg's IN of texts fails on a partition of null; its equality does not.
        condition = f"({' OR '.join(f'{row_value} = {literal(value)}' for value in known)})"
    elif known:
        condition = f"{row_value} IN ({', '.join(map(literal, known))})"
    else:
        condition = "false"
    return f"({condition} OR {table}.`{partition.column}` IS NULL)" if None in found else condition


def outside_sql(catalog: str, partition: Partition, table: str, values: Iterable[Any]) -> str:
    """A condition that all rows in partitions of other values meet, and that reaches Iceberg's scan."""
    found = set(values)
    known = sorted(value for value in found if value is not None)
    row_value = partition_value_sql(catalog, partition, table)
    if len(known) > MOST_LISTED:
        condition = f"({row_value} < {literal(known[0])} OR {row_value} > {literal(known[-1])})"
    else:
        condition = " AND ".join(f"{row_value} <> {literal(value)}" for value in known) or "true"
    is_null = f"{table}.`{partition.column}` IS NULL"
    return f"({condition} AND NOT {is_null})" if None in found else f"({condition} OR {is_null})"


def _transform(partition: Partition) -> tuple[str, Sequence[int]]:
    name, _, size = partition.transform.removesuffix("]").partition("[")
    return name, [int(size)] if size else []
