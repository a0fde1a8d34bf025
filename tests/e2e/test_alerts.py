"""A job that fails on the running stack: whoever subscribes to the topic reads why, and what to do."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.stack.target import Target

PATIENCE_SECONDS = 300
JOB = "certify"
HOSTILE = 'no "such"\ndataset, C:\\, <run>'  # what an error may have in it


@pytest.fixture
def mailbox(target: Target) -> Iterator[str]:
    """A queue that is subscribed to the alerts, with the policy that AWS wants."""
    sqs, sns, topic = target.client("sqs"), target.client("sns"), target.output("AlertTopicArn")
    queue = sqs.create_queue(QueueName=f"mailbox-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    yield queue
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=queue)


def alerts(target: Target, queue: str, runs: set[str]) -> dict[str, dict[str, str]]:
    """The alerts of these runs, by run; those of others are passed over."""
    found: dict[str, dict[str, str]] = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not runs <= found.keys() and time.monotonic() < deadline:
        answer: dict[str, Any] = target.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)
        for message in answer.get("Messages", []):
            notification = json.loads(json.loads(message["Body"])["Message"])
            found[notification.get("run", "")] = notification
    return {run: alert for run, alert in found.items() if run in runs}


def test_the_alert_of_a_failed_job_has_its_error_as_it_is_and_what_to_do(
    target: Target, mailbox: str
) -> None:
    glue, job = target.client("glue"), f"{target.output('JobPrefix')}{JOB}"
    first = glue.start_job_run(JobName=job, Arguments={"--DATASET": HOSTILE})["JobRunId"]
    attempts = {
        first,
        f"{first}_attempt_1",
    }  # the job has one retry, and each attempt that fails is announced

    found = alerts(target, mailbox, attempts)

    assert found.keys() == attempts
    for run, alert in found.items():
        reason = glue.get_job_run(JobName=job, RunId=run)["JobRun"]["ErrorMessage"]
        assert alert["error"] == reason
        assert reason.endswith(f"got {HOSTILE}")
        assert (alert["state"], alert["alert"]) == ("FAILED", f"Glueline: the job {job} did not succeed")
        assert "glueline parity" in alert["do"]
