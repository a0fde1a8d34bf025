"""The attributes that are the keys of indexes."""

from typing import Any

import pytest

from expectations.access_patterns import AccessPattern
from lambdas.data_api.index_attributes import (
    attribute_definitions,
    index_attributes,
    index_definition,
)
from tests.builders import contracts
from tests.lambdas.contracts import READINGS

TRANSACTIONS = contracts()["transactions"]
AT = {"S": "2026-11-01T00:00:00.5Z"}


@pytest.mark.parametrize(
    ("item", "attributes"),
    [
        (
            {"household_id": {"N": "42"}, "transaction_timestamp": AT},
            ("=09223372036854775850", "=2026-11-01T00:00:00.500000Z"),
        ),
        ({"household_id": {"N": "42"}}, ("=09223372036854775850", ">null")),
        (
            {"household_id": {"N": "-1"}, "transaction_timestamp": {"S": "soon"}},
            ("=09223372036854775807", ">null"),
        ),
        # another writer's forms, as the lake reads them
        (
            {"household_id": {"S": " 42 "}, "transaction_timestamp": {"S": "2026-11-01 01:00+01:00"}},
            ("=09223372036854775850", "=2026-11-01T00:00:00.000000Z"),
        ),
        ({"transaction_timestamp": AT}, None),
        ({"household_id": {"NULL": True}, "transaction_timestamp": AT}, None),
        ({"household_id": {"M": {}}, "transaction_timestamp": AT}, None),
        ({"household_id": {"N": "42"}, "transaction_timestamp": AT, "_deleted": {"BOOL": True}}, None),
    ],
)
def test_an_item_has_the_keys_of_its_indexes(item: Any, attributes: tuple[str, str] | None) -> None:
    names = ("_part_household_id", "_sort_transaction_timestamp")
    expected = (
        {} if attributes is None else dict(zip(names, ({"S": text} for text in attributes), strict=True))
    )

    assert index_attributes(TRANSACTIONS, item) == expected


def test_a_text_that_breaks_its_contract_by_its_length_is_in_no_index() -> None:
    assert index_attributes(READINGS, {"place": {"S": "x" * 2048}}) == {}
    found = index_attributes(READINGS, {"place": {"S": "x"}, "label": {"S": "x" * 1024}})
    assert found["_sort_label"] == {"S": ">null"}


def test_an_index_has_whole_items() -> None:
    with_sort, without = AccessPattern("a", "x", "y"), AccessPattern("b", "x")

    assert index_definition(with_sort) == {
        "IndexName": "by.x.y",
        "KeySchema": [
            {"AttributeName": "_part_x", "KeyType": "HASH"},
            {"AttributeName": "_sort_y", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    assert index_definition(without)["KeySchema"][1]["AttributeName"] == "_key"
    names = [one["AttributeName"] for one in attribute_definitions([with_sort, without])]
    assert names == ["_key", "_part_x", "_sort_y"]
