"""Values as texts that sort as the values do."""

import struct
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column
from expectations.ordered_text import ordered_text

DECIMALS = st.decimals(min_value=-(10**28) + 1, max_value=10**28 - 1, places=10)
OFFSETS = st.integers(-18 * 60, 18 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)
SAMPLES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "decimal(38,10)": DECIMALS,
    "double": st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number))),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False).map(
        lambda number: Decimal(repr(number))
    ),
    "boolean": st.booleans(),
    "date": st.dates().map(date.isoformat),
    "timestamp": INSTANTS.map(datetime.isoformat),
}


def meaning(kind: str, value: Any) -> Any:
    """What the order of values is about, in Python's own types."""
    if kind == "timestamp":
        return datetime.fromisoformat(value).astimezone(UTC)
    if kind in ("double", "float"):
        return float(value)
    return value.encode() if kind == "string" else value


@pytest.mark.parametrize("kind", SAMPLES)
@given(data=st.data())
def test_texts_sort_as_their_values_do(kind: str, data: st.DataObject) -> None:
    column = Column("c", kind)
    left, right = (data.draw(SAMPLES[kind]) for _ in range(2))

    texts = [ordered_text(column, value) for value in (left, right)]

    assert None not in texts
    less, equal = (texts[0] or "").encode() < (texts[1] or "").encode(), texts[0] == texts[1]
    assert less == (meaning(kind, left) < meaning(kind, right))
    assert equal == (meaning(kind, left) == meaning(kind, right))


@pytest.mark.parametrize(
    ("narrow", "wide", "value"),
    [
        ("int", "long", -7),
        ("decimal(10,2)", "decimal(38,2)", Decimal("-12.34")),
        ("float", "double", Decimal("0.1")),
    ],
)
def test_a_text_stays_the_same_when_its_type_is_widened(narrow: str, wide: str, value: Any) -> None:
    assert ordered_text(Column("c", narrow), value) == ordered_text(Column("c", wide), value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 2**31), ("int", True), ("int", "1"), ("int", Decimal("1.5")), ("long", -(2**63) - 1),
        ("decimal(10,2)", Decimal("0.001")), ("decimal(10,2)", 10**8), ("decimal(10,2)", Decimal("NaN")),
        ("double", 10**400), ("double", Decimal("1E+400")), ("double", True),
        ("date", "2026-02-30"), ("date", "2026-11-01T00:00:00Z"), ("timestamp", "yesterday"),
        ("boolean", 1), ("string", 1), ("string", None), ("list<string>", []),
    ],
)  # fmt: skip
def test_a_value_of_another_type_has_no_text(kind: str, value: Any) -> None:
    assert ordered_text(Column("c", kind), value) is None


def test_minus_zero_is_zero() -> None:
    double = Column("c", "double")

    assert ordered_text(double, Decimal("-0.0")) == ordered_text(double, 0)
    assert struct.pack(">d", -0.0) != struct.pack(">d", 0.0)
