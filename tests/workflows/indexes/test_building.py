"""Indexes of live tables of the embedded AWS: made, filled, asked while it lasts, changed and removed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from expectations.access_patterns import AccessPattern
from expectations.contract import Contract
from lambdas.data_api import pages
from lambdas.data_api.changes import Checker, Event
from lambdas.data_api.problems import Problem
from lambdas.data_api.rows import write
from lambdas.data_api.store import Store
from lambdas.data_api.stored import ANYTHING
from lambdas.exact_json import loads
from lambdas.validation import Validators
from tests.lambdas.contracts import READINGS
from workflows.indexes.building import Tables, announce, build_indexes
from workflows.stack.target import Target

PREFIX = "live-"
BY_COUNT, BY_AT = READINGS.patterns[0], READINGS.patterns[4]
NONE, COUNTED = (replace(READINGS, patterns=patterns) for patterns in ((), (BY_COUNT,)))


@pytest.fixture
def dynamodb(embedded_aws: str) -> Iterator[Any]:
    """DynamoDB with a table as the template makes it."""
    client = Target("us-east-1", {}, embedded_aws).client("dynamodb")
    client.create_table(
        TableName=f"{PREFIX}readings",
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield client
    client.delete_table(TableName=f"{PREFIX}readings")


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def tables(dynamodb: Any, lines: list[str]) -> Tables:
    return Tables(dynamodb, PREFIX, lines.append, settle_seconds=0, poll_seconds=0.05)


def change(dynamodb: Any, contract: Contract, *rows: dict[str, Any], op: str = "upsert") -> None:
    """Write by the API's code with this contract."""
    checker = Checker({"readings": contract}, Validators({"readings": contract}))
    for row in rows:
        one = checker.change(contract, "delete" if op == "delete" else "upsert", row, Event("test"))
        write(Store(dynamodb, PREFIX), one, ANYTHING)


def asked(dynamodb: Any, contract: Contract, limit: int = 2, **query: str) -> list[int]:
    """The ids of the rows that answer a question, page by page."""
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = pages.read_page(contract, {**query, **cursor, "limit": str(limit)})
        answer = loads(pages.list_rows(Store(dynamodb, PREFIX), contract, page))
        found += [row["id"] for row in answer["items"]]
        if answer["next"] is None:
            return found
        cursor = {"next": answer["next"]}


def reading(number: int, **columns: Any) -> dict[str, Any]:
    return {"id": number, "place": "roof", "count": 10 - number, **columns}


def test_a_pattern_of_a_live_table_can_be_asked_once_all_items_are_in_its_index(
    dynamodb: Any, tables: Tables, lines: list[str]
) -> None:
    change(dynamodb, NONE, *(reading(number) for number in range(1, 8)), reading(8, place="cellar"))
    change(dynamodb, NONE, {"id": 3}, op="delete")
    with pytest.raises(Problem, match="is being made"):
        asked(dynamodb, COUNTED, place="roof")
    change(dynamodb, COUNTED, reading(9))  # by the new code, before the index exists

    announced = list(announce(tables, [COUNTED]))
    done = build_indexes(tables, [COUNTED])

    assert announced == [
        "readings: an index for by_count (place, optionally count) is made, and filled from all items"
    ]
    assert done == ["readings: by_count (place, optionally count) can be asked"]
    assert "readings: 9 items read, 7 written" in lines
    assert asked(dynamodb, COUNTED, place="roof") == [9, 7, 6, 5, 4, 2, 1]
    assert asked(dynamodb, COUNTED, place="roof", count="ge:5", order="desc") == [1, 2, 4, 5]
    assert build_indexes(tables, [COUNTED]) == []


def test_what_is_written_while_an_index_exists_is_in_it_or_leaves_it(dynamodb: Any, tables: Tables) -> None:
    build_indexes(tables, [COUNTED])
    change(dynamodb, COUNTED, *(reading(number) for number in (1, 2, 3)))

    change(dynamodb, COUNTED, {"id": 2}, op="delete")
    change(dynamodb, COUNTED, reading(3, place="cellar"))

    assert asked(dynamodb, COUNTED, place="roof") == [1]


def test_patterns_are_added_changed_and_removed_in_place(dynamodb: Any, tables: Tables) -> None:
    change(dynamodb, NONE, *(reading(number, at=f"2026-11-01T00:00:00.{number}Z") for number in range(1, 4)))
    changed = replace(
        READINGS, patterns=(replace(BY_AT, name=BY_COUNT.name), AccessPattern("by_place", "place"))
    )

    added = build_indexes(tables, [READINGS])
    after_change = build_indexes(tables, [changed])
    after_removal = build_indexes(tables, [NONE])

    assert len(added) == len(READINGS.patterns)
    assert after_change == [
        f"readings: the index {name} is removed"
        for name in sorted({one.index for one in READINGS.patterns} - {one.index for one in changed.patterns})
    ]
    assert after_removal == [f"readings: the index {name} is removed" for name in ("by.place", "by.place.at")]
    assert "GlobalSecondaryIndexes" not in dynamodb.describe_table(TableName=f"{PREFIX}readings")["Table"]


def test_a_pattern_that_comes_back_does_not_show_what_was_deleted_without_it(
    dynamodb: Any, tables: Tables
) -> None:
    build_indexes(tables, [COUNTED])
    change(dynamodb, COUNTED, reading(1), reading(2))
    build_indexes(tables, [NONE])
    change(dynamodb, NONE, {"id": 1}, op="delete")  # leaves the keys of the index that is gone

    build_indexes(tables, [COUNTED])

    assert asked(dynamodb, COUNTED, place="roof") == [2]


def test_an_interrupted_run_is_continued(
    dynamodb: Any, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(dynamodb, NONE, reading(1), reading(2))

    class Stops:
        def __getattr__(self, name: str) -> Any:
            return getattr(dynamodb, name)

        def update_table(self, **_: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_indexes(replace(tables, dynamodb=Stops()), [COUNTED])
    build_indexes(tables, [COUNTED])

    assert asked(dynamodb, COUNTED, place="roof") == [2, 1]


def test_a_table_without_patterns_and_a_dataset_without_a_table_are_left_alone(tables: Tables) -> None:
    assert build_indexes(tables, [NONE, replace(READINGS, dataset="elsewhere")]) == []
