"""`glueline bootstrap` and `glueline catch-up`: DynamoDB's own exports, loaded while the stream flows on.

Neither needs a quiet time, as every change of a key has a position and the merge goes by nothing else:

* An item of an export stands at the position that it carries (`_version`, or the sequence column), which is
  that of its stream record. So it is one of the states that the stream tells, whichever is merged first: an
  older one loses, the same one changes nothing, a newer one wins.
* An item that carries none stands below what the stream says of changes since the export's time: a full
  export's at that time less five minutes, as clocks differ; a change in those five minutes is on the stream,
  which flows before an export can be asked for (the template sees to it). A window's lines have the time of
  their write.
* A delete after the export's time leaves a tombstone at a higher position, so an export that is merged late
  brings nothing back; what was deleted before it is not in it.

So both may be stopped and run again at any point. They only ask and watch: DynamoDB writes the files, S3
announces them, and the workflow loads them whether or not anyone watches. One thing a full export can't tell:
that an item is gone. Rows of items deleted while no one listened go with the deletes that `catch-up` brings,
or by `glueline parity --repair`.
"""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from workflows.exports.errors import ADVICE, ExportError, explained
from workflows.exports.loading import load
from workflows.exports.windows import LEAST, LEAST_LOCALLY, Source, Window, reach, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.exports.loading import Export, Loaded, Progress
    from workflows.stack.target import Target

type Parameters = Mapping[str, Any]

_ATTEMPTS: Final = 9
_SKEW: Final = timedelta(seconds=1)  # between this machine's clock and DynamoDB's


def bootstrap(target: Target, dataset: str, tell: Callable[[Progress], None]) -> Loaded:
    """Load the whole table as it is now. Raises ExportError, NotThroughInTime."""
    source = find_source(target, dataset)
    export = request(target, {**place(target, source), "ExportType": "FULL_EXPORT"})
    return load(target, [export], tell)[0]


def catch_up(
    target: Target, dataset: str, start: datetime, end: datetime | None, tell: Callable[[Progress], None]
) -> list[Loaded]:
    """Load what changed from `start` on and before `end` (now). Raises ExportError, NotThroughInTime.

    Run again within eight hours, it finds the exports of the same windows instead of paying for them twice.
    """
    source = find_source(target, dataset)
    least = LEAST if target.endpoint_url is None else LEAST_LOCALLY
    now = datetime.now(UTC)
    whole = reach(Window(start, end or now), source, now, least)
    time.sleep(max(0.0, (whole.end + _SKEW - now).total_seconds()))  # an export ends in the past
    where = place(target, source)
    exports = [
        request_once(
            target,
            {
                **where,
                "ExportType": "INCREMENTAL_EXPORT",
                "IncrementalExportSpecification": {
                    "ExportFromTime": window.start,
                    "ExportToTime": window.end,
                    "ExportViewType": "NEW_AND_OLD_IMAGES",
                },
            },
        )
        for window in windows(whole, least)
    ]
    return load(target, exports, tell)


def find_source(target: Target, dataset: str) -> Source:
    """The table of the dataset. Raises ExportError if there is none or its past can't be recovered."""
    dynamodb, prefix = target.client("dynamodb"), target.output("TablePrefix")
    name = prefix + dataset
    try:
        arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        pages = dynamodb.get_paginator("list_tables").paginate()
        names = [table for page in pages for table in page["TableNames"] if table.startswith(prefix)]
        known = ", ".join(sorted(table.removeprefix(prefix) for table in names)) or "none"
        raise ExportError(f"There is no table {name}. Datasets of this stack: {known}.") from error
    status = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = status.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        advice = ADVICE["PointInTimeRecoveryUnavailableException"]
        raise ExportError(f"Point-in-time recovery of {name} is off, and exports need it. {advice}")
    return Source(dataset, name, arn, recovery["EarliestRestorableDateTime"].astimezone(UTC))


def place(target: Target, source: Source) -> Parameters:
    """What to export, and the dataset's export door, encrypted as the RAW bucket encrypts."""
    bucket = target.output("RawBucket")
    door = {"S3Bucket": bucket, "S3Prefix": f"exports/{source.dataset}"}
    return {"TableArn": source.arn, **door, **encryption(target, bucket)}


def encryption(target: Target, bucket: str) -> Parameters:
    """How to encrypt what goes into the bucket: DynamoDB does not go by the bucket's default."""
    try:
        found = target.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        return {}
    default = found["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    if not default["SSEAlgorithm"].startswith("aws:kms"):
        return {}
    key = default.get("KMSMasterKeyID")
    return {"S3SseAlgorithm": "KMS", **({"S3SseKmsKeyId": key} if key else {})}


def request(target: Target, parameters: Parameters) -> Export:
    """Ask for an export. Raises ExportError."""
    with explained():
        answer = target.client("dynamodb").export_table_to_point_in_time(**parameters)
    export: Export = answer["ExportDescription"]
    return export


def request_once(target: Target, parameters: Parameters) -> Export:
    """Ask for an export, or find the one asked for in the same words within eight hours.

    One that failed goes on being found, so each further attempt has another token.
    """
    words = json.dumps(parameters, default=str, sort_keys=True)
    for attempt in range(_ATTEMPTS):
        token = hashlib.sha256(f"{words} {attempt}".encode()).hexdigest()[:36]
        export = request(target, {**parameters, "ClientToken": token})
        if export["ExportStatus"] != "FAILED":
            break
    return export
