"""Two stacks in one account and region ingest at once, and neither has data of the other."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.e2e.baskets import sale
from tests.e2e.test_flow import PRODUCT_HEADER, eventually, rows
from workflows.local.base.home import DEFAULT
from workflows.local.lifecycle.deployment import deploy
from workflows.local.lifecycle.ours import our_deployment
from workflows.progress.waiting import wait
from workflows.stack.database_names import database_parameters
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 20


@dataclass(frozen=True)
class Sent:
    """A stack, the product that its file begins with, and the basket of its message."""

    stack: Target
    product: int
    file: str


@pytest.fixture(scope="module")
def beside(target: Target) -> Iterator[Target]:
    """A second stack, named and deployed as `make deploy` does it, in the account of the running one."""
    assert target.endpoint_url is not None
    name = f"beside-{uuid.uuid4().hex[:8]}"
    ours = our_deployment(DEFAULT)
    parameters = {**ours.parameters, **database_parameters(name, {}, {}), "DeletionProtection": "false"}
    outputs = deploy(replace(ours, stack_name=name, parameters=parameters), DEFAULT, target.endpoint_url)
    yield Target(target.region, outputs, target.endpoint_url)
    target.client("cloudformation").delete_stack(StackName=name)  # it would go on sweeping


@pytest.fixture(scope="module")
def sent(target: Target, beside: Target) -> tuple[Sent, Sent]:
    """A file and a message to each stack, at once; both stacks have read theirs."""
    first = 10**14 + int(time.time()) * 1000
    both = tuple(
        Sent(stack, product, f"s3://{stack.output('RawBucket')}/drops/products/{product}.csv")
        for stack, product in ((target, first), (beside, first + ROWS))
    )
    for one in both:
        lines = [f"{one.product + n},2,GROCERY,National,FRUIT,APPLES,{n} OZ" for n in range(ROWS)]
        one.stack.client("s3").put_object(
            Bucket=one.stack.output("RawBucket"),
            Key=f"drops/products/{one.product}.csv",
            Body="\n".join([PRODUCT_HEADER, *lines, ""]).encode(),
        )
        event = {
            "specversion": "1.0", "id": f"{one.product}", "source": "tests", "type": "transactions.upsert",
            "data": sale(one.product, 1, "2017-03-01T10:00:00Z"),
        }  # fmt: skip
        one.stack.client("sqs").send_message(
            QueueUrl=one.stack.output("InboundQueueUrl"), MessageBody=json.dumps(event)
        )
    for one in both:  # one Spark runs the jobs of both stacks
        wait(one.stack, [one.file], lambda pending: None)
    return both[0], both[1]


def test_each_stack_has_the_rows_of_its_own_file_and_message(sent: tuple[Sent, Sent]) -> None:
    for own, other in (sent, sent[::-1]):
        sold = ", ".join(str(one.product + number) for one in sent for number in range(ROWS))
        products = f"select product_id from products where product_id in ({sold})"
        baskets = f"select basket_id from transactions where basket_id in ({own.product}, {other.product})"

        found = eventually(partial(rows, own.stack, products), f"the products of {own.file}")
        basket = eventually(partial(rows, own.stack, baskets), f"the basket {own.product}")

        assert {row["product_id"] for row in found} == set(range(own.product, own.product + ROWS))
        assert [row["basket_id"] for row in basket] == [own.product]


def test_each_stack_has_read_objects_of_its_own_bucket_alone(sent: tuple[Sent, Sent]) -> None:
    for own in sent:
        table = f"{own.stack.output('OpsDatabase')}.batches"
        files = eventually(partial(rows, own.stack, f"select source_file from {table}"), table)

        bucket = f"s3://{own.stack.output('RawBucket')}/"
        assert own.file in {row["source_file"] for row in files}
        assert [row["source_file"] for row in files if not row["source_file"].startswith(bucket)] == []


def test_each_stack_has_run_its_own_jobs(sent: tuple[Sent, Sent]) -> None:
    glue = sent[0].stack.client("glue")
    for own, other in (sent, sent[::-1]):
        runs = glue.get_workflow_runs(Name=own.stack.output("IngestWorkflow"), IncludeGraph=True)["Runs"]
        jobs = {node["Name"] for run in runs for node in run["Graph"]["Nodes"] if node["Type"] == "JOB"}

        assert jobs == {f"{own.stack.output('JobPrefix')}{job}" for job in ("check", "merge")}
        assert own.stack.output("LakeDatabase") != other.stack.output("LakeDatabase")


def test_the_database_of_the_second_stack_has_its_name(beside: Target) -> None:
    assert beside.output("LakeDatabase").startswith("beside_")
    assert beside.output("LakeDatabase").endswith("_lake")
