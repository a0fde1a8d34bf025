"""The whole runtime with a template that has one resource of each kind, used through the APIs of AWS."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from workflows.local.base.home import Home
from workflows.local.lifecycle import listening, stack
from workflows.local.lifecycle.clients import client
from workflows.local.lifecycle.deployment import Deployment
from workflows.local.lifecycle.processes import stack_processes
from workflows.local.ministack.keeping import is_kept

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.long,
    pytest.mark.xdist_group("small stack"),  # one stack, which the last test ends: for one process
    pytest.mark.timeout(420),
    # The emulator is meant to run on after `up` has returned.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SMALL = Path(__file__).with_name("small")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home") / "with a blank")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template, functions and jobs, for tests to edit."""
    return Path(shutil.copytree(SMALL, tmp_path_factory.mktemp("checkout") / "small"))


@pytest.fixture(scope="module")
def deployment(checkout: Path) -> Deployment:
    return Deployment(
        template=checkout / "template.yaml",
        stack_name="small",
        parameters={"Datasets": "apples,pears", "IngestWindowSeconds": "1"},
        sources=(checkout / "functions",),
        jobs=checkout / "jobs",
        growing=("Datasets",),
    )


@pytest.fixture(scope="module")
def small(home: Home, deployment: Deployment) -> Iterator[stack.Stack]:
    with pytest.MonkeyPatch.context() as patch:
        # While it is down and kept, other tests would take its port, which is the first free one.
        patch.setattr(listening, "FIRST_PORT", listening.FIRST_PORT + 200)
        yield stack.up(print, home, deployment)
        stack.down(home)


def finished_run(glue: Any, workflow: str, number: int = 1) -> dict[str, Any]:
    """The newest run of a workflow, once it and `number` runs in all have ended."""
    for _ in range(300):
        runs: list[dict[str, Any]] = glue.get_workflow_runs(Name=workflow, IncludeGraph=True)["Runs"]
        if len(runs) >= number and runs[0]["Status"] != "RUNNING":
            return runs[0]
        time.sleep(0.1)
    raise AssertionError(f"expected {number} runs of {workflow} to end, found {runs}")


def report(small: stack.Stack, job: str) -> dict[str, Any]:
    s3 = client("s3", small.endpoint_url)
    body = s3.get_object(Bucket=small.outputs["BucketName"], Key=f"out/{job}.json")["Body"].read()
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_nothing_listens_beyond_this_machine(small: stack.Stack, home: Home) -> None:
    listening = {
        connection.laddr.ip
        for process in stack_processes(home)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    assert listening


def test_only_its_user_can_read_the_files_of_a_stack(small: stack.Stack, home: Home) -> None:
    assert home.scratch.stat().st_mode & 0o077 == 0


def test_a_loop_over_a_list_parameter_creates_a_table_for_each(small: stack.Stack) -> None:
    tables = client("dynamodb", small.endpoint_url).list_tables()["TableNames"]

    assert tables == ["small-apples", "small-pears"]


def test_a_lambda_can_import_only_what_its_package_has(small: stack.Stack) -> None:
    answer = client("lambda", small.endpoint_url).invoke(
        FunctionName=small.outputs["EchoName"], Payload=json.dumps({"a": 1}).encode()
    )
    found = json.loads(answer["Payload"].read())

    assert found == {
        "event": {"a": 1},
        "importable": [],
        "version": [3, 13],
        "endpoint": small.endpoint_url,
        "pythonpath": None,
    }


def test_objects_start_the_workflow_once_and_its_jobs_run_in_order(small: stack.Stack, home: Home) -> None:
    s3, glue = client("s3", small.endpoint_url), client("glue", small.endpoint_url)
    for number in range(3):
        s3.put_object(Bucket=small.outputs["BucketName"], Key=f"drops/{number}", Body=b"x")

    run = finished_run(glue, "small")

    assert run["Statistics"]["SucceededActions"] == 2
    assert len(run["WorkflowRunProperties"]["aws:eventIds"].split(", ")) == 3
    first, second = report(small, "first"), report(small, "second")
    assert first["rows"] == 5
    assert first["options"]["EXTRA"] == "from the trigger"
    assert first["options"]["WORKFLOW_RUN_ID"] == second["options"]["WORKFLOW_RUN_ID"] == run["WorkflowRunId"]
    assert first["properties"]["colour"] == "green"
    assert (first["setting"], second["setting"]) == ("hello", None)  # no setting reaches the next run
    (log,) = (home.logs / "jobs" / "small-first").iterdir()
    output = log.read_text()
    assert "--EXTRA from the trigger" in output
    assert (
        f"glueline: {home.deployed / 'jobs' / 'first.py'} " in output
    )  # what was deployed, not the checkout
    assert stack.status(home).workflow_runs[0].jobs == {
        "small-second": "SUCCEEDED",
        "small-first": "SUCCEEDED",
    }


def test_a_job_run_that_fails_has_its_error(small: stack.Stack) -> None:
    glue = client("glue", small.endpoint_url)
    run_id = glue.start_job_run(JobName="small-second")["JobRunId"]  # without a workflow run

    for _ in range(300):
        run = glue.get_job_run(JobName="small-second", RunId=run_id)["JobRun"]
        if run["JobRunState"] not in ("STARTING", "RUNNING"):
            break
        time.sleep(0.1)

    assert run["JobRunState"] == "FAILED"
    assert "WORKFLOW_RUN_ID" in run["ErrorMessage"]


def begun_run(glue: Any, waits_for: str) -> str:
    """A run of the workflow whose first job has begun, and does not end before an object with this key."""
    run_id: str = glue.start_workflow_run(Name="small", RunProperties={"waits_for": waits_for})["RunId"]
    for _ in range(300):
        runs = glue.get_job_runs(JobName="small-first")["JobRuns"]
        if runs[0]["JobRunState"] == "RUNNING":
            return run_id
        time.sleep(0.1)
    raise AssertionError(f"expected a run of small-first to begin, found {runs}")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def echo(small: stack.Stack) -> dict[str, Any]:
    functions = client("lambda", small.endpoint_url)
    answer = functions.invoke(FunctionName=small.outputs["EchoName"], Payload=b"{}")
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def test_an_update_keeps_the_data_and_a_run_that_has_begun_keeps_its_code(
    small: stack.Stack, home: Home, deployment: Deployment, checkout: Path
) -> None:
    glue, dynamodb = client("glue", small.endpoint_url), client("dynamodb", small.endpoint_url)
    item = {"_key": {"S": "7"}}
    dynamodb.put_item(TableName="small-apples", Item=item)
    edit(checkout / "jobs" / "second.py", '"options": options,', '"options": options, "code": "new",')
    edit(checkout / "functions" / "echo" / "app.py", '"event": event,', '"event": event, "code": "new",')
    changed = replace(deployment, parameters={**deployment.parameters, "Datasets": "pears,plums"})
    begun, said = begun_run(glue, waits_for="go"), list[str]()

    def report_step(line: str) -> None:
        said.append(line)
        if "waiting until the job small-first has ended" in line:
            client("s3", small.endpoint_url).put_object(
                Bucket=small.outputs["BucketName"], Key="go", Body=b""
            )

    updated = stack.up(report_step, home, changed)

    assert glue.get_workflow_run(Name="small", RunId=begun)["Run"]["Status"] == "COMPLETED"
    old = report(small, "second")
    assert (old["options"]["WORKFLOW_RUN_ID"], old.get("code")) == (begun, None)
    assert any("waiting until the job small-first has ended" in line for line in said)
    assert updated.changes is not None
    assert (updated.changes.functions.changed, updated.changes.jobs.changed) == (("echo",), ("second",))
    assert echo(small)["code"] == "new"
    assert dynamodb.scan(TableName="small-apples")["Items"] == [item]
    tables = dynamodb.list_tables()["TableNames"]
    assert tables == ["small-apples", "small-pears", "small-plums"]  # none is lost
    runs = len(glue.get_workflow_runs(Name="small")["Runs"])
    glue.start_workflow_run(Name="small")
    finished_run(glue, "small", runs + 1)
    assert report(small, "second")["code"] == "new"


def test_an_update_that_fails_leaves_the_stack_as_it_was_and_the_next_one_repairs(
    small: stack.Stack, home: Home, deployment: Deployment, checkout: Path
) -> None:
    template = (checkout / "template.yaml").read_text()
    bad = "Resources:\n  Bad: {Type: AWS::Glue::Trigger, DependsOn: Echo, Properties: {Type: EVENT}}\n"
    edit(checkout / "template.yaml", "Resources:\n", bad)
    edit(checkout / "functions" / "echo" / "app.py", '"code": "new",', '"code": "newer",')
    edit(checkout / "jobs" / "second.py", '"code": "new",', '"code": "newer",')

    with pytest.raises(stack.StackError, match=r"failed: Bad: .*WorkflowName.*\nNothing of it is deployed"):
        stack.up(print, home, deployment)
    assert echo(small)["code"] == "new"
    assert '"code": "new",' in (home.deployed / "jobs" / "second.py").read_text()

    (checkout / "template.yaml").write_text(template)
    again = stack.up(print, home, deployment)

    assert again.changes is not None
    assert (again.changes.functions.changed, again.changes.template) == (("echo",), False)
    assert echo(small)["code"] == "newer"
    assert stack.up(print, home, deployment).notice.startswith("Nothing has changed")


KEPT = """
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: kept}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: kept, VersioningConfiguration: {Status: Enabled}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: kept
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: _key, AttributeType: S}]
      KeySchema: [{AttributeName: _key, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
"""
ITEM = {"_key": {"S": "7"}, "price": {"N": "1.5"}, "raw": {"B": b"\xff"}}


def write_data(endpoint: str) -> str:
    """Write to each service whose data is kept; returns the id of the first version of the object `a`."""
    cloudformation, s3, sqs = (client(name, endpoint) for name in ("cloudformation", "s3", "sqs"))
    cloudformation.create_stack(StackName="kept", TemplateBody=KEPT)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="kept", WaiterConfig={"Delay": 1})
    first: str = s3.put_object(Bucket="kept", Key="a", Body=b"\x00first")["VersionId"]
    s3.put_object(Bucket="kept", Key="a", Body=b"second", Metadata={"a": "b"})
    client("dynamodb", endpoint).put_item(TableName="kept", Item=ITEM)
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="kept")["QueueUrl"], MessageBody="unread")
    return first


def check_data(endpoint: str, first: str) -> None:
    """All that `write_data` wrote is there, and CloudFormation finds nothing to change."""
    names = ("cloudformation", "s3", "sqs", "dynamodb", "dynamodbstreams")
    cloudformation, s3, sqs, dynamodb, streams = (client(name, endpoint) for name in names)
    assert s3.get_object(Bucket="kept", Key="a", VersionId=first)["Body"].read() == b"\x00first"
    newest = s3.get_object(Bucket="kept", Key="a")
    assert (newest["Body"].read(), newest["Metadata"]) == (b"second", {"a": "b"})
    (message,) = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="kept")["QueueUrl"])["Messages"]
    assert message["Body"] == "unread"
    assert dynamodb.scan(TableName="kept")["Items"] == [ITEM]
    backups = dynamodb.describe_continuous_backups(TableName="kept")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    (stream,) = streams.list_streams(TableName="kept")["Streams"]
    (shard,) = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    (record,) = streams.get_records(ShardIterator=iterator)["Records"]
    assert record["dynamodb"]["NewImage"] == ITEM
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(StackName="kept", TemplateBody=KEPT)


def test_a_kept_stack_has_all_its_data_again_and_continues(
    small: stack.Stack, home: Home, deployment: Deployment
) -> None:
    glue, functions = client("glue", small.endpoint_url), client("lambda", small.endpoint_url)
    first = write_data(small.endpoint_url)
    runs = len(glue.get_workflow_runs(Name="small")["Runs"])

    assert stack.down(home, keep=True).endswith("is kept for the next make up.")
    assert stack_processes(home) == []
    again = stack.up(print, home, deployment)

    assert again.notice.endswith("It continues with the data that was kept.")
    assert (again.endpoint_url, again.outputs) == (small.endpoint_url, small.outputs)
    assert not is_kept(home.kept)
    check_data(again.endpoint_url, first)
    answer = functions.invoke(FunctionName=small.outputs["EchoName"], Payload=b"{}")
    assert json.loads(answer["Payload"].read())["endpoint"] == small.endpoint_url
    bucket = small.outputs["BucketName"]
    client("s3", small.endpoint_url).put_object(Bucket=bucket, Key="drops/after", Body=b"x")
    assert finished_run(glue, "small", runs + 1)["Statistics"]["SucceededActions"] == 2


def test_down_leaves_no_process_and_no_stack_file(small: stack.Stack, home: Home) -> None:
    assert len(stack_processes(home)) >= 3

    assert stack.down(home).endswith("none is left.")

    assert stack_processes(home) == []
    assert not home.stack_file.exists()
