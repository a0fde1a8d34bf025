"""Checks that only read: is the stack whole, does anybody get its alerts, is anything waiting or failing?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
from botocore.exceptions import ClientError

from workflows.deploy.findings import checked, fine, unknown, warning, wrong
from workflows.progress.job_runs import job_name
from workflows.query.dialect.errors import QueryError
from workflows.query.sql import query
from workflows.stack.access_token import fetch_token
from workflows.stack.logs import where_logs_are

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.deploy.findings import Finding
    from workflows.stack.target import Target

_SOUND: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_BAD_RUNS: Final = ("FAILED", "TIMEOUT", "ERROR", "STOPPED")
_PATIENCE_SECONDS: Final = 30


def checks(target: Target) -> Iterator[Finding]:
    """The findings of all checks, from the stack itself along the way of a message."""
    of_all: dict[str, Callable[[Target], Iterator[Finding]]] = {
        "stack": stack,
        "code": code,
        "alerts": alerts,
        "API": api,
        "query": lake,
        "dead letters": dead_letters,
        "jobs": job_runs,
        "alarms": alarms,
    }
    for subject, check in of_all.items():
        yield from checked(subject, partial(check, target))


def stack(target: Target) -> Iterator[Finding]:
    """Whether the last operation on the stack has succeeded, and whether its data is protected."""
    if not target.is_on_aws:
        yield fine("stack", f"runs at {target.endpoint_url}")
        return
    [found] = target.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"]
    status = found["StackStatus"]
    if status not in _SOUND:
        yield wrong(
            "stack", f"is in the state {status}: glueline deploy --stack {target.stack} says what to do"
        )
    else:
        yield fine("stack", status)
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
    if parameters.get("DeletionProtection") == "later":
        yield wrong(
            "protection",
            "the deployment stopped before its last step, so tables and user pool can be deleted: run "
            f"glueline deploy --stack {target.stack} again",
        )


def code(target: Target) -> Iterator[Finding]:
    """Whether the jobs' scripts and packages are where the jobs look for them."""
    jobs = jobs_of(target)
    addresses = sorted({address for job in jobs for address in _addresses(target, job)})
    if not addresses:
        yield fine("code", "jobs run from the code that was deployed to this machine")
        return
    s3 = target.client("s3")
    missing = [address for address in addresses if not _is_there(s3, address)]
    if missing:
        yield wrong(
            "code",
            f"missing: {', '.join(missing)}. Every run fails. glueline deploy --stack {target.stack} uploads "
            "it again.",
        )
    else:
        yield fine("code", f"all {len(addresses)} files of {len(jobs)} jobs are there")


def alerts(target: Target) -> Iterator[Finding]:
    """Whether somebody gets the alerts: a mail address that was not confirmed gets nothing."""
    topic = target.output("AlertTopicArn")
    found = target.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    pending = [one["Endpoint"] for one in found if one["SubscriptionArn"] == "PendingConfirmation"]
    confirmed = [one["Endpoint"] for one in found if one["SubscriptionArn"] != "PendingConfirmation"]
    if pending:
        yield wrong(
            "alerts",
            f"{', '.join(pending)} has not confirmed the mail from AWS Notifications: open its link. It "
            "expires after three days; to get another: aws sns subscribe --protocol email --topic-arn "
            f"{topic} --notification-endpoint ADDRESS",
        )
    if confirmed:
        yield fine("alerts", f"go to {', '.join(confirmed)}")
    elif not target.is_on_aws:
        yield fine("alerts", "a local stack sends none")
    elif not pending:
        yield wrong(
            "alerts",
            f"nobody gets them: glueline deploy --stack {target.stack} --set AlertEmail=YOU@EXAMPLE.COM",
        )


def api(target: Target) -> Iterator[Finding]:
    """Whether the Data API describes itself, and the user pool gives tokens."""
    url = f"{target.output('DataApiUrl')}/openapi.json"
    try:
        answer = httpx.get(url, timeout=_PATIENCE_SECONDS, trust_env=target.is_on_aws)
        answer.raise_for_status()
        fetch_token(target, "glueline/read")
    except httpx.HTTPError as error:
        yield wrong(
            "API", f"{error}. See the logs {_logs(target, 'data-api')} and {_logs(target, 'authorizer')}."
        )
    else:
        yield fine("API", f"answers at {target.output('DataApiUrl')}, and tokens are issued")


def lake(target: Target) -> Iterator[Finding]:
    """Whether a query is answered."""
    ops = target.output("OpsDatabase")
    try:
        query(target, "select 1 as one")
    except QueryError as error:
        yield wrong("query", str(error))
        return
    try:
        query(target, f"select count(*) as batches from {ops}.batches")  # noqa: S608 -- a name from the stack
    except QueryError as error:
        yield warning("query", f"{ops}.batches can't be read, which is so until the first data: {error}")
    else:
        yield fine("query", f"answers, also from {ops}.batches")


def dead_letters(target: Target) -> Iterator[Finding]:
    """Whether messages were rejected."""
    queue = target.output("DeadLetterQueueUrl")
    count = depth(target, queue)
    if count:
        yield wrong(
            "dead letters",
            f"{count} messages: their attributes reason and detail say what is wrong. Correct the source or "
            f"the contract, then glueline redrive{_option(target)}",
        )
    else:
        yield fine("dead letters", "none")


def job_runs(target: Target) -> Iterator[Finding]:
    """Whether the last run of each job has succeeded."""
    glue = target.client("glue")
    last: dict[str, str] = {}
    for job in jobs_of(target):
        runs = glue.get_job_runs(JobName=job, MaxResults=1)["JobRuns"]
        state = runs[0]["JobRunState"] if runs else "has not run yet"
        last[job] = state
        if state in _BAD_RUNS:
            yield wrong(
                "jobs",
                f"the last run of {job} ended {state}: {runs[0].get('ErrorMessage', 'no reason given')} Run "
                f"id: {runs[0]['Id']}; its logs: {where_logs_are(target)}",
            )
    if not any(state in _BAD_RUNS for state in last.values()):
        yield fine("jobs", ", ".join(f"{job} {state}" for job, state in last.items()))


def alarms(target: Target) -> Iterator[Finding]:
    """Which alarms ring. Those of a stack `dev-2` begin with `dev-` too, but send to its own topic."""
    prefix, topic = target.output("TablePrefix"), target.output("AlertTopicArn")
    pages = target.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    found = [alarm for page in pages for alarm in page["MetricAlarms"] if topic in alarm["AlarmActions"]]
    ringing = [alarm for alarm in found if alarm["StateValue"] == "ALARM"]
    for alarm in ringing:
        yield wrong("alarms", f"{alarm['AlarmName']} rings. {alarm.get('AlarmDescription', '').strip()}")
    if not found:
        yield unknown("alarms", f"none begins with {prefix}: deploy again")
    elif not ringing:
        yield fine("alarms", f"none of {len(found)} rings")


def jobs_of(target: Target) -> list[str]:
    """The names of the jobs of the stack's workflows, and of its streaming job if it has one that runs."""
    glue = target.client("glue")
    names: dict[str, None] = {}
    if target.outputs.get("IngestMode") == "continuous":  # the workflow of ingest has no trigger then
        names[job_name(target, "follow")] = None
    for output in ("IngestWorkflow", "CareWorkflow"):
        workflow = glue.get_workflow(Name=target.output(output), IncludeGraph=True)["Workflow"]
        nodes = workflow.get("Graph", {}).get("Nodes", ())
        names |= dict.fromkeys(node["Name"] for node in nodes if node["Type"] == "JOB")
    return list(names)


def depth(target: Target, queue: str) -> int:
    """The number of messages in a queue."""
    name = "ApproximateNumberOfMessages"
    found = target.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"]
    return int(found[name])


def _addresses(target: Target, job: str) -> Iterator[str]:
    """The objects that a job starts from; none on this machine, where the deployed address is a stand-in."""
    found = target.client("glue").get_job(JobName=job)["Job"]
    arguments = found.get("DefaultArguments", {})
    listed = [found["Command"].get("ScriptLocation", "")]
    listed += [
        address
        for name in ("--additional-python-modules", "--extra-py-files")
        for address in arguments.get(name, "").split(",")
    ]
    yield from (address for address in listed if address.startswith("s3://") and target.is_on_aws)


def _is_there(s3: Any, address: str) -> bool:
    place = urlsplit(address)
    try:
        s3.head_object(Bucket=place.netloc, Key=place.path.removeprefix("/"))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
            return False
        raise
    return True


def _logs(target: Target, function: str) -> str:
    prefix = target.output("TablePrefix")
    return f"/aws/lambda/{prefix}{function}" if target.is_on_aws else "that glueline status names"


def _option(target: Target) -> str:
    return f" --stack {target.stack}" if target.is_on_aws else ""
