"""What a page asks DynamoDB for: items that may be rows, and as many as fill the page. No AWS here.

A scan reads items that are no rows too: marks of deleted rows, and rows of other datasets of the table. So a
page reads on until it is full, and each call is as long as the ones before suggest.
"""

from typing import Any

from expectations.contract import Contract
from expectations.entities import Condition
from lambdas.data_api.items import DELETED, Item

_GROWTH = 8  # a call reads at most so many times as many items as the one before
_MOST_ITEMS = 100_000  # it ends at 1 MB anyway


def scan_request(contract: Contract, table: str, limit: int, start: Item | None) -> dict[str, Any]:
    """The parameters of DynamoDB's Scan, which reads `limit` items and leaves out what can't be a row.

    The conditions of an entity are not all exact here: whoever reads the items asks `ItemTable.claims` too.
    """
    page = {"TableName": table, "Limit": limit, **({} if start is None else {"ExclusiveStartKey": start})}
    if contract.table.is_own:
        return page | {
            "FilterExpression": "attribute_not_exists(#deleted)",
            "ExpressionAttributeNames": {"#deleted": DELETED},
        }
    if not contract.table.entity:  # all items are rows: their owner marks nothing as deleted
        return page
    expressions: list[str] = []
    names: dict[str, str] = {}
    values: Item = {}
    for place, condition in enumerate(contract.table.entity):
        names[f"#a{place}"] = condition.attribute
        value = _compared(condition)
        if value is None:
            expressions.append(f"attribute_exists(#a{place})")
            continue
        values[f":a{place}"] = value
        equals = condition.kind == "equals"
        expressions.append(f"#a{place} = :a{place}" if equals else f"begins_with(#a{place}, :a{place})")
    return page | {
        "FilterExpression": " AND ".join(expressions),
        "ExpressionAttributeNames": names,
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def next_length(lacking: int, length: int, read: int, found: int) -> int:
    """How many items the next call reads to find the rows that the page lacks.

    `length` is that of the call before; all of them have read `read` items and found `found` rows. At least
    as many as rows are lacking, so that a table without other items is read as if there were no filter.
    """
    expected = -(-lacking * read // found) if found else _MOST_ITEMS
    return max(lacking, min(expected, length * _GROWTH, _MOST_ITEMS))


def _compared(condition: Condition) -> dict[str, Any] | None:
    """The value that an item's attribute is compared with; None if the attribute begins in any way."""
    if condition.tag == "BOOL":
        return {"BOOL": condition.value}
    text = condition.text.partition("{")[0] if condition.kind == "format" else condition.text
    return {condition.tag: text} if text else None
