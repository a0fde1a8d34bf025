"""Which use of a KMS key AWS requires of the caller of a request whose resource is encrypted with that key.

MiniStack encrypts nothing and asks nobody. The actions are those that AWS documents for each service:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from workflows.local.ministack.internals import require

_DECRYPT: Final = ("kms:Decrypt",)
_GENERATE: Final = ("kms:GenerateDataKey", "kms:Decrypt")
KEY_USE: Final = {
    "sqs:SendMessage": _GENERATE,
    "sqs:ReceiveMessage": _DECRYPT,
    "sns:Publish": _GENERATE,
    "s3:PutObject": _GENERATE,  # Decrypt: for an upload in parts
    "s3:GetObject": _DECRYPT,
    "s3:GetObjectVersion": _DECRYPT,
    "dynamodb:BatchGetItem": _DECRYPT,
    "dynamodb:DeleteItem": _DECRYPT,
    "dynamodb:GetItem": _DECRYPT,
    "dynamodb:PutItem": _DECRYPT,
    "dynamodb:Scan": _DECRYPT,
    "dynamodb:UpdateItem": _DECRYPT,
}
_BUCKET_ENCRYPTION: Final = (
    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
    "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>{}</KMSMasterKeyID>"
    "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>"
    "</ServerSideEncryptionConfiguration>"
)
_KEY_OF_BUCKET: Final = re.compile(r"<KMSMasterKeyID>([^<]+)</KMSMasterKeyID>")


def keep_keys_of_templates() -> None:
    """Keep the keys of buckets, tables and functions of templates, which MiniStack passes over."""
    from ministack.services import dynamodb, lambda_svc, s3
    from ministack.services.cloudformation import provisioners

    handlers = require(provisioners, "_RESOURCE_HANDLERS")

    def of_bucket(name: str, props: Mapping[str, Any]) -> None:
        rules = props.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        for rule in rules:
            if key := rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"):
                require(s3, "_bucket_encryption")[name] = _BUCKET_ENCRYPTION.format(key)

    def of_table(name: str, props: Mapping[str, Any]) -> None:
        if key := props.get("SSESpecification", {}).get("KMSMasterKeyId"):
            described = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
            require(dynamodb, "_tables")[name]["SSEDescription"] = described

    def of_function(name: str, props: Mapping[str, Any]) -> None:
        if key := props.get("KmsKeyArn"):
            require(lambda_svc, "_functions")[name]["config"]["KMSKeyArn"] = key

    for kind, keep in (
        ("AWS::S3::Bucket", of_bucket),
        ("AWS::DynamoDB::Table", of_table),
        ("AWS::Lambda::Function", of_function),
    ):
        handlers[kind] = keeping(handlers[kind], keep)


def keeping(handlers: dict[str, Any], keep: Callable[[str, Mapping[str, Any]], None]) -> dict[str, Any]:
    """Handlers of a resource type which also keep something of a resource that was created or updated."""
    create_only, update_only = handlers["create"], handlers["update"]

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        made = create_only(logical_id, props, stack_name)
        keep(made[0], props)
        return made

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *more: Any) -> Any:
        made = update_only(physical_id, old, new, *more)
        keep(made[0], new)
        return made

    return {**handlers, "create": create, "update": update}


def key_of(resource: str) -> str | None:
    """The ARN of the key of the stack that the resource of a request is encrypted with, None without one."""
    service = resource.split(":")[2] if resource.startswith("arn:") else ""
    find = _FINDERS.get(service)
    key = find(resource) if find else None
    if not key or key.startswith("arn:"):
        return key
    from ministack.core.responses import get_account_id, get_region

    return f"arn:aws:kms:{get_region()}:{get_account_id()}:key/{key}"


def _of_queue(arn: str) -> str | None:
    from ministack.services import sqs

    queue: dict[str, Any] | None = require(sqs, "_queue_by_arn")(arn)
    return queue["attributes"].get("KmsMasterKeyId") if queue else None


def _of_topic(arn: str) -> str | None:
    from ministack.services import sns

    topic: dict[str, Any] = require(sns, "_topic_by_arn_any_scope")(arn) or {}
    key: str | None = topic.get("attributes", {}).get("KmsMasterKeyId")
    return key


def _of_bucket(arn: str) -> str | None:
    from ministack.services import s3

    name = arn.partition(":::")[2].partition("/")[0]
    found = _KEY_OF_BUCKET.search(require(s3, "_bucket_encryption").get(name) or "")
    return found[1] if found else None


def _of_table(arn: str) -> str | None:
    from ministack.services import dynamodb

    table: dict[str, Any] = require(dynamodb, "_tables").get(arn.partition(":table/")[2]) or {}
    return (table.get("SSEDescription") or {}).get("KMSMasterKeyArn")


_FINDERS: Final[dict[str, Callable[[str], str | None]]] = {
    "sqs": _of_queue,
    "sns": _of_topic,
    "s3": _of_bucket,
    "dynamodb": _of_table,
}
