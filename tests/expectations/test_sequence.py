"""Versions from the values of a sequence column."""

from typing import Any

import pytest
from hypothesis import given

from expectations import timestamps
from expectations.contract import Column, Contract
from expectations.sequence import RESERVED, counts, greatest_version, to_value, to_version
from tests.expectations import strategies


def contract(kind: str | None) -> Contract:
    """A contract with a sequence column of this kind, or with none."""
    columns = (Column("id", "int"), *([Column("s", kind)] if kind else []))
    return Contract("orders", "1", "", columns, ("id",), sequence_column="s" if kind else None)


@pytest.mark.parametrize(
    ("kind", "is_counted", "last"),
    [
        ("int", True, 2**31 - 1),
        ("long", True, 2**63 - 1),
        ("timestamp", False, 253_402_300_799_999_999),
        (None, False, 2**63 - 1),
    ],
)
def test_the_last_versions_of_a_type_are_reserved(kind: str | None, last: int, *, is_counted: bool) -> None:
    assert counts(contract(kind)) is is_counted
    assert greatest_version(contract(kind)) == last - RESERVED


@pytest.mark.parametrize(
    ("kind", "value", "version"),
    [("int", 7, 7), ("long", -(2**63), -(2**63)), ("timestamp", "1970-01-01T00:00:01.500000Z", 1_500_000)],
)
def test_a_value_has_a_version_and_a_version_its_value(kind: str, value: Any, version: int) -> None:
    assert to_version(value) == version
    assert to_value(Column("s", kind), version) == value


@given(strategies.instants, strategies.instants)
def test_versions_of_timestamps_are_in_the_order_of_their_times(one: Any, other: Any) -> None:
    versions = [to_version(timestamps.to_text(instant)) for instant in (one, other)]

    assert (versions[0] < versions[1]) is (one < other)
