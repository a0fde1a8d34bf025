"""Items as the stream door receives them: every one, in DynamoDB's own types, at a bounded pace."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from jobs.parity import dynamodb_scan
from jobs.parity.compare import item_states
from jobs.parity.dynamodb_scan import UNSTAMPED, Pace, as_record, get, scan
from tests.jobs.builders import ENTITIES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FAST = 1_000_000.0


@pytest.fixture(scope="module")
def table(aws: str) -> str:
    """A table of 250 items."""
    boto3.client("dynamodb").create_table(
        TableName="scanned",
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with boto3.resource("dynamodb").Table("scanned").batch_writer() as batch:
        for number in range(250):
            batch.put_item({"_key": str(number), "id": number, "name": f"name {number}", "_version": number})
    return "scanned"


def test_a_scan_finds_every_item_once(spark: SparkSession, table: str) -> None:
    states = item_states(scan(spark, table, FAST), ENTITIES).select("key", "version", "is_live").collect()

    assert sorted((int(row["key"]), row["version"]) for row in states) == [(n, n) for n in range(250)]
    assert all(row["is_live"] for row in states)


def test_items_are_got_by_their_keys_and_what_is_not_there_is_left_out(
    spark: SparkSession, table: str
) -> None:
    keys = spark.createDataFrame([(str(number),) for number in range(100, 400)], "key string")

    found = item_states(get(spark, table, keys, FAST), ENTITIES).select("key").collect()

    assert sorted(int(row["key"]) for row in found) == list(range(100, 250))


def test_an_item_is_the_record_of_a_write_that_left_it_so() -> None:
    item = {"_key": {"S": "a,b"}, "blob": {"B": b"\x00\xff"}, "parts": {"BS": [b"x"]}, "name": {"S": "é"}}

    record = json.loads(as_record(item))

    assert record["dynamodb"]["Keys"] == {"_key": {"S": "a,b"}}
    assert record["dynamodb"]["NewImage"] == {
        "_key": {"S": "a,b"},
        "blob": {"B": base64.b64encode(b"\x00\xff").decode()},
        "parts": {"BS": [base64.b64encode(b"x").decode()]},
        "name": {"S": "é"},
    }


def test_an_item_without_a_version_comes_before_all_that_have_one(spark: SparkSession, table: str) -> None:
    item = {"_key": {"S": "unstamped"}, "id": {"N": "1"}}
    boto3.client("dynamodb").put_item(TableName=table, Item=item)
    keys = spark.createDataFrame([("unstamped",)], "key string")

    received = get(spark, table, keys, FAST)
    (state,) = item_states(received, ENTITIES).collect()

    assert state["version"] is None
    assert received.selectExpr("unix_micros(event_time)").first() == (UNSTAMPED,)
    boto3.client("dynamodb").delete_item(TableName=table, Key={"_key": {"S": "unstamped"}})


def test_what_dynamodb_leaves_unprocessed_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Throttled:
        def batch_get_item(self, RequestItems: Any, **_: Any) -> Any:
            keys = RequestItems["t"]["Keys"]
            asked.append(len(keys))
            left = {"t": {"Keys": keys[1:], "ConsistentRead": True}} if len(keys) > 1 else {}
            return {"Responses": {"t": [keys[0]]}, "UnprocessedKeys": left}

    monkeypatch.setattr(dynamodb_scan, "_dynamodb", Throttled)
    monkeypatch.setattr(dynamodb_scan, "_FEW_SECONDS", 0)

    found = list(dynamodb_scan._get("t", ["a", "b", "c"], Pace(FAST)))

    assert [item["_key"]["S"] for item in found] == ["a", "b", "c"]
    assert asked == [3, 2, 1]


def test_the_pace_keeps_what_is_spent_within_the_rate() -> None:
    clock = [100.0]
    pace = Pace(10, clock=lambda: clock[0], sleep=lambda seconds: clock.__setitem__(0, clock[0] + seconds))

    for units in (128, 128, 44):
        pace.spend(units)
    assert clock[0] == pytest.approx(130)  # 300 units at 10 a second

    clock[0] += 60  # who was idle does not catch up by a burst
    pace.spend(10)
    assert clock[0] == pytest.approx(191)
