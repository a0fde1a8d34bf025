"""Gives the items of a live table the attributes that are the keys of its indexes.

DynamoDB fills a new index from these attributes, and items that were written before the pattern was declared
do not have them. Each item is written under the condition that the columns of the patterns are as they were
read, so a change at the same time is never undone. Safe to repeat: an item that has its attributes is not
written.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from lambdas.data_api.index_attributes import index_attributes
from lambdas.data_api.items import DELETED, KEY
from lambdas.index_attribute_names import is_index_attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from expectations.contract import Contract
    from lambdas.data_api.items import Item

WRITERS: Final = 16  # at the same time
REPORT_SECONDS: Final = 10.0


@dataclass(slots=True)
class Filled:
    """How many items were read and written."""

    read: int = 0
    written: int = 0

    def __str__(self) -> str:
        return f"{self.read:,} items read, {self.written:,} written"


def fill(dynamodb: Any, table: str, contract: Contract, report: Callable[[str], None]) -> Filled:
    """Give all items of the table their index attributes, and take those away that they should not have."""
    filled, reported = Filled(), time.monotonic()
    with ThreadPoolExecutor(WRITERS) as pool:
        for items in _pages(dynamodb, table):
            filled.read += len(items)
            filled.written += sum(pool.map(partial(_fill_item, dynamodb, table, contract), items))
            if time.monotonic() - reported >= REPORT_SECONDS:
                report(f"{contract.dataset}: {filled} …")
                reported = time.monotonic()
    return filled


def _pages(dynamodb: Any, table: str) -> Iterator[list[Item]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield page["Items"]


def _fill_item(dynamodb: Any, table: str, contract: Contract, item: Item) -> bool:
    """Write the index attributes of an item if it has others; whether it was written."""
    current: Item | None = item
    while current:
        update = fill_update(contract, current)
        if update is None:
            return False
        try:
            dynamodb.update_item(TableName=table, Key={KEY: current[KEY]}, **update)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            response: Any = error.response
            current = response.get("Item")  # as it is now; none if it was removed
        else:
            return True
    return False


def fill_update(contract: Contract, item: Item) -> dict[str, Any] | None:
    """The parameters of UpdateItem that give an item its index attributes; None if it has just these."""
    wanted = index_attributes(contract, item)
    removed = [name for name in item if is_index_attribute(name) and name not in wanted]
    set_ = {name: value for name, value in wanted.items() if item.get(name) != value}
    if not (set_ or removed):
        return None
    condition = _unchanged(item, _columns(contract))
    actions = []
    if set_:
        actions.append("SET " + ", ".join(f"#s{place} = :s{place}" for place, _ in enumerate(set_)))
    if removed:
        actions.append("REMOVE " + ", ".join(f"#r{place}" for place, _ in enumerate(removed)))
    values = condition["values"] | {f":s{place}": value for place, value in enumerate(set_.values())}
    return {
        "UpdateExpression": " ".join(actions),
        "ConditionExpression": condition["expression"],
        "ExpressionAttributeNames": condition["names"]
        | {f"#s{place}": name for place, name in enumerate(set_)}
        | {f"#r{place}": name for place, name in enumerate(removed)},
        **({"ExpressionAttributeValues": values} if values else {}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _columns(contract: Contract) -> list[str]:
    """What the index attributes of an item depend on."""
    named = (name for pattern in contract.patterns for name in (pattern.partition, pattern.sort))
    return [DELETED, *dict.fromkeys(name for name in named if name is not None)]


def _unchanged(item: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The condition that the item exists and has these attributes as they are in `item`."""
    terms, values = ["attribute_exists(#key)"], {}
    aliases = {"#key": KEY}
    for place, name in enumerate(names):
        aliases[f"#c{place}"] = name
        if name in item:
            terms.append(f"#c{place} = :c{place}")
            values[f":c{place}"] = item[name]
        else:
            terms.append(f"attribute_not_exists(#c{place})")
    return {"expression": " AND ".join(terms), "names": aliases, "values": values}
