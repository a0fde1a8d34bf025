"""Which indexes of a table are made and removed."""

from typing import Any

import pytest

from expectations.access_patterns import AccessPattern
from tests.lambdas.contracts import READINGS
from workflows.indexes.changes import IndexChanges

ALL = [pattern.index for pattern in READINGS.patterns]
BY_PLACE = AccessPattern("by_place", "place")


def table(indexes: dict[str, str], status: str = "ACTIVE") -> dict[str, Any]:
    """A table as DynamoDB describes it."""
    described = [{"IndexName": name, "IndexStatus": index} for name, index in indexes.items()]
    return {"TableStatus": status, **({"GlobalSecondaryIndexes": described} if described else {})}


@pytest.mark.parametrize(
    ("described", "changes"),
    [
        (table(dict.fromkeys(ALL, "ACTIVE")), IndexChanges((), (), is_changing=False)),
        (table({}), IndexChanges(READINGS.patterns, (), is_changing=False)),
        (
            table({**dict.fromkeys(ALL, "ACTIVE"), "by.x": "ACTIVE", "theirs": "ACTIVE"}),
            IndexChanges((), ("by.x",), is_changing=False),
        ),
        (table({**dict.fromkeys(ALL, "ACTIVE"), "by.x": "DELETING"}), IndexChanges((), (), is_changing=True)),
        (
            table({**dict.fromkeys(ALL, "ACTIVE"), BY_PLACE.index: "DELETING"}),
            IndexChanges((BY_PLACE,), (), is_changing=True),
        ),
        (
            table({**dict.fromkeys(ALL, "ACTIVE"), BY_PLACE.index: "CREATING"}),
            IndexChanges((), (), is_changing=True),
        ),
        (table(dict.fromkeys(ALL, "ACTIVE"), "UPDATING"), IndexChanges((), (), is_changing=True)),
    ],
)
def test_a_table_gets_the_indexes_of_its_contract(described: dict[str, Any], changes: IndexChanges) -> None:
    assert IndexChanges.between(described, READINGS) == changes


@pytest.mark.parametrize(
    ("changes", "is_empty"),
    [
        (IndexChanges((), (), is_changing=False), True),
        (IndexChanges((BY_PLACE,), (), is_changing=False), False),
        (IndexChanges((), ("by.x",), is_changing=False), False),
        (IndexChanges((), (), is_changing=True), False),
    ],
)
def test_a_table_is_ready_when_nothing_changes(changes: IndexChanges, is_empty: bool) -> None:
    assert changes.is_empty == is_empty
