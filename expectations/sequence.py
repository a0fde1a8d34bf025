"""Versions from the values of a sequence column, and the greatest version that a row may have.

A timestamp's version is its microseconds since the epoch; a number is its own version. The last two versions
of the column's type are reserved, so that a row with any value can still be deleted: the first of them for a
delete of the row through the Data API, the second for the removal of that item from DynamoDB.

Standard library only.
"""

from typing import Any

from expectations import timestamps
from expectations.contract import Column, Contract

RESERVED = 2
_GREATEST = {
    "int": 2**31 - 1,
    "long": 2**63 - 1,
    "timestamp": timestamps.to_micros("9999-12-31T23:59:59.999999Z"),
}


def counts(contract: Contract) -> bool:
    """Whether versions of the dataset are numbers of its own; else they are microseconds since the epoch."""
    name = contract.sequence_column
    return name is not None and contract.column(name).kind != "timestamp"


def greatest_version(contract: Contract) -> int:
    """The greatest version that a change may have."""
    name = contract.sequence_column
    kind = "long" if name is None else contract.column(name).kind
    return _GREATEST[kind] - RESERVED


def to_value(column: Column, version: int) -> Any:
    """The value of the sequence column whose version this is."""
    return timestamps.from_micros(version) if column.kind == "timestamp" else version


def to_version(value: Any) -> int:
    """The version of a value of the sequence column: a canonical timestamp or a whole number."""
    return timestamps.to_micros(value) if isinstance(value, str) else int(value)
