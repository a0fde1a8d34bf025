"""Where the rows of a dataset lie: a key has one row, in whatever partition.

A change names the partition that its row lies in from then on. Where the row lay before, it may not say: a
drop and an export don't know, a delete may give its key alone, and a record of the stream knows what DynamoDB
held, not what other doors did. So the merge looks for the rows of its keys in the other partitions too. It
reads key and partition columns alone, and of those only files whose bounds meet the keys': where keys follow
time, as ids that count do, these are few. Mostly there are none, which Iceberg knows without reading any file
(`elsewhere_sql`). A dataset partitioned by its key needs none of this.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes import UPSERT, movable_columns
from jobs.key_text import encode_key
from jobs.lake import Lake
from jobs.partitions import MOST_LISTED, literal, movable, place, place_sets, place_sql, pruning_sql

UNPLACED = "_unplaced"
_RANGED = ("int", "long", "decimal", "string", "date", "timestamp")


def place_names(contract: Contract) -> list[str]:
    """`_place_0`, …: the columns that hold the places which a change names."""
    return [f"_place_{number}" for number in range(len(movable(contract)))]


def places_of(rows: DataFrame, lake: Lake, contract: Contract) -> dict[str, Expression]:
    """The places by name, of rows with the partition columns."""
    return {
        name: place(lake.catalog, partition, rows[partition.column])
        for name, partition in zip(place_names(contract), movable(contract), strict=True)
    }


def key_bounds(contract: Contract) -> list[Expression]:
    """Least and greatest value of each key column that has an order, to be aggregated."""
    return [bound(F.col(name)) for name in _ranged(contract) for bound in (F.min, F.max)]


def within_bounds(contract: Contract, bounds: Sequence[Any]) -> str:
    """A condition on the table, `t`, that all rows with keys within the bounds meet."""
    ranges = [
        f"t.`{name}` BETWEEN {literal(least)} AND {literal(greatest)}"
        for name, least, greatest in zip(_ranged(contract), bounds[::2], bounds[1::2], strict=True)
        if least is not None
    ]
    return " AND ".join(ranges) or "true"


def elsewhere_sql(
    lake: Lake, contract: Contract, named: Iterable[tuple[Sequence[Any] | None, Sequence[Any]]]
) -> str:
    """A condition on the table, `t`, that all rows meet which have keys of changes and lie elsewhere.

    `named` has the places that changes name (None: those that name none) and the bounds of their keys. It is
    a condition for planning: not all rows that meet it are such rows.
    """
    conditions = []
    for values, bounds in named:
        condition = within_bounds(contract, bounds)
        if values is not None:
            here = " AND ".join(
                f"{place_sql(lake.catalog, partition, 't')} <=> {literal(value)}"
                for partition, value in zip(movable(contract), values, strict=True)
            )
            condition = f"{condition} AND NOT ({here})"
        conditions.append(f"({condition})")
    return " OR ".join(conditions) if len(conditions) <= MOST_LISTED else "true"


def rows_elsewhere(changes: DataFrame, lake: Lake, contract: Contract, in_bounds: str) -> DataFrame | None:
    """The rows of the changes' keys that lie where no change of theirs says, as upserts at their positions.

    They have key and partition columns, position and places; None if there are none. An upsert of what is in
    the table changes nothing, unless the fold finds it outranked and makes it a delete.
    """
    places = place_names(contract)
    named = changes.select(*contract.key, UNPLACED, *places).distinct().alias("n")
    table = changes.sparkSession.table(lake.table(contract.dataset)).alias("t").where(in_bounds)
    columns = list(dict.fromkeys([*contract.key, *(column.name for column in movable_columns(contract))]))
    # Positions are read in a second look: _tie is the widest column, and mostly there is nothing to be found.
    found = _others(table.select(*columns), named, lake, contract).select(*columns, *_at(places)).distinct()
    found = found.persist()
    try:
        where = found.agg(
            F.count("*"),
            *place_sets(lake.catalog, movable(contract)),
        ).first()
        number, *values = where or (0,)
        if not number:
            return None
        for partition, of_partition in zip(movable(contract), values, strict=True):
            table = table.where(
                pruning_sql(lake.catalog, partition, "t", (value[0] for value in of_partition))
            )
        rows = _others(table.select(*columns, "_version", "_tie"), named, lake, contract)
        return (
            rows.select(*columns, "_version", "_tie", *_at(places))
            .distinct()
            .withColumns({"_key": encode_key(contract), "_op": F.lit(UPSERT), UNPLACED: F.lit(False)})
            .withColumnsRenamed(dict(zip(_at(places), places, strict=True)))
        )
    finally:
        found.unpersist()


def _others(rows: DataFrame, named: DataFrame, lake: Lake, contract: Contract) -> DataFrame:
    places = place_names(contract)
    placed = rows.withColumns(dict(zip(_at(places), places_of(rows, lake, contract).values(), strict=True)))
    same = F.lit(True)
    for name in places:
        same = same & F.col(name).eqNullSafe(F.col(*_at([name])))
    return placed.join(named, list(contract.key)).where(F.col(UNPLACED) | ~same)


def _at(places: Iterable[str]) -> list[str]:
    return [f"_at{name}" for name in places]


def _ranged(contract: Contract) -> list[str]:
    return [column.name for column in contract.key_columns if column.kind in _RANGED]
