"""A key is found in a row however the row spells it, also in rows that the doors refuse."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.align import align
from expectations.contract import Column, Contract, Row
from expectations.keys import InvalidKey, encode_key
from expectations.spelled_keys import spelled_keys
from tests.expectations import strategies
from tests.expectations.strategies import json_values


def keyed(*kinds: str) -> Contract:
    columns = tuple(Column(f"key_{place}", kind, required=True) for place, kind in enumerate(kinds))
    return Contract("made_up", "1", "", columns, tuple(column.name for column in columns))


@pytest.mark.parametrize(
    ("kind", "text", "key"),
    [
        ("string", '"42"', "42"),
        ("string", '" 42 "', "42"),
        ("string", '" 42 "', "%2042%20"),  # what a drop's row was stored as before the doors trimmed
        ("string", "1.50", "1.50"),
        ("string", "1.50", "1.5"),
        ("string", "31198570044.0", "31198570044.0"),
        ("string", "31198570044.0", "31198570044"),
        ("string", "31198570044.0", "3.1198570044E10"),
        ("string", "-0.00001", "-1.0E-5"),
        ("string", "42", "42"),
        ("string", "true", "true"),
        ("long", '" 42 "', "42"),
        ("long", "42.0", "42"),
        ("boolean", '"True"', "true"),
        ("decimal(10,2)", '"1.5"', "1.50"),
        ("timestamp", '"2017-01-31 10:00"', "2017-01-31T10%3A00%3A00Z"),
    ],
)
def test_a_key_is_found_in_each_of_its_spellings(kind: str, text: str, key: str) -> None:
    assert key in spelled_keys(keyed(kind), {"key_0": json.loads(text, parse_float=Decimal)})


def test_a_key_of_several_columns_is_found_under_any_of_their_names() -> None:
    assert spelled_keys(keyed("string", "long"), {"key_0": "a", "key0": "b", "key1": "7"}) == {"a,7", "b,7"}


@pytest.mark.parametrize("value", [None, "", "  ", [], {"S": "a"}, Decimal("1E+1000000"), Decimal("NaN")])
def test_what_is_no_key_has_none_and_costs_nothing(value: Any) -> None:
    assert spelled_keys(keyed("long"), {"key_0": value}) == frozenset()


@given(strategies.keyed_rows())
def test_the_key_text_of_an_accepted_row_is_found(keyed_row: tuple[Contract, Row]) -> None:
    contract, row = keyed_row

    assert encode_key(contract, row) in spelled_keys(contract, row)


@given(strategies.keyed_rows(), st.data())
def test_whatever_a_row_holds_its_key_text_is_found(
    keyed_row: tuple[Contract, Row], data: st.DataObject
) -> None:
    contract, _ = keyed_row
    row = {name: data.draw(json_values) for name in contract.key}
    aligned, _ = align(contract, row)
    try:
        expected = {encode_key(contract, aligned)}
    except InvalidKey:
        expected = set()

    assert expected <= spelled_keys(contract, row)
