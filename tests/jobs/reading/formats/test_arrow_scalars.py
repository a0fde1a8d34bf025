"""Each value of an Arrow column is read exactly, or so that its column refuses it: never as another value."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings

from expectations.align import align
from expectations.contract import Column, Contract
from tests.jobs.reading.formats.arrow_cases import MIDNIGHT, TEN, ArrowCase, Refused, columns_of_files, read
from tests.jobs.row_values import is_of, native
from tests.properties import examples


def taken(column: Column, value: Any) -> Any:
    """What the column takes a JSON value for, or `Refused`: as messages are read, and so all doors."""
    contract = Contract("things", "1", "", (column,), key=("x",))
    aligned, _ = align(contract, {"x": value})
    return native(column, aligned["x"]) if is_of(column, aligned["x"]) else Refused


@settings(max_examples=examples(150))
@given(drawn=columns_of_files())
def test_every_value_is_taken_exactly_or_refused(drawn: tuple[ArrowCase, list[Any], Column]) -> None:
    case, values, column = drawn

    found = read(case.array(values), column)

    for value, one in zip(values, found, strict=True):
        if value is None:
            assert one is None
            continue
        expected = case.model(value, column)
        if expected is None:
            # A text, which is read as the text of any other format.
            assert one == (value.decode() if isinstance(value, bytes) else value)
        else:
            assert taken(column, one) == expected, (str(case.kind), value, column.type, one)


@pytest.mark.parametrize(
    ("array", "column", "found"),
    [
        (pa.array([b"APPLE", b"\xff"]), Column("x", "string"), ["APPLE", {"bytes": "/w=="}]),
        (pa.array([b"ABCD"], pa.binary(4)), Column("x", "string"), ["ABCD"]),
        (pa.array([b"abc"]), Column("x", "binary"), ["YWJj"]),
        (pa.array([b"\xff", b"a"]).view(pa.string()), Column("x", "string"), [{"bytes": "/w=="}, "a"]),
        (pa.array([19.99], pa.float32()), Column("x", "decimal(10,2)"), [Decimal("19.99")]),
        (pa.array([0.1], pa.float16()), Column("x", "decimal(10,2)"), [Decimal("0.1")]),
        (pa.array([65504.0, 1.5], pa.float16()), Column("x", "float"), [65504, 1.5]),
        (pa.array([65504.0], pa.float16()), Column("x", "long"), [65504]),
        (pa.array([123456792.0], pa.float32()), Column("x", "long"), [123456792]),
        (pa.array([1e38, 1e39]), Column("x", "decimal(38,0)"), [str(int(1e38)), Decimal("1e39")]),
        (pa.array([2.0**60]), Column("x", "long"), [2**60]),
        (pa.array([-1.1767639091777575e20, 0.5, 1e300]), Column("x", "decimal(38,0)"),
         ["-117676390917775753216", Decimal("0.5"), Decimal("1e300")]),
        (pa.array([1.0, 1.5, float("nan")]), Column("x", "long"), [1, 1.5, "nan"]),
        (pa.array([float("inf")]), Column("x", "string"), [{"double": "inf"}]),
        (pa.array([MIDNIGHT, TEN]), Column("x", "date"), ["2017-03-01", "2017-03-01T10:00:00+00:00"]),
        (pa.array([2**62], pa.timestamp("s")), Column("x", "string"),
         [{"timestamp": "<value out of range: 4611686018427387904>"}]),
        (pa.array([1], pa.duration("us")), Column("x", "binary"), [{"duration": "PT0.000001S"}]),
        (pa.array([1], pa.time64("us")), Column("x", "long"), [{"time": "00:00:00.000001"}]),
        (pa.nulls(2), Column("x", "long"), [None, None]),
        (pa.array([MIDNIGHT]), Column("x", "list<int>", fields=(Column("element", "int"),)),
         ["2017-03-01T00:00:00+00:00"]),
    ],
)  # fmt: skip
def test_a_value_is_written_for_its_column(array: pa.Array, column: Column, found: list[Any]) -> None:
    assert read(array, column) == found
