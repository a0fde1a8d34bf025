"""What a page asks DynamoDB for."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.entities import Condition
from lambdas.data_api.scans import next_length, scan_request
from tests.builders import contracts
from tests.lambdas.data_api.test_existing_items import SHOP, TABLE


def test_marks_of_deleted_rows_are_left_out_of_the_tables_of_the_stack_alone() -> None:
    own = scan_request(contracts()["products"], "T", 5, {"_key": {"S": "1"}})

    assert (own["TableName"], own["Limit"], own["ExclusiveStartKey"]) == ("T", 5, {"_key": {"S": "1"}})
    assert own["FilterExpression"] == "attribute_not_exists(#deleted)"
    assert scan_request(SHOP, "Shop", 5, None) == {"TableName": "Shop", "Limit": 5}


@pytest.mark.parametrize(
    ("condition", "expression", "value"),
    [
        (Condition("sk", "prefix", "ORDER#"), "begins_with(#a0, :a0)", {"S": "ORDER#"}),
        (Condition("sk", "format", "ORDER#{id}"), "begins_with(#a0, :a0)", {"S": "ORDER#"}),
        (Condition("sk", "format", "{id}#x"), "attribute_exists(#a0)", None),
        (Condition("kind", "equals", "order"), "#a0 = :a0", {"S": "order"}),
        (Condition("kind", "equals", 7), "#a0 = :a0", {"N": "7"}),
        (Condition("open", "equals", False), "#a0 = :a0", {"BOOL": False}),
    ],
)
def test_a_condition_of_an_entity_is_one_of_dynamodb(
    condition: Condition, expression: str, value: dict[str, Any] | None
) -> None:
    asked = scan_request(replace(SHOP, table=replace(TABLE, entity=(condition,))), "Shop", 5, None)

    assert asked["FilterExpression"] == expression
    assert asked["ExpressionAttributeNames"] == {"#a0": condition.attribute}
    assert asked.get("ExpressionAttributeValues") == (None if value is None else {":a0": value})


def test_all_conditions_hold() -> None:
    entity = (Condition("pk", "format", "{customer}"), Condition("sk", "prefix", "ORDER#"))

    asked = scan_request(replace(SHOP, table=replace(TABLE, entity=entity)), "Shop", 5, None)

    assert asked["FilterExpression"] == "attribute_exists(#a0) AND begins_with(#a1, :a1)"
    assert asked["ExpressionAttributeValues"] == {":a1": {"S": "ORDER#"}}


@pytest.mark.parametrize(
    ("lacking", "length", "read", "found", "following"),
    [
        (10, 20, 20, 10, 20),  # every second item is a row
        (99, 100, 100, 1, 800),  # 9,900 items would be as many as needed, if one row says much
        (50, 800, 900, 50, 900),
        (5, 5, 5, 0, 40),  # no row yet
        (3, 100_000, 200_000, 0, 100_000),
    ],
)
def test_a_call_reads_as_many_items_as_the_rows_found_so_far_suggest(
    lacking: int, length: int, read: int, found: int, following: int
) -> None:
    assert next_length(lacking, length, read, found) == following


@given(st.integers(1, 1000), st.integers(1, 100_000), st.integers(1, 10**6), st.integers(0, 1000))
def test_a_call_never_reads_fewer_items_than_rows_are_lacking(
    lacking: int, length: int, read: int, found: int
) -> None:
    assert next_length(lacking, max(length, lacking), read, found) >= lacking
