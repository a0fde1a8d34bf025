"""A strict reader of exports, which checks every checksum, count, name and line."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SUMMARY = {
    *("version", "exportArn", "startTime", "endTime", "tableArn", "tableId", "s3Bucket", "s3Prefix"),
    *("s3SseAlgorithm", "s3SseKmsKeyId", "manifestFilesS3Key", "billedSizeBytes", "itemCount"),
    "outputFormat",
}
FULL = SUMMARY | {"exportTime"}
INCREMENTAL = SUMMARY | {"exportFromTime", "exportToTime", "outputView", "exportType"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_DATA_FILE = re.compile(r"[a-z2-7]{26}\.json\.gz")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as S3 holds it."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Export:
    """A valid export."""

    summary: dict[str, Any]
    files: list[dict[str, Any]]
    lines: list[dict[str, Any]]


def read_export(objects: Mapping[str, Stored], bucket: str, prefix: str | None, arn: str) -> Export:
    """The export of that ARN, or an AssertionError that says what is wrong with it."""
    home = f"{prefix.rstrip('/')}/AWSDynamoDB" if prefix else "AWSDynamoDB"
    folder = f"{home}/{arn.rpartition('/')[2]}"
    assert objects[f"{folder}/_started"].body == b""
    summary = json.loads(_checked(objects, f"{folder}/manifest-summary"))
    _check_summary(summary)
    assert summary["exportArn"] == arn
    assert (summary["s3Bucket"], summary["s3Prefix"]) == (bucket, prefix)
    assert summary["manifestFilesS3Key"] == f"{folder}/manifest-files.json"

    manifest = _checked(objects, f"{folder}/manifest-files").decode()
    assert manifest.endswith("\n")
    files = [json.loads(line) for line in manifest.split("\n")[:-1]]
    data = f"{folder}/data" if "exportTime" in summary else f"{home}/data"
    lines = [line for file in files for line in _lines(objects, data, file)]
    assert len(lines) == summary["itemCount"] == sum(file["itemCount"] for file in files)
    for line in lines:
        _check_line(line, summary)
    return Export(summary, files, lines)


def _checked(objects: Mapping[str, Stored], name: str) -> bytes:
    body = objects[f"{name}.json"].body
    assert objects[f"{name}.md5"].body.decode() == _md5(body)
    return body


def _check_summary(summary: dict[str, Any]) -> None:
    assert summary.keys() in (FULL, FULL | {"exportType"}, INCREMENTAL)
    is_full = "exportTime" in summary
    assert summary["version"] == ("2020-06-30" if is_full else "2023-08-01")
    assert summary.get("exportType", "FULL_EXPORT") == ("FULL_EXPORT" if is_full else "INCREMENTAL_EXPORT")
    assert summary["outputFormat"] == "DYNAMODB_JSON"
    for name in (name for name in summary if name.endswith("Time")):
        assert _TIME.fullmatch(summary[name]), name
    assert datetime.fromisoformat(summary["startTime"]) <= datetime.fromisoformat(summary["endTime"])


def _lines(objects: Mapping[str, Stored], data: str, file: dict[str, Any]) -> list[dict[str, Any]]:
    assert file.keys() == {"itemCount", "md5Checksum", "etag", "dataFileS3Key"}
    folder, _, name = file["dataFileS3Key"].rpartition("/")
    assert folder == data
    assert _DATA_FILE.fullmatch(name)
    stored = objects[file["dataFileS3Key"]]
    assert (file["md5Checksum"], file["etag"]) == (_md5(stored.body), stored.etag)
    text = gzip.decompress(stored.body).decode()
    assert text == "" or text.endswith("\n")
    lines = [json.loads(line) for line in text.split("\n")[:-1]]  # splitlines() splits inside values too
    assert len(lines) == file["itemCount"]
    return lines


def _check_line(line: dict[str, Any], summary: dict[str, Any]) -> None:
    if "exportTime" in summary:
        assert line.keys() == {"Item"}
        return
    assert {"Metadata", "Keys"} <= line.keys() <= {"Metadata", "Keys", "NewImage", "OldImage"}
    if summary["outputView"] == "NEW_AND_OLD_IMAGES":
        assert line.keys() & {"NewImage", "OldImage"}
    else:
        assert "OldImage" not in line
    seconds = int(line["Metadata"]["WriteTimestampMicros"]["N"]) / 1_000_000
    start, end = (
        datetime.fromisoformat(summary[name]).timestamp() for name in ("exportFromTime", "exportToTime")
    )
    assert start <= seconds < end


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
