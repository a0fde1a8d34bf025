"""The page about the rows of a key: its history, and its state in DynamoDB and in the table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from expectations.item_addresses import address
from expectations.keys import decode_key, encode_key
from lambdas.data_api.existing_items import item_of_row
from lambdas.data_api.items import DELETED, ERASED
from workflows.console.answering import Console, NotFound, Page
from workflows.console.views import rows as row_views
from workflows.console.views.masking import restricted_columns
from workflows.console.views.values import moment, truth
from workflows.query.dialect.errors import NoSuchTable
from workflows.query.history import contract_of, history_sql
from workflows.query.literals import text
from workflows.query.sql import query
from workflows.query.sql import rows as as_rows

if TYPE_CHECKING:
    from starlette.requests import Request

    from expectations.contract import Contract


MOST_VERSIONS: Final = 200
MOST_KEYS: Final = 8


def rows(console: Console, request: Request) -> Page:
    """The form for a key and, if one is given, its history."""
    chosen = {name: request.query_params.get(name, "").strip() for name in ("dataset", "key", "restricted")}
    found = console.readings.contracts()
    return Page("rows.html", {"contracts": found, "chosen": chosen, "query": request.url.query}, "Rows")


def rows_history(console: Console, request: Request) -> Page:
    """Every version of a key, and its current state in DynamoDB and in the table. Raises InvalidKey."""
    target = console.readings.target
    key = request.query_params.get("key", "").strip()
    found = contract_of(target, request.query_params.get("dataset", ""))
    decode_key(found, key)
    hidden = () if request.query_params.get("restricted") == "shown" else restricted_columns(found)
    versions = _query_rows(console, history_sql(found, key, limit=MOST_VERSIONS))
    current = _query_rows(console, _row_sql(found, key))
    item = _item(console, found, key)
    row = current[0] if current else None
    return Page(
        "rows_history.html",
        {
            "versions": row_views.versions(versions, found, hidden),
            "sides": row_views.sides(found, item, row, hidden),
            "has_item": item is not None,
            "has_row": row is not None,
            "key": key,
            "dataset": found.dataset,
            "has_restricted": bool(restricted_columns(found)),
            "unmasked": not hidden,
        },
    )


def rows_keys(console: Console, request: Request) -> Page:
    """Some keys of a dataset to begin with. Its reader asks for them: this scans a table."""
    found = contract_of(console.readings.target, request.query_params.get("dataset", ""))
    if not restricted_columns(found).isdisjoint(found.key):
        raise NotFound(
            "The key of this dataset is restricted, so none is proposed. Type the one you look for."
        )
    sql = f"select {', '.join(found.key)} from {found.dataset} limit {MOST_KEYS}"  # noqa: S608 -- names of a contract
    keys = [encode_key(found, _key_values(found, row)) for row in _query_rows(console, sql)]
    return Page("rows_keys.html", {"keys": keys, "dataset": found.dataset})


def _key_values(found: Contract, row: dict[str, Any]) -> dict[str, Any]:
    """The values of a key as `encode_key` reads them, of either engine."""
    kinds = {column.name: column.kind for column in found.key_columns}
    return {name: _as_sent(kinds[name], value) for name, value in row.items()}


def _as_sent(kind: str, value: Any) -> Any:
    if kind in ("int", "long"):
        return int(value)
    if kind == "decimal":
        return Decimal(str(value))
    if kind == "boolean":
        return truth(value)
    if kind.startswith("timestamp"):
        at = moment(value)
        return at and at.isoformat().replace("+00:00", "Z")
    return str(value)


def _query_rows(console: Console, sql: str) -> list[dict[str, Any]]:
    """The rows of a statement; none before its table exists."""
    try:
        return as_rows(query(console.readings.target, sql))
    except NoSuchTable:
        return []


def _row_sql(found: Contract, key: str) -> str:
    """The current row of a key."""
    names = {column.name: column for column in found.key_columns}
    conditions = [
        f"{name} = {_literal(names[name].kind, value)}" for name, value in decode_key(found, key).items()
    ]
    return f"select * from {found.dataset} where {' and '.join(conditions)}"  # noqa: S608 -- values are quoted


def _literal(kind: str, value: Any) -> str:
    if kind in ("int", "long"):
        return str(int(value))
    return text(str(value)) if kind == "string" else f"cast({text(str(value))} as {kind})"


def _item(console: Console, found: Contract, key: str) -> dict[str, Any] | None:
    """The columns of the key's item in DynamoDB; None if there is none, or if Glueline marks it as no row."""
    from boto3.dynamodb.types import TypeDeserializer

    target = console.readings.target
    answer = target.client("dynamodb").get_item(
        TableName=found.table_name(target.output("TablePrefix")),
        Key=address(found, key),
        ConsistentRead=True,
    )
    item = item_of_row(found, answer.get("Item"))
    if item is None or (found.table.is_own and (DELETED in item or ERASED in item)):
        return None
    read: Any = TypeDeserializer().deserialize
    return {name: _plain(read(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """A value of boto3 without its class for binaries."""
    return getattr(value, "value", value)
