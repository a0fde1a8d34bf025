"""Reads the objects of a batch on Spark's executors: one frame of received rows, whatever the format.

Python reads the objects, not Spark's own sources: each object must be read exactly as it was announced, a
broken one must become a reason instead of a failed job, and many small ones must be cheap.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from expectations.contract import Contract
from jobs.intake.manifest import ManifestFile
from jobs.reading.fetch import DOWNLOADS, Fetched, fetch, unreadable
from jobs.reading.formats.registry import format_named, read_rows
from jobs.reading.formats.rows import UnreadableFile, readable
from jobs.reading.received import IS_UNTYPED, RECEIVED, SEQUENCER
from jobs.runtime.failures import ENDINGS

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_FRAME = f"{RECEIVED}, {SEQUENCER} string, {IS_UNTYPED} boolean"
_TASK_BYTES = 32 * 1024 * 1024  # of objects as they are in S3
_BATCH_ROWS, _BATCH_BYTES = 5_000, 4 * 1024 * 1024


def receive(spark: "SparkSession", files: Sequence[ManifestFile], contract: Contract) -> "DataFrame":
    """The rows of the files, columns `RECEIVED`, `SEQUENCER` and `IS_UNTYPED`.

    `payload` is the row as JSON text, as it was received; `problem` says why a row can't be read, and is null
    otherwise. A file that can't be read at all is one row with a problem and no row number.
    """
    shares = deal(files, spark.sparkContext.defaultParallelism)
    tasks = spark.range(0, len(shares), 1, len(shares))
    return tasks.mapInArrow(partial(_read_shares, shares, contract), _FRAME)


def deal(files: Iterable[ManifestFile], parallelism: int) -> list[list[ManifestFile]]:
    """The files in shares of about the same size: as many as run at the same time, more for many bytes."""
    by_size = sorted(files, key=lambda file: file.size, reverse=True)
    most = max(parallelism, sum(file.size for file in by_size) // _TASK_BYTES)
    shares: list[list[ManifestFile]] = [[] for _ in range(max(1, min(len(by_size), most)))]
    loads = [(0, number) for number in range(len(shares))]
    for file in by_size:
        load, number = loads[0]
        shares[number].append(file)
        heapq.heapreplace(loads, (load + file.size + 1, number))
    return shares


def _read_shares(
    shares: list[list[ManifestFile]], contract: Contract, tasks: "Iterable[pa.RecordBatch]"
) -> "Iterator[pa.RecordBatch]":
    """What one Spark task does: reads the shares that its input names."""
    numbers = (number for task in tasks for number in task.column(0).to_pylist())
    files = [file for number in numbers for file in shares[number]]
    return _to_arrow(
        (*row, *_of_file(file, fetched))
        for file, fetched in _download(files)
        for row in _read_file(file, fetched, contract)
    )


type _Received = tuple[str, str, int | None, str | None, str | None]
type _Row = tuple[*_Received, str | None, bool]  # and what `_of_file` says


def _of_file(file: ManifestFile, fetched: Fetched | UnreadableFile) -> tuple[str | None, bool]:
    """The sequencer of a file's rows, and whether they are untyped."""
    if isinstance(fetched, UnreadableFile):
        return file.sequencer, False
    return fetched.sequencer, format_named(fetched.format).is_untyped


def _download(files: Iterable[ManifestFile]) -> "Iterator[tuple[ManifestFile, Fetched | UnreadableFile]]":
    """The files with their content, a few at a time, so that the worker's memory stays bounded."""
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        for some in batched(files, DOWNLOADS, strict=False):
            yield from zip(some, pool.map(_try_fetch, some), strict=True)


def _try_fetch(file: ManifestFile) -> Fetched | UnreadableFile:
    try:
        return fetch(file)
    except ENDINGS:
        raise
    except BaseException as error:  # noqa: BLE001 -- any error ends this file alone
        return unreadable(error, file)


def _read_file(
    file: ManifestFile, fetched: Fetched | UnreadableFile, contract: Contract
) -> Iterator[_Received]:
    """The rows of a file. Any error of reading ends this file alone, with a reason.

    That includes errors that are not an Exception: a panic of a library in Rust derives from BaseException.
    """
    name, number = file.source_file, 0
    if isinstance(fetched, UnreadableFile):
        yield name, file.event_time, None, None, str(fetched)
        return
    content, file_format, event_time, _ = fetched
    with content:
        try:
            for row in read_rows(file_format, content, contract):
                yield name, event_time, row.number, row.payload, row.problem
                number = row.number
        except ENDINGS:
            raise
        except BaseException as error:  # noqa: BLE001 -- as above
            problem = readable(str(unreadable(error, file)))
            if number:
                rest = f"{problem}; from row {number + 1} on nothing was read"
                yield name, event_time, number + 1, None, rest
            else:
                yield name, file.event_time, None, None, problem


def _to_arrow(rows: Iterable[_Row]) -> "Iterator[pa.RecordBatch]":
    pending: list[_Row] = []
    size = 0
    for row in rows:
        pending.append(row)
        size += len(row[3] or "")
        if len(pending) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            yield _arrow_batch(pending)
            pending, size = [], 0
    yield _arrow_batch(pending)


def _arrow_batch(rows: Sequence[_Row]) -> "pa.RecordBatch":
    from datetime import datetime

    import pyarrow as pa

    columns: Any = list(zip(*rows, strict=True)) or [[]] * 7
    return pa.RecordBatch.from_arrays(
        [
            pa.array(columns[0], pa.string()),
            pa.array(map(datetime.fromisoformat, columns[1]), pa.timestamp("us", "UTC")),
            pa.array(columns[2], pa.int64()),
            pa.array(columns[3], pa.string()),
            pa.array(columns[4], pa.string()),
            pa.array(columns[5], pa.string()),
            pa.array(columns[6], pa.bool_()),
        ],
        names=["source_file", "event_time", "row_number", "payload", "problem", SEQUENCER, IS_UNTYPED],
    )
