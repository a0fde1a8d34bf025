"""The attributes that are the keys of the indexes of access patterns. No AWS here.

`_part_<column>` and `_sort_<column>` are texts that sort as the column's values do. An item that is marked as
deleted has none of them, and a row whose partition column is null has no `_part_`: DynamoDB keeps items
without them out of the index. A sort column that is null sorts after all values.

Columns themselves are not the keys: DynamoDB would refuse every write of an item with an empty text, or with
a number of another type, in such a column.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from expectations.access_patterns import AccessPattern
from expectations.align import align
from expectations.contract import Column, Contract
from expectations.ordered_text import ordered_text
from lambdas.data_api.items import DELETED, KEY, Attribute, Item, column_value
from lambdas.index_attribute_names import PARTITION, SORT

GIVEN = "="  # before the text of a value, so that no key is empty
AFTER_ALL = ">"  # after all texts of values
_NULL = f"{AFTER_ALL}null"
MAX_PARTITION_BYTES, MAX_SORT_BYTES = 2048, 1024  # of the keys of an index


def partition_attribute(pattern: AccessPattern) -> str:
    """The attribute that is the partition key of the pattern's index."""
    return PARTITION + pattern.partition


def sort_attribute(pattern: AccessPattern) -> str:
    """The attribute that is the sort key of the pattern's index."""
    return KEY if pattern.sort is None else SORT + pattern.sort


def index_definition(pattern: AccessPattern) -> dict[str, Any]:
    """The pattern's index as DynamoDB's API defines it. It has whole items: an answer is one read."""
    keys = ((partition_attribute(pattern), "HASH"), (sort_attribute(pattern), "RANGE"))
    return {
        "IndexName": pattern.index,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        "Projection": {"ProjectionType": "ALL"},
    }


def attribute_definitions(patterns: Iterable[AccessPattern]) -> list[dict[str, str]]:
    """The definitions of a table's key and of the keys of these indexes."""
    names = [KEY, *index_attribute_names(patterns)]
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def index_attributes(contract: Contract, item: Mapping[str, Attribute]) -> Item:
    """The attributes that the item should have; none if it is marked as deleted."""
    if DELETED in item or not contract.patterns:
        return {}
    found: Item = {}
    for pattern in contract.patterns:
        partition = _text(contract, pattern.partition, item, MAX_PARTITION_BYTES)
        if partition is None:
            continue
        found[partition_attribute(pattern)] = {"S": partition}
        if pattern.sort is not None:
            sort = _text(contract, pattern.sort, item, MAX_SORT_BYTES)
            found[sort_attribute(pattern)] = {"S": _NULL if sort is None else sort}
    return found


def index_attribute_names(patterns: Iterable[AccessPattern]) -> list[str]:
    """All attributes that are keys of the patterns' indexes and of nothing else."""
    names = [name for one in patterns for name in (partition_attribute(one), sort_attribute(one))]
    return [name for name in dict.fromkeys(names) if name != KEY]


def _text(contract: Contract, name: str, item: Mapping[str, Attribute], most: int) -> str | None:
    """The text of a column's value; None if it has no value of the column's type, or one that is too long."""
    column = contract.column(name)
    value = column_value(column, item.get(name))
    text = ordered_text(column, value)
    if text is None and value is not None:
        text = ordered_text(column, _aligned(contract, column, value))  # another writer's form
    return None if text is None or len(text.encode()) >= most else GIVEN + text


def _aligned(contract: Contract, column: Column, value: Any) -> Any:
    row, _ = align(contract, {column.name: value}, "delete")
    return row.get(column.name)
