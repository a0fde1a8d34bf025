"""Items in the form that the stream door receives: all of them, in DynamoDB's types, at a limited rate."""

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from expectations.contract import Contract
from expectations.item_keys import table_of
from jobs.parity.dynamodb_scan import UNSTAMPED, Pace, as_record, get, get_items, scan
from jobs.parity.states import item_states
from tests.jobs.builders import ENTITIES
from tests.jobs.existing_histories import LEDGER, PROFILES, TICKETS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
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


def test_a_scan_finds_every_item_once(spark: "SparkSession", table: str) -> None:
    states = (
        item_states(scan(spark, [ENTITIES], table, FAST).of(ENTITIES), ENTITIES)
        .select("key", "version", "is_live")
        .collect()
    )

    assert sorted((int(row["key"]), row["version"]) for row in states) == [(n, n) for n in range(250)]
    assert all(row["is_live"] for row in states)


def test_items_are_read_by_their_keys_and_keys_without_an_item_are_left_out(
    spark: "SparkSession", table: str
) -> None:
    keys = spark.createDataFrame([(str(number),) for number in range(100, 400)], "key string")

    found = item_states(get(spark, ENTITIES, table, keys, FAST), ENTITIES).select("key").collect()

    assert sorted(int(row["key"]) for row in found) == list(range(100, 250))


def test_an_item_becomes_the_record_of_a_write_that_left_it_as_it_is() -> None:
    item = {"_key": {"S": "a,b"}, "blob": {"B": b"\x00\xff"}, "parts": {"BS": [b"x"]}, "name": {"S": "é"}}

    record = json.loads(as_record(ENTITIES, item))

    assert record["dynamodb"]["Keys"] == {"_key": {"S": "a,b"}}
    assert record["dynamodb"]["NewImage"] == {
        "_key": {"S": "a,b"},
        "blob": {"B": base64.b64encode(b"\x00\xff").decode()},
        "parts": {"BS": [base64.b64encode(b"x").decode()]},
        "name": {"S": "é"},
    }


def test_an_item_without_a_version_is_older_than_all_that_have_one(spark: "SparkSession", table: str) -> None:
    item = {"_key": {"S": "unstamped"}, "id": {"N": "1"}}
    boto3.client("dynamodb").put_item(TableName=table, Item=item)
    keys = spark.createDataFrame([("unstamped",)], "key string")

    received = get(spark, ENTITIES, table, keys, FAST)
    (state,) = item_states(received, ENTITIES).collect()

    assert state["version"] is None
    assert received.selectExpr("unix_micros(event_time)").first() == (UNSTAMPED,)
    boto3.client("dynamodb").delete_item(TableName=table, Key={"_key": {"S": "unstamped"}})


def test_keys_that_dynamodb_leaves_unprocessed_are_requested_again() -> None:
    requested, pauses = [], list[float]()

    class Throttled:
        def batch_get_item(self, RequestItems: Any, **_: Any) -> Any:
            keys = RequestItems["t"]["Keys"]
            requested.append(len(keys))
            left = {"t": {"Keys": keys[1:], "ConsistentRead": True}} if len(keys) > 1 else {}
            return {"Responses": {"t": [keys[0]]}, "UnprocessedKeys": left}

    keys = [{"_key": {"S": key}} for key in "abc"]
    found = list(get_items(Throttled(), "t", keys, Pace(FAST, sleep=pauses.append)))

    assert [item["_key"]["S"] for item in found] == ["a", "b", "c"]
    assert requested == [3, 2, 1]
    assert len(pauses) == 2


def test_items_of_an_existing_table_are_read_by_its_own_keys(spark: "SparkSession", aws: str) -> None:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="Ledger",
        KeySchema=[
            {"AttributeName": "Account", "KeyType": "HASH"},
            {"AttributeName": "Entry", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "Account", "AttributeType": "S"},
            {"AttributeName": "Entry", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for account, entry in ((" a", "1"), ("a", "1"), ("a", "1.5"), ("a", "0.001")):
        name = {"detail": {"M": {"the.name": {"S": f"{account}/{entry}"}}}, "_deleted": {"BOOL": True}}
        client.put_item(TableName="Ledger", Item={"Account": {"S": account}, "Entry": {"N": entry}} | name)

    received = scan(spark, [LEDGER], "Ledger", FAST).of(LEDGER)
    states = {row["key"]: row for row in item_states(received, LEDGER).collect()}

    assert {key: (row["is_live"], row["version"], row["is_rejected"]) for key, row in states.items()} == {
        "%20a,1.00": (True, None, False),
        "a,1.00": (True, None, False),
        "a,1.50": (True, None, False),
        '{"Account": {"S": "a"}, "Entry": {"N": "0.001"}}': (True, None, True),
    }
    keys = spark.createDataFrame([(key,) for key in (*states, "b,1.00")], "key string")
    again = item_states(get(spark, LEDGER, "Ledger", keys, FAST), LEDGER).collect()
    assert {row["key"]: row["content"] for row in again} == {
        key: row["content"] for key, row in states.items()
    }


def test_a_table_of_several_datasets_is_read_once_for_all_of_them(spark: "SparkSession", aws: str) -> None:
    client = boto3.client("dynamodb")
    names = ("pk", "sk")
    client.create_table(
        TableName="App",
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
    )
    profile = {"pk": {"S": "CUSTOMER|7"}, "sk": {"S": "PROFILE"}, "flag": {"BOOL": True}}
    ticket = {"pk": {"S": "CUSTOMER#7"}, "sk": {"S": "TICKET#1#LINE#2!"}, "type": {"S": "Ticket"}}
    other = ticket | {"sk": {"S": "TICKET#1#LINE#3!"}, "type": {"S": "Other"}}
    for item in (profile, ticket, other):
        client.put_item(TableName="App", Item=item)
    tables = [table_of(one) for one in (PROFILES, TICKETS)]
    entities = (("profiles", tables[0].entity), ("tickets", tables[1].entity))
    profiles, tickets = (
        replace(one, table=replace(table, entities=entities))
        for one, table in zip((PROFILES, TICKETS), tables, strict=True)
    )

    def keys(contract: Contract, received: Any) -> list[str]:
        return [row["key"] for row in item_states(received, contract).collect()]

    both = scan(spark, [profiles, tickets], "App", FAST)
    assert (keys(profiles, both.of(profiles)), keys(tickets, both.of(tickets))) == (["7"], ["1,2,7"])
    assert both.unclaimed() == 1
    one = scan(spark, [tickets], "App", FAST)  # the other dataset's item is not unclaimed
    assert (keys(tickets, one.of(tickets)), one.unclaimed()) == (["1,2,7"], 1)
    wanted = spark.createDataFrame([("1,2,7",), ("1,3,7",)], "key string")
    assert keys(tickets, get(spark, tickets, "App", wanted, FAST)) == ["1,2,7"]


def test_the_pace_limits_consumption_to_the_rate() -> None:
    clock = [100.0]
    pace = Pace(10, clock=lambda: clock[0], sleep=lambda seconds: clock.__setitem__(0, clock[0] + seconds))

    for units in (128, 128, 44):
        pace.spend(units)
    assert clock[0] == pytest.approx(130)  # 300 units at 10 a second

    clock[0] += 60  # idle time does not allow a burst
    pace.spend(10)
    assert clock[0] == pytest.approx(191)
