"""Tombstones of erased keys, and ordinary ones that replace them."""

from typing import TYPE_CHECKING

import pytest

from jobs.erasure.keys import ErasedKeys
from jobs.erasure.tombstones import ABOVE_ALL, ERASED, add_tombstones, erased_tombstones, unblock_tombstones
from jobs.lake.names import TOMBSTONES, Lake
from tests.jobs.builders import ENTITIES, SENT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


def test_tombstones_of_erased_keys_are_replaced_by_ordinary_ones_at_their_floors(
    spark: "SparkSession", lake: Lake
) -> None:
    add_tombstones(spark, lake, ENTITIES, ErasedKeys.of(ENTITIES, ["7", "8", "9"]))
    erased = {
        row["key"]: (row["_version"], row["_tie"])
        for row in erased_tombstones(spark, lake, "entities").collect()
    }

    unblocked = unblock_tombstones(spark, lake, "entities", {"7": 12, "8": None, "10": 5}, SENT)

    left = {row["key"]: row["_version"] for row in spark.table(lake.ops(TOMBSTONES)).collect()}
    assert erased == dict.fromkeys(("7", "8", "9"), (ABOVE_ALL, ERASED))
    assert unblocked == {"7", "8"}
    assert left == {"7": 12, "9": ABOVE_ALL}
    assert unblock_tombstones(spark, lake, "entities", {"7": 12, "8": None}, SENT) == set()
