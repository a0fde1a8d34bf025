"""The merges that are measured: the same changes into the same lines, each in its engine's own way."""

import os
import shutil
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyspark.sql import functions as F

from expectations.spark_schema import changes_schema, table_schema
from jobs.changes.key_text import encode_key
from jobs.lake.commits import append_once
from jobs.lake.iceberg import current_table
from jobs.lake.names import TOMBSTONES
from jobs.lake.session import BUCKETED_JOINS, configured
from jobs.merging.steps import merge_changes, merge_sql
from tests.bench import baskets
from tests.bench.baskets import Kind, Total
from tests.bench.report import seconds
from tests.bench.session import FOLDER, spark

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table as IcebergTable

READS: Final = 6
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class Variant(ABC):
    """One way to merge changes of a kind into a table of a size."""

    name: str

    def __init__(self, kind: Kind, millions: int) -> None:
        self.kind = kind
        self.millions = millions
        self.key = kind.contract.key
        self.changes = baskets.changes(millions, kind).selectExpr("*", f"{_DAY} AS day")

    @abstractmethod
    def roll_back(self) -> None:
        """Bring the table to its first state; make it if it is not there."""

    @abstractmethod
    def merge(self) -> None:
        """What is timed."""

    @abstractmethod
    def total(self) -> Total:
        """What the table holds."""

    @abstractmethod
    def files(self) -> int:
        """How many files a reader has to know of."""

    @property
    def columns(self) -> list[str]:
        """Of a table that is partitioned by a column: all of both contracts', and the day."""
        return [*table_schema(baskets.ENTITIES).fieldNames(), "day"]

    @property
    def same_key(self) -> str:
        return " AND ".join(f"t.{name} = s.{name}" for name in self.key)

    @cached_property
    def days(self) -> str:
        """The days that change, as literals."""
        found = self.changes.select("day").distinct().orderBy("day").collect()
        return ", ".join(f"date'{row['day']:%Y-%m-%d}'" for row in found)


class GluelineMerge(Variant):
    """What the job `merge` does with the changes of a batch: fold, tombstones, rows elsewhere, MERGE."""

    name = "Glueline merge"

    def __init__(self, kind: Kind, millions: int) -> None:
        super().__init__(kind, millions)
        self.lake = baskets.lake_of(millions)
        self.contract = kind.contract
        self.table = baskets.iceberg_table(millions, self.contract)
        self.batch_id = f"{kind.name}-{kind.nth}"
        rows = self.changes.withColumns(
            {
                "_key": encode_key(self.contract),
                "_event_id": F.lit(None).cast("string"),
                "_batch_id": F.lit(self.batch_id),
                "_ingested_at": F.col("_updated_at"),
                "_absent": F.lit(None).cast("array<string>"),
            }
        ).select(changes_schema(self.contract).fieldNames())
        append_once(rows, self.lake.changes(self.contract.dataset), self.batch_id, _EPOCH)

    def roll_back(self) -> None:
        baskets.roll_back(self.table)
        spark().sql(f"DELETE FROM {self.lake.ops(TOMBSTONES)}")

    def merge(self) -> None:
        with configured(spark(), BUCKETED_JOINS):
            merge_changes(spark(), self.lake, self.contract, [self.batch_id])

    def total(self) -> Total:
        return baskets.total(spark().table(self.table))

    def files(self) -> int:
        summary: dict[str, str] = dict(current_table(spark(), self.table).currentSnapshot().summary())
        return int(summary["total-data-files"]) + int(summary["total-delete-files"])

    def read_seconds(self) -> float:
        """Of a scan of all columns: the median of some, but for the first one, which warms up."""
        rows = spark().table(self.table).write.format("noop").mode("overwrite")
        return median([seconds(rows.save) for _ in range(READS)][1:])


class DocumentedMerge(GluelineMerge):
    """Iceberg's MERGE into the same table as its documentation shows it: ON says the key alone."""

    name = "Iceberg MERGE as documented"

    def merge(self) -> None:
        columns = table_schema(self.contract).fieldNames()
        spark().sql(merge_sql(self.lake, self.contract, columns, [self.same_key]), source=self.changes)


class DeltaMerge(Variant):
    """Delta Lake with deletion vectors, partitioned by day, the days that change as literals in ON."""

    name = "Delta 4.2 MERGE, pruned, deletion vectors"

    def __init__(self, kind: Kind, millions: int) -> None:
        super().__init__(kind, millions)
        self.path = FOLDER / f"delta-{millions}M"
        baskets.once(self.path, self._build)
        self.table = f"delta.`{self.path}`"

    def _build(self, path: Path) -> None:
        spark().sql(
            f"CREATE TABLE delta.`{path}` USING delta PARTITIONED BY (day) "
            "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true') AS SELECT * FROM {rows}",
            rows=spark().read.parquet(str(by_day(self.millions))).repartition("day"),
        )

    def roll_back(self) -> None:
        newest: Any = spark().sql(f"DESCRIBE HISTORY {self.table} LIMIT 1").first()
        if newest["version"]:
            spark().sql(f"RESTORE TABLE {self.table} TO VERSION AS OF 0")

    def merge(self) -> None:
        names = self.columns
        spark().sql(
            f"""
            MERGE INTO {self.table} t USING {{source}} s ON t.day IN ({self.days}) AND {self.same_key}
            WHEN MATCHED AND s._op = 'delete' THEN DELETE
            WHEN MATCHED THEN UPDATE SET {", ".join(f"t.{name} = s.{name}" for name in names)}
            WHEN NOT MATCHED AND s._op = 'upsert' THEN
                INSERT ({", ".join(names)}) VALUES ({", ".join(f"s.{name}" for name in names)})
            """,
            source=self.changes,
        )

    def total(self) -> Total:
        return baskets.total(spark().table(self.table))

    def files(self) -> int:
        detail: Any = spark().sql(f"DESCRIBE DETAIL {self.table}").first()
        return int(detail["numFiles"])


class PartitionOverwrite(Variant):
    """Plain Parquet: the days that change are read, joined, written again; no reader may look meanwhile."""

    name = "Parquet, dynamic partition overwrite"

    def __init__(self, kind: Kind, millions: int) -> None:
        super().__init__(kind, millions)
        self.path = FOLDER / f"overwritten-{millions}M"

    def roll_back(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(by_day(self.millions), self.path, copy_function=os.link)

    def merge(self) -> None:
        table = spark().read.parquet(str(self.path))
        kept = table.where(f"day IN ({self.days})").join(self.changes, list(self.key), "left_anti")
        rows = kept.select(self.columns).union(self.changes.where("_op = 'upsert'").select(self.columns))
        writer = rows.repartition("day").write.mode("overwrite").partitionBy("day")
        writer.option("partitionOverwriteMode", "dynamic").parquet(str(self.path))

    def total(self) -> Total:
        return baskets.total(spark().read.parquet(str(self.path)))

    def files(self) -> int:
        return len(list(self.path.rglob("*.parquet")))


class DeltaRs(Variant):
    """Delta Lake's engine in Rust, on this machine alone."""

    name = "delta-rs (native)"

    def __init__(self, kind: Kind, millions: int) -> None:
        super().__init__(kind, millions)
        self.path = FOLDER / f"delta-rs-{millions}M"
        self.source = arrow_changes(kind, millions)
        baskets.once(self.path, self._build)

    def _build(self, path: Path) -> None:
        from deltalake import write_deltalake

        write_deltalake(
            path, ds.dataset(by_day(self.millions), partitioning=_HIVE).to_table(), partition_by=["day"]
        )

    @property
    def table(self) -> "DeltaTable":
        from deltalake import DeltaTable

        return DeltaTable(self.path)

    def roll_back(self) -> None:
        if self.table.version():
            self.table.restore(0)

    def merge(self) -> None:
        values = {name: f"s.{name}" for name in self.columns}
        merger = self.table.merge(
            self.source, f"t.day IN ({self.days.replace('date', '')}) AND {self.same_key}", "s", "t"
        )
        merger = merger.when_matched_delete("s._op = 'delete'").when_matched_update(values)
        merger.when_not_matched_insert(values, "s._op = 'upsert'").execute()

    def total(self) -> Total:
        # By itself: Spark refuses what delta-rs writes of columns that are not nullable.
        return _total(self.table.to_pyarrow_dataset().to_table(columns=["_version"]))

    def files(self) -> int:
        return len(self.table.file_uris())


class DuckLake(Variant):
    """DuckDB's lake format: metadata in a database, on this machine alone."""

    name = "DuckLake (native)"

    def __init__(self, kind: Kind, millions: int) -> None:
        super().__init__(kind, millions)
        self.source = arrow_changes(kind, millions)
        self.folder = baskets.once(FOLDER / f"ducklake-{millions}M", self._build)

    def _build(self, folder: Path) -> None:
        folder.mkdir()
        # Metadata holds the path of the data: where they are in the end.
        data = folder.with_name(f"ducklake-data-{self.millions}M")
        shutil.rmtree(data, ignore_errors=True)
        with self._attached(folder / "first.ducklake", data) as connection:
            rows = f"read_parquet('{by_day(self.millions)}/*/*.parquet', hive_partitioning = true)"
            connection.execute(f"CREATE TABLE lake.lines AS FROM {rows} LIMIT 0")
            connection.execute("ALTER TABLE lake.lines SET PARTITIONED BY (day)")
            connection.execute(f"INSERT INTO lake.lines FROM {rows}")

    def _attached(self, metadata: Path, data: Path) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.load_extension(_extension("ducklake"))
        connection.load_extension(_extension("icu"))
        connection.execute(f"ATTACH 'ducklake:{metadata}' AS lake (DATA_PATH '{data}')")
        return connection

    def _open(self) -> duckdb.DuckDBPyConnection:
        data = FOLDER / f"ducklake-data-{self.millions}M"
        return self._attached(self.folder / "work.ducklake", data)

    def roll_back(self) -> None:
        shutil.copyfile(self.folder / "first.ducklake", self.folder / "work.ducklake")

    def merge(self) -> None:
        names = self.columns
        with self._open() as connection:
            connection.register("changes", self.source)
            connection.execute("BEGIN")
            if self.kind.deletes:
                connection.execute(
                    f"DELETE FROM lake.lines t USING changes s WHERE s._op = 'delete' AND {self.same_key}"
                )
            connection.execute(
                f"""
                MERGE INTO lake.lines t USING (FROM changes WHERE _op = 'upsert') s
                ON t.day IN ({self.days}) AND {self.same_key}
                WHEN MATCHED THEN UPDATE SET {", ".join(f"{name} = s.{name}" for name in names)}
                WHEN NOT MATCHED THEN
                    INSERT ({", ".join(names)}) VALUES ({", ".join(f"s.{name}" for name in names)})
                """
            )
            connection.execute("COMMIT")

    def total(self) -> Total:
        with self._open() as connection:
            found = connection.execute("SELECT count(*), sum(_version::hugeint)::varchar FROM lake.lines")
            rows, versions = found.fetchone() or (0, "0")
        return Total(rows, int(versions))

    def files(self) -> int:
        with self._open() as connection:
            found = connection.execute(
                "SELECT count(data_file) + count(delete_file) FROM ducklake_list_files('lake', 'lines')"
            ).fetchone()
        return int((found or (0,))[0])


class PyIcebergUpsert(Variant):
    """PyIceberg's `upsert`, without Spark, by the key of one column, which suits it; it knows no deletes."""

    name = "PyIceberg upsert"

    def __init__(self, kind: Kind, millions: int) -> None:
        super().__init__(kind, millions)
        self.source = arrow_changes(kind, millions).select(self.columns)
        self.data = FOLDER / f"pyiceberg-data-{millions}M"
        self.folder = baskets.once(FOLDER / f"pyiceberg-{millions}M", self._build)

    def _build(self, folder: Path) -> None:
        folder.mkdir()
        shutil.rmtree(self.data, ignore_errors=True)
        rows = ds.dataset(by_day(self.millions), partitioning=_HIVE).to_table(self.columns)
        rows = rows.cast(self.source.schema)  # Spark writes times in nanoseconds, which Iceberg has not
        catalog = self._catalog(folder / "first.db")
        catalog.create_namespace("lake")
        table = catalog.create_table("lake.lines", rows.schema)
        with table.update_spec() as spec:
            spec.add_identity("day")
        table.append(rows)

    def _catalog(self, metadata: Path) -> "SqlCatalog":
        from pyiceberg.catalog.sql import SqlCatalog

        return SqlCatalog("bench", uri=f"sqlite:///{metadata}", warehouse=self.data.as_uri())

    @property
    def table(self) -> "IcebergTable":
        return self._catalog(self.folder / "work.db").load_table("lake.lines")

    def roll_back(self) -> None:
        shutil.copyfile(self.folder / "first.db", self.folder / "work.db")

    def merge(self) -> None:
        self.table.upsert(self.source, ["line_id"])

    def total(self) -> Total:
        return _total(self.table.scan(selected_fields=("_version",)).to_arrow())

    def files(self) -> int:
        return len(self.table.inspect.files())


def by_day(millions: int) -> Path:
    """The lines as plain Parquet, a folder and a file for each day."""

    def build(path: Path) -> None:
        rows = baskets.lines(millions).selectExpr("*", f"{_DAY} AS day")
        rows.repartition("day").write.partitionBy("day").parquet(str(path))

    return baskets.once(FOLDER / f"by-day-{millions}M", build)


def arrow_changes(kind: Kind, millions: int) -> pa.Table:
    """The changes for engines that are not Spark."""
    baskets.changes(millions, kind)
    found: pa.Table = baskets.changes(millions, kind).selectExpr("*", f"{_DAY} AS day").toArrow()
    return found


def write_changes(kind: Kind, millions: int) -> None:
    """The floor of all: read the changes as JSON, write them as Parquet."""
    path = FOLDER / f"json-{kind.name}-{millions}M"
    changes = baskets.changes(millions, kind)
    baskets.once(path, lambda folder: changes.write.json(str(folder)))
    rows = spark().read.schema(changes.schema).json(str(path))
    rows.write.mode("overwrite").parquet(str(FOLDER / "floor"))


def _total(rows: pa.Table) -> Total:
    return Total(len(rows), int(pc.sum(rows["_version"].cast(pa.decimal128(38, 0))).as_py()))


def _extension(name: str) -> str:
    folder = files(f"duckdb_extension_{name}") / "extensions" / f"v{version('duckdb')}"
    return str(folder / f"{name}.duckdb_extension")


_HIVE: Final = ds.partitioning(pa.schema([("day", pa.date32())]), flavor="hive")
_DAY: Final = "to_date(transaction_timestamp)"
