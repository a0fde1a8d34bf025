"""Functions in the embedded AWS get whole batches of messages, and end with the code they began with."""

import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from tests.workflows.local.ministack.roles import allow, make_role
from workflows.local.ministack.embedded_lambda import batch_size, take_busy
from workflows.stack.target import Target

MEGABYTE = 1024 * 1024


def message(size: int = 10, visible_at: float = 0) -> dict[str, Any]:
    return {"body": "x" * size, "visible_at": visible_at}


@pytest.mark.parametrize(
    ("messages", "size"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([message()] * 30, 30, id="all"),
        pytest.param([message()] * 600, 500, id="at most as many as the mapping allows"),
        pytest.param([message(visible_at=2), message()], 1, id="only visible messages"),
        pytest.param([message(MEGABYTE)] * 30, 5, id="no more than Lambda accepts"),
        pytest.param([message(7 * MEGABYTE)] * 2, 1, id="one at least"),
    ],
)
def test_a_batch_is_as_large_as_its_mapping_and_lambda_allow(
    messages: list[dict[str, Any]], size: int
) -> None:
    assert batch_size(messages, 500, now=1) == size


def test_a_function_gets_as_many_messages_as_its_mapping_allows(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    sqs, functions = target.client("sqs"), target.client("lambda")
    queue = sqs.create_queue(QueueName="backlog")["QueueUrl"]
    for _ in range(4):
        sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": str(place), "MessageBody": "x"} for place in range(10)]
        )
    make_role(embedded_aws, "any", allow("sqs:*", "*"))
    create_function(functions, "counts", "def handler(event, context): return None")

    mapping = functions.create_event_source_mapping(
        EventSourceArn=sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ],
        FunctionName="counts",
        BatchSize=40,
        MaximumBatchingWindowInSeconds=300,
    )

    assert result_of(functions, mapping["UUID"]) == "OK - 40 records"


def create_function(functions: Any, name: str, code: str) -> None:
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="app.handler",
        Timeout=30,
        Code={"ZipFile": zipped("app.py", code)},
    )


def zipped(name: str, code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr(name, code)
    return buffer.getvalue()


def result_of(functions: Any, mapping: str) -> str:
    """The result of the first batch that the mapping delivered."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        result: str = functions.get_event_source_mapping(UUID=mapping)["LastProcessingResult"]
        if result.startswith(("OK", "FAILED")):
            return result
        time.sleep(0.1)
    raise AssertionError(f"nothing was delivered: {result}")


SLOW = """
import time
def handler(event, context):
    time.sleep(event["seconds"])
    return {version!r}
"""


def test_an_invocation_ends_with_the_code_that_it_began_with(embedded_aws: str) -> None:
    functions = Target("us-east-1", {}, embedded_aws).client("lambda")
    make_role(embedded_aws, "any")
    create_function(functions, "slow", SLOW.format(version="old"))

    def invoke(seconds: float) -> str:
        answer = functions.invoke(FunctionName="slow", Payload=json.dumps({"seconds": seconds}).encode())
        return str(json.loads(answer["Payload"].read()))

    assert invoke(0) == "old"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(invoke, 4)
        time.sleep(1)
        functions.update_function_code(
            FunctionName="slow", ZipFile=zipped("app.py", SLOW.format(version="new"))
        )
        functions.update_function_configuration(FunctionName="slow", MemorySize=256)

        assert invoke(0) == "new"
        assert not running.done()
        assert running.result() == "old"
    assert invoke(0) == "new"


def test_busy_workers_of_one_function_are_taken_out_of_its_pools() -> None:
    busy, idle, other = (SimpleNamespace(in_use=used) for used in (True, False, True))
    pools = {"1:eu:source:$LATEST": [idle, busy], "1:eu:source:2": [], "1:eu:source-2:$LATEST": [other]}

    assert take_busy(pools, "source") == [busy]
    assert list(pools.values()) == [[idle], [], [other]]
