"""Which indexes of a table are made, removed or awaited, by its contract and DynamoDB's description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from expectations.access_patterns import INDEX_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expectations.access_patterns import AccessPattern
    from expectations.contract import Contract


@dataclass(frozen=True, slots=True)
class IndexChanges:
    """What leads from the indexes of a table to those of its contract. Indexes of others are left alone."""

    made: tuple[AccessPattern, ...]
    removed: tuple[str, ...]  # names of indexes
    is_changing: bool  # DynamoDB still makes or removes one

    @classmethod
    def between(cls, table: Mapping[str, Any], contract: Contract) -> Self:
        """The changes of a table, as DescribeTable describes it."""
        statuses = {one["IndexName"]: one["IndexStatus"] for one in table.get("GlobalSecondaryIndexes", ())}
        wanted = {pattern.index for pattern in contract.patterns}
        staying = {name for name, status in statuses.items() if status != "DELETING"}
        return cls(
            made=tuple(pattern for pattern in contract.patterns if pattern.index not in staying),
            removed=tuple(sorted(name for name in staying - wanted if name.startswith(INDEX_PREFIX))),
            is_changing=any(status != "ACTIVE" for status in (*statuses.values(), table["TableStatus"])),
        )

    @property
    def is_empty(self) -> bool:
        """Whether the table has the indexes of its contract, ready for use."""
        return not (self.made or self.removed or self.is_changing)
