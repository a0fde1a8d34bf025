"""What the doctor finds in a stack, on this machine or on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.workflows.deploy.stubs import stubbed
from workflows.deploy.findings import Finding, Verdict
from workflows.doctor import checks as module
from workflows.doctor.checks import (
    alarms,
    alerts,
    api,
    checks,
    code,
    dead_letters,
    job_runs,
    lake,
    stack,
)
from workflows.query.dialect.errors import QueryError
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTPUTS = {
    "AlertTopicArn": "arn:aws:sns:eu-west-1:1:topic",
    "DataApiUrl": "https://api",
    "DeadLetterQueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/dead",
    "IngestWorkflow": "ingest",
    "CareWorkflow": "care",
    "OpsDatabase": "lake_ops",
    "TablePrefix": "shop-",
}


class Stubbed(Target):
    """A target whose clients answer as a test says."""

    def client(self, service: str) -> Any:
        return CLIENTS[service]


CLIENTS: dict[str, Any] = {}
ON_AWS = Stubbed("eu-west-1", OUTPUTS, stack="shop", account="1")
LOCAL = Stubbed("us-east-1", OUTPUTS, "http://127.0.0.1:1")


@pytest.fixture(autouse=True)
def no_clients() -> None:
    CLIENTS.clear()


def verdicts(findings: Iterator[Finding]) -> list[tuple[str, Verdict]]:
    return [(one.subject, one.verdict) for one in findings]


@pytest.mark.parametrize(
    ("status", "protection", "expected"),
    [
        ("UPDATE_COMPLETE", "true", [("stack", Verdict.FINE)]),
        ("UPDATE_ROLLBACK_COMPLETE", "true", [("stack", Verdict.WRONG)]),
        ("CREATE_COMPLETE", "later", [("stack", Verdict.FINE), ("protection", Verdict.WRONG)]),
    ],
)
def test_a_stack_is_whole_and_protected(status: str, protection: str, expected: Any) -> None:
    parameters = [{"ParameterKey": "DeletionProtection", "ParameterValue": protection}]
    found = {"StackName": "shop", "CreationTime": 0, "StackStatus": status, "Parameters": parameters}
    CLIENTS["cloudformation"] = stubbed("cloudformation", ("describe_stacks", {"Stacks": [found]}))

    assert verdicts(stack(ON_AWS)) == expected


def test_the_local_stack_is_where_it_is() -> None:
    assert verdicts(stack(LOCAL)) == [("stack", Verdict.FINE)]


def subscriptions(*arns: str) -> Any:
    listed = [{"SubscriptionArn": arn, "Endpoint": "a@b.c", "Protocol": "email"} for arn in arns]
    return stubbed("sns", ("list_subscriptions_by_topic", {"Subscriptions": listed}))


@pytest.mark.parametrize(
    ("target", "arns", "verdict", "said"),
    [
        (ON_AWS, [], Verdict.WRONG, "--set AlertEmail"),
        (ON_AWS, ["PendingConfirmation"], Verdict.WRONG, "has not confirmed the mail"),
        (ON_AWS, ["arn:aws:sns:eu-west-1:1:topic:1"], Verdict.FINE, "a@b.c"),
        (LOCAL, [], Verdict.FINE, "a local stack sends none"),
    ],
)
def test_somebody_has_to_get_the_alerts(target: Target, arns: list[str], verdict: Verdict, said: str) -> None:
    CLIENTS["sns"] = subscriptions(*arns)

    [finding] = alerts(target)

    assert finding.verdict is verdict
    assert said in finding.message


def workflows_of(*jobs: str) -> list[tuple[str, Any]]:
    nodes = [{"Type": "JOB", "Name": job, "UniqueId": job} for job in jobs]
    graph = {"Workflow": {"Name": "ingest", "Graph": {"Nodes": [*nodes, {"Type": "TRIGGER", "Name": "t"}]}}}
    return [("get_workflow", graph), ("get_workflow", graph)]


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([("head_object", {})] * 2, Verdict.FINE),
        ([("head_object", {}), ("head_object", "404")], Verdict.WRONG),
    ],
)
def test_script_and_wheel_have_to_be_there(answers: Any, verdict: Verdict) -> None:
    job = {
        "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/code/1/check.py"},
        "DefaultArguments": {"--additional-python-modules": "s3://b/code/1/g.whl,other==1"},
    }
    CLIENTS["glue"] = stubbed("glue", *workflows_of("check"), ("get_job", {"Job": job}))
    CLIENTS["s3"] = stubbed("s3", *answers)

    [finding] = code(ON_AWS)

    assert finding.verdict is verdict
    if verdict is Verdict.WRONG:
        assert "missing: s3://b/code/1/g.whl" in finding.message


def test_here_jobs_run_from_the_deployed_code() -> None:
    job = {"Command": {"Name": "glueetl", "ScriptLocation": "s3://none/code/none/check.py"}}
    CLIENTS["glue"] = stubbed("glue", *workflows_of("check"), ("get_job", {"Job": job}))

    assert verdicts(code(LOCAL)) == [("code", Verdict.FINE)]


@pytest.mark.parametrize(("count", "verdict"), [("0", Verdict.FINE), ("3", Verdict.WRONG)])
def test_dead_letters_are_counted(count: str, verdict: Verdict) -> None:
    answer = {"Attributes": {"ApproximateNumberOfMessages": count}}
    CLIENTS["sqs"] = stubbed("sqs", ("get_queue_attributes", answer))

    assert verdicts(dead_letters(ON_AWS)) == [("dead letters", verdict)]


def test_a_job_whose_last_run_failed_is_named_with_its_error() -> None:
    failed = {"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "no disk"}
    CLIENTS["glue"] = stubbed(
        "glue",
        *workflows_of("check", "merge"),
        ("get_job_runs", {"JobRuns": [failed]}),
        ("get_job_runs", {"JobRuns": []}),
    )

    [finding] = job_runs(ON_AWS)

    assert finding.verdict is Verdict.WRONG
    assert "the last run of check ended FAILED: no disk" in finding.message
    assert "jr_1" in finding.message


def test_jobs_that_have_not_run_yet_are_no_fault() -> None:
    CLIENTS["glue"] = stubbed("glue", *workflows_of("check"), ("get_job_runs", {"JobRuns": []}))

    [finding] = job_runs(ON_AWS)

    assert finding.verdict is Verdict.FINE
    assert finding.message == "check has not run yet"


def test_in_continuous_mode_the_streaming_job_is_looked_at() -> None:
    target = Stubbed("eu-west-1", {**OUTPUTS, "IngestMode": "continuous", "JobPrefix": "shop-"}, stack="shop")
    CLIENTS["glue"] = stubbed(
        "glue", *workflows_of(), ("get_job_runs", {"JobRuns": [{"Id": "jr_1", "JobRunState": "RUNNING"}]})
    )

    [finding] = job_runs(target)

    assert (finding.verdict, finding.message) == (Verdict.FINE, "shop-follow RUNNING")


def alarm(name: str, state: str, topic: str = OUTPUTS["AlertTopicArn"]) -> dict[str, Any]:
    return {
        "AlarmName": name, "StateValue": state, "AlarmDescription": "What to do.", "AlarmActions": [topic],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([], [Verdict.UNKNOWN]),
        ([alarm("shop-dead-letters", "OK")], [Verdict.FINE]),
        ([alarm("shop-dead-letters", "INSUFFICIENT_DATA")], [Verdict.FINE]),
        ([alarm("shop-dead-letters", "ALARM")], [Verdict.WRONG]),
        ([alarm("shop-parity-age-products", "ALARM")], [Verdict.WRONG]),
        (
            [alarm("shop-dead-letters", "OK"), alarm("shop-2-dead-letters", "ALARM", "arn:of-shop-2")],
            [Verdict.FINE],
        ),
    ],
)
def test_alarms_that_ring_are_named(listed: Any, expected: list[Verdict]) -> None:
    CLIENTS["cloudwatch"] = stubbed("cloudwatch", ("describe_alarms", {"MetricAlarms": listed}))

    assert [one.verdict for one in alarms(ON_AWS)] == expected


@pytest.mark.parametrize(("status", "verdict"), [(200, Verdict.FINE), (500, Verdict.WRONG)])
def test_the_api_has_to_answer(monkeypatch: pytest.MonkeyPatch, status: int, verdict: Verdict) -> None:
    def get(url: str, **_: Any) -> httpx.Response:
        return httpx.Response(status, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.setattr(module, "fetch_token", lambda *_: "token")

    assert verdicts(api(ON_AWS)) == [("API", verdict)]


def failing(text: str) -> Callable[[Target, str], None]:
    def query(_: Target, sql: str) -> None:
        if text in sql:
            raise QueryError("no such thing")

    return query


@pytest.mark.parametrize(
    ("fails", "verdict"),
    [("nothing", Verdict.FINE), ("lake_ops.batches", Verdict.WARNING), ("select 1", Verdict.WRONG)],
)
def test_a_query_has_to_be_answered(monkeypatch: pytest.MonkeyPatch, fails: str, verdict: Verdict) -> None:
    monkeypatch.setattr(module, "query", failing(fails))

    assert verdicts(lake(ON_AWS)) == [("query", verdict)]


def test_a_check_that_is_not_allowed_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for service, operation in (
        ("cloudformation", "describe_stacks"),
        ("sns", "list_subscriptions_by_topic"),
        ("sqs", "get_queue_attributes"),
        ("cloudwatch", "describe_alarms"),
    ):
        CLIENTS[service] = stubbed(service, (operation, "AccessDenied"))
    CLIENTS["glue"] = stubbed("glue", ("get_workflow", "AccessDenied"), ("get_workflow", "AccessDenied"))
    monkeypatch.setattr(module, "query", failing("nothing"))
    monkeypatch.setattr(httpx, "get", lambda *_, **__: httpx.Response(403, request=httpx.Request("GET", "u")))

    found = verdicts(checks(ON_AWS))

    assert [subject for subject, _ in found] == [
        *("stack", "code", "alerts", "API", "query", "dead letters", "jobs", "alarms")
    ]
    assert {verdict for subject, verdict in found if subject not in ("API", "query")} == {Verdict.UNKNOWN}
