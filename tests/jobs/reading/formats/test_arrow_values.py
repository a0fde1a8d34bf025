"""Values inside structs, lists, maps, dictionaries and extension types are read as values of their own."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given, settings

from expectations.contract import Column
from jobs.reading.formats.arrow_values import converter
from tests.jobs.reading.formats.arrow_cases import MIDNIGHT, TEN, ArrowCase, columns_of_files, read

LIST = Column("x", "list<date>", fields=(Column("element", "date"),))
STRUCT = Column(
    "x", "struct<a_b: decimal(5,2), at: timestamp>",
    fields=(Column("a_b", "decimal(5,2)"), Column("at", "timestamp")),
)  # fmt: skip
PAIRS = Column("x", "list<struct<key: string, value: date>>", fields=(
    Column("element", "struct<key: string, value: date>", fields=(
        Column("key", "string"), Column("value", "date"),
    )),
))  # fmt: skip


@settings(max_examples=100)
@given(drawn=columns_of_files())
def test_a_value_inside_is_read_as_one_outside(drawn: tuple[ArrowCase, list[Any], Column]) -> None:
    case, values, column = drawn
    inside = case.array(values)
    listed = pa.ListArray.from_arrays(list(range(len(values) + 1)), inside)
    member = pa.StructArray.from_arrays([inside], ["x"])
    of_lists = replace(column, type=f"list<{column.type}>", fields=(column,))
    of_members = replace(column, type=f"struct<x: {column.type}>", fields=(column,))

    found = read(inside, column)

    assert read(listed, of_lists) == [[one] for one in found]
    assert read(member, of_members) == [{"x": one} for one in found]


def test_uuids_and_intervals_are_text_only_where_they_have_one() -> None:
    one = UUID("12345678-1234-5678-1234-567812345678")
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([one.bytes, None], pa.binary(16)))
    interval = pa.array(
        [(1).to_bytes(4, "little") + (2).to_bytes(4, "little") + (1500).to_bytes(4, "little")]
    )
    opaque = pa.opaque(pa.binary(12), "INTERVAL", "Parquet")

    assert read(uuids, Column("x", "string")) == [str(one), None]
    assert read(uuids.storage, Column("x", "string"), pa.uuid()) == [str(one), None]
    assert read(interval, Column("x", "string"), opaque) == [{"INTERVAL": "P1M2DT1.500S"}]


def test_json_text_is_a_struct_or_list_where_the_file_calls_it_json() -> None:
    texts = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a_b": 0.12345678901234567890e1}', "no"]))

    as_text = read(texts, Column("x", "string"))
    found = converter(texts.type, STRUCT)(texts).to_pylist()

    assert as_text == ['{"a_b": 0.12345678901234567890e1}', "no"]
    assert found == ['{"a_b": "0.12345678901234567890e1"}', '"no"']


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.timestamp("us", "CEST")),
        pa.large_list(pa.timestamp("ms")),
        pa.list_(pa.field("array_element", pa.timestamp("us")), 2),
        pa.list_view(pa.timestamp("ns")),
        pa.large_list_view(pa.timestamp("s")),
    ],
)
def test_lists_of_any_kind_are_arrays_of_the_contracts_elements(kind: pa.DataType) -> None:
    moments = [MIDNIGHT.replace(tzinfo=None), TEN.replace(tzinfo=None)]
    column = pa.array([[MIDNIGHT] * 2, None, moments], pa.list_(pa.timestamp("us")))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        values = pa.array([[moments[0]] * 2, None, moments], kind)
    else:
        values = column.cast(kind)

    found = read(values, LIST)
    sliced = read(values.slice(2), LIST)

    assert found[0] == ["2017-03-01"] * 2
    assert found[1] is None
    assert [one[:16] for one in found[2]] == ["2017-03-01", "2017-03-01T10:00"]
    assert sliced == found[2:]


def test_members_have_the_types_of_the_contracts_fields_by_any_of_their_names() -> None:
    values = pa.array(
        [{"aB": 0.1, "at": b"2017-03-01", "more": b"x"}, None, {"aB": None, "at": None, "more": None}],
        pa.struct([("aB", pa.float32()), ("at", pa.binary()), ("more", pa.binary())]),
    )

    assert read(values, STRUCT) == [
        {"aB": Decimal("0.1"), "at": "2017-03-01", "more": "x"},
        None,
        {"aB": None, "at": None, "more": None},
    ]
    assert read(values.slice(1), STRUCT)[0] is None


def test_a_map_is_a_list_of_pairs_or_a_struct() -> None:
    days = pa.array([[("a", MIDNIGHT), ("b", None)], None, []], pa.map_(pa.string(), pa.timestamp("us")))
    prices = pa.array([[("aB", b"1.5"), ("at", b"2017-03-01")], None], pa.map_(pa.string(), pa.binary()))
    numbers = pa.array([[(7, 1.5)]], pa.map_(pa.int64(), pa.float64()))

    assert read(days, PAIRS) == [
        [{"key": "a", "value": "2017-03-01"}, {"key": "b", "value": None}],
        None,
        [],
    ]
    assert read(days.slice(2), PAIRS) == [[]]
    assert read(prices, STRUCT) == [{"aB": "1.5", "at": "2017-03-01"}, None]
    assert read(numbers, STRUCT) == [{"7": Decimal("1.5")}]


def test_a_dictionary_is_read_by_its_values() -> None:
    encoded = pa.array([MIDNIGHT, None, MIDNIGHT], pa.timestamp("us", "UTC")).dictionary_encode()

    assert read(encoded, Column("x", "date")) == ["2017-03-01", None, "2017-03-01"]
    assert read(encoded.slice(2), Column("x", "date")) == ["2017-03-01"]
    assert read(encoded.slice(0, 0), Column("x", "date")) == []


def test_a_type_without_a_meaning_is_refused_with_its_name() -> None:
    values = pa.UnionArray.from_dense(
        pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([7]), pa.array(["a"])]
    )

    [first, _] = read(values, Column("x", "long"))

    assert list(first.values()) == ["7"]
    assert "union" in next(iter(first))
