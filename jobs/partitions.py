"""How a dataset's table is partitioned: where a change's row lies, and what a MERGE need not read."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Contract, Partition

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


def place_sets(
    catalog: str, partitions: Iterable[Partition], rows: Expression | None = None
) -> list[Expression]:
    """The distinct partition values of rows (all, or those that meet a condition), to be aggregated."""
    # In a struct, since a set of bare values would leave null out.
    places = [F.struct(place(catalog, partition, F.col(partition.column))) for partition in partitions]
    return [F.collect_set(one if rows is None else F.when(rows, one)) for one in places]


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


def literal(value: Any) -> str:
    """A value as SQL."""
    match value:
        case None:
            return "NULL"
        case bool() | int() | Decimal():
            return str(value)
        case datetime():
            return f"timestamp'{value.isoformat(' ')}'"
        case date():
            return f"date'{value.isoformat()}'"
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
