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
from jobs.fold import POSITION
from jobs.key_text import encode_key
from jobs.lake import Lake
from jobs.partitions import literal, movable, place, place_sets, place_sql, pruning_sql

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
    return " OR ".join(conditions)


def rows_elsewhere(
    changes: DataFrame, lake: Lake, contract: Contract, elsewhere: str
) -> tuple[DataFrame, tuple[frozenset[Any], ...]] | None:
    """The rows of the changes' keys that lie where a change of theirs does not say, and their places.

    They have key and partition columns, position and places; None if there are none. An upsert of what is in
    the table, at its position, changes nothing, unless the fold finds it outranked and makes it a delete.
    `elsewhere` is `elsewhere_sql`'s condition.
    """
    table = changes.sparkSession.table(lake.table(contract.dataset)).alias("t").where(elsewhere)
    columns = list(dict.fromkeys([*contract.key, *(column.name for column in movable_columns(contract))]))
    found: Any = (
        _of_changes(table.select(*columns), changes, lake, contract)
        .agg(F.count("*"), *place_sets(lake.catalog, movable(contract)))
        .first()
    )
    number, *values = found
    if not number:
        return None
    # Positions are read in a second look: _tie is the widest column, and mostly there is nothing to be found.
    places = tuple(frozenset(value[0] for value in of_partition) for of_partition in values)
    for partition, of_partition in zip(movable(contract), places, strict=True):
        table = table.where(pruning_sql(lake.catalog, partition, "t", of_partition))
    rows = _of_changes(table.select(*columns, *POSITION), changes, lake, contract)
    same = {"_key": encode_key(contract), "_op": F.lit(UPSERT), UNPLACED: F.lit(False)}
    return rows.withColumns(same | places_of(rows, lake, contract)), places


def _of_changes(rows: DataFrame, changes: DataFrame, lake: Lake, contract: Contract) -> DataFrame:
    """Those of the table's rows of which a change has the key and another place, or none."""
    of_change = changes.select(*contract.key, UNPLACED, *place_names(contract))
    same_key, same_place = F.lit(True), F.lit(True)
    for name in contract.key:
        same_key = same_key & (rows[name] == of_change[name])
    for name, place_of_row in places_of(rows, lake, contract).items():
        same_place = same_place & place_of_row.eqNullSafe(of_change[name])
    return rows.join(of_change, same_key & (of_change[UNPLACED] | ~same_place), "left_semi")


def _ranged(contract: Contract) -> list[str]:
    return [column.name for column in contract.key_columns if column.kind in _RANGED]
