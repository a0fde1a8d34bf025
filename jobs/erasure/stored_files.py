"""The files of a table as they lie in storage, and how many of their rows are to be erased.

What a query shows is not all that is there: a deleted row lies in its file until that is written again, an
old snapshot holds files that the newest does not, and a job that was ended before its commit left files that
no snapshot knows. So the files themselves are read, on Spark's executors, the columns in question alone.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jobs.erasure.keys import ErasedKeys

if TYPE_CHECKING:
    import pyarrow as pa
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

type CountRows = Callable[[IO[bytes]], int]

_READ_AHEAD = 1024 * 1024
_FILES_PER_TASK = 20
_POSITION_DELETES = {"file_path", "pos"}  # of Iceberg's spec: such a file names rows, and holds none


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a table's folder."""

    path: str
    written_at: datetime


class UnknownFile(Exception):
    """Raised when a file of a table is not of the form that all files of the table have."""


def stored_files(location: str) -> Iterator[StoredFile]:
    """All data and delete files below a table's location."""
    place = urlsplit(location)
    if not place.scheme.startswith("s3"):
        for file in Path(unquote(place.path)).rglob("*.parquet"):
            yield StoredFile(str(file), datetime.fromtimestamp(file.stat().st_mtime, UTC))
        return
    pages = _s3().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=place.netloc, Prefix=place.path.strip("/") + "/"):
        for found in page.get("Contents", ()):
            if found["Key"].endswith(".parquet"):
                yield StoredFile(f"{place.scheme}://{place.netloc}/{found['Key']}", found["LastModified"])


def remove(path: str) -> None:
    """Delete a file. One that is gone is deleted."""
    place = urlsplit(path)
    if place.scheme.startswith("s3"):
        _s3().delete_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    else:
        Path(place.path).unlink(missing_ok=True)


def rows_in_files(spark: "SparkSession", paths: Iterable[str], count: CountRows) -> dict[str, int]:
    """Path -> how many of its rows count, of files that have any. A file that is gone by then has none."""
    import pyarrow as pa

    listed = pa.table({"path": pa.array(paths, pa.string())})
    if not listed.num_rows:
        return {}
    tasks = max(spark.sparkContext.defaultParallelism, listed.num_rows // _FILES_PER_TASK)
    files = spark.createDataFrame(listed).repartition(min(tasks, listed.num_rows), "path")
    found = files.mapInArrow(partial(_count, count), "path string, rows long")
    return {row["path"]: row["rows"] for row in found.collect()}


def count_by_key(keys: ErasedKeys, file: IO[bytes]) -> int:
    """How many rows of a data file are of one of the keys, by its key columns."""
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


def _among(batch: "pa.RecordBatch", candidates: Mapping[str, list[Any]]) -> "pa.RecordBatch":
    """The rows that have one of the candidates in each column: Arrow rules out all but a few."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, values in candidates.items():
        column = batch.column(name)
        batch = batch.filter(pc.is_in(column, value_set=pa.array(values).cast(column.type)))
    return batch


def count_by_payload(keys: ErasedKeys, file: IO[bytes]) -> int:
    """How many rows of a data file of `quarantine` are of one of the keys, by what was received."""
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


def _count(count: CountRows, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """What one Spark task does."""
    import pyarrow as pa

    for batch in batches:
        rows = [(path, _rows(path, count)) for path in batch.column(0).to_pylist()]
        held = [row for row in rows if row[1]]
        columns: Any = list(zip(*held, strict=True)) or [[], []]
        yield pa.RecordBatch.from_arrays(
            [pa.array(columns[0], pa.string()), pa.array(columns[1], pa.int64())], names=["path", "rows"]
        )


def _rows(path: str, count: CountRows) -> int:
    try:
        with _open(path) as file:
            return count(file)
    except FileNotFoundError:
        return 0
    except UnknownFile as problem:
        raise UnknownFile(f"{path}: {problem}; see by hand what it is, then run this again") from None


def _open(path: str) -> IO[bytes]:
    place = urlsplit(path)
    if not place.scheme.startswith("s3"):
        return Path(place.path).open("rb")
    return io.BufferedReader(_S3File(place.netloc, place.path.lstrip("/")), _READ_AHEAD)


class _S3File(io.RawIOBase):
    """An object that is read where it is needed: Parquet has its columns apart and its index at the end."""

    def __init__(self, bucket: str, key: str) -> None:
        from botocore.exceptions import ClientError

        self._where: Any = {"Bucket": bucket, "Key": key}
        self._at = 0
        try:
            self._size = _s3().head_object(**self._where)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            raise FileNotFoundError(f"s3://{bucket}/{key}") from None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        if self._at >= end:
            return 0
        some = _s3().get_object(**self._where, Range=f"bytes={self._at}-{end - 1}")["Body"].read()
        buffer[: len(some)] = some
        self._at += len(some)
        return len(some)


@cache
def _s3() -> "S3Client":
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "max_attempts": 6}
    return boto3.client("s3", config=Config(retries=retries))
