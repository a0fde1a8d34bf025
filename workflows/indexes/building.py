"""Gives the tables of a deployed stack the indexes of their contracts.

Indexes are not in the template: CloudFormation makes or removes one index of a table in each update of the
stack, and waits for it, while items of a live table have to be filled in between. Here each table takes its
own time, a stopped run is continued by the next one, and a pattern is answered with status 503 until its
index is ready.

An index is made last: while it does not exist, it can't show only a part of the rows. Before items are read,
calls of the previous version of the API, which did not write the attributes, have to end.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from lambdas.data_api.index_attributes import attribute_definitions, index_definition
from workflows.indexes.changes import IndexChanges
from workflows.indexes.filling import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from expectations.contract import Contract

POLL_SECONDS: Final = 2.0
SETTLE_SECONDS: Final = 30.0  # the function's timeout is 29 s
_TABLES_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a stack: DynamoDB's client and the prefix of their names, and how to wait."""

    dynamodb: Any
    prefix: str
    report: Callable[[str], None]
    settle_seconds: float = SETTLE_SECONDS
    poll_seconds: float = POLL_SECONDS

    def describe(self, contract: Contract) -> Mapping[str, Any] | None:
        """The dataset's table; None if the stack has none for it."""
        try:
            found: Mapping[str, Any] = self.dynamodb.describe_table(TableName=self.prefix + contract.dataset)[
                "Table"
            ]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return found


def build_indexes(tables: Tables, contracts: Sequence[Contract]) -> list[str]:
    """Make and remove indexes until each table has those of its contract; what was done, in sentences."""
    changes = pending(tables, contracts)
    if not changes:
        return []
    if any(change.made for change in changes.values()):
        time.sleep(tables.settle_seconds)
    changing = [contract for contract in contracts if contract.dataset in changes]
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
        return sorted(
            line for lines in pool.map(lambda contract: _build(tables, contract), changing) for line in lines
        )


def announce(tables: Tables, contracts: Sequence[Contract]) -> Iterator[str]:
    """What `build_indexes` would do, in sentences."""
    for dataset, changes in sorted(pending(tables, contracts).items()):
        for pattern in changes.made:
            yield f"{dataset}: an index for {pattern} is made, and filled from all items"
        for index in changes.removed:
            yield f"{dataset}: the index {index} is REMOVED; the items stay in the table"


def pending(tables: Tables, contracts: Sequence[Contract]) -> dict[str, IndexChanges]:
    """The datasets whose tables do not have the indexes of their contracts, with what has to change.

    Existing tables are their owners': they are left as they are.
    """
    own = [contract for contract in contracts if contract.table.is_own]
    described = {contract.dataset: (contract, tables.describe(contract)) for contract in own}
    changes = {
        dataset: IndexChanges.between(table, contract)
        for dataset, (contract, table) in described.items()
        if table is not None
    }
    return {dataset: change for dataset, change in changes.items() if not change.is_empty}


def _build(tables: Tables, contract: Contract) -> list[str]:
    """Change the indexes of a table one after the other, as DynamoDB requires."""
    name, dataset, done = tables.prefix + contract.dataset, contract.dataset, []
    for index in _settled(tables, contract).removed:
        tables.report(f"{dataset}: removing the index {index} …")
        tables.dynamodb.update_table(
            TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": index}}]
        )
        _settled(tables, contract)
        done.append(f"{dataset}: the index {index} is removed")
    made = _settled(tables, contract).made
    if made:
        tables.report(f"{dataset}: filling the keys of {len(made)} new indexes …")
        tables.report(f"{dataset}: {fill(tables.dynamodb, name, contract, tables.report)}")
    for pattern in made:
        tables.report(f"{dataset}: making the index of {pattern.name} …")
        tables.dynamodb.update_table(
            TableName=name,
            AttributeDefinitions=attribute_definitions([pattern]),
            GlobalSecondaryIndexUpdates=[{"Create": index_definition(pattern)}],
        )
        _settled(tables, contract)
        done.append(f"{dataset}: {pattern} can be asked")
    return done


def _settled(tables: Tables, contract: Contract) -> IndexChanges:
    """The changes that are left once DynamoDB has made or removed what it was told to."""
    while True:
        table = tables.describe(contract)
        if table is None:
            return IndexChanges((), (), is_changing=False)
        changes = IndexChanges.between(table, contract)
        if not changes.is_changing:
            return changes
        time.sleep(tables.poll_seconds)
