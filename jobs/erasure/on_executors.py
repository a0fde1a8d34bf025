"""Applies a function to many items on Spark's executors."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import batched
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

_ROUNDS = 16  # results that a task keeps in memory, for each thread

type Row = Mapping[str, Any]


def on_executors(  # noqa: PLR0913, PLR0917 -- items and results, each with its columns
    spark: SparkSession,
    items: Sequence[Row],
    item_schema: pa.Schema,
    act: Callable[[Row], Row],
    result_schema: pa.Schema,
    tasks: int,
    threads: int = 1,
) -> DataFrame:
    """What `act` returns for each item. It runs when the frame is read, and again whenever a task is retried.

    `tasks` is the wanted number of tasks; there are never fewer than the cluster can run at a time, and never
    more than items. Each task works on `threads` items at a time.
    """
    listed = pa.Table.from_pylist(items, item_schema)
    number = min(max(tasks, spark.sparkContext.defaultParallelism), len(items))
    return (
        spark.createDataFrame(listed)
        .repartition(max(number, 1))
        .mapInArrow(partial(_apply, act, result_schema, threads), from_arrow_schema(result_schema))
    )


def _apply(
    act: Callable[[Row], Row], schema: pa.Schema, threads: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """What one task does."""
    with ThreadPoolExecutor(threads) as pool:
        for batch in batches:
            for some in batched(batch.to_pylist(), threads * _ROUNDS, strict=False):
                yield pa.RecordBatch.from_pylist(list(pool.map(act, some)), schema)
