"""The queues and buckets of a stack, in an AWS in this process."""

from __future__ import annotations

from itertools import count

from workflows.stack.target import Target

_numbers = count(1)


def empty_stack(aws: str) -> Target:
    """A new, empty stack, so that tests do not affect each other."""
    number = next(_numbers)
    outputs = {
        "RawBucket": f"raw-{number}",
        "LakeBucket": f"lake-{number}",
        "TablePrefix": f"glueline-{number}-",
        "BacklogRule": f"backlog-{number}",
        "JobPrefix": "glueline-",
        "LakeDatabase": "lake",
        "OpsDatabase": "lake_ops",
    }
    empty = Target("us-east-1", outputs, aws)
    s3, sqs = empty.client("s3"), empty.client("sqs")
    for name in ("RawBucket", "LakeBucket"):
        s3.create_bucket(Bucket=outputs[name])
    s3.put_bucket_versioning(Bucket=outputs["RawBucket"], VersioningConfiguration={"Status": "Enabled"})
    again = {"State": "DISABLED", "ScheduleExpression": "rate(1 minute)"}
    empty.client("events").put_rule(Name=outputs["BacklogRule"], **again)
    queues = {
        f"{name}QueueUrl": sqs.create_queue(QueueName=f"{name}-{number}")["QueueUrl"]
        for name in ("Inbound", "DeadLetter", "Intake")
    }
    return Target("us-east-1", outputs | queues, aws)
