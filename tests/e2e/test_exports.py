"""`glueline bootstrap` and `catch-up` on the running stack: they load changes that the stream never had."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.baskets import new_basket, send_lines
from tests.e2e.conftest import glueline
from tests.e2e.test_flow import eventually
from workflows.progress.waiting import wait
from workflows.query.catalog import lake_catalog
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from workflows.stack.target import Target

# PyIceberg rewrites files where Spark would write delete files, with the same result.
pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore:Merge on read is not yet supported"),
    pytest.mark.filterwarnings("ignore:Delete operation did not match any records"),
]

TABLES = ("lake.transactions", "lake.transactions_changes")


def lines(target: Target, basket: int) -> list[dict[str, Any]]:
    """The lines of the basket that a query returns."""
    sql = f"select product_id, quantity from transactions where basket_id = {basket} order by 1"
    return rows(query(target, sql))


def merged(target: Target, basket: int, quantities: dict[int, int]) -> None:
    """Wait until the basket has these quantities of products, and no batch is open."""

    def are_there() -> bool:
        return {line["product_id"]: line["quantity"] for line in lines(target, basket)} == quantities

    eventually(are_there, f"lines of basket {basket}")
    wait(target, [], lambda pending: None)


def forget(target: Target, basket: int) -> None:
    """Remove the basket from the lake, as if it had never arrived."""
    catalog = lake_catalog(target)
    for name in TABLES:
        catalog.load_table(name).delete(f"basket_id == {basket}")
    catalog.load_table("lake_ops.tombstones").delete(f"key >= '{basket},' and key < '{basket}-'")


def stored(target: Target, basket: int, products: Iterable[int]) -> None:
    """Wait until DynamoDB has lines of these products."""
    table, dynamodb = f"{target.output('TablePrefix')}transactions", target.client("dynamodb")
    for product in products:
        key = {"_key": {"S": f"{basket},{product}"}}
        eventually(lambda: dynamodb.get_item(TableName=table, Key=key).get("Item"), f"the item {key}")  # noqa: B023 -- called at once


def first_changes(target: Target, basket: int) -> pa.Table:
    """The changes with which the lines of the basket came, with the quantity 1."""
    changes = lake_catalog(target).load_table("lake.transactions_changes")
    return changes.scan(row_filter=f"basket_id == {basket} and quantity == 1 and _op == 'upsert'").to_arrow()


def loaded(*arguments: str) -> dict[str, Any]:
    ended = glueline(*arguments, "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


@pytest.mark.deep
def test_bootstrap_loads_items_that_the_stream_never_had(target: Target) -> None:
    basket = new_basket()
    send_lines(target, basket, 1, range(1, 4))
    merged(target, basket, {1: 1, 2: 1, 3: 1})
    forget(target, basket)
    assert lines(target, basket) == []

    answer = loaded("bootstrap", "transactions")

    assert answer["adds_up"]
    (export,) = answer["exports"]
    assert export["items"] == export["accepted"] >= 3
    assert lines(target, basket) == [{"product_id": product, "quantity": 1} for product in (1, 2, 3)]
    sql = f"select distinct _source from transactions where basket_id = {basket}"
    assert rows(query(target, sql)) == [{"_source": "export"}]


def test_catch_up_closes_a_gap_in_the_stream(target: Target) -> None:
    basket = new_basket()
    send_lines(target, basket, 1, range(1, 4))
    stored(target, basket, range(1, 4))
    began = datetime.now(UTC)
    send_lines(target, basket, 2, [2])
    send_lines(target, basket, 1, [3], op="delete")
    send_lines(target, basket, 2, [4])
    merged(target, basket, {1: 1, 2: 2, 4: 2})
    versions, first = lines(target, basket), first_changes(target, basket)
    assert first.num_rows == 3
    forget(target, basket)
    for name in TABLES:  # as if the stream had no later records
        table = lake_catalog(target).load_table(name)
        table.append(first.select([column.name for column in table.schema().fields]))
    assert [line["quantity"] for line in lines(target, basket)] == [1, 1, 1]

    answer = loaded("catch-up", "transactions", "--from", began.isoformat())

    assert answer["adds_up"]
    assert versions == [
        {"product_id": 1, "quantity": 1},
        {"product_id": 2, "quantity": 2},
        {"product_id": 4, "quantity": 2},
    ]
    assert lines(target, basket) == versions
