"""A stack that is deleted and deployed again has its rows, and goes on taking messages and files.

`glueline deploy` and `destroy` act on the embedded AWS of the running stack, whose Spark runs the jobs of
both stacks.
"""

from __future__ import annotations

import json
import platform
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.baskets import sale
from tests.e2e.test_flow import PRODUCT_HEADER
from tests.workflows.deploy.small_stack import Talk
from workflows.deploy import stacks
from workflows.deploy.account import Account, sign_in
from workflows.deploy.deployment import deploy
from workflows.deploy.destroying import destroy, plan_destruction
from workflows.deploy.options import Options
from workflows.progress.waiting import wait
from workflows.query.sql import query
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.deep,  # two deployments, each with its packages
    pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations"),
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ARCHITECTURE = {"x86_64": "x86_64", "AMD64": "x86_64"}.get(platform.machine(), "arm64")


@pytest.fixture
def account(target: Target, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account of the running stack, as commands find it by the environment."""
    assert target.endpoint_url is not None
    environment = {
        "AWS_ENDPOINT_URL": target.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": target.region,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(stacks, "POLL_SECONDS", 0.2)
    return sign_in()


@pytest.fixture
def options(target: Target, account: Account) -> Iterator[Options]:
    assert target.endpoint_url is not None
    name = f"again-{uuid.uuid4().hex[:8]}"
    account.client("s3").create_bucket(Bucket=f"artifacts-{name}")
    parameters = {"LocalEndpoint": target.endpoint_url, "IngestWindowSeconds": "2"}
    yield Options(name, bucket=f"artifacts-{name}", architecture=ARCHITECTURE, parameters=parameters)
    destroyed(account, name)  # it would go on sweeping


def destroyed(account: Account, name: str) -> None:
    destroy(account, plan_destruction(account, name), print, leave=False)


def take(stack: Target, number: int) -> None:
    """Send a basket of three lines, one of which is corrected, and drop a file of three products."""
    lines = [sale(number, line, "2017-03-01T10:00:00Z") for line in (1, 2, 3)]
    lines.append(sale(number, 1, "2017-03-02T10:00:00Z", status="corrected", sales_value="9.99"))
    for place, line in enumerate(lines):
        event = {
            "specversion": "1.0", "id": f"{number}-{place}", "source": "tests", "type": "transactions.upsert",
            "data": line,
        }  # fmt: skip
        stack.client("sqs").send_message(
            QueueUrl=stack.output("InboundQueueUrl"), MessageBody=json.dumps(event)
        )
    products = [f"{number + n},2,GROCERY,National,FRUIT,APPLES,{n} OZ" for n in range(3)]
    key, bucket = f"drops/products/{number}.csv", stack.output("RawBucket")
    body = "\n".join([PRODUCT_HEADER, *products, ""])
    stack.client("s3").put_object(Bucket=bucket, Key=key, Body=body.encode())
    wait(stack, [f"s3://{bucket}/{key}"], lambda pending: None)


def rows(stack: Target, number: int) -> list[Any]:
    """The rows of `take`, with their versions."""
    statements = (
        f"select * from transactions where basket_id = {number} order by product_id",
        f"select * from products where product_id between {number} and {number + 2} order by product_id",
    )
    return [query(stack, statement).to_pylist() for statement in statements]


def test_the_rows_are_the_same_and_ingestion_goes_on(
    target: Target, account: Account, options: Options
) -> None:
    number = 3 * 10**14 + int(time.time()) * 10
    stack = Target(target.region, deploy(options, Talk().dialog()), target.endpoint_url)
    take(stack, number)
    before = rows(stack, number)
    assert [len(found) for found in before] == [3, 3]

    destroyed(account, options.stack)
    talk = Talk()
    again = Target(target.region, deploy(options, talk.dialog()), target.endpoint_url)

    assert "of them, with all they hold" in talk.text
    assert rows(again, number) == before
    take(again, number + 5)
    assert [len(found) for found in rows(again, number + 5)] == [3, 3]
    assert (
        rows(again, number) == before
    )  # the stream was read again from its beginning, which changes nothing
