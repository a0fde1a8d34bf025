"""How people learn that something is wrong, and what to do: alarms, alerts of failed jobs, the dashboard."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from typer.main import get_command

from jobs.runtime.metrics import NAMESPACE, Name
from tests.workflows.expanded_template import Resource, each, expanded, resources
from workflows.cli import app
from workflows.local.base.home import CHECKOUT
from workflows.stack.target import Target

COMMANDS: Any = get_command(app)
OF_JOBS = set(get_args(Name.__value__))


def named_commands(text: str) -> list[str]:
    """The `glueline` commands that a text names."""
    return re.findall(r"\bglueline ([a-z][a-z-]*(?: (?:check|new)\b)?)", text)


def is_a_command(words: str) -> bool:
    """Whether the command line has this command."""
    found = COMMANDS
    for word in words.split():
        found = getattr(found, "commands", {}).get(word)
        if found is None:
            return False
    return True


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
    assert [command for command in commands if not is_a_command(command)] == []
    assert "If nothing is done" in description
    assert len(description) <= 1024  # as long as CloudWatch takes it


def test_what_can_go_wrong_has_an_alarm() -> None:
    watched = {
        (alarm["Properties"]["Namespace"], alarm["Properties"]["MetricName"])
        for alarm in resources("AWS::CloudWatch::Alarm").values()
    }

    assert watched == {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),  # dead letters, undelivered events
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),  # inbound, intake
        ("AWS/ApiGateway", "5xx"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "IteratorAge"),
        ("AWS/Events", "TriggeredRules"),  # runs of ingest that failed
        ("Glueline", "FilesRefused"),
        ("Glueline", "BatchesSetAside"),
        ("Glueline", "QuarantinePercent"),
        ("Glueline", "FreshnessSeconds"),
        ("Glueline", "Drift"),
        ("Glueline", "ParityAgeSeconds"),
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


@each("AWS::Glue::Job")
def test_the_alert_of_a_failed_job_is_a_sentence_with_what_to_do(name: str, resource: Resource) -> None:
    job = resource["Properties"]["Name"]

    rule = resources("AWS::Events::Rule")[f"Failed{job}"]["Properties"]
    [target] = rule["Targets"]
    sentence = text_of(target["InputTransformer"]["InputTemplate"])

    assert rule["EventPattern"] == {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {"jobName": [job], "state": ["FAILED", "TIMEOUT", "ERROR", "STOPPED"]},
    }
    assert target["Arn"] == {"Ref": "Alerts"}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
    assert {f"<{path}>" for path in target["InputTransformer"]["InputPathsMap"]} == set(
        re.findall("<[a-z]+>", sentence)
    )
    assert isinstance(json.loads(sentence), str)  # EventBridge takes a text in quotes
    assert named_commands(sentence) or "aws glue start-workflow-run" in sentence
    assert [command for command in named_commands(sentence) if not is_a_command(command)] == []
    assert "If nothing is done" in sentence


def test_an_alert_names_job_run_and_error(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    sns, sqs, events = (target.client(name) for name in ("sns", "sqs", "events"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    [alert] = resources("AWS::Events::Rule")["Failedcheck"]["Properties"]["Targets"]
    transformer = alert["InputTransformer"]
    template = text_of(transformer["InputTemplate"]).replace("${AWS::StackName}", "glueline")
    # In the name of tests: nobody but Glue may speak as aws.glue.
    events.put_rule(Name="failed-check", EventPattern=json.dumps({"source": ["tests"]}))
    events.put_targets(
        Rule="failed-check",
        Targets=[
            {"Id": "alert", "Arn": topic, "InputTransformer": transformer | {"InputTemplate": template}}
        ],
    )
    failure = {"jobName": "check", "jobRunId": "jr_1", "state": "FAILED", "message": "NoSuchKey: gone"}

    events.put_events(
        Entries=[{"Source": "tests", "DetailType": "Glue Job State Change", "Detail": json.dumps(failure)}]
    )

    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert message["Body"].startswith(
        '"Glueline: the job check ended FAILED: NoSuchKey: gone. Run jr_1; its logs are in '
        "/aws/glue/glueline/error and /output. Landed objects were not read."
    )


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
    """The body of the dashboard, with a word for each placeholder of CloudFormation."""
    body = text_of(resources()["Dashboard"]["Properties"]["DashboardBody"])
    filled = re.sub(r"\$\{!", "{", re.sub(r"\$\{(?!!)[^}]*\}", "filled-in", body))
    parsed: dict[str, Any] = json.loads(filled)
    return parsed


def shown() -> set[tuple[str, str]]:
    """Namespace and name of every metric on the dashboard, whether searched or named."""
    found = set()
    for widget in dashboard()["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            if isinstance(metric[0], dict):
                match = re.search(r"SEARCH\('\{(\w+)[^}]*\} MetricName=\"([^\"]+)\"", metric[0]["expression"])
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
        ("Glueline", "FreshnessSeconds"),
        ("Glueline", "FreshnessMedianSeconds"),
        ("Glueline", "RowsAccepted"),
        ("Glueline", "RowsQuarantined"),
        ("Glueline", "Drift"),
        ("Glueline", "ParityAgeSeconds"),
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
