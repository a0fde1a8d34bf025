"""The runtime as a whole, on a template with one of each: deployed by SAM, used through AWS's APIs only."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from workflows.local.base.home import Home
from workflows.local.lifecycle import stack
from workflows.local.lifecycle.deployment import Deployment, client
from workflows.local.lifecycle.processes import stack_processes
from workflows.local.ministack.keeping import kept_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.spark,
    pytest.mark.emulator,  # one stack, which the last test ends: not for several processes
    pytest.mark.timeout(420),
    # It is meant to run on when `up` has returned.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SMALL = Path(__file__).with_name("small")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home") / "with a blank")


DEPLOYMENT = Deployment(
    template=SMALL / "template.yaml",
    stack_name="small",
    parameters={"Datasets": "apples,pears", "IngestWindowSeconds": "1"},
    sources=(SMALL / "functions",),
    jobs=SMALL / "jobs",
)


@pytest.fixture(scope="module")
def small(home: Home) -> Iterator[stack.Stack]:
    yield stack.up(print, home, DEPLOYMENT)
    stack.down(home)


def finished_run(glue: Any, workflow: str, number: int = 1) -> dict[str, Any]:
    """The newest run of a workflow, once so many of them have ended."""
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


def test_what_a_stack_holds_is_for_the_eyes_of_its_user(small: stack.Stack, home: Home) -> None:
    assert home.scratch.stat().st_mode & 0o077 == 0


def test_a_loop_over_a_list_parameter_makes_a_table_of_each(small: stack.Stack) -> None:
    tables = client("dynamodb", small.endpoint_url).list_tables()["TableNames"]

    assert tables == ["small-apples", "small-pears"]


def test_a_lambda_sees_only_what_its_package_brings(small: stack.Stack) -> None:
    answer = client("lambda", small.endpoint_url).invoke(
        FunctionName=small.outputs["EchoName"], Payload=json.dumps({"a": 1}).encode()
    )
    seen = json.loads(answer["Payload"].read())

    assert seen == {
        "event": {"a": 1},
        "importable": [],
        "version": [3, 13],
        "endpoint": small.endpoint_url,
        "pythonpath": None,
    }


def test_objects_that_land_start_the_workflow_once_and_its_jobs_run_in_order(
    small: stack.Stack, home: Home
) -> None:
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
    assert (first["said"], second["said"]) == ("hello", "nothing")  # no setting leaks into the next run
    (log,) = (home.logs / "jobs" / "small-first").iterdir()
    said = log.read_text()
    assert "--EXTRA from the trigger" in said
    assert f"glueline: {home.deployed / 'jobs' / 'first.py'} " in said  # what was deployed, not the checkout
    assert stack.status(home).workflow_runs[0].jobs == {
        "small-second": "SUCCEEDED",
        "small-first": "SUCCEEDED",
    }


def test_a_job_that_fails_says_why(small: stack.Stack) -> None:
    glue = client("glue", small.endpoint_url)
    run_id = glue.start_job_run(JobName="small-second")["JobRunId"]  # no workflow run to speak of

    for _ in range(300):
        run = glue.get_job_run(JobName="small-second", RunId=run_id)["JobRun"]
        if run["JobRunState"] not in ("STARTING", "RUNNING"):
            break
        time.sleep(0.1)

    assert run["JobRunState"] == "FAILED"
    assert "WORKFLOW_RUN_ID" in run["ErrorMessage"]


def test_what_is_kept_is_there_again_and_goes_on(small: stack.Stack, home: Home) -> None:
    names = ("s3", "glue", "dynamodb", "sqs", "lambda")
    s3, glue, dynamodb, sqs, functions = (client(name, small.endpoint_url) for name in names)
    bucket = small.outputs["BucketName"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="kept", Body=b"\x00first")["VersionId"]
    s3.put_object(Bucket=bucket, Key="kept", Body=b"second", Metadata={"a": "b"})
    item = {"_key": {"S": "7"}, "price": {"N": "1.5"}, "raw": {"B": b"\xff"}}
    (key,) = dynamodb.describe_table(TableName="small-apples")["Table"]["KeySchema"]
    item[key["AttributeName"]] = {"S": "7"}
    dynamodb.put_item(TableName="small-apples", Item=item)
    queue = sqs.create_queue(QueueName="kept")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="on its way")
    runs = len(glue.get_workflow_runs(Name="small")["Runs"])

    assert stack.down(home, keep=True).endswith("is kept for the next make up.")
    assert stack_processes(home) == []
    again = stack.up(print, home, DEPLOYMENT)

    assert again.notice.endswith("It goes on with what was kept.")
    assert (again.endpoint_url, again.outputs) == (small.endpoint_url, small.outputs)
    assert kept_port(home.kept) is None
    assert s3.get_object(Bucket=bucket, Key="kept", VersionId=first)["Body"].read() == b"\x00first"
    newest = s3.get_object(Bucket=bucket, Key="kept")
    assert (newest["Body"].read(), newest["Metadata"]) == (b"second", {"a": "b"})
    assert dynamodb.scan(TableName="small-apples")["Items"] == [item]
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "on its way"
    answer = functions.invoke(FunctionName=small.outputs["EchoName"], Payload=b"{}")
    assert json.loads(answer["Payload"].read())["endpoint"] == small.endpoint_url
    s3.put_object(Bucket=bucket, Key="drops/after", Body=b"x")
    assert finished_run(glue, "small", runs + 1)["Statistics"]["SucceededActions"] == 2


def test_down_leaves_no_process_and_no_file(small: stack.Stack, home: Home) -> None:
    assert len(stack_processes(home)) >= 3

    assert stack.down(home).endswith("none is left.")

    assert stack_processes(home) == []
    assert not home.stack_file.exists()
