"""A table of the embedded DynamoDB whose exports go to a bucket in memory."""

import hashlib
from collections.abc import Callable
from typing import Any

from tests.workflows.local.exports.export_reader import Export, Stored, read_export
from workflows.local.exports.requests import ExportPlan
from workflows.local.exports.service import ExportService, UploadRefused
from workflows.local.exports.table_history import Item, Table

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t"
NOW = 1_795_524_608.237
ITEM = {"_key": {"S": "ä,1"}, "n": {"N": "12345678901234567890123456789012345678"}, "gone": {"NULL": True}}
OTHER = {"_key": {"S": "b"}, "bytes": {"B": "eA=="}}


class Bucket:
    """An S3 bucket that keeps its objects in the order in which they were put."""

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = Stored(body, hashlib.md5(body).hexdigest())  # noqa: S324 -- what S3 calls an ETag

    def put_in_parts(self, key: str, body: bytes) -> str:
        etag = hashlib.md5(hashlib.md5(body).digest()).hexdigest() + "-1"  # noqa: S324 -- what S3 calls an ETag
        self.objects[key] = Stored(body, etag)
        return etag


class RefusingBucket(Bucket):
    """A bucket to which DynamoDB has no access."""

    def put_in_parts(self, key: str, body: bytes) -> str:
        raise UploadRefused("S3AccessDenied", "Access Denied")


def record(millis: int, key: str, old: Item | None, new: Item | None) -> dict[str, Any]:
    images = {"OldImage": old, "NewImage": new}
    change = {name: image for name, image in images.items() if image is not None}
    number = f"{millis:020d}{7:010d}"
    return {"dynamodb": {"Keys": {"_key": {"S": key}}, "SequenceNumber": number, **change}}


class ExportedTable:
    """One table, its exports and their bucket. Files are written when `finish` is called."""

    work: list[Callable[[], None]]

    def __init__(self, *items: Item, records: tuple[dict[str, Any], ...] = ()) -> None:
        self.now = NOW
        self.bucket = Bucket()
        self.plans: list[ExportPlan] = []
        self.work = []
        rows = {item["_key"]["S"]: {"-": item} for item in items}
        self.table = Table(ARN, "id-1", "t", ("_key",), rows, list(records), has_both_images=True)
        self.exports = ExportService(
            lambda name: self.table if name == "t" else None,
            self.uploads,
            lambda: self.now,
            self.work.append,
        )

    def uploads(self, plan: ExportPlan) -> Bucket:
        self.plans.append(plan)
        return self.bucket

    def enable(self) -> "ExportedTable":
        self.exports.set_recovery("t", enabled=True)
        return self

    def ask(self, operation: str, **request: Any) -> dict[str, Any]:
        status, answer = self.exports.answer(operation, request)
        assert status == 200, answer
        return answer

    def refuse(self, operation: str, **request: Any) -> str:
        status, answer = self.exports.answer(operation, request)
        assert status == 400
        return str(answer["__type"]).partition("#")[2]

    def export(self, **request: Any) -> dict[str, Any]:
        asked = {"TableArn": ARN, "S3Bucket": "raw", **request}
        description: dict[str, Any] = self.ask("ExportTableToPointInTime", **asked)["ExportDescription"]
        return description

    def finish(self, description: dict[str, Any]) -> dict[str, Any]:
        while self.work:
            self.work.pop()()
        ended: dict[str, Any] = self.ask("DescribeExport", ExportArn=description["ExportArn"])
        return dict(ended["ExportDescription"])

    def read(self, description: dict[str, Any]) -> Export:
        prefix = description.get("S3Prefix")
        return read_export(self.bucket.objects, "raw", prefix, description["ExportArn"])


def window(start: int, end: int, view: str) -> dict[str, Any]:
    return {
        "ExportType": "INCREMENTAL_EXPORT",
        "IncrementalExportSpecification": {
            "ExportFromTime": start,
            "ExportToTime": end,
            "ExportViewType": view,
        },
    }
