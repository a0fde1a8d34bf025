"""Lists the rows of a dataset in pages."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from expectations.contract import Contract
from expectations.item_addresses import address, text_of
from expectations.keys import InvalidKey
from lambdas.data_api.existing_items import item_of_row
from lambdas.data_api.items import DELETED
from lambdas.data_api.problems import Problem
from lambdas.data_api.rows import body
from lambdas.data_api.store import Store
from lambdas.data_api.stored import Stored
from lambdas.exact_json import dumps

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
PARAMETERS = ("limit", "next")
MAX_SCANS = 8  # so that a page of a table full of deleted items ends too; the next page continues
MAX_BYTES = 2 * 1024 * 1024  # a scan adds at most 1 MB of items, and a Lambda returns at most 6 MB
_LONGEST_KEY = 10_000  # bytes: that of an existing table has two attributes, and may be percent-encoded
_LIMIT = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Page:
    """A request for a page: its greatest number of rows, and the key after which it starts, if it has one."""

    limit: int
    after: str | None


def read_page(contract: Contract, query: dict[str, str]) -> Page:
    """The page that the query parameters `limit` and `next` request, or Problem 400."""
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if _LIMIT.fullmatch(limit) is None or int(limit) > MAX_LIMIT:
        raise Problem("bad-request", f"expected limit from 1 to {MAX_LIMIT}, got {limit[:50]!r}")
    return Page(int(limit), _after(contract, query["next"]) if "next" in query else None)


def list_rows(store: Store, contract: Contract, page: Page) -> str:
    """The JSON text of the page: its rows, and the token of the next page, which is null on the last page."""
    rows: list[str] = []
    size, after = 0, page.after
    for _ in range(MAX_SCANS):
        found = store.dynamodb.scan(**_scan(contract, store.table(contract), page.limit - len(rows), after))
        items = [item_of_row(contract, item) for item in found["Items"]]
        fresh = [dumps(body(Stored(contract, item))) for item in items]
        rows += fresh
        size += sum(map(len, fresh))
        last = found.get("LastEvaluatedKey")
        after = None if last is None else text_of(contract, last)
        if after is None or len(rows) >= page.limit or size >= MAX_BYTES:
            break
    token = None if after is None else _token(contract, after)
    return f'{{"items":[{",".join(rows)}],"next":{dumps(token)}}}'


def _scan(contract: Contract, table: str, limit: int, after: str | None) -> dict[str, Any]:
    start = {} if after is None else {"ExclusiveStartKey": address(contract, after)}
    page = {"TableName": table, "Limit": limit, **start}
    if contract.table is not None:  # its owner marks nothing as deleted
        return page
    return page | {
        "FilterExpression": "attribute_not_exists(#deleted)",
        "ExpressionAttributeNames": {"#deleted": DELETED},
    }


def _token(contract: Contract, after: str) -> str:
    return base64.urlsafe_b64encode(f"{contract.dataset}/{after}".encode()).decode().rstrip("=")


def _after(contract: Contract, token: str) -> str:
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    dataset, _, after = text.partition("/")
    if (
        dataset != contract.dataset
        or not 0 < len(after.encode()) <= _LONGEST_KEY
        or not _is_key(contract, after)
    ):
        raise Problem("bad-request", "expected next with the value from a page of this dataset")
    return after


def _is_key(contract: Contract, after: str) -> bool:
    """Whether DynamoDB can start after it."""
    try:
        address(contract, after)
    except (InvalidKey, ValueError, AttributeError):
        return False
    return True
