"""All key values as which a received value may have been read, in this and in earlier versions."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations import timestamps
from expectations.contract import Column, Contract, Row
from expectations.spelled_keys import JsonNumber, java_text, readings, texts_of
from tests.expectations import strategies


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", " a ", {" a ", "a"}),
        ("string", "\ta ", {"\ta ", "a", "\ta"}),
        ("string", JsonNumber("1.50"), {"1.50", "1.5"}),
        ("string", JsonNumber("42.0"), {"42.0", "42"}),
        ("string", JsonNumber("31198570044.0"), {"31198570044.0", "3.1198570044E10", "31198570044"}),
        ("string", True, {"true"}),
        ("string", None, set()),
        ("long", " 31198570044", {31198570044}),
        ("long", "5.0", {5}),
        ("long", "5.5", set()),
        ("int", "1e3", {1000}),
        ("int", "1e999", set()),
        ("int", "9" * 5000, set()),
        ("decimal(4,2)", "1.50", {Decimal("1.5")}),
        ("boolean", " TRUE", {True}),
        ("boolean", "yes", set()),
        ("date", "20170131", {"2017-01-31"}),
        ("date", "2017-01-31T00:00:00Z", {"2017-01-31", "2017-01-31T00:00:00Z"}),
        ("timestamp", "2017-01-01 12:53:26+01:00", {"2017-01-01T11:53:26Z"}),
        ("timestamp", "soon", set()),
    ],
)
def test_a_value_has_every_reading_that_a_door_gives_it(kind: str, value: Any, expected: set[Any]) -> None:
    assert set(readings(Column("k", kind), value)) == expected


def test_a_text_is_not_trimmed_if_its_door_did_not_trim_it() -> None:
    assert set(texts_of(" a ", trims=False)) == {" a "}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("42", "42"),
        ("-0", "0"),
        ("1.50", "1.5"),
        ("0.001", "0.001"),
        ("0.0001", "1.0E-4"),
        ("10000000.0", "1.0E7"),
        ("-0.0", "-0.0"),
        ("NaN", "NaN"),
    ],
)
def test_a_number_has_the_text_of_java(number: str, text: str) -> None:
    assert java_text(number) == text


@given(strategies.keyed_rows())
def test_a_key_is_among_the_readings_of_its_own_text(keyed_row: tuple[Contract, Row]) -> None:
    contract, row = keyed_row

    for column in contract.key_columns:
        value = row[column.name]
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
        assert value in set(readings(column, text))


@given(st.text() | st.text().map(JsonNumber.or_text))
def test_any_text_has_readings_of_every_type(text: str) -> None:
    for kind in ("string", "int", "decimal(4,2)", "boolean", "date", "timestamp"):
        found = list(readings(Column("k", kind), text))

        assert kind != "timestamp" or all(map(timestamps.is_canonical, found))
