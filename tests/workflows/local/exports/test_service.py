"""Exports of the embedded DynamoDB: the API's promises, and files that a strict reader takes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.local.exports.export_reader import Export, Stored, read_export
from workflows.local.exports.service import Exports, UploadRefused
from workflows.local.exports.table_history import Item, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.local.exports.requests import Plan

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t"
NOW = 1_795_524_608.237
ITEM = {"_key": {"S": "ä,1"}, "n": {"N": "12345678901234567890123456789012345678"}, "gone": {"NULL": True}}
OTHER = {"_key": {"S": "b"}, "bytes": {"B": "eA=="}}


class Bucket:
    """An S3 bucket that remembers in which order objects came."""

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = Stored(body, hashlib.md5(body).hexdigest())  # noqa: S324 -- what S3 calls an ETag

    def put_in_parts(self, key: str, body: bytes) -> str:
        etag = hashlib.md5(hashlib.md5(body).digest()).hexdigest() + "-1"  # noqa: S324 -- what S3 calls an ETag
        self.objects[key] = Stored(body, etag)
        return etag


class Broken(Bucket):
    def put_in_parts(self, key: str, body: bytes) -> str:
        raise UploadRefused("S3AccessDenied", "Access Denied")


def record(millis: int, key: str, old: Item | None, new: Item | None) -> dict[str, Any]:
    images = {"OldImage": old, "NewImage": new}
    change = {name: image for name, image in images.items() if image is not None}
    number = f"{millis:020d}{7:010d}"
    return {"dynamodb": {"Keys": {"_key": {"S": key}}, "SequenceNumber": number, **change}}


class Dynamo:
    """One table, its exports and their bucket; work goes on when it is told to."""

    def __init__(self, *items: Item, records: tuple[dict[str, Any], ...] = ()) -> None:
        self.now = NOW
        self.bucket = Bucket()
        self.plans: list[Plan] = []
        self.work: list[Callable[[], None]] = []
        rows = {item["_key"]["S"]: {"-": item} for item in items}
        self.table = Table(ARN, "id-1", "t", ("_key",), rows, list(records), has_both_images=True)
        self.exports = Exports(
            lambda name: self.table if name == "t" else None,
            self.uploads,
            lambda: self.now,
            self.work.append,
        )

    def uploads(self, plan: Plan) -> Bucket:
        self.plans.append(plan)
        return self.bucket

    def enable(self) -> Dynamo:
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


# --- files --------------------------------------------------------------------------------------------------


def test_a_full_export_holds_every_item_as_it_is() -> None:
    dynamo = Dynamo(ITEM, OTHER).enable()

    export = dynamo.finish(dynamo.export(S3Prefix="exports/t"))

    read = dynamo.read(export)
    assert sorted(line["Item"]["_key"]["S"] for line in read.lines) == ["b", "ä,1"]
    assert ITEM in [line["Item"] for line in read.lines]
    assert read.summary["exportTime"] == "2026-11-24T12:50:08.237Z"
    assert (export["ItemCount"], export["ExportManifest"]) == (
        2,
        f"exports/t/AWSDynamoDB/{export['ExportArn'].rpartition('/')[2]}/manifest-summary.json",
    )


def test_an_empty_file_has_the_checksums_it_has_on_aws() -> None:
    dynamo = Dynamo().enable()

    read = dynamo.read(dynamo.finish(dynamo.export()))

    assert {(file["itemCount"], file["md5Checksum"], file["etag"]) for file in read.files} == {
        (0, "FjvgqIxwymKf1RbbqtrZag==", "7deb4078f238dd87d6af0538152c04e9-1")
    }


@given(st.sets(st.text(min_size=1, max_size=3), max_size=40))
def test_every_export_is_sound_has_several_files_and_an_empty_one(keys: set[str]) -> None:
    dynamo = Dynamo(*({"_key": {"S": key}} for key in keys)).enable()

    read = dynamo.read(dynamo.finish(dynamo.export(S3Prefix="p/")))

    assert {line["Item"]["_key"]["S"] for line in read.lines} == keys
    assert len(read.files) == 4
    assert 0 in [file["itemCount"] for file in read.files]


def test_objects_come_in_an_order_that_lets_a_reader_wait_for_the_summary() -> None:
    dynamo = Dynamo(ITEM).enable()
    dynamo.finish(dynamo.export())

    names = [key.rpartition("/")[2] for key in dynamo.bucket.objects]

    assert names[0] == "_started"
    assert all(name.endswith(".json.gz") for name in names[1:5])
    assert names[5:] == [
        *("manifest-files.json", "manifest-files.md5", "manifest-summary.json", "manifest-summary.md5")
    ]


def test_a_full_export_of_the_past_undoes_what_came_since() -> None:
    newer = {**OTHER, "bytes": {"B": "eQ=="}}
    records = (
        record(int(NOW * 1000) - 3000, "b", OTHER, newer),
        record(int(NOW * 1000) - 2000, "ä,1", None, ITEM),
    )
    dynamo = Dynamo(ITEM, newer, records=records)
    dynamo.now = NOW - 60
    dynamo.enable()
    dynamo.now = NOW

    before, between, after = (
        dynamo.read(dynamo.finish(dynamo.export(ExportTime=NOW - ago))) for ago in (5, 2.5, 1)
    )

    assert [line["Item"] for line in before.lines] == [OTHER]
    assert [line["Item"] for line in between.lines] == [newer]
    assert len(after.lines) == 2


@pytest.mark.parametrize(
    ("view", "parts"),
    [
        ("NEW_IMAGE", {"in": {"NewImage"}, "up": {"NewImage"}, "de": set(), "re": {"NewImage"}}),
        (
            "NEW_AND_OLD_IMAGES",
            {
                "in": {"NewImage"},
                "up": {"OldImage", "NewImage"},
                "de": {"OldImage"},
                "re": {"OldImage", "NewImage"},
            },
        ),
    ],
)
def test_an_incremental_export_has_one_net_line_for_each_key(view: str, parts: dict[str, set[str]]) -> None:
    at = int(NOW) * 1000

    def item(key: str, n: int) -> Item:
        return {"_key": {"S": key}, "n": {"N": str(n)}}

    dynamo = Dynamo(
        records=(
            record(at, "in", None, item("in", 1)),
            record(at + 1, "in", item("in", 1), item("in", 2)),
            record(at + 2, "up", item("up", 0), item("up", 1)),
            record(at + 3, "de", item("de", 0), None),
            record(at + 4, "re", item("re", 0), None),
            record(at + 5, "re", None, item("re", 9)),
            record(at + 6, "brief", None, item("brief", 1)),
            record(at + 7, "brief", item("brief", 1), None),
            record(at + 5000, "later", None, item("later", 1)),
        )
    ).enable()
    dynamo.now += 60

    read = dynamo.read(dynamo.finish(dynamo.export(**window(int(NOW), int(NOW) + 5, view))))

    lines = {line["Keys"]["_key"]["S"]: line for line in read.lines}
    assert {key: line.keys() - {"Keys", "Metadata"} for key, line in lines.items()} == parts
    assert lines["in"]["NewImage"] == item("in", 2)
    assert lines["re"]["Metadata"] == {"WriteTimestampMicros": {"N": str((at + 5) * 1000)}}
    assert read.summary["outputView"] == view


def test_incremental_exports_share_a_data_folder_and_only_the_manifest_tells_them_apart() -> None:
    at = int(NOW) * 1000
    changes = (
        record(at, "a", None, {"_key": {"S": "a"}}),
        record(at + 1000, "b", None, {"_key": {"S": "b"}}),
    )
    dynamo = Dynamo(records=changes).enable()
    dynamo.now += 60
    start = int(NOW)

    first = dynamo.finish(dynamo.export(**window(start, start + 1, "NEW_IMAGE")))
    second = dynamo.finish(dynamo.export(**window(start + 1, start + 2, "NEW_IMAGE")))

    assert [line["Keys"]["_key"]["S"] for line in dynamo.read(first).lines] == ["a"]
    assert [line["Keys"]["_key"]["S"] for line in dynamo.read(second).lines] == ["b"]
    assert sum(key.startswith("AWSDynamoDB/data/") for key in dynamo.bucket.objects) == 8


# --- the API ------------------------------------------------------------------------------------------------


def test_an_export_is_in_progress_until_its_files_are_there() -> None:
    dynamo = Dynamo(ITEM).enable()

    began = dynamo.export(ExportType="FULL_EXPORT", ClientToken="mine")

    assert began["ExportStatus"] == "IN_PROGRESS"
    assert not {"ItemCount", "ExportManifest", "EndTime"} & began.keys()
    assert dynamo.ask("DescribeExport", ExportArn=began["ExportArn"])["ExportDescription"] == began
    ended = dynamo.finish(began)
    assert {name: value for name, value in ended.items() if name in began} == {
        **began,
        "ExportStatus": "COMPLETED",
    }


def test_what_it_exports_is_the_table_at_the_request_not_when_the_files_are_written() -> None:
    dynamo = Dynamo(ITEM).enable()
    began = dynamo.export()

    dynamo.table.rows["b"] = {"-": OTHER}  # type: ignore[index]  # the emulator writes to it

    assert dynamo.finish(began)["ItemCount"] == 1


def test_a_bucket_that_takes_nothing_fails_the_export_with_its_code() -> None:
    dynamo = Dynamo(ITEM).enable()
    dynamo.bucket = Broken()

    ended = dynamo.finish(dynamo.export())

    assert (ended["ExportStatus"], ended["FailureCode"]) == ("FAILED", "S3AccessDenied")
    assert "ItemCount" not in ended


def test_an_exporter_that_breaks_off_leaves_no_export_in_progress_for_ever() -> None:
    dynamo = Dynamo(ITEM).enable()
    dynamo.bucket = None  # type: ignore[assignment]
    began = dynamo.export()

    with pytest.raises(AttributeError):
        dynamo.finish(began)

    assert dynamo.finish(began)["FailureCode"] == "UNKNOWN"


def test_the_same_token_is_the_same_export_for_eight_hours() -> None:
    dynamo = Dynamo(ITEM).enable()
    first = dynamo.export(ClientToken="mine")

    assert dynamo.export(ClientToken="mine") == first
    assert dynamo.export()["ExportArn"] != first["ExportArn"]
    dynamo.now += 8 * 60 * 60
    assert dynamo.export(ClientToken="mine")["ExportArn"] != first["ExportArn"]


def test_a_token_does_not_serve_two_different_requests() -> None:
    dynamo = Dynamo(ITEM).enable()
    dynamo.export(ClientToken="mine")

    other = {"TableArn": ARN, "S3Bucket": "raw", "S3Prefix": "elsewhere", "ClientToken": "mine"}
    assert dynamo.refuse("ExportTableToPointInTime", **other) == "ExportConflictException"


def test_exports_are_listed_page_by_page_the_newest_first() -> None:
    dynamo = Dynamo(ITEM).enable()
    arns = []
    for _ in range(3):
        dynamo.now += 1
        arns.append(dynamo.export()["ExportArn"])

    page = dynamo.ask("ListExports", TableArn=ARN, MaxResults=2)
    rest = dynamo.ask("ListExports", TableArn=ARN, MaxResults=2, NextToken=page["NextToken"])

    listed = [one["ExportArn"] for one in page["ExportSummaries"] + rest["ExportSummaries"]]
    assert listed == arns[::-1]
    assert "NextToken" not in rest
    assert dynamo.ask("ListExports", TableArn=f"{ARN}-other") == {"ExportSummaries": []}


def test_what_is_not_there_is_named_as_dynamodb_names_it() -> None:
    dynamo = Dynamo(ITEM)

    assert dynamo.refuse("DescribeExport", ExportArn=f"{ARN}/export/0") == "ExportNotFoundException"
    assert dynamo.refuse("DescribeExport", ExportArn=ARN) == "ValidationException"
    assert (
        dynamo.refuse("ExportTableToPointInTime", TableArn=f"{ARN}s", S3Bucket="raw")
        == "TableNotFoundException"
    )
    assert (
        dynamo.refuse("ExportTableToPointInTime", TableArn=ARN, S3Bucket="raw")
        == "PointInTimeRecoveryUnavailableException"
    )


def test_recovery_reaches_back_to_when_it_was_switched_on_last() -> None:
    dynamo = Dynamo(ITEM)

    def recovery() -> dict[str, Any]:
        status = dynamo.ask("DescribeContinuousBackups", TableName="t")["ContinuousBackupsDescription"]
        return dict(status["PointInTimeRecoveryDescription"])

    def switch(enabled: bool) -> None:
        recovery = {"PointInTimeRecoveryEnabled": enabled}
        dynamo.ask("UpdateContinuousBackups", TableName="t", PointInTimeRecoverySpecification=recovery)

    assert recovery() == {"PointInTimeRecoveryStatus": "DISABLED"}
    switch(True)
    dynamo.now += 100
    switch(True)
    assert recovery()["EarliestRestorableDateTime"] == int(NOW)
    switch(False)
    switch(True)
    assert recovery()["EarliestRestorableDateTime"] == int(NOW) + 100
    dynamo.now += 30 * 60 * 60
    assert recovery()["EarliestRestorableDateTime"] == int(dynamo.now) - 24 * 60 * 60


def test_files_are_encrypted_as_asked() -> None:
    dynamo = Dynamo(ITEM).enable()

    export = dynamo.finish(dynamo.export(S3SseAlgorithm="KMS", S3SseKmsKeyId="key"))

    assert [(plan.sse_algorithm, plan.sse_key) for plan in dynamo.plans] == [("KMS", "key")]
    summary = dynamo.read(export).summary
    assert (summary["s3SseAlgorithm"], summary["s3SseKmsKeyId"]) == ("KMS", "key")
