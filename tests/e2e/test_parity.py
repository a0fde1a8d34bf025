"""`glueline parity` on the running stack: during writes, and after damage outside the pipeline."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from expectations.odcs import load_contracts
from tests.e2e.baskets import PRODUCTS, new_basket, send_lines
from tests.e2e.conftest import glueline
from workflows.progress.waiting import wait
from workflows.query.catalog import lake_catalog
from workflows.query.sql import query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.stack.target import Target


@pytest.fixture(scope="module")
def basket(target: Target) -> int:
    """A basket that no other test writes to, in DynamoDB and in the table."""
    basket = new_basket()
    send_lines(target, basket, 1)
    wait(target, [], lambda stage: None)
    return basket


@pytest.fixture
def writer(target: Target, basket: int) -> Iterator[None]:
    """Write ten lines of the basket every second."""
    stop = threading.Event()

    def write() -> None:
        quantity = 2
        while not stop.wait(1):
            first = 1 + quantity * 10 % len(PRODUCTS)
            send_lines(target, basket, quantity, range(first, first + 10))
            quantity += 1

    thread = threading.Thread(target=write)
    thread.start()
    stop.wait(5)
    yield
    stop.set()
    thread.join()


def certified(*arguments: str, code: int = 0) -> dict[str, Any]:
    ended = glueline("parity", "transactions", "--json", *arguments)
    assert ended.returncode == code, ended.stderr + ended.stdout
    (certificate,) = json.loads(ended.stdout)
    assert isinstance(certificate, dict)
    return certificate


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("writer")
def test_under_constant_writes_there_is_parity(target: Target) -> None:
    began = datetime.now(UTC)

    certificate = certified()

    assert certificate["ok"]
    assert certificate["suspects"] > 0  # "suspects" on the wire: none was wrong, all were in flight
    assert datetime.fromisoformat(certificate["verified_through"]) > began - timedelta(seconds=1)


@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings(
    "ignore:Merge on read is not yet supported"
)  # PyIceberg rewrites the file instead
def test_damage_is_named_and_repaired(target: Target, basket: int) -> None:
    wait(target, [], lambda stage: None)
    table = lake_catalog(target).load_table("lake.transactions")
    damaged = (
        table.scan(row_filter=f"basket_id == {basket} and product_id <= 3").to_arrow().sort_by("product_id")
    )
    extra = _with(damaged.slice(0, 1), "product_id", 999_999)
    altered = _with(damaged.slice(1, 1), "quantity", 1_000)
    aged = _with(damaged.slice(2, 1), "_version", 1)
    table.delete(f"basket_id == {basket} and product_id <= 3")
    table.append(pa.concat_tables([extra, altered, aged]))

    found = certified(code=1)
    assert found["missing"] == [f"{basket},1"]
    assert found["extra"] == [f"{basket},999999"]
    assert found["differing"] == [f"{basket},2", f"{basket},3"]

    repaired = certified("--repair")
    assert repaired["ok"]
    assert repaired["repaired_after"]["repaired"] == 4
    sql = f"select product_id, quantity, _source from transactions where basket_id = {basket}"
    rows = query(target, sql).sort_by("product_id")
    assert rows["product_id"].to_pylist() == list(PRODUCTS)
    assert rows["_source"].to_pylist() == ["repair"] * 3 + ["stream"] * (len(PRODUCTS) - 3)
    assert 1_000 not in rows["quantity"].to_pylist()


def test_a_drop_only_dataset_has_parity(target: Target) -> None:
    ended = glueline("parity", "products", "--json")

    (certificate,) = json.loads(ended.stdout)
    assert certificate["ok"], ended.stdout
    assert certificate["dataset"] in load_contracts()


def _with(rows: pa.Table, column: str, value: int) -> pa.Table:
    index = rows.schema.get_field_index(column)
    changed = pc.cast(pa.array([value] * rows.num_rows), rows.schema.field(column).type)
    return rows.set_column(index, rows.schema.field(column), changed)
