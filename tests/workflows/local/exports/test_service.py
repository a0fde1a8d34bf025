"""Exports of the embedded DynamoDB: what they contain, and the promises of the API."""

from typing import Any

import pytest

from tests.workflows.local.exports.builders import (
    ARN,
    ITEM,
    NOW,
    OTHER,
    ExportedTable,
    RefusingBucket,
    record,
    window,
)
from workflows.local.exports.table_history import Item

# --- contents -----------------------------------------------------------------------------------------------


def test_a_full_export_holds_every_item_as_it_is() -> None:
    table = ExportedTable(ITEM, OTHER).enable()

    export = table.finish(table.export(S3Prefix="exports/t"))

    read = table.read(export)
    assert sorted(line["Item"]["_key"]["S"] for line in read.lines) == ["b", "ä,1"]
    assert ITEM in [line["Item"] for line in read.lines]
    assert read.summary["exportTime"] == "2026-11-24T12:50:08.237Z"
    assert (export["ItemCount"], export["ExportManifest"]) == (
        2,
        f"exports/t/AWSDynamoDB/{export['ExportArn'].rpartition('/')[2]}/manifest-summary.json",
    )


def test_a_full_export_of_the_past_undoes_later_changes() -> None:
    newer = {**OTHER, "bytes": {"B": "eQ=="}}
    records = (
        record(int(NOW * 1000) - 3000, "b", OTHER, newer),
        record(int(NOW * 1000) - 2000, "ä,1", None, ITEM),
    )
    table = ExportedTable(ITEM, newer, records=records)
    table.now = NOW - 60
    table.enable()
    table.now = NOW

    before, between, after = (
        table.read(table.finish(table.export(ExportTime=NOW - ago))) for ago in (5, 2.5, 1)
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

    table = ExportedTable(
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
    table.now += 60

    read = table.read(table.finish(table.export(**window(int(NOW), int(NOW) + 5, view))))

    lines = {line["Keys"]["_key"]["S"]: line for line in read.lines}
    assert {key: line.keys() - {"Keys", "Metadata"} for key, line in lines.items()} == parts
    assert lines["in"]["NewImage"] == item("in", 2)
    assert lines["re"]["Metadata"] == {"WriteTimestampMicros": {"N": str((at + 5) * 1000)}}
    assert read.summary["outputView"] == view


# --- the API ----------------------------------------------------------------------------------------------


def test_an_export_is_in_progress_until_its_files_are_there() -> None:
    table = ExportedTable(ITEM).enable()

    began = table.export(ExportType="FULL_EXPORT", ClientToken="mine")

    assert began["ExportStatus"] == "IN_PROGRESS"
    assert not {"ItemCount", "ExportManifest", "EndTime"} & began.keys()
    assert table.ask("DescribeExport", ExportArn=began["ExportArn"])["ExportDescription"] == began
    ended = table.finish(began)
    assert {name: value for name, value in ended.items() if name in began} == {
        **began,
        "ExportStatus": "COMPLETED",
    }


def test_an_export_has_the_table_as_it_was_at_the_request() -> None:
    table = ExportedTable(ITEM).enable()
    began = table.export()

    table.table.rows["b"] = {"-": OTHER}  # type: ignore[index]  # the emulator writes to it

    assert table.finish(began)["ItemCount"] == 1


def test_a_bucket_that_refuses_files_fails_the_export_with_its_code() -> None:
    table = ExportedTable(ITEM).enable()
    table.bucket = RefusingBucket()

    ended = table.finish(table.export())

    assert (ended["ExportStatus"], ended["FailureCode"]) == ("FAILED", "S3AccessDenied")
    assert "ItemCount" not in ended


def test_an_exporter_that_breaks_off_leaves_no_export_in_progress_for_ever() -> None:
    table = ExportedTable(ITEM).enable()
    table.bucket = None  # type: ignore[assignment]
    began = table.export()

    with pytest.raises(AttributeError):
        table.finish(began)

    assert table.finish(began)["FailureCode"] == "UNKNOWN"


def test_the_same_token_is_the_same_export_for_eight_hours() -> None:
    table = ExportedTable(ITEM).enable()
    first = table.export(ClientToken="mine")

    assert table.export(ClientToken="mine") == first
    assert table.export()["ExportArn"] != first["ExportArn"]
    table.now += 8 * 60 * 60
    assert table.export(ClientToken="mine")["ExportArn"] != first["ExportArn"]


def test_a_token_does_not_serve_two_different_requests() -> None:
    table = ExportedTable(ITEM).enable()
    table.export(ClientToken="mine")

    other = {"TableArn": ARN, "S3Bucket": "raw", "S3Prefix": "elsewhere", "ClientToken": "mine"}
    assert table.refuse("ExportTableToPointInTime", **other) == "ExportConflictException"


def test_exports_are_listed_page_by_page_the_newest_first() -> None:
    table = ExportedTable(ITEM).enable()
    arns = []
    for _ in range(3):
        table.now += 1
        arns.append(table.export()["ExportArn"])

    page = table.ask("ListExports", TableArn=ARN, MaxResults=2)
    rest = table.ask("ListExports", TableArn=ARN, MaxResults=2, NextToken=page["NextToken"])

    listed = [one["ExportArn"] for one in page["ExportSummaries"] + rest["ExportSummaries"]]
    assert listed == arns[::-1]
    assert "NextToken" not in rest
    assert table.ask("ListExports", TableArn=f"{ARN}-other") == {"ExportSummaries": []}


def test_missing_exports_and_tables_have_the_errors_of_dynamodb() -> None:
    table = ExportedTable(ITEM)

    assert table.refuse("DescribeExport", ExportArn=f"{ARN}/export/0") == "ExportNotFoundException"
    assert table.refuse("DescribeExport", ExportArn=ARN) == "ValidationException"
    assert (
        table.refuse("ExportTableToPointInTime", TableArn=f"{ARN}s", S3Bucket="raw")
        == "TableNotFoundException"
    )
    assert (
        table.refuse("ExportTableToPointInTime", TableArn=ARN, S3Bucket="raw")
        == "PointInTimeRecoveryUnavailableException"
    )


def test_recovery_reaches_back_to_when_it_was_switched_on_last() -> None:
    table = ExportedTable(ITEM)

    def recovery() -> dict[str, Any]:
        status = table.ask("DescribeContinuousBackups", TableName="t")["ContinuousBackupsDescription"]
        return dict(status["PointInTimeRecoveryDescription"])

    def switch(enabled: bool) -> None:
        recovery = {"PointInTimeRecoveryEnabled": enabled}
        table.ask("UpdateContinuousBackups", TableName="t", PointInTimeRecoverySpecification=recovery)

    assert recovery() == {"PointInTimeRecoveryStatus": "DISABLED"}
    switch(True)
    table.now += 100
    switch(True)
    assert recovery()["EarliestRestorableDateTime"] == int(NOW)
    switch(False)
    switch(True)
    assert recovery()["EarliestRestorableDateTime"] == int(NOW) + 100
    table.now += 30 * 60 * 60
    assert recovery()["EarliestRestorableDateTime"] == int(table.now) - 24 * 60 * 60
