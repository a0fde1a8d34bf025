"""The content hash: any difference in any type changes it, and equal values of other spellings do not."""

import base64
from typing import TYPE_CHECKING, Any

from jobs.parity.states import content_hash, item_states
from tests.jobs.builders import ENTITIES, EVERY_TYPE, received
from tests.jobs.parity.fixture import Item

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FULL: Item = {
    "_key": {"S": "a"},
    "_version": {"N": "1"},
    "id": {"S": "a"},
    "small": {"N": "1"},
    "large": {"N": "9223372036854775807"},
    "price": {"N": "1.5"},
    "exact": {"N": "12345678901234567890.123456789012345678"},
    "ratio": {"N": "0.1"},
    "approximate": {"N": "0.5"},
    "is_new": {"BOOL": True},
    "day": {"S": "2026-11-24"},
    "seen_at": {"S": "2026-11-24T12:00:00.000001Z"},
    "blob": {"B": base64.b64encode(b"\x00\xff").decode()},
    "state": {"S": "old"},
    "place": {"M": {"street": {"S": "Main"}, "number": {"N": "1"}}},
    "sizes": {"L": [{"N": "1"}, {"NULL": True}]},
    "tags": {"SS": ["a", "b"]},
}
OTHER: dict[str, list[dict[str, Any]]] = {
    "small": [{"N": "2"}, {"NULL": True}],
    "large": [{"N": "9223372036854775806"}],
    "price": [{"N": "1.51"}],
    "exact": [{"N": "12345678901234567890.123456789012345679"}],
    "ratio": [{"N": "0.10000000000000002"}],
    "approximate": [{"N": "0.25"}],
    "is_new": [{"BOOL": False}],
    "day": [{"S": "2026-11-25"}],
    "seen_at": [{"S": "2026-11-24T12:00:00.000002Z"}],
    "blob": [{"B": base64.b64encode(b"\xff\x00").decode()}],
    "state": [{"S": ""}, {"S": "new"}],
    "place": [{"M": {"street": {"S": "Main"}}}, {"M": {"street": {"S": "1"}, "number": {"N": "1"}}}],
    "sizes": [{"L": [{"NULL": True}, {"N": "1"}]}, {"L": [{"N": "1"}]}, {"L": []}],
    "tags": [{"SS": ["a"]}, {"L": [{"S": "b"}, {"S": "a"}]}, {"L": []}],
}


def test_every_difference_in_every_type_changes_the_hash(small_data_spark: "SparkSession") -> None:
    items = [FULL] + [FULL | {name: value} for name, values in OTHER.items() for value in values]

    rows = item_states(received(small_data_spark, [_record(item) for item in items]), EVERY_TYPE).collect()

    assert not any(row["is_rejected"] for row in rows)
    assert len({row["content"] for row in rows}) == len(items)


def test_null_and_absent_and_all_spellings_of_a_value_have_the_same_hash(
    small_data_spark: "SparkSession",
) -> None:
    absent = {name: value for name, value in FULL.items() if name != "small"}
    same = [
        [absent, absent | {"small": {"NULL": True}}],
        [FULL, FULL | {"price": {"N": "1.50"}}, FULL | {"tags": {"L": [{"S": "a"}, {"S": "b"}]}}],
        [FULL | {"place": {"M": {"street": {"S": "x"}}}},
         FULL | {"place": {"M": {"street": {"S": "x"}, "number": {"NULL": True}}}}],
    ]  # fmt: skip

    for items in same:
        states = item_states(received(small_data_spark, [_record(item) for item in items]), EVERY_TYPE)
        assert states.select("content").distinct().count() == 1


def test_which_column_is_null_changes_the_hash(small_data_spark: "SparkSession") -> None:
    rows = small_data_spark.createDataFrame([(1, None), (None, 1)], "id long, name string")

    assert rows.select(content_hash(ENTITIES, rows["id"])).distinct().count() == 2


def _record(item: object) -> dict[str, object]:
    return {"eventName": "MODIFY", "dynamodb": {"NewImage": item, "SequenceNumber": "0"}}
