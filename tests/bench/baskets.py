"""Tables of millions of basket lines, and changes of them: a year of real lines, repeated.

The year is squeezed into a hundred days, and each line is there as often as the size asks for, under basket
ids of its own. Ids still grow with time, as they really do. What is made once lies below `.local/bench`.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract, Partition
from expectations.odcs import load_contracts
from expectations.spark_schema import row_schema, table_schema
from jobs.lake import iceberg
from jobs.lake.creation import create_dataset_tables, create_ops_tables
from jobs.lake.names import Lake
from tests.bench.session import FOLDER, spark
from tests.builders import REAL_DATA, REAL_FILES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MILLION: Final = 1_000_000
DAYS: Final = 100
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
CHANGES: Final = 20_000
LATER: Final = 40 * 86_400 * MILLION  # microseconds by which the version of a change is greater
# Each real id makes room for 32: those of up to 16 copies, and 16 further on those of new rows.
_SLOTS: Final = 32
_NEW: Final = 16
_SUM: Final = "sum(cast(_version as decimal(38, 0)))"  # a long holds the sum of a few thousand

# The real contract, by days, as events are; and one of a single key column, in buckets, as entities are.
EVENTS: Final = load_contracts()["transactions"]
ENTITIES: Final = replace(
    EVENTS,
    dataset="lines",
    columns=(Column("line_id", "long", required=True), *EVENTS.columns),
    key=("line_id",),
    partitions=(Partition("line_id", "bucket[8]"),),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What changes: rows of the last so many days of a table."""

    name: str
    contract: Contract
    days: int
    deletes: int = 0  # of the changes
    nth: int = 0  # changes of different numbers are of different rows


RECENT: Final = Kind("recent", EVENTS, 3)
DELETES: Final = Kind("recent-deletes", EVENTS, 3, CHANGES // 5)
SPREAD: Final = Kind("spread", ENTITIES, DAYS)


@dataclass(frozen=True, slots=True)
class Total:
    """What tells whether all rows are there, each in the right version."""

    rows: int
    versions: int


def lines(millions: int) -> "DataFrame":
    """So many million lines: `line_id`, the real contract's columns, and those that tables have beside."""
    real = spark().read.parquet(str(_numbered()))
    wanted, there = millions * MILLION, real.count()
    copies = -(-wanted // there)
    rows = real.crossJoin(spark().range(copies).withColumnRenamed("id", "copy"))
    # Of all copies so many as are wanted, evenly over the year.
    rows = rows.selectExpr("*", f"(number * {copies} + copy) * {wanted} as place")
    rows = rows.where(f"(place + {wanted}) div {copies * there} > place div {copies * there}")
    # The last basket of the year is of the next one's first hours.
    at = f"timestamp_micros({_micros(START)} + since * {DAYS} div 366)"
    own = {
        "line_id": f"number * {_SLOTS} + copy",
        "basket_id": f"basket_id * {_SLOTS} + copy",
        "transaction_timestamp": at,
        "status": "'pending'",
        "updated_at": at,
    }
    typed = [
        f"cast({own.get(field.name, field.name)} as {field.dataType.simpleString()}) as {field.name}"
        for field in row_schema(ENTITIES)
    ]
    return rows.selectExpr(*typed).selectExpr(
        "*",
        "unix_micros(updated_at) as _version",
        "lpad(cast(line_id as string), 40, '0') as _tie",
        "'drop' as _source",
        "updated_at as _updated_at",
    )


def changes(millions: int, kind: Kind) -> "DataFrame":
    """20,000 changes of such a table, one for each key: a tenth new rows, the rest of rows that are there.

    `_op` and the columns of `lines`; `_version` is the row's own and LATER.
    """
    path = FOLDER / f"changes-{kind.name}-{kind.nth}-{millions}M"

    def build(folder: Path) -> None:
        first = f"date_add(date'{START:%Y-%m-%d}', {DAYS - kind.days})"
        rows = lines(millions).where(f"to_date(transaction_timestamp) >= {first}")
        chosen = (
            rows.selectExpr("*", f"xxhash64(line_id, {kind.nth}) as place").orderBy("place").limit(CHANGES)
        )
        numbered = chosen.selectExpr("*", "row_number() over (order by place) - 1 as nth")
        changed = numbered.withColumns(_changed(kind)).drop("place", "nth")
        changed.coalesce(1).write.parquet(str(folder))

    return spark().read.parquet(str(once(path, build)))


def lake_of(millions: int) -> Lake:
    """The databases of that size."""
    lake = Lake(f"lake_{millions}m", f"ops_{millions}m")
    for database in (lake.database, lake.ops_database):
        spark().sql(f"CREATE NAMESPACE IF NOT EXISTS {lake.catalog}.{database}")
    create_ops_tables(spark(), lake)
    return lake


def iceberg_table(millions: int, contract: Contract) -> str:
    """The name of the contract's Iceberg table of that size: one snapshot, one file in each partition."""
    lake = lake_of(millions)
    create_dataset_tables(spark(), lake, contract)
    table = lake.table(contract.dataset)
    if not iceberg.snapshots(spark(), table):
        rows = lines(millions).select(table_schema(contract).fieldNames())
        rows.writeTo(table).append()
    return table


def roll_back(table: str) -> None:
    """Bring an Iceberg table to its first state, without the merges of a bench."""
    first = iceberg.snapshots(spark(), table)[0].id
    if iceberg.current_table(spark(), table).currentSnapshot().snapshotId() != first:
        iceberg.call_procedure(spark(), table, "rollback_to_snapshot", f", snapshot_id => {first}")


def expected(before: Total, changed: "DataFrame") -> Total:
    """What a table comes to by these changes: the arithmetic, without a merge."""
    counted = changed.groupBy("_op", "is_new").agg(F.count("*"), F.expr(_SUM))
    rows, versions = before.rows, before.versions
    for op, is_new, number, versions_of in counted.collect():
        total = int(versions_of)
        if op == "delete":
            rows, versions = rows - number, versions - (total - number * LATER)
        elif is_new:
            rows, versions = rows + number, versions + total
        else:
            versions += number * LATER
    return Total(rows, versions)


def total(table: "DataFrame") -> Total:
    """Of what a table holds."""
    found = table.selectExpr("count(*)", _SUM).first()
    number, versions = found or (0, 0)
    return Total(number, int(versions))


def once(path: Path, build: Callable[[Path], None]) -> Path:
    """The path, built if it is not there. What breaks off is not there."""
    if not path.exists():
        unfinished = path.with_name(f"{path.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        build(unfinished)
        unfinished.rename(path)
    return path


def _changed(kind: Kind) -> dict[str, Expression]:
    is_new = F.col("nth") % 10 == 0
    is_delete = ~is_new & (F.col("nth") < kind.deletes * 10 // 9)
    ids = {
        name: F.when(is_new, F.col(name) + _NEW).otherwise(F.col(name)) for name in ("line_id", "basket_id")
    }
    return {
        **ids,
        "_op": F.when(is_delete, "delete").otherwise("upsert"),
        "is_new": is_new,
        "status": F.lit("settled"),
        "_version": F.col("_version") + LATER,
        "_source": F.lit("stream"),
    }


@cache
def _numbered() -> Path:
    """The real lines in the order they were sold in: their number, and microseconds since the year began."""

    def build(folder: Path) -> None:
        began = _micros(datetime(2017, 1, 1, tzinfo=UTC))
        table = pq.read_table(REAL_DATA / REAL_FILES["transactions"])
        since = pc.subtract(table["transaction_timestamp"].cast(pa.timestamp("us")).cast(pa.int64()), began)
        numbered = table.drop_columns("transaction_timestamp").append_column("since", since)
        number = pa.array(range(table.num_rows), pa.int64())
        # In files of a few hundred thousand: for both cores.
        ds.write_dataset(
            numbered.append_column("number", number),
            folder,
            format="parquet",
            max_rows_per_file=200_000,
            max_rows_per_group=200_000,
        )

    return once(FOLDER / "lines", build)


def _micros(instant: datetime) -> int:
    return int(instant.timestamp()) * MILLION
