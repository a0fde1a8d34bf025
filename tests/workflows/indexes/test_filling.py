"""Items of a live table get the keys of indexes, whatever is written at the same time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from lambdas.data_api.index_attributes import index_attributes
from tests.lambdas.contracts import READINGS
from tests.properties import examples
from workflows.indexes import filling
from workflows.indexes.filling import Filled, fill, fill_update

TABLE = "glueline-readings"
CONTRACT = replace(READINGS, patterns=READINGS.patterns[:1])  # place, count
CELLAR = {"place": {"S": "cellar"}, "_part_place": {"S": "=cellar"}}
SHORT = {"_key": {"S": "1"}, "place": {"S": "roof"}}
RIGHT = {"_part_place": {"S": "=roof"}, "_sort_count": {"S": "=09223372036854775815"}}
ROW = {"_key": {"S": "1"}, "place": {"S": "roof"}, "count": {"N": "7"}}

ATTRIBUTES = {
    "place": st.sampled_from([{"S": "roof"}, {"S": "cellar"}, {"S": ""}, {"N": "1"}]),
    "count": st.sampled_from([{"N": "7"}, {"S": " 7 "}, {"S": "many"}, {"NULL": True}]),
    "_deleted": st.just({"BOOL": True}),
    "_part_place": st.sampled_from([{"S": "=roof"}, {"S": "=old"}]),
    "_sort_count": st.sampled_from([{"S": ">null"}, {"S": "=09223372036854775815"}]),
    "_part_gone": st.just({"S": "=x"}),
}
ITEMS = st.lists(st.fixed_dictionaries({}, optional=ATTRIBUTES), max_size=6).map(
    lambda items: [{"_key": {"S": str(place)}, **item} for place, item in enumerate(items)]
)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A DynamoDB with the table, without indexes."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def stored(dynamodb: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = dynamodb.scan(TableName=TABLE)["Items"]
    return sorted(items, key=lambda item: str(item["_key"]["S"]))


def put(dynamodb: Any, *items: dict[str, Any]) -> None:
    for item in stored(dynamodb):
        dynamodb.delete_item(TableName=TABLE, Key={"_key": item["_key"]})
    for item in items:
        dynamodb.put_item(TableName=TABLE, Item=item)


def with_right_keys(item: dict[str, Any]) -> dict[str, Any]:
    columns = {name: value for name, value in item.items() if not name.startswith(("_part_", "_sort_"))}
    return {**columns, **index_attributes(CONTRACT, columns)}


@settings(max_examples=examples(15))
@given(items=ITEMS)
def test_every_item_has_just_the_keys_of_its_indexes(dynamodb: Any, items: list[dict[str, Any]]) -> None:
    put(dynamodb, *items)

    first = fill(dynamodb, TABLE, CONTRACT, print)
    again = fill(dynamodb, TABLE, CONTRACT, print)

    assert stored(dynamodb) == [with_right_keys(item) for item in items]
    assert first == Filled(len(items), sum(item != with_right_keys(item) for item in items))
    assert again == Filled(len(items), 0)


@dataclass
class Interrupted:
    """A client of DynamoDB: another writer writes between the read of an item and the write of its keys."""

    client: Any
    interrupt: Callable[[], None]
    times: int = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def update_item(self, **parameters: Any) -> Any:
        if self.times:
            self.times -= 1
            self.interrupt()
        return self.client.update_item(**parameters)


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ({**ROW, "place": {"S": "cellar"}}, {**ROW, **RIGHT, **CELLAR}),
        ({**ROW, "_deleted": {"BOOL": True}}, {**ROW, "_deleted": {"BOOL": True}}),
        ({**ROW, "other": {"S": "x"}}, {**ROW, **RIGHT, "other": {"S": "x"}}),
        (SHORT, {**SHORT, "_part_place": {"S": "=roof"}, "_sort_count": {"S": ">null"}}),
        (None, None),
    ],
)  # fmt: skip
def test_a_change_at_the_same_time_is_never_undone(
    dynamodb: Any, written: dict[str, Any] | None, result: dict[str, Any] | None
) -> None:
    put(dynamodb, ROW)

    fill(
        Interrupted(dynamodb, lambda: put(dynamodb, *([written] if written else []))), TABLE, CONTRACT, print
    )

    assert stored(dynamodb) == ([result] if result else [])


def test_an_item_that_has_its_keys_is_not_written() -> None:
    assert fill_update(CONTRACT, {**ROW, **RIGHT}) is None
    assert fill_update(CONTRACT, {"_key": {"S": "1"}, "_erased": {"BOOL": True}}) is None


def test_long_work_is_reported(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "REPORT_SECONDS", 0)
    put(dynamodb, ROW)
    lines: list[str] = []

    fill(dynamodb, TABLE, CONTRACT, lines.append)

    assert lines == ["readings: 1 items read, 1 written …"]
