"""Lists the rows of a dataset in pages: all of them, or those that answer a question."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expectations.contract import Contract
from lambdas.data_api.cursors import read_cursor, write_cursor
from lambdas.data_api.existing_items import item_of_row
from lambdas.data_api.items import DELETED, VERSION, Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.questions import Question, ask, read_question
from lambdas.data_api.rows import body
from lambdas.data_api.store import Store
from lambdas.data_api.stored import Stored
from lambdas.exact_json import dumps

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
PARAMETERS = ("limit", "next", "order", "fields")
MAX_SCANS = 8  # so that a page of a table full of deleted items ends too; the next page continues
MAX_BYTES = 2 * 1024 * 1024  # a scan adds at most 1 MB of items, and a Lambda returns at most 6 MB
_LIMIT = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Page:
    """A request for a page: its greatest number of rows, what it is about, and which columns it shows.

    `start` has the keys after which it starts; `fields` is None if it shows all columns.
    """

    limit: int
    start: Item | None = None
    question: Question | None = None
    fields: tuple[str, ...] | None = None


def read_page(contract: Contract, query: Mapping[str, str]) -> Page:
    """The page that the query parameters request, or Problem 400."""
    limit = read_limit(query)
    columns = {name: value for name, value in query.items() if name == "order" or name not in PARAMETERS}
    question = read_question(contract, columns)
    start = read_cursor(contract, question, query["next"]) if "next" in query else None
    return Page(limit, start, question, _fields(contract, query))


def read_limit(query: Mapping[str, str]) -> int:
    """The greatest number of elements of a page, or Problem 400."""
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if _LIMIT.fullmatch(limit) is None or int(limit) > MAX_LIMIT:
        raise Problem("bad-request", f"expected limit from 1 to {MAX_LIMIT}, got {limit[:50]!r}")
    return int(limit)


def list_rows(store: Store, contract: Contract, page: Page) -> str:
    """The JSON text of the page: its rows, and the cursor of the next page, null on the last page."""
    rows: list[str] = []
    size, start = 0, page.start
    for _ in range(MAX_SCANS):
        limit = page.limit - len(rows)
        if page.question is None:
            found = store.dynamodb.scan(**_scan(contract, store.table(contract), limit, start))
        else:
            found = ask(store, page.question, limit, start)
        items = (item_of_row(contract, item) for item in found["Items"])
        fresh = [dumps(_shown(page, Stored(contract, item))) for item in items if item is not None]
        rows += fresh
        size += sum(map(len, fresh))
        start = found.get("LastEvaluatedKey")
        if start is None or len(rows) >= page.limit or size >= MAX_BYTES:
            break
    cursor = None if start is None else write_cursor(contract, page.question, start)
    return f'{{"items":[{",".join(rows)}],"next":{dumps(cursor)}}}'


def _scan(contract: Contract, table: str, limit: int, start: Item | None) -> dict[str, Any]:
    page = {"TableName": table, "Limit": limit, **({} if start is None else {"ExclusiveStartKey": start})}
    if not contract.table.is_own:  # its owner marks nothing as deleted
        return page
    return page | {
        "FilterExpression": "attribute_not_exists(#deleted)",
        "ExpressionAttributeNames": {"#deleted": DELETED},
    }


def _fields(contract: Contract, query: Mapping[str, str]) -> tuple[str, ...] | None:
    if "fields" not in query:
        return None
    fields = tuple(query["fields"].split(","))
    known = (*(column.name for column in contract.columns), VERSION)
    if unknown := [name for name in fields if name not in known]:
        expected = f"expected fields of {', '.join(known)}"
        raise Problem("bad-request", f"{expected}, got {', '.join(name[:50] for name in unknown[:10])!r}")
    return fields


def _shown(page: Page, stored: Stored) -> dict[str, Any]:
    row = body(stored)
    return row if page.fields is None else {name: row[name] for name in page.fields}
