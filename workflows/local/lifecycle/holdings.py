"""Counts what a running stack holds and `down` deletes: its data, and what is not merged yet."""

from dataclasses import dataclass
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workflows.local.lifecycle.clients import client
from workflows.local.lifecycle.running import Stack

_QUICK: Final = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
_UNFINISHED_QUEUES: Final = ("InboundQueueUrl", "IntakeQueueUrl")
_DEPTHS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, slots=True)
class Holdings:
    """Counts of table items, RAW objects and dead letters, and of messages and batches not merged yet."""

    items: int = 0
    objects: int = 0
    refused: int = 0
    messages: int = 0
    batches: int = 0
    is_known: bool = True

    @property
    def is_empty(self) -> bool:
        return self.is_known and not (
            self.items or self.objects or self.refused or self.messages or self.batches
        )

    def __str__(self) -> str:
        if not self.is_known:
            return "data that can't be counted, because it does not answer"
        held = f"{self.items:,} items, {self.objects:,} RAW objects, {self.refused:,} refused messages"
        if not (self.messages or self.batches):
            return f"{held}; everything is merged"
        return f"{held}; not merged yet: {self.messages:,} messages, {self.batches:,} batches"


def holdings(stack: Stack) -> Holdings:
    """Count what the stack holds; `is_known` is false if it does not answer."""
    sqs, s3 = (client(name, stack.endpoint_url, _QUICK) for name in ("sqs", "s3"))
    outputs = stack.outputs
    try:
        return Holdings(
            items=_items(client("dynamodb", stack.endpoint_url, _QUICK), outputs.get("TablePrefix")),
            objects=_objects(s3, outputs.get("RawBucket"), ""),
            refused=_depth(sqs, outputs.get("DeadLetterQueueUrl")),
            messages=sum(_depth(sqs, outputs.get(name)) for name in _UNFINISHED_QUEUES),
            batches=_objects(s3, outputs.get("LakeBucket"), "open/"),
        )
    except (BotoCoreError, ClientError):
        return Holdings(is_known=False)


def _items(dynamodb: Any, prefix: str | None) -> int:
    if prefix is None:
        return 0
    pages = dynamodb.get_paginator("list_tables").paginate()
    names = (name for page in pages for name in page["TableNames"] if name.startswith(prefix))
    return sum(int(dynamodb.describe_table(TableName=name)["Table"]["ItemCount"]) for name in names)


def _objects(s3: Any, bucket: str | None, prefix: str) -> int:
    if bucket is None:
        return 0
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sum(int(page["KeyCount"]) for page in pages)


def _depth(sqs: Any, queue: str | None) -> int:
    if queue is None:
        return 0
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(_DEPTHS))["Attributes"]
    return sum(int(attributes[name]) for name in _DEPTHS)
