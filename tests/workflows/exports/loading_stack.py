"""A table in the embedded DynamoDB, and receipts of a workflow that loads its exports."""

from __future__ import annotations

import gzip
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from workflows.stack.target import Target

TABLE = "small-things"
RECEIPT = {"batch_id": "batch-1", "dataset": "things", "rows_read": 0, "accepted": 0, "quarantined": 0}


class ReceiptsOfLoading:
    """Receipts of a workflow that has read every file it is asked about, as text like Athena's."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.broken = 0  # quarantined rows of each file
        self.rejects = False

    def query(self, target: Target, sql: str) -> pa.Table:
        files = re.findall(r"'(s3://[^']+)'", sql)
        if "lake_ops.quarantine" in sql:
            return pa.Table.from_pylist(
                [{"reasons": "export: expected DYNAMODB_JSON, got ION"} for _ in files]
            )
        receipts = [receipt for file in files for receipt in self.receipts(file)]
        return pa.Table.from_pylist(
            [{name: str(value) for name, value in receipt.items()} for receipt in receipts],
            pa.schema([(name, pa.string()) for name in ("source_file", *RECEIPT)]),
        )

    def receipts(self, file: str) -> list[dict[str, Any]]:
        if file.endswith("manifest-summary.json"):
            return [{"source_file": file, **RECEIPT, "quarantined": 1}] if self.rejects else []
        bucket, _, key = file.removeprefix("s3://").partition("/")
        body = self.target.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        count = gzip.decompress(body).count(b"\n")
        counts = {"rows_read": count, "accepted": count - self.broken, "quarantined": self.broken}
        return [{"source_file": file, **RECEIPT, **counts}] * 2  # as if a message had arrived twice


def put(target: Target, *keys: str) -> None:
    dynamodb = target.client("dynamodb")
    for key in keys:
        dynamodb.put_item(TableName=TABLE, Item={"_key": {"S": key}})


def second_ended() -> datetime:
    """The start of the next whole second, once it has begun."""
    time.sleep(1.001 - time.time() % 1)
    return datetime.now(UTC).replace(microsecond=0)


def recovery_starts(target: Target) -> datetime:
    """Enable recovery again; the time from which the table has a past.

    A catch-up begins minutes before the requested time, so it would find what other tests wrote.
    """
    dynamodb = target.client("dynamodb")
    second_ended()
    for enabled in (False, True):
        answer = dynamodb.update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
        )
    recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    start: datetime = recovery["EarliestRestorableDateTime"]
    return start.astimezone(UTC)
