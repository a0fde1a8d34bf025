"""The marks of erased keys keep writes out, replace an item once, and can be removed."""

from datetime import timedelta
from itertools import count
from typing import Any

import boto3
import pytest

from jobs.erasure.marks import Marks, NoMarks
from jobs.erasure.tombstones import ABOVE_ALL
from lambdas.data_api.stored import Stored
from lambdas.data_api.writes import KEEP_DELETED_SECONDS
from tests.jobs.builders import EVENTS, SENT

KEY = "it%27s%2C%20far,3"
_numbers = count()


@pytest.fixture
def marks(aws: str) -> Marks:
    """The marks in an empty table."""
    dynamodb, table = boto3.client("dynamodb"), f"marks-{next(_numbers)}"
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Marks(dynamodb, table, EVENTS, "e1")


def stored(marks: Marks, key: str) -> dict[str, Any] | None:
    found = marks.dynamodb.get_item(TableName=marks.table, Key={"_key": {"S": key}})
    item: dict[str, Any] | None = found.get("Item")
    return item


def put_row(marks: Marks, key: str) -> dict[str, Any]:
    row = {"_key": {"S": key}, "_version": {"N": "7"}, "shop": {"S": "north"}, "amount": {"N": "1"}}
    marks.dynamodb.put_item(TableName=marks.table, Item=row)
    return row


def test_a_mark_replaces_the_item_and_returns_it(marks: Marks) -> None:
    row = put_row(marks, "north,1")

    assert marks.unmarked(["north,1", "north,2"]) == {"north,1": row, "north,2": None}
    assert marks.put(["north,1", "north,2"]) == {"north,1": row}
    assert marks.unmarked(["north,1", "north,2"]) == {}
    assert marks.put(["north,1", "north,2"]) == {}


def test_the_data_api_reads_a_mark_as_an_erased_row(marks: Marks) -> None:
    marks.put([KEY])

    mark = stored(marks, KEY)

    assert mark is not None
    found = Stored(EVENTS, mark)
    assert (found.is_erased, found.is_live, found.version) == (True, False, ABOVE_ALL)
    assert mark == {
        "_key": {"S": KEY},
        "_version": {"N": str(2**63 - 1)},
        "_deleted": {"BOOL": True},
        "_erased": {"BOOL": True},
        "_event_id": {"S": "erasure:e1"},
    }


def test_unblocking_leaves_an_ordinary_delete_where_a_version_is_known(marks: Marks) -> None:
    row = put_row(marks, "south,1")
    marks.put([KEY, "north,2"])

    unblocked = marks.unblock({KEY: 12, "north,2": None, "north,3": 5, "south,1": 5}, SENT)

    assert unblocked == {KEY, "north,2"}
    assert stored(marks, KEY) == {
        "_key": {"S": KEY},
        "_version": {"N": "12"},
        "_deleted": {"BOOL": True},
        "_event_id": {"S": "lift:e1"},
        "_expires_at": {"N": str(int((SENT + timedelta(seconds=KEEP_DELETED_SECONDS)).timestamp()))},
        "shop": {"S": "it's, far"},
        "number": {"N": "3"},
    }
    assert stored(marks, "north,2") is None
    assert stored(marks, "north,3") is None
    assert stored(marks, "south,1") == row
    assert marks.unblock({KEY: 12, "north,2": None}, SENT) == set()


def test_an_existing_table_gets_no_marks() -> None:
    marks = NoMarks()

    assert marks.unmarked([KEY]) == marks.put([KEY]) == {}
    assert marks.unblock({KEY: 5}, SENT) == set()
