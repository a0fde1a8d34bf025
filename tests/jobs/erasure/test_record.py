"""The record of proved erasures in the lake."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from jobs.erasure.notes import Proof, Request
from jobs.erasure.record import ERASURES, create_erasures_table, record, recorded_versions
from jobs.lake.names import Lake
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
REQUEST = Request("e1", "entities", {"7": "hash of 7", "8": "hash of 8"}, SENT.isoformat())
PROOF = Proof("e1", "entities", ("hash of 7", "hash of 8"), SENT.isoformat(), SENT.isoformat(), ())


def test_an_erasure_that_is_proved_again_replaces_its_rows(spark: "SparkSession", lake: Lake) -> None:
    create_erasures_table(spark, lake)
    record(spark, lake, REQUEST, replace(PROOF, unsearched=("s3://raw/x: gzip",)), {"7": 5, "8": None})

    record(spark, lake, REQUEST, PROOF, {"7": 6, "8": None})

    rows = spark.table(lake.ops(ERASURES)).orderBy("key_hash").collect()
    assert [(row["key_hash"], row["newest_version"], row["is_complete"]) for row in rows] == [
        ("hash of 7", 6, True), ("hash of 8", None, True)
    ]  # fmt: skip
    assert Proof.from_json(rows[0]["proof"]) == PROOF
    assert recorded_versions(spark, lake, REQUEST) == {"7": (6, SENT), "8": (None, SENT)}
