"""The running stack is started again with AWS's batching windows, and keeps its data."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import glueline
from tests.e2e.test_flow import PRODUCT_HEADER
from workflows.progress.waiting import wait
from workflows.query.sql import query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.stack.target import Target

pytestmark = pytest.mark.deep  # two starts of the stack and a window of a minute


def run(*arguments: str) -> None:
    ended = glueline(*arguments)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def as_aws(target: Target) -> Iterator[Target]:
    """The same stack, at the same address, with AWS's timing; it has its own again afterwards."""
    run("down", "--keep")
    run("up", "--as-aws")
    yield target
    run("down", "--keep")
    run("up")


def load(target: Target, product: int) -> str:
    """Load a file with one product; returns its address."""
    bucket, key = target.output("RawBucket"), f"drops/products/{product}.csv"
    body = f"{PRODUCT_HEADER}\n{product},2,GROCERY,National,FRUIT,APPLES,1 OZ\n"
    target.client("s3").put_object(Bucket=bucket, Key=key, Body=body.encode())
    wait(target, [f"s3://{bucket}/{key}"], lambda pending: None)
    return f"s3://{bucket}/{key}"


def products(target: Target, first: int) -> list[int]:
    found = query(target, f"select product_id from products where product_id in ({first}, {first + 1})")
    return sorted(row["product_id"] for row in found.to_pylist())


def test_a_file_waits_for_the_window_of_the_template(target: Target, request: pytest.FixtureRequest) -> None:
    product = 2 * 10**14 + int(time.time())
    load(target, product)
    restarted: Target = request.getfixturevalue("as_aws")
    began = datetime.now(UTC)

    load(restarted, product + 1)

    runs = restarted.client("glue").get_workflow_runs(Name=restarted.output("IngestWorkflow"))["Runs"]
    batched = [run for run in runs if run["StartedOn"] > began and "StartingEventBatchCondition" in run]
    assert [run["StartingEventBatchCondition"] for run in batched] == [{"BatchSize": 0, "BatchWindow": 60}]
    assert (batched[0]["StartedOn"] - began).total_seconds() > 59
    assert products(restarted, product) == [product, product + 1]
