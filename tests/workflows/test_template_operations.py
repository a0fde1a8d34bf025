"""How people learn that something is wrong, and what to do: alarms, alerts of failed jobs, the dashboard."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import duckdb
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

    assert [group for group in named if group not in existing] == []


TABLES = """
create table parity_results (dataset varchar, verified_through timestamptz, ok boolean);
create table quarantine (dataset varchar, reasons varchar[], source_file varchar, quarantined_at timestamptz);
create table batches (batch_id varchar, checked_at timestamptz);
insert into parity_results values
  ('mended', '2026-11-29 03:00:00Z', false), ('mended', '2026-11-30 03:00:00Z', true),
  ('drifting', '2026-11-28 03:00:00Z', true), ('drifting', '2026-11-30 03:00:00Z', false);
insert into quarantine values
  ('products', ['late', 'odd'], 'a.csv', now()), ('old', ['odd'], 'b.csv', '2020-01-01 00:00:00Z');
"""


def answers(alarm: str) -> list[list[Any]]:
    """What the queries answer that the description of an alarm names."""
    text = text_of(resources()[alarm]["Properties"]["AlarmDescription"])
    with duckdb.connect() as engine:
        engine.execute(TABLES)
        queries = re.findall('glueline query [^`"]*"([^"]+)"', text)
        return [engine.execute(sql.replace("${LakeOps}.", "")).fetchall() for sql in queries]


def test_the_query_of_an_alarm_about_datasets_names_those_concerned() -> None:
    [[worst, fine]] = answers("DriftAlarm")
    [[oldest, _]] = answers("ParityAgeAlarm")
    [refused] = answers("QuarantineRateAlarm")

    assert (worst, fine) == (("drifting", False), ("mended", True))
    assert oldest[0] == "drifting"
    assert refused == [("products", ["late", "odd"], 1)]


@each("AWS::CloudWatch::Alarm")
def test_the_queries_of_an_alarm_can_be_run(name: str, resource: Resource) -> None:
    assert all(isinstance(answer, list) for answer in answers(name))


def test_the_alarm_on_the_age_of_parity_is_silent_until_there_was_a_comparison() -> None:
    alarm = resources()["ParityAgeAlarm"]["Properties"]

    assert alarm["TreatMissingData"] == "missing"
    assert alarm["InsufficientDataActions"] == [{"Ref": "Alerts"}]  # for data that ends, not for data to come


def watched_metrics(alarm: dict[str, Any]) -> set[tuple[str, str]]:
    """Namespace and name of the metrics of an alarm, also of one over expressions."""
    found = {(alarm["Namespace"], alarm["MetricName"])} if "MetricName" in alarm else set()
    for one in alarm.get("Metrics", ()):
        if "MetricStat" in one:
            found.add((one["MetricStat"]["Metric"]["Namespace"], one["MetricStat"]["Metric"]["MetricName"]))
        elif query := re.match(r'SELECT [A-Z]+\((\w+)\) FROM SCHEMA\("([^"]+)"', one["Expression"]):
            found.add((query[2], query[1]))
    return found


def test_what_can_go_wrong_has_an_alarm() -> None:
    watched = {
        metric
        for alarm in stack("dev").resources.values()
        if alarm["Type"] == "AWS::CloudWatch::Alarm"
        for metric in watched_metrics(alarm["Properties"])
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


@pytest.mark.parametrize(
    ("alarm", "function", "metric"),
    [("FreshnessAlarm", "MAX", "FreshnessSeconds"), ("QuarantineRateAlarm", "AVG", "QuarantinePercent")],
)
def test_an_alarm_of_the_last_hours_has_a_state_for_each_dataset(
    alarm: str, function: str, metric: str
) -> None:
    """Each series of such a query is a contributor, whose name is in the alert."""
    [query] = stack("dev").resources[alarm]["Properties"]["Metrics"]

    assert query["Expression"] == (
        f'SELECT {function}({metric}) FROM SCHEMA("Glueline/dev", Dataset) '
        f"GROUP BY Dataset ORDER BY {function}() DESC"
    )
    assert query["Period"] <= 3 * 3600  # CloudWatch evaluates three hours of a query


@pytest.mark.parametrize("alarm", ["DriftAlarm", "ParityAgeAlarm"])
def test_an_alarm_that_lasts_for_days_is_on_the_metric_of_all_datasets(alarm: str) -> None:
    properties = stack("dev").resources[alarm]["Properties"]

    assert "Dimensions" not in properties
    assert (properties["Namespace"], properties["MetricName"]) in watched_metrics(properties)


def test_no_alarm_is_made_for_a_dataset() -> None:
    few, more = (resources(Datasets=names, OwnTables=names) for names in ("products", "products,orderXlines"))

    assert set(more) - set(few) == {"TableorderXlines", "StreamorderXlines"}


def test_the_freshness_alarm_is_raised_beyond_the_goal() -> None:
    alarm = resources(FreshnessGoalSeconds="600")["FreshnessAlarm"]["Properties"]

    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == ("600", "GreaterThanThreshold")


def test_an_error_of_any_function_raises_the_alarm() -> None:
    most, *errors = resources()["FunctionErrorsAlarm"]["Properties"]["Metrics"]

    watched = {one["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"] for one in errors}
    assert watched == set(resources("AWS::Serverless::Function"))
    assert most["Expression"] == f"MAX([{', '.join(one['Id'] for one in errors)}])"
    assert [one.get("ReturnData", True) for one in (most, *errors)] == [True, False, False, False, False]


# --- alerts of failed jobs ----------------------------------------------------------------------------------


RULES = {
    "ingest": ["check", "merge", "follow"], "care": ["maintain", "reconcile", "certify"], "erase": ["erase"],
}  # fmt: skip


def test_the_failure_of_every_job_has_a_rule() -> None:
    assert sorted(job for jobs in RULES.values() for job in jobs) == sorted(JOBS)
    assert {f"dev-{job}" for job in JOBS} == {
        one["Properties"]["Name"]
        for one in stack("dev").resources.values()
        if one["Type"] == "AWS::Glue::Job"
    }


@pytest.mark.parametrize(("name", "jobs"), RULES.items())
def test_the_alert_of_a_failed_job_says_what_to_do(name: str, jobs: list[str]) -> None:
    rule = stack("dev").resources[f"Failed{name}"]["Properties"]
    [target] = rule["Targets"]
    transformer = target["InputTransformer"]

    alert = json.loads(rendered(transformer, {"jobName": f"dev-{jobs[0]}"}))

    assert rule["EventPattern"] == {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {
            "jobName": [f"dev-{job}" for job in jobs],
            "state": ["FAILED", "TIMEOUT", "ERROR", "STOPPED"],
        },
    }
    assert target["Arn"] == stack("dev").arn("Alerts")
    assert target["DeadLetterConfig"] == {"Arn": stack("dev").arn("Undelivered")}
    assert {f"<{path}>" for path in transformer["InputPathsMap"]} == set(
        re.findall("<[a-z]+>", transformer["InputTemplate"])
    )
    assert alert["alert"] == f"Glueline: the job dev-{jobs[0]} did not succeed"
    assert alert["stack"] == "dev"
    assert alert["logs"] == stack("dev").physical_name("JobOutput")
    assert re.search(r"start-workflow-run --name dev-(ingest|care)\b|--stack dev\b", alert["do"])
    assert [command for command in named_commands(alert["do"]) if not is_a_command(command)] == []
    assert "If nothing is done" in alert["do"]


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
    [target] = stack("dev").resources["Failedingest"]["Properties"]["Targets"]

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
    [alert] = stack("dev").resources["Failedingest"]["Properties"]["Targets"]
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
    assert received["alert"] == "Glueline: the job dev-check did not succeed"
    assert received["do"].startswith("Landed objects were not read")


def test_the_alarm_on_failing_jobs_counts_matches_of_their_rule() -> None:
    alarm = stack("dev").resources["IngestFailingAlarm"]["Properties"]

    assert alarm["MetricName"] == "TriggeredRules"
    assert alarm["Dimensions"] == [{"Name": "RuleName", "Value": "dev-failed-ingest"}]


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
                searched = re.search(
                    r'SEARCH\(.\{"?(?P<space>[\w/]+)"?,[^}]*\} MetricName="(?P<name>[^"]+)"'
                    r'|SELECT SUM\((?P<summed>\w+)\) FROM SCHEMA\("(?P<of>[^"]+)"',
                    metric[0]["expression"],
                )
                assert searched, metric
                found.add((searched["space"] or searched["of"], searched["name"] or searched["summed"]))
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
