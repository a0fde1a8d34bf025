"""Services of the embedded AWS act as roles: what a role may not do does not happen."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.workflows.local.ministack.roles import ACCOUNT, allow, document, make_role
from workflows.stack.target import Target

ROOT = f"arn:aws:sqs:us-east-1:{ACCOUNT}"


def eventually(found: Callable[[], bool]) -> bool:
    """Whether it becomes true within 20 seconds."""
    deadline = time.monotonic() + 20
    while not (is_there := found()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return is_there


def make_function(functions: Any, name: str, role: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("app.py", "def handler(event, context): print('ran'); return 'ran'")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        LoggingConfig={"LogGroup": f"/aws/lambda/{name}"},
    )


def test_a_mapping_reads_its_queue_as_the_role_of_its_function(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    sqs, functions = target.client("sqs"), target.client("lambda")
    queue = sqs.create_queue(QueueName="read")["QueueUrl"]
    role = make_role(embedded_aws, "reads")
    make_function(functions, "reads", role)
    sqs.send_message(QueueUrl=queue, MessageBody="x")

    mapping = functions.create_event_source_mapping(EventSourceArn=f"{ROOT}:read", FunctionName="reads")

    def result() -> str:
        return str(functions.get_event_source_mapping(UUID=mapping["UUID"])["LastProcessingResult"])

    assert eventually(lambda: result().startswith("PROBLEM"))
    assert "sqs:ReceiveMessage" in result()
    reads = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], f"{ROOT}:read")
    make_role(embedded_aws, "reads", reads)
    assert eventually(lambda: result() == "OK - 1 records")


def test_a_function_writes_its_log_as_its_role(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    functions, logs = target.client("lambda"), target.client("logs")
    groups = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda"
    write = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{groups}/tells:*")
    for name, statements in (("tells", [write]), ("silent", [])):
        make_function(functions, name, make_role(embedded_aws, name, *statements))
        functions.invoke(FunctionName=name)

    def has_streams(name: str) -> bool:
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        return any(
            logs.describe_log_streams(logGroupName=one["logGroupName"])["logStreams"] for one in groups
        )

    assert eventually(lambda: has_streams("tells"))
    assert not has_streams("silent")


def test_a_function_whose_role_may_not_use_the_key_of_its_environment_does_not_run(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    functions = target.client("lambda")
    every = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    key = target.client("kms").create_key(Policy=document([every]))["KeyMetadata"]["Arn"]
    make_function(functions, "locked", make_role(embedded_aws, "locked"))
    functions.update_function_configuration(FunctionName="locked", KMSKeyArn=key)

    assert "FunctionError" in functions.invoke(FunctionName="locked")

    make_role(embedded_aws, "locked", allow("kms:Decrypt", key))
    assert json.loads(functions.invoke(FunctionName="locked")["Payload"].read()) == "ran"


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_rule_delivers_to_a_queue_whose_policy_lets_it(embedded_aws: str, is_allowed: bool) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    sqs, events = target.client("sqs"), target.client("events")
    name = f"delivered-{is_allowed}".lower()
    arn = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    deliver = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"{ROOT}:{name}",
        "Condition": {"ArnEquals": {"aws:SourceArn": arn if is_allowed else f"{arn}-2"}},
    }
    queue = sqs.create_queue(QueueName=name, Attributes={"Policy": document([deliver])})["QueueUrl"]
    events.put_targets(Rule=name, Targets=[{"Id": "list", "Arn": f"{ROOT}:{name}"}])

    events.put_events(Entries=[{"Source": name, "DetailType": "x", "Detail": "{}"}])

    found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
    assert len(found) == is_allowed
