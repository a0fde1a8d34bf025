"""The page about existing tables runs as it stands, on a copy of the checkout and the running stack."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import pytest

from jobs.parity.objects import ParityObjects
from tests.e2e.conftest import GLUELINE
from tests.e2e.http import http
from workflows.local.base.home import CHECKOUT
from workflows.local.lifecycle.ours import UpOptions, our_deployment
from workflows.local.lifecycle.stack import up
from workflows.query.dialect.errors import QueryError
from workflows.query.sql import query
from workflows.stack.access_token import fetch_token
from workflows.stack.target import STACK_FILE, local

if TYPE_CHECKING:
    from jobs.parity.certificates import Certificate
    from tests.e2e.checkouts import Checkout
    from workflows.stack.target import Target

PAGE: Final = (CHECKOUT / "docs" / "existing-tables.md").read_text()
BLOCK: Final = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
ONE_DATASET, SEVERAL = (BLOCK.findall(part) for part in PAGE.split("## Several kinds of items in one table"))
SHOWN: Final = re.compile(r' query "(.*)"$')
PATIENCE_SECONDS: Final = 200
began: Final = datetime.now(UTC)
sold: Final[list[datetime]] = []  # when the page's application writes

# PyIceberg rewrites files where Spark would write delete files, with the same result.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:Merge on read is not yet supported"),
    pytest.mark.filterwarnings("ignore:Delete operation did not match any records"),
]


def run(checkout: Checkout, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the page. A stack is known by the path of its folder, not by that of the copy."""
    words = shlex.split(command)
    assert words[:2] == ["uv", "run"]
    if words[2:4] == ["glueline", "up"]:
        deployment = our_deployment(checkout.home, UpOptions(enables_streams="--enable-stream" in words))
        up(print, checkout.home, deployment)
        return subprocess.CompletedProcess(words, 0)
    is_in_copy = words[2] == "python" or words[3] == "contract"
    words = [*GLUELINE, *words[3:]] if words[2] == "glueline" else [sys.executable, *words[3:]]
    folder = checkout.folder if is_in_copy else CHECKOUT
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def expected(blocks: list[tuple[str, str, str]]) -> list[list[str]]:
    return [line.split() for kind, _, text in blocks if not kind for line in text.splitlines()]


EXPECTED: Final = expected(ONE_DATASET)
KEPT: Final = [row for row in EXPECTED if row[:2] != ["anna", "4"]]  # behind the erasure
SHOP: Final = "select customer, order_no, city, first_sku from shop_orders order by 1, 2"


def rows(sql: str = SHOP) -> list[list[str]]:
    try:
        found = query(local(), sql).to_pylist()
    except QueryError:  # the table does not exist yet
        return []
    return [[str(value) for value in row.values()] for row in found]


def run_blocks(checkout: Checkout, blocks: list[tuple[str, str, str]]) -> None:
    """Write the files and run the commands of the page, in their order."""
    for kind, name, text in blocks:
        if name:
            (checkout.folder / name).write_text(text.replace(".local/stack.json", str(STACK_FILE)))
        for command in text.splitlines() if kind == "bash" else ():
            if (shown := SHOWN.search(command)) is not None:
                await_rows(expected(blocks), shown[1])
            if command.endswith("shop.py sell"):
                sold.append(datetime.now(UTC))
            ended = run(checkout, command)
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"


def await_rows(wanted: list[list[str]], sql: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while rows(sql) != wanted and time.monotonic() < deadline:
        time.sleep(1)
    assert rows(sql) == wanted


def test_the_page_runs_as_it_stands(target: Target, checkout: Checkout) -> None:
    run_blocks(checkout, ONE_DATASET)  # the last command is that of parity, and ends well

    [certificate] = certificates(target, "shop_orders")
    assert (certificate.ok, certificate.counts.items, certificate.counts.rows) == (True, 5, 5)


def test_the_api_reads_rows_and_refuses_writes_with_the_reason(target: Target) -> None:
    url = target.output("DataApiUrl")
    token = fetch_token(target, "glueline/read glueline/write glueline/delete")
    headers = {"authorization": f"Bearer {token}"}

    read = http.get(f"{url}/shop_orders/anna,2", headers=headers)
    page = http.get(f"{url}/shop_orders?limit=2", headers=headers)
    written = http.put(f"{url}/shop_orders/anna,2", headers=headers, json={"city": "Plzen"})

    assert read.json() == {
        "customer": "anna", "order_no": 2, "city": "Praha", "first_sku": "sku-2", "_version": 0,
    }  # fmt: skip
    assert len(page.json()["items"]) == 2
    assert written.status_code == 405
    assert "items of the table Shop" in written.json()["detail"]


def test_an_erasure_leaves_the_item_and_keeps_its_row_out_and_a_gap_is_loaded_beside_another_table(
    target: Target, checkout: Checkout
) -> None:
    """One run of the workflow: an item that is written again, a gap, and a table of several datasets."""
    from workflows.query.catalog import lake_catalog

    before = items(target)
    erased = run(checkout, "uv run glueline erase shop_orders anna,4 --yes --json")
    assert erased.returncode == 0, erased.stdout + erased.stderr
    assert items(target) == before
    proof = json.loads(erased.stdout)
    assert any("table Shop, which was not touched: remove them there" in one for one in proof["kept"])
    assert rows() == KEPT

    again = {"Customer": {"S": "anna"}, "OrderNo": {"N": "4"}, "Ship To": {"M": {"city": {"S": "Graz"}}}}
    target.client("dynamodb").put_item(TableName="Shop", Item=again)
    for table in ("lake.shop_orders", "lake.shop_orders_changes"):  # as if the stream had no such record
        lake_catalog(target).load_table(table).delete("customer == 'anna' and order_no == 2")
    assert rows() == [row for row in KEPT if row[1] != "2"]
    catch_up = subprocess.Popen(
        [*GLUELINE, "catch-up", "shop_orders", "--from", sold[0].isoformat(), "--json"],
        cwd=CHECKOUT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    run_blocks(checkout, SEVERAL)

    loaded, _ = catch_up.communicate(timeout=PATIENCE_SECONDS)
    assert catch_up.returncode in (0, 1), loaded  # a row of the erased key is rejected, which is no success
    assert rows() == KEPT


def test_drift_is_repaired_in_the_lake_alone(target: Target, checkout: Checkout) -> None:
    """The key that was erased, and that its owner has written again, is named and not repaired."""
    from workflows.query.catalog import lake_catalog

    before = items(target)
    lake_catalog(target).load_table("lake.shop_orders").delete("customer == 'bert'")

    answer = run(checkout, "uv run glueline parity shop_orders --repair --json")

    [found] = json.loads(answer.stdout)
    drifted = found["repaired_after"]
    assert (drifted["missing"], drifted["extra"], drifted["differing"]) == (["bert,1"], [], [])
    assert (found["missing"], found["extra"], found["differing"]) == ([], [], [])
    assert (answer.returncode, drifted["erased"], found["erased"]) == (1, ["anna,4"], ["anna,4"])
    assert rows() == KEPT
    assert items(target) == before


def test_items_of_no_dataset_are_counted(target: Target) -> None:
    """By the parity of the page."""
    [found] = certificates(target, "app_orders")

    assert (found.ok, found.counts.items, found.counts.unclaimed) == (True, 2, 1)


def test_pages_are_full_beside_the_items_of_other_datasets(target: Target) -> None:
    url = f"{target.output('DataApiUrl')}/app_orders?limit=1"
    headers = {"authorization": f"Bearer {fetch_token(target, 'glueline/read')}"}
    pages = [http.get(url, headers=headers).json()]
    while pages[-1]["next"] is not None:
        pages.append(http.get(f"{url}&next={pages[-1]['next']}", headers=headers).json())

    found = [[row["order_no"] for row in page["items"]] for page in pages]
    assert sorted(chain.from_iterable(found)) == ["1", "2"]
    assert [len(numbers) for numbers in found[:2]] == [1, 1]
    assert len(found) <= 3


def certificates(target: Target, dataset: str) -> list[Certificate]:
    """The certificates of the dataset, the oldest first."""
    objects = ParityObjects(target.client("s3"), target.output("LakeBucket"))
    return list(objects.issued(dataset, began))


def items(target: Target) -> list[Any]:
    found: list[Any] = target.client("dynamodb").scan(TableName="Shop")["Items"]
    return found
