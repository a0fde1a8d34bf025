"""Requests exports from DynamoDB: of which table, to which location, once for the same parameters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from jobs.intake.doors import export_folder
from workflows.exports.errors import ADVICE, ExportError, explained
from workflows.exports.windows import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.exports.loading import Export
    from workflows.stack.target import Target

type Parameters = Mapping[str, Any]

_ATTEMPTS: Final = 9


@dataclass(frozen=True, slots=True)
class ExportLocation:
    """The table that is exported, and the place in S3 that the export goes to.

    That is the export door of the table's dataset or datasets, with the encryption of the RAW bucket.
    """

    table_arn: str
    bucket: str
    prefix: str
    uses_kms: bool = False
    kms_key_id: str | None = None  # None: the key that AWS manages for S3

    def to_parameters(self) -> dict[str, Any]:
        """The parameters of ExportTableToPointInTime."""
        parameters = {"TableArn": self.table_arn, "S3Bucket": self.bucket, "S3Prefix": self.prefix}
        if self.uses_kms:
            parameters["S3SseAlgorithm"] = "KMS"
        if self.kms_key_id:
            parameters["S3SseKmsKeyId"] = self.kms_key_id
        return parameters


def find_source(target: Target, dataset: str) -> Source:
    """The table of the dataset. Raises ExportError if there is none, or if its recovery is off."""
    dynamodb, prefix = target.client("dynamodb"), target.output("TablePrefix")
    contract = target.contracts().get(dataset)
    name = prefix + dataset if contract is None else contract.table_name(prefix)
    try:
        arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        pages = dynamodb.get_paginator("list_tables").paginate()
        names = [table for page in pages for table in page["TableNames"] if table.startswith(prefix)]
        known = ", ".join(sorted(table.removeprefix(prefix) for table in names)) or "none"
        raise ExportError(f"No table {name}. Datasets of this stack: {known}.") from error
    status = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = status.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        advice = ADVICE["PointInTimeRecoveryUnavailableException"]
        if contract is not None and not contract.table.is_own:
            advice = (
                "Its owner switches it on: aws dynamodb update-continuous-backups --table-name "
                f"{name} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
            )
        raise ExportError(f"Point-in-time recovery of {name} is off, but exports need it. {advice}")
    return Source(dataset, name, arn, recovery["EarliestRestorableDateTime"].astimezone(UTC))


def export_location(target: Target, source: Source) -> ExportLocation:
    """Where an export of the table goes.

    It is encrypted like the RAW bucket, because DynamoDB ignores the default encryption of a bucket.
    """
    bucket = target.output("RawBucket")
    contract = target.contracts().get(source.dataset)
    folder = f"exports/{source.dataset}/" if contract is None else export_folder(contract)
    location = ExportLocation(source.arn, bucket, folder.rstrip("/"))
    try:
        found = target.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        return location
    default = found["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    if not default["SSEAlgorithm"].startswith("aws:kms"):
        return location
    return replace(location, uses_kms=True, kms_key_id=default.get("KMSMasterKeyID"))


def request_export(target: Target, parameters: Parameters) -> Export:
    """Request an export. Raises ExportError."""
    with explained():
        answer = target.client("dynamodb").export_table_to_point_in_time(**parameters)
    export: Export = answer["ExportDescription"]
    return export


def request_export_once(target: Target, parameters: Parameters) -> Export:
    """Request an export, or find the one that was requested with the same parameters within eight hours.

    DynamoDB would return a failed export again as well, so each further attempt has another token.
    """
    canonical = json.dumps(parameters, default=str, sort_keys=True)
    for attempt in range(_ATTEMPTS):
        token = hashlib.sha256(f"{canonical} {attempt}".encode()).hexdigest()[:36]
        export = request_export(target, {**parameters, "ClientToken": token})
        if export["ExportStatus"] != "FAILED":
            break
    return export
