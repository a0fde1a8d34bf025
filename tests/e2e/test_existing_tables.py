"""The page about existing tables runs as it stands, on a copy of the checkout and the running stack."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.e2e.conftest import GLUELINE
from workflows.local.base.home import CHECKOUT
from workflows.local.lifecycle.ours import UpOptions, our_deployment
from workflows.local.lifecycle.stack import up
from workflows.stack.access_token import fetch_token
from workflows.stack.target import STACK_FILE

if TYPE_CHECKING:
    from tests.e2e.checkouts import Checkout
    from workflows.stack.target import Target

PAGE: Final = (CHECKOUT / "docs" / "existing-tables.md").read_text()
BLOCKS: Final = re.findall(r"^```(\w*) ?(\S*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
EXPECTED: Final = [line.split() for kind, _, text in BLOCKS if not kind for line in text.splitlines()]
PATIENCE_SECONDS: Final = 200

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


def rows(checkout: Checkout) -> list[list[str]]:
    sql = "select customer, order_no, city, first_sku from shop_orders order by 1, 2"
    answer = run(checkout, f'uv run glueline query --json "{sql}"')
    if answer.returncode:
        return []
    return [[str(value) for value in row.values()] for row in json.loads(answer.stdout)]


def test_the_page_runs_as_it_stands(target: Target, checkout: Checkout) -> None:
    for kind, name, text in BLOCKS:
        if name:
            (checkout.folder / name).write_text(text.replace(".local/stack.json", str(STACK_FILE)))
        for command in text.splitlines() if kind == "bash" else ():
            if " query " in command:
                deadline = time.monotonic() + PATIENCE_SECONDS
                while rows(checkout) != EXPECTED and time.monotonic() < deadline:
                    time.sleep(1)
                assert rows(checkout) == EXPECTED
            ended = run(checkout, command)
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"

    certificate = run(checkout, "uv run glueline parity shop_orders --json")
    [found] = json.loads(certificate.stdout)
    assert (found["ok"], found["items"], found["rows"]) == (True, 5, 5)


def test_the_api_reads_rows_and_refuses_writes_with_the_reason(target: Target) -> None:
    url = target.output("DataApiUrl")
    token = fetch_token(target, "glueline/read glueline/write glueline/delete")
    headers = {"authorization": f"Bearer {token}"}

    read = httpx.get(f"{url}/shop_orders/anna,2", headers=headers, timeout=60)
    page = httpx.get(f"{url}/shop_orders?limit=2", headers=headers, timeout=60)
    written = httpx.put(f"{url}/shop_orders/anna,2", headers=headers, timeout=60, json={"city": "Plzen"})

    assert read.json() == {
        "customer": "anna", "order_no": 2, "city": "Praha", "first_sku": "sku-2", "_version": 0,
    }  # fmt: skip
    assert len(page.json()["items"]) == 2
    assert written.status_code == 405
    assert "items of the table Shop" in written.json()["detail"]


def test_drift_is_repaired_in_the_lake_alone(target: Target, checkout: Checkout) -> None:
    from workflows.query.catalog import lake_catalog

    before = items(target)
    lake_catalog(target).load_table("lake.shop_orders").delete("customer == 'bert'")

    repaired = run(checkout, "uv run glueline parity shop_orders --repair --json")

    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert rows(checkout) == EXPECTED
    assert items(target) == before


def items(target: Target) -> list[Any]:
    found: list[Any] = target.client("dynamodb").scan(TableName="Shop")["Items"]
    return found
