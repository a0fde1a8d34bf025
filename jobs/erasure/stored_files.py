"""The files of a table as they are stored, and how many of their rows are of erased keys.

Queries do not show all that is there: a deleted row stays in its file until that is rewritten, an older
snapshot has files that the newest has not, and a job that stopped before its commit left files that are in no
snapshot. So the files themselves are read, on Spark's executors, only the columns that identify the rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyspark.sql import SparkSession

from expectations.problems import GluelineError
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.on_executors import Row, on_executors
from jobs.erasure.s3_file import open_object
from jobs.runtime.s3 import s3_client

type CountRows = Callable[[IO[bytes]], int]

_FILES_PER_TASK = 20
_POSITION_DELETES = {"file_path", "pos"}  # of Iceberg's spec: such a file names rows, and contains none
_PATH = pa.schema({"path": pa.string()})
_COUNT = pa.schema({"path": pa.string(), "rows": pa.int64()})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a table's folder."""

    path: str
    written_at: datetime


class UnknownFile(GluelineError):
    """Raised when a file in a table's folder does not have the columns that all files of the table have."""


def stored_files(location: str) -> Iterator[StoredFile]:
    """All data and delete files below a table's location, in S3 or in a folder."""
    place = urlsplit(location)
    if not place.scheme.startswith("s3"):
        for file in Path(unquote(place.path)).rglob("*.parquet"):
            yield StoredFile(str(file), datetime.fromtimestamp(file.stat().st_mtime, UTC))
        return
    pages = s3_client().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=place.netloc, Prefix=place.path.strip("/") + "/"):
        for found in page.get("Contents", ()):
            if found["Key"].endswith(".parquet"):
                yield StoredFile(f"{place.scheme}://{place.netloc}/{found['Key']}", found["LastModified"])


def remove(path: str) -> None:
    """Delete a file, if it exists."""
    place = urlsplit(path)
    if place.scheme.startswith("s3"):
        s3_client().delete_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    else:
        Path(place.path).unlink(missing_ok=True)


def rows_in_files(spark: SparkSession, paths: Iterable[str], count: CountRows) -> dict[str, int]:
    """Path -> number of rows that `count` finds, of the files in which it finds any.

    A file that does not exist has none. Raises UnknownFile, from a task.
    """
    files = [{"path": path} for path in paths]
    if not files:
        return {}
    counted = on_executors(
        spark, files, _PATH, partial(_count_row, count), _COUNT, tasks=len(files) // _FILES_PER_TASK
    )
    return {row["path"]: row["rows"] for row in counted.where("rows > 0").collect()}


def _count_row(count: CountRows, row: Row) -> Row:
    return {"path": row["path"], "rows": rows_in_file(row["path"], count)}


def rows_in_file(path: str, count: CountRows) -> int:
    """The number of rows that `count` finds in a file; 0 if it does not exist. Raises UnknownFile."""
    try:
        with _open(path) as file:
            return count(file)
    except FileNotFoundError:
        return 0
    except UnknownFile as problem:
        raise UnknownFile(
            f"{path}: {problem}; find out what wrote it, move it away, then run this again"
        ) from None


def _open(path: str) -> IO[bytes]:
    place = urlsplit(path)
    if place.scheme.startswith("s3"):
        return open_object(place.netloc, place.path.lstrip("/"))
    return Path(place.path).open("rb")


def count_by_key(keys: ErasedKeys, file: IO[bytes]) -> int:
    """The number of rows of a data file that are of one of the keys, by their key columns."""
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    names = parquet.schema_arrow.names
    if set(names) >= _POSITION_DELETES:
        return 0
    columns = [column.name for column in keys.contract.columns]
    if missing := [name for name in columns if name not in names]:
        raise UnknownFile(
            f"expected the key columns of {keys.contract.dataset}, {', '.join(missing)} missing"
        )
    values = keys.values
    candidates = {name: [key[name] for key in values] for name in columns}
    return sum(
        keys.matches(row) is not None
        for batch in parquet.iter_batches(columns=columns)
        for row in _among(batch, candidates).to_pylist()
    )


def _among(batch: pa.RecordBatch, candidates: Mapping[str, list[Any]]) -> pa.RecordBatch:
    """The rows that have one of the candidates in each column. Arrow excludes all but a few."""
    import pyarrow.compute as pc

    for name, values in candidates.items():
        column = batch.column(name)
        batch = batch.filter(pc.is_in(column, value_set=pa.array(values).cast(column.type)))
    return batch


def count_by_payload(keys: ErasedKeys, file: IO[bytes]) -> int:
    """The number of rows of a data file of `quarantine` that are of one of the keys, by their payload."""
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    if set(parquet.schema_arrow.names) >= _POSITION_DELETES:
        return 0
    return sum(
        row["dataset"] == keys.contract.dataset
        and row["payload"] is not None
        and keys.own_line(row["payload"])
        for batch in parquet.iter_batches(columns=["dataset", "payload"])
        for row in batch.to_pylist()
    )
