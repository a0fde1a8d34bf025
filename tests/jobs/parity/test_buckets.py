"""How keys are divided into buckets, and which buckets are compared key by key."""

from typing import TYPE_CHECKING

import pytest

from jobs.parity.buckets import BucketSum, bucket_count, differing_buckets, item_sums, row_sums

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.parametrize(
    ("keys", "buckets"), [(0, 256), (92_331, 256), (1_000_000, 2048), (10_000_000_000, 4096)]
)
def test_a_bucket_has_a_few_hundred_keys_within_bounds(keys: int, buckets: int) -> None:
    assert bucket_count(keys) == buckets


def test_only_buckets_whose_sums_differ_are_compared_by_key() -> None:
    items = {1: BucketSum(1, 5, 5), 2: BucketSum(1, 7, 7), 3: BucketSum(apart=1), 4: BucketSum(apart=1)}
    rows = {1: BucketSum(1, 5, 5), 2: BucketSum(1, 8, 8), 4: BucketSum(apart=3), 5: BucketSum(apart=2)}

    assert differing_buckets(items, rows) == [2, 4]


def test_equal_states_have_equal_sums_in_any_order_and_a_state_that_occurs_twice_is_detected(
    small_data_spark: "SparkSession",
) -> None:
    states = [(7, True, number, -(2**62) + number) for number in range(3)]
    columns = "bucket int, {} boolean, version long, content long"
    items = small_data_spark.createDataFrame(
        [*states, (7, False, 9, 9)], columns.format("is_live")
    )  # one is deleted
    rows = small_data_spark.createDataFrame(
        [(bucket, False, version, content) for bucket, _, version, content in reversed(states)],
        columns.format("is_drop"),
    )

    of_items, of_rows, of_copies = item_sums(items), row_sums(rows), row_sums(rows.union(rows).union(rows))

    assert (of_items[7].count, of_items[7].apart) == (3, 1)
    assert of_items[7].agrees_with(of_rows[7])
    assert of_copies[7].xor == of_rows[7].xor
    assert not of_items[7].agrees_with(of_copies[7])
