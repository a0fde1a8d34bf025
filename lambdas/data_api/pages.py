"""Lists the rows of a dataset in pages: all of them, or those that answer a question.

DynamoDB reads items that are no rows of the dataset too, so a page reads on until it has `limit` rows. It has
fewer only if it is the last one, or has reached a bound of one request: `MAX_READS` or `MAX_BYTES`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expectations.contract import Contract
from lambdas.data_api.cursors import read_cursor, write_cursor
from lambdas.data_api.existing_items import rows_of
from lambdas.data_api.items import VERSION, Item
from lambdas.data_api.problems import Problem
from lambdas.data_api.questions import Question, ask, read_question
from lambdas.data_api.rows import body
from lambdas.data_api.scans import next_length, scan_request
from lambdas.data_api.store import Store
from lambdas.data_api.stored import Stored
from lambdas.exact_json import dumps

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
PARAMETERS = ("limit", "next", "order", "fields")
MAX_READS = 8  # calls of DynamoDB, each of at most 1 MB of items: 1,024 read units; the next page continues
MAX_BYTES = 2 * 1024 * 1024  # a call adds at most 1 MB of items, and a Lambda returns at most 6 MB
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
    size, read, length = 0, 0, page.limit
    start, last = page.start, page.start
    for _ in range(MAX_READS):
        found = _read(store, contract, page, start, length)
        start = found.get("LastEvaluatedKey")
        for item, row in rows_of(contract, found["Items"]):
            if len(rows) == page.limit:  # this row is the first one of the next page
                start = last
                break
            rows.append(dumps(_shown(page, Stored(contract, row))))
            size += len(rows[-1])
            last = item
        if start is None or len(rows) == page.limit or size >= MAX_BYTES:
            break
        read += found["ScannedCount"]
        length = next_length(page.limit - len(rows), length, read, len(rows))
    if start is not None and len(rows) == page.limit:
        start = last  # not an item behind it, which may be one of another dataset
    cursor = None if start is None else write_cursor(contract, page.question, start)
    return f'{{"items":[{",".join(rows)}],"next":{dumps(cursor)}}}'


def _read(store: Store, contract: Contract, page: Page, start: Item | None, length: int) -> dict[str, Any]:
    """What DynamoDB answers when it reads `length` items, of the table or for the page's question."""
    if page.question is not None:
        return ask(store, page.question, length, start)
    found: dict[str, Any] = store.dynamodb.scan(
        **scan_request(contract, store.table(contract), length, start)
    )
    return found


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
