"""How people learn that something is wrong, and what to do: alarms, alerts of failed jobs, the dashboard."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from typer.main import get_command

from jobs.runtime.metrics import Name
from tests.workflows.expanded_template import TEMPLATE, Resource, each, expanded, resources
from tests.workflows.local.ministack.roles import allow, document
from tests.workflows.named_template import stack
from workflows.cli import app
from workflows.local.base.home import CHECKOUT
from workflows.stack.target import Target

NAMESPACE = "Glueline/dev"  # of the stack's own metrics
JOBS = ("check", "merge", "follow", "maintain", "reconcile", "certify", "erase")
LONGEST_NAME = 50  # of a stack: with the account it makes a domain of Cognito, of at most 63 characters
COMMANDS: Any = get_command(app)
OF_JOBS = set(get_args(Name.__value__))


def named_commands(text: str) -> list[str]:
    """The `glueline` commands that a text names."""
    return re.findall(r"\bglueline ([a-z][a-z-]*(?: (?:check|new)\b)?)", text)


def is_a_command(words: str) -> bool:
    """Whether the command line has this command, for a stack on AWS too."""
    found = COMMANDS
    for word in words.split():
        found = getattr(found, "commands", {}).get(word)
        if found is None:
            return False
    return hasattr(found, "commands") or any("--stack" in parameter.opts for parameter in found.params)


def text_of(value: Any) -> str:
    """A text, or the text inside Fn::Sub with its placeholders."""
    while isinstance(value, dict):
        value = value["Fn::Sub"]
    return str(value[0] if isinstance(value, list) else value)


# --- alarms -------------------------------------------------------------------------------------------------


@each("AWS::CloudWatch::Alarm")
def test_an_alarm_notifies_when_it_starts_and_when_it_ends(name: str, resource: Resource) -> None:
    assert resource["Properties"]["AlarmActions"] == [{"Ref": "Alerts"}]
    assert resource["Properties"]["OKActions"] == [{"Ref": "Alerts"}]


@each("AWS::CloudWatch::Alarm")
def test_an_alarm_says_what_to_do_and_what_happens_if_nothing_is_done(name: str, resource: Resource) -> None:
    description = text_of(resource["Properties"]["AlarmDescription"])
    commands = named_commands(description)

    assert commands
    assert all("--stack ${AWS::StackName}" in one for one in re.findall("`glueline ([^`]+)`", description))
    assert [command for command in commands if not is_a_command(command)] == []
    assert "If nothing is done" in description
    assert len(description.replace("${AWS::StackName}", "n" * LONGEST_NAME)) <= 1024  # as CloudWatch takes it


@each("AWS::CloudWatch::Alarm")
def test_an_alarm_names_the_log_group_that_tracebacks_are_in(name: str, resource: Resource) -> None:
    description = text_of(resource["Properties"]["AlarmDescription"])
    existing = {
        group["Properties"]["LogGroupName"]
        for id_, group in resources("AWS::Logs::LogGroup").items()
        if id_ != "JobErrors"  # Spark's own log
    }

    named = re.findall(r"/aws/[\w/${}:-]+", description)

    assert [group for group in named if group.replace("${Function}", "source") not in existing] == []


@pytest.mark.parametrize("dataset", ["transactions", "products", "households"])
def test_the_alarm_on_the_age_of_parity_is_silent_until_there_was_a_comparison(dataset: str) -> None:
    alarm = resources()[f"ParityAge{dataset}"]["Properties"]

    assert alarm["TreatMissingData"] == "missing"
    assert alarm["InsufficientDataActions"] == [{"Ref": "Alerts"}]  # for data that ends, not for data to come


def test_what_can_go_wrong_has_an_alarm() -> None:
    watched = {
        (alarm["Properties"]["Namespace"], alarm["Properties"]["MetricName"])
        for alarm in stack("dev").resources.values()
        if alarm["Type"] == "AWS::CloudWatch::Alarm"
    }

    assert watched == {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),  # dead letters, undelivered events
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),  # inbound, intake
        ("AWS/ApiGateway", "5xx"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "IteratorAge"),
        ("AWS/Events", "TriggeredRules"),  # runs of ingest that failed
        (NAMESPACE, "FilesRefused"),
        (NAMESPACE, "BatchesSetAside"),
        (NAMESPACE, "IngestFailures"),  # of the streaming job
        (NAMESPACE, "QuarantinePercent"),
        (NAMESPACE, "FreshnessSeconds"),
        (NAMESPACE, "Drift"),
        (NAMESPACE, "ParityAgeSeconds"),
    }
    assert {metric for namespace, metric in watched if namespace == NAMESPACE} <= OF_JOBS


@pytest.mark.parametrize("metric", ["FreshnessSeconds", "QuarantinePercent", "Drift", "ParityAgeSeconds"])
def test_every_dataset_has_the_alarm(metric: str) -> None:
    datasets = {
        dimension["Value"]
        for alarm in resources("AWS::CloudWatch::Alarm", Datasets="products,orderXlines").values()
        if alarm["Properties"]["MetricName"] == metric
        for dimension in alarm["Properties"]["Dimensions"]
    }

    assert datasets == {"products", "order_lines"}


def test_the_freshness_alarm_is_raised_beyond_the_goal() -> None:
    [alarm] = [
        alarm["Properties"]
        for name, alarm in resources(FreshnessGoalSeconds="600").items()
        if name == "Freshnessproducts"
    ]

    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == ("600", "GreaterThanThreshold")


def test_every_function_has_an_alarm_on_its_errors() -> None:
    watched = {
        alarm["Properties"]["Dimensions"][0]["Value"]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["MetricName"] == "Errors"
    }
    functions = resources("AWS::Serverless::Function").values()

    assert watched == {function["Properties"]["FunctionName"] for function in functions}


# --- alerts of failed jobs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("job", JOBS)
def test_the_alert_of_a_failed_job_says_what_to_do(job: str) -> None:
    rule = stack("dev").resources[f"Failed{job}"]["Properties"]
    [target] = rule["Targets"]
    transformer = target["InputTransformer"]

    alert = json.loads(rendered(transformer, {}))

    assert rule["EventPattern"] == {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {"jobName": [f"dev-{job}"], "state": ["FAILED", "TIMEOUT", "ERROR", "STOPPED"]},
    }
    assert target["Arn"] == stack("dev").arn("Alerts")
    assert target["DeadLetterConfig"] == {"Arn": stack("dev").arn("Undelivered")}
    assert {f"<{path}>" for path in transformer["InputPathsMap"]} == set(
        re.findall("<[a-z]+>", transformer["InputTemplate"])
    )
    assert alert["alert"] == f"Glueline: the job dev-{job} did not succeed"
    assert alert["stack"] == "dev"
    assert alert["logs"] == stack("dev").physical_name("JobOutput")
    assert re.search(r"start-workflow-run --name dev-(ingest|care)\.|--stack dev\b", alert["do"])
    assert [command for command in named_commands(alert["do"]) if not is_a_command(command)] == []
    assert "If nothing is done" in alert["do"]


def test_a_failure_names_its_stack_once() -> None:
    texts = [found["Do"] for found in TEMPLATE["Mappings"]["WhenItFails"].values()]

    assert [text.count("{stack}") for text in texts] == [1] * len(JOBS)


ERRORS = [
    "NoSuchKey: gone",
    "expected \"id\", got 'x'",
    "first line\nsecond line",
    "C:\\a\tb",
    "\u2028 <run> {}",
]


def rendered(transformer: dict[str, Any], detail: dict[str, str]) -> str:
    """The text that EventBridge makes of an event.

    A variable outside of quotes becomes JSON; inside of quotes its text is put in as it is.
    """
    values = {
        name: detail.get(path.removeprefix("$.detail."), "")
        for name, path in transformer["InputPathsMap"].items()
    }

    def value(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return re.sub("<([a-z]+)>", lambda inner: values[inner[1]], match[0])
        return json.dumps(values[match[1]])

    return re.sub(r'"(?:\\.|[^"\\])*"|<([a-z]+)>', value, transformer["InputTemplate"])


@pytest.mark.parametrize("error", ERRORS)
def test_an_alert_has_an_error_of_any_characters(error: str) -> None:
    [target] = stack("dev").resources["Failedmerge"]["Properties"]["Targets"]

    alert = json.loads(
        rendered(target["InputTransformer"], {"message": error, "state": "FAILED", "jobRunId": "jr_1"})
    )

    assert (alert["error"], alert["state"], alert["run"]) == (error, "FAILED", "jr_1")


def test_an_alert_reaches_the_subscribers_of_the_topic(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    sns, sqs, events = (target.client(name) for name in ("sns", "sqs", "events"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    mailbox = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    to_topic = {**allow("sns:Publish", topic), "Principal": {"Service": "events.amazonaws.com"}}
    to_mailbox = {**allow("sqs:SendMessage", mailbox), "Principal": {"Service": "sns.amazonaws.com"}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document([to_topic]))
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document([to_mailbox])})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=mailbox, Attributes={"RawMessageDelivery": "true"})
    [alert] = stack("dev").resources["Failedcheck"]["Properties"]["Targets"]
    # In the name of tests: nobody but Glue may speak as aws.glue.
    events.put_rule(Name="failed-check", EventPattern=json.dumps({"source": ["tests"]}))
    events.put_targets(
        Rule="failed-check",
        Targets=[{"Id": "alert", "Arn": topic, "InputTransformer": alert["InputTransformer"]}],
    )
    failure = {
        "jobName": "dev-check",
        "jobRunId": "jr_1",
        "state": "FAILED",
        "message": ERRORS[1] + ERRORS[2],
    }

    events.put_events(
        Entries=[{"Source": "tests", "DetailType": "Glue Job State Change", "Detail": json.dumps(failure)}]
    )

    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    received = json.loads(message["Body"])
    assert (received["error"], received["run"]) == (failure["message"], "jr_1")
    assert received["do"].startswith("Landed objects were not read.")


def test_the_alarms_on_failing_jobs_count_matches_of_their_rules() -> None:
    watched = {
        text_of(alarm["Properties"]["Dimensions"][0]["Value"])
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["MetricName"] == "TriggeredRules"
    }
    rules = {text_of(rule["Properties"].get("Name", "")) for rule in resources("AWS::Events::Rule").values()}

    assert watched == {"${AWS::StackName}-failed-check", "${AWS::StackName}-failed-merge"}
    assert watched < rules


def test_every_rule_may_write_undelivered_events_to_their_queue() -> None:
    [allowed] = [
        statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        for statement in resources()["IntakePolicy"]["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    assert sorted(arn["Fn::GetAtt"][0] for arn in allowed) == sorted(resources("AWS::Events::Rule"))


# --- the dashboard ------------------------------------------------------------------------------------------


def dashboard() -> dict[str, Any]:
    """The body of the dashboard of the stack dev."""
    parsed: dict[str, Any] = json.loads(stack("dev").resources["Dashboard"]["Properties"]["DashboardBody"])
    return parsed


def shown() -> set[tuple[str, str]]:
    """Namespace and name of every metric on the dashboard, whether searched or named."""
    found = set()
    for widget in dashboard()["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            if isinstance(metric[0], dict):
                match = re.search(
                    r'SEARCH\(.\{"?([\w/]+)"?,[^}]*\} MetricName="([^"]+)"', metric[0]["expression"]
                )
                assert match, metric
                found.add((match[1], match[2]))
            else:
                found.add((metric[0], metric[1]))
    return found


def test_the_dashboard_shows_the_way_from_message_to_row() -> None:
    assert shown() >= {
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/ApiGateway", "Count"),
        ("AWS/ApiGateway", "5xx"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/Lambda", "IteratorAge"),
        ("AWS/Events", "TriggeredRules"),
        ("Glue", "glue.driver.aggregate.elapsedTime"),
        (NAMESPACE, "FreshnessSeconds"),
        (NAMESPACE, "FreshnessMedianSeconds"),
        (NAMESPACE, "RowsAccepted"),
        (NAMESPACE, "RowsQuarantined"),
        (NAMESPACE, "Drift"),
        (NAMESPACE, "ParityAgeSeconds"),
    }


def test_the_dashboard_shows_no_metric_that_nobody_publishes() -> None:
    counting = "".join(
        path.read_text()
        for path in (CHECKOUT / "lambdas" / "source").glob("*.py")  # whose counts it shows
    )
    ours = {name for namespace, name in shown() if namespace == NAMESPACE}

    assert {name for name in ours - OF_JOBS if f'"{name}"' not in counting} == set()


def test_the_dashboard_fits_the_screen_and_refers_to_existing_resources() -> None:
    body = text_of(resources()["Dashboard"]["Properties"]["DashboardBody"])
    references = set(re.findall(r"\$\{(?!!)([A-Za-z]+)[.}]", body))
    cells = [
        (column, row)
        for widget in dashboard()["widgets"]
        for column in range(widget["x"], widget["x"] + widget["width"])
        for row in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert references <= {*resources(), *expanded()["Parameters"]}
    assert max(column for column, _ in cells) == 23
    assert len(cells) == len(set(cells))  # none lies on another


# --- lineage ------------------------------------------------------------------------------------------------


def test_lineage_expires_and_is_sent_only_where_a_stack_says() -> None:
    [lake] = (one for name, one in resources("AWS::S3::Bucket").items() if name == "LakeBucket")
    rules = {rule.get("Prefix"): rule for rule in lake["Properties"]["LifecycleConfiguration"]["Rules"]}
    jobs = resources("AWS::Glue::Job")

    assert rules["lineage/"]["ExpirationInDays"] == TEMPLATE["Parameters"]["RecordRetentionDays"]["Default"]
    for job in jobs.values():
        assert "--OPENLINEAGE_URL" not in job["Properties"]["DefaultArguments"]
    for job in resources("AWS::Glue::Job", OpenLineageUrl="https://marquez.example").values():
        assert "OPENLINEAGE_URL" in str(job["Properties"]["DefaultArguments"])
    pattern = TEMPLATE["Parameters"]["OpenLineageUrl"]["AllowedPattern"]
    for url, is_allowed in (
        ("", True),
        ("https://marquez.example/api/v1/lineage", True),
        ("file:///etc/passwd", False),
    ):
        assert bool(re.fullmatch(pattern, url)) is is_allowed
