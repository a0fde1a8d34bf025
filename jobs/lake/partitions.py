"""How a dataset's table is partitioned: where a change's row lies, and what a MERGE need not read."""

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract, Partition
from expectations.spark_literals import literal
from expectations.timestamps import instant_of

# Iceberg's evaluators give up on longer lists (IN_PREDICATE_LIMIT): then only the bounds prune.
MOST_LISTED = 200


def is_bucketed_by_key(contract: Contract) -> bool:
    """Whether table and changes lie in the same buckets of the key: Spark joins them without a shuffle."""
    partitions = contract.partitions
    return len(partitions) == 1 and partitions[0].transform.startswith("bucket") and (
        (partitions[0].column,) == contract.key
    )  # fmt: skip


def pruned(contract: Contract) -> tuple[Partition, ...]:
    """The partitions whose values rule out files: changes touch all buckets of the key anyway."""
    return () if is_bucketed_by_key(contract) else contract.partitions


def movable(contract: Contract) -> tuple[Partition, ...]:
    """The partition fields that are no function of the key: a change of theirs moves a row."""
    return tuple(partition for partition in contract.partitions if partition.column not in contract.key)


def place(catalog: str, partition: Partition, column: Expression) -> Expression:
    """The partition value of rows, by the function that Iceberg partitions them by."""
    name, size = _transform(partition)
    if name == "identity":
        return column
    return F.call_function(f"{catalog}.system.{name}", *(F.lit(number) for number in size), column)


def place_sql(catalog: str, partition: Partition, table: str) -> str:
    """`place` of a table's column, as SQL."""
    name, size = _transform(partition)
    column = f"{table}.`{partition.column}`"
    if name == "identity":
        return column
    return f"{catalog}.system.{name}({', '.join([*map(str, size), column])})"


def for_driver(column: Column, value: Expression) -> Expression:
    """A column's value as it can be collected; `on_driver` makes it a value of the column's type again.

    PySpark collects a timestamp as a local time without a zone. On a machine whose zone is not UTC, that is
    another time, two times an hour apart can be equal, and the first and last days of the calendar fail.
    """
    return F.unix_micros(value) if column.kind == "timestamp" else value


def on_driver(column: Column, collected: Any) -> Any:
    """The value that `for_driver` brought to the driver; a timestamp has its zone, UTC."""
    if collected is None or column.kind != "timestamp":
        return collected
    return instant_of(collected)


def collected_place(catalog: str, contract: Contract, partition: Partition) -> Expression:
    """The partition value of rows as it can be collected; `place_on_driver` reads it."""
    value = F.col(partition.column)
    if partition.transform == "identity":
        return for_driver(contract.column(partition.column), value)
    return place(catalog, partition, value)


def place_on_driver(contract: Contract, partition: Partition, collected: Any) -> Any:
    """The partition value that `collected_place` brought to the driver."""
    is_of_column = partition.transform == "identity"
    return on_driver(contract.column(partition.column), collected) if is_of_column else collected


def place_sets(catalog: str, contract: Contract, partitions: Iterable[Partition]) -> list[Expression]:
    """The distinct partition values of rows, to be aggregated; `places_on_driver` reads them."""
    # In a struct, since a set of bare values would leave null out.
    return [
        F.collect_set(F.struct(collected_place(catalog, contract, partition))) for partition in partitions
    ]


def places_on_driver(
    contract: Contract, partitions: Sequence[Partition], collected: Iterable[Any]
) -> dict[Partition, frozenset[Any]]:
    """The partition values that `place_sets` brought to the driver."""
    return {
        partition: frozenset(place_on_driver(contract, partition, value[0]) for value in values)
        for partition, values in zip(partitions, collected, strict=True)
    }


def pruning_sql(catalog: str, partition: Partition, table: str, values: Iterable[Any]) -> str:
    """A condition that all rows in the partitions of these values meet, and that reaches Iceberg's scan.

    A cast of the column or a comparison with another table's column would reach it as no filter at all;
    Iceberg's own function compared with literals does (its partition filter), so files of other partitions
    are never opened.
    """
    found = set(values)
    known = sorted(value for value in found if value is not None)
    row_place = place_sql(catalog, partition, table)
    if len(known) > MOST_LISTED:
        condition = f"{row_place} BETWEEN {literal(known[0])} AND {literal(known[-1])}"
    elif len(known) > 1 and isinstance(known[0], str):
        # Iceberg's IN of texts fails on a partition of null; its equality does not.
        condition = f"({' OR '.join(f'{row_place} = {literal(value)}' for value in known)})"
    elif known:
        condition = f"{row_place} IN ({', '.join(map(literal, known))})"
    else:
        condition = "false"
    return f"({condition} OR {table}.`{partition.column}` IS NULL)" if None in found else condition


def outside_sql(catalog: str, partition: Partition, table: str, values: Iterable[Any]) -> str:
    """A condition that all rows in other partitions than those of these values meet; it reaches the scan."""
    found = set(values)
    known = sorted(value for value in found if value is not None)
    row_place = place_sql(catalog, partition, table)
    if len(known) > MOST_LISTED:
        condition = f"({row_place} < {literal(known[0])} OR {row_place} > {literal(known[-1])})"
    else:
        condition = " AND ".join(f"{row_place} <> {literal(value)}" for value in known) or "true"
    is_null = f"{table}.`{partition.column}` IS NULL"
    return f"({condition} AND NOT {is_null})" if None in found else f"({condition} OR {is_null})"


def _transform(partition: Partition) -> tuple[str, Sequence[int]]:
    name, _, size = partition.transform.removesuffix("]").partition("[")
    return name, [int(size)] if size else []
