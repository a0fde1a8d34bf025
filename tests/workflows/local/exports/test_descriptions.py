"""How an export describes itself to clients, and in its manifest."""

from typing import Any

import pytest

from tests.workflows.local.exports.builders import ITEM, NOW, ExportedTable, window


def test_files_are_encrypted_as_asked() -> None:
    table = ExportedTable(ITEM).enable()

    export = table.finish(table.export(S3SseAlgorithm="KMS", S3SseKmsKeyId="key"))

    assert [(plan.sse_algorithm, plan.sse_key) for plan in table.plans] == [("KMS", "key")]
    summary = table.read(export).summary
    assert (summary["s3SseAlgorithm"], summary["s3SseKmsKeyId"]) == ("KMS", "key")


@pytest.mark.parametrize(
    ("more", "members"),
    [
        ({}, {"ExportTime"}),
        ({"ExportType": "FULL_EXPORT"}, {"ExportTime", "ExportType"}),
        (window(int(NOW), int(NOW) + 1, "NEW_IMAGE"), {"ExportType", "IncrementalExportSpecification"}),
        ({"S3Prefix": "p", "S3BucketOwner": "1"}, {"ExportTime", "S3Prefix", "S3BucketOwner"}),
    ],
)
def test_a_description_repeats_what_was_requested_and_has_the_time_of_the_data(
    more: dict[str, Any], members: set[str]
) -> None:
    table = ExportedTable(ITEM).enable()
    table.now += 60

    description = table.export(**more)

    always = {
        *("ExportArn", "ExportStatus", "StartTime", "TableArn", "TableId", "ClientToken"),
        *("S3Bucket", "S3SseAlgorithm", "ExportFormat"),
    }
    assert description.keys() == always | members
