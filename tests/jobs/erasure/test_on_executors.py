"""A function is applied to items on Spark's executors."""

from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.erasure.on_executors import Row, on_executors

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NUMBER = pa.schema({"number": pa.int64()})
SQUARE = pa.schema({"square": pa.int64(), "text": pa.string()})


def squared(row: Row) -> Row:
    number = row["number"]
    return {"square": number * number, "text": None if number == 3 else str(number)}


def test_each_item_gives_one_result(spark: "SparkSession") -> None:
    items = [{"number": number} for number in range(100)]

    results = on_executors(spark, items, NUMBER, squared, SQUARE, tasks=3, threads=2)

    rows = results.orderBy("square").collect()
    assert [row["square"] for row in rows] == [number * number for number in range(100)]
    assert (rows[2]["text"], rows[3]["text"]) == ("2", None)


def test_no_items_give_no_results(spark: "SparkSession") -> None:
    assert on_executors(spark, [], NUMBER, squared, SQUARE, tasks=3).collect() == []
