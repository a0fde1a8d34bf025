"""Where the rows of changed keys lie: a key has one row, in whatever partition.

A change names the partition, the *place*, that its row lies in from then on. Where the row lay before, it may
not say: a drop and an export don't know, a delete may give its key alone, and a record of the stream knows
what DynamoDB held, not what other doors did. MERGE reads the places that any of the changes names; rows of
their keys in other places are looked for. Mostly there are none, which Iceberg knows without reading any
file. Else only files whose bounds meet the keys' are read, and of those key columns alone: where keys follow
time, as ids that count do, these are few. A table partitioned by its key needs none of this.
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
    collected_place,
    for_driver,
    movable,
    on_driver,
    outside_sql,
    place_on_driver,
    place_sets,
    places_on_driver,
    pruned,
    pruning_sql,
)

SMALL = 64 << 20  # bytes of rows in memory, as Iceberg estimates them: read in less time than a job starts

type Places = dict[Partition, frozenset[Any]]


def place_of_change(lake: Lake, contract: Contract) -> Expression:
    """Whether a change names its place (only an upsert's null is one), and its partition values."""
    unknown = (F.col(partition.column).isNull() for partition in movable(contract))
    is_named = (F.col("_op") == UPSERT) | ~reduce(or_, unknown, F.lit(False))
    return F.struct(
        is_named, *(collected_place(lake.catalog, contract, partition) for partition in pruned(contract))
    )


def named_places(contract: Contract, found: Sequence[Sequence[Any]]) -> Places:
    """All places, from the distinct values of `place_of_change`. Those of the key are always known."""
    return {
        partition: frozenset(
            place_on_driver(contract, partition, values[number])
            for values in found
            if values[0] or partition.column in contract.key
        )
        for number, partition in enumerate(pruned(contract), 1)
    }


def key_bounds(contract: Contract) -> list[Expression]:
    """Least and greatest value of each key column that has an order, to be aggregated."""
    return [
        for_driver(column, bound(F.col(column.name)))
        for column in _ranged(contract)
        for bound in (F.min, F.max)
    ]


def within_bounds(contract: Contract, bounds: Iterable[Sequence[Any]]) -> str:
    """A condition on the table, `t`, that all rows with keys within any of the bounds meet."""
    return f"({' OR '.join(f'({_between(contract, one)})' for one in bounds)})"


def where_rows_lie(
    changes: DataFrame, lake: Lake, contract: Contract, in_bounds: str, named: Places
) -> list[str]:
    """Conditions on the table, `t`, that all rows of the changes' keys meet, and little else.

    `in_bounds` is such a condition; `named` are the places that changes name. Where files elsewhere may hold
    rows of the keys, MERGE reads all that is in bounds if these files are small, and otherwise those places
    in which a look finds rows: a look takes longer than to read a little more.
    """
    within, partitions = _within_places(lake, named), movable(contract)
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
    found = places_of_keys(rows, changes, lake, contract)
    places = {partition: values | found.get(partition, frozenset()) for partition, values in named.items()}
    return _within_places(lake, places)


def places_of_keys(rows: DataFrame, changes: DataFrame, lake: Lake, contract: Contract) -> Places:
    """The places of those rows of the table of which a change has the key."""
    partitions = movable(contract)
    of_keys = rows.join(changes.select(*contract.key), [*contract.key], "left_semi")
    found = of_keys.agg(*place_sets(lake.catalog, contract, partitions)).first() or ()
    return places_on_driver(contract, partitions, found)


def _within_places(lake: Lake, places: Places) -> list[str]:
    return [pruning_sql(lake.catalog, partition, "t", values) for partition, values in places.items()]


def _between(contract: Contract, bounds: Sequence[Any]) -> str:
    ranges = [
        f"t.`{column.name}` BETWEEN {literal(on_driver(column, least))} "
        f"AND {literal(on_driver(column, greatest))}"
        for column, least, greatest in zip(_ranged(contract), bounds[::2], bounds[1::2], strict=True)
        if least is not None
    ]
    return " AND ".join(ranges) or "true"


def _ranged(contract: Contract) -> list[Column]:
    return [column for column in contract.key_columns if column.kind in RANGED_KINDS]
