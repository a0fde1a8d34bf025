"""Values of Avro become JSON exactly, whatever their logical type and the column that they are for."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastavro.read import LOGICAL_READERS
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column
from jobs.reading.formats.avro_values import (
    Instant,
    ShortFloat,
    by_spelling,
    json_value,
    readable_schema,
    register,
)

register()


@pytest.mark.parametrize(
    ("schema", "readable"),
    [
        ("long", "long"),
        ("float", {"type": "float", "logicalType": "glueline-float"}),
        (["null", {"type": "int", "logicalType": "date"}],
         ["null", {"type": "int", "logicalType": "glueline-date", "scale": 0}]),
        ({"type": {"type": "string", "avro.java.string": "String"}}, {"type": "string"}),
        ({"type": "string", "logicalType": "uuid"}, {"type": "string"}),
        ({"type": "Place"}, "Place"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
         {"type": "bytes", "logicalType": "glueline-decimal", "scale": 2}),
        ({"type": "enum", "name": "E", "symbols": ["A"], "default": "A"},
         {"type": "enum", "name": "E", "symbols": ["A"]}),
        ({"type": "record", "name": "r", "namespace": "n", "doc": "d", "fields": [
            {"name": "a", "type": ["null", "string"], "default": "null", "aliases": ["b"]},
            {"name": "c", "type": {"type": "map", "values": {"type": "array", "items": "int"}}},
        ]}, {"type": "record", "name": "r", "namespace": "n", "fields": [
            {"name": "a", "type": ["null", "string"]},
            {"name": "c", "type": {"type": "map", "values": {"type": "array", "items": "int"}}},
        ]}),
    ],
)  # fmt: skip
def test_a_schema_is_read_with_our_logical_types_and_without_what_does_not_matter(
    schema: Any, readable: Any
) -> None:
    assert readable_schema(schema) == readable


@pytest.mark.parametrize(
    "items",
    [
        "null",
        {"type": "null"},
        {"type": "fixed", "name": "f", "size": 0},
        {"type": "record", "name": "r", "fields": [{"name": "a", "type": "null"}]},
    ],
)
def test_an_array_of_values_that_take_no_bytes_could_have_any_length(items: Any) -> None:
    with pytest.raises(ValueError, match="expected arrays of values that take bytes"):
        readable_schema({"type": "array", "items": items})
    assert readable_schema({"type": "array", "items": ["null", "int"]})


def test_what_is_no_schema_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a schema"):
        readable_schema(7)


def column(kind: str) -> Column:
    return Column("a", kind)


PLACE = Column(
    "place", "struct<zip: string, height: decimal(5,2)>",
    fields=(Column("zip_code", "string", aliases=("zip",)), Column("height", "decimal(5,2)")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("string", b"gr\xc3\xbcn", "grün"),
        ("string", b"gr\xfcn", "gr\udcfcn"),  # which `received_row` makes the problem of the row
        ("binary", b"gr\xfcn", "Z3L8bg=="),
        ("long", 9_007_199_254_740_993, 9_007_199_254_740_993),
        ("long", 2.0, "2"),
        ("decimal(38,2)", 1e22, "10000000000000000000000"),
        ("decimal(10,2)", ShortFloat(0.10000000149011612), "0.1"),
        ("double", ShortFloat(0.10000000149011612), "0.10000000149011612"),
        ("float", ShortFloat(0.10000000149011612), "0.1"),
        ("decimal(10,2)", ShortFloat(3.4028234663852886e38), "340282350000000000000000000000000000000"),
        ("double", float("nan"), "nan"),
        ("string", 1.5, 1.5),
        (
            "decimal(38,4)",
            Decimal("12345678901234567890123456789012.1000"),
            "12345678901234567890123456789012.1000",
        ),
        ("string", Decimal("1.50"), 1.5),
        ("boolean", True, True),
        ("date", Instant("2026-11-24T00:00:00+00:00"), "2026-11-24"),
        ("date", Instant("2026-11-24T00:00:00"), "2026-11-24"),
        ("date", Instant("2026-11-24T00:00:01"), "2026-11-24T00:00:01"),
        ("timestamp", Instant("2026-11-24T00:00:00"), "2026-11-24T00:00:00"),
        ("string", None, None),
    ],
)
def test_a_value_is_read_for_its_column(kind: str, value: Any, found: Any) -> None:
    assert json_value(column(kind), value) == found
    assert type(json_value(column(kind), value)) is type(found)


def test_values_inside_are_read_for_their_columns() -> None:
    value = {"zip": b"1", "height": Decimal("1.5"), "other": b"2", "more": [Decimal("1.5")]}

    assert json_value(PLACE, value) == {"zip": "1", "height": "1.5", "other": "2", "more": [1.5]}
    assert json_value(Column("a", "list<x>", fields=(PLACE,)), [value, None])[1] is None
    assert by_spelling((PLACE,))["place"] is PLACE


@given(days=st.integers(-(2**31), 2**31 - 1))
def test_a_day_is_exact_in_any_year(days: int) -> None:
    text = LOGICAL_READERS["int-glueline-date"](days, None, None)

    try:
        expected = (date(1970, 1, 1) + timedelta(days)).isoformat()
    except OverflowError:
        assert text[0] in "+-"
    else:
        assert text == expected


@given(
    at=st.datetimes(timezones=st.just(UTC)),
    unit=st.sampled_from([("millis", 3), ("micros", 6), ("nanos", 9)]),
)
def test_an_instant_is_exact_in_any_unit(at: datetime, unit: tuple[str, int]) -> None:
    name, digits = unit
    micros = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    number = micros * 10**digits // 10**6
    exact = at - timedelta(microseconds=at.microsecond % 1000) if name == "millis" else at

    assert LOGICAL_READERS[f"long-glueline-timestamp-{name}"](number, None, None) == exact.isoformat()
    local = LOGICAL_READERS[f"long-glueline-local-timestamp-{name}"](number, None, None)
    assert local == exact.replace(tzinfo=None).isoformat()


@pytest.mark.parametrize(
    ("logical", "value", "text"),
    [
        ("long-glueline-timestamp-nanos", 1, "1970-01-01T00:00:00.000000001+00:00"),
        ("long-glueline-timestamp-nanos", -1, "1969-12-31T23:59:59.999999999+00:00"),
        ("long-glueline-timestamp-micros", 2**63 - 1, "+294247-01-10T04:00:54.775807+00:00"),
        ("int-glueline-date", -719_163, "+00000-12-31"),
        ("int-glueline-date", 2_932_897, "+10000-01-01"),
        ("int-glueline-time-millis", 3_723_004, "01:02:03.004000"),
        ("long-glueline-time-micros", 86_399_999_999, "23:59:59.999999"),
        ("long-glueline-time-micros", -1, "-1"),
        ("fixed-glueline-uuid", bytes(16), "00000000-0000-0000-0000-000000000000"),
        ("fixed-glueline-duration", bytes.fromhex("0100000002000000bc0b0000"), "P1M2DT3.004S"),
        ("fixed-glueline-duration", b"\x01", b"\x01"),
    ],
)
def test_other_logical_types_are_text(logical: str, value: Any, text: Any) -> None:
    assert LOGICAL_READERS[logical](value, None, None) == text


@given(unscaled=st.integers(-(10**60), 10**60), scale=st.integers(0, 60))
def test_a_decimal_keeps_all_of_its_digits(unscaled: int, scale: int) -> None:
    stored = unscaled.to_bytes(32, signed=True)

    for kind in ("bytes", "fixed"):
        found = LOGICAL_READERS[f"{kind}-glueline-decimal"](stored, {"scale": scale}, None)
        sign, digits, exponent = found.as_tuple()
        assert (-1 if sign else 1) * int("".join(map(str, digits))) == unscaled
        assert exponent == -scale
