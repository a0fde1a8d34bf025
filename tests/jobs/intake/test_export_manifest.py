"""An export's manifest is believed only if it adds up, and its reasons say what to do."""

import json
from typing import Any

import pytest

from jobs.intake.export_manifest import (
    FULL,
    INCREMENTAL,
    DataFile,
    Summary,
    UnreadableExport,
    check,
    checksum,
    read_files,
    read_summary,
)

FOLDER = "exports/things/AWSDynamoDB/01-a"
KEY = f"{FOLDER}/manifest-summary.json"
AT = "2026-11-24T12:00:00.000Z"
IN_UTC = "2026-11-24T12:00:00+00:00"
TIMES: tuple[Any, ...] = (7, 1.5, "now", [], {}, True)  # that are none
SUMMARY: dict[str, Any] = {
    "manifestFilesS3Key": f"{FOLDER}/manifest-files.json",
    "itemCount": 3,
    "outputFormat": "DYNAMODB_JSON",
    "exportTime": AT,
}


def summary(**changed: Any) -> bytes:
    plain = {name: value for name, value in (SUMMARY | changed).items() if value is not None}
    return json.dumps(plain).encode()


def files(*items: int) -> bytes:
    lines = [
        json.dumps({"itemCount": number, "md5Checksum": "m", "etag": "e", "dataFileS3Key": f"f{place}"})
        for place, number in enumerate(items)
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def test_a_full_export_need_not_say_that_it_is_one() -> None:
    assert read_summary(KEY, summary()) == Summary(SUMMARY["manifestFilesS3Key"], 3, FULL, IN_UTC)


def test_an_incremental_export_shows_the_end_of_its_window() -> None:
    plain = summary(exportType=INCREMENTAL, exportTime=None, exportFromTime="earlier", exportToTime=AT)

    assert read_summary(KEY, plain) == Summary(SUMMARY["manifestFilesS3Key"], 3, INCREMENTAL, IN_UTC)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            summary(outputFormat="ION"),
            "expected the format DYNAMODB_JSON, got ION; .*ExportFormat=DYNAMODB_JSON",
        ),
        (
            summary(exportType="OTHER", exportToTime=AT),
            "expected FULL_EXPORT or INCREMENTAL_EXPORT, got OTHER",
        ),
        (summary(manifestFilesS3Key="elsewhere/manifest-files.json"), "the export was moved"),
        (summary(itemCount=None), "got something else .*request the export again"),
        *((summary(exportTime=time), "got something else .*again") for time in TIMES),
        (
            json.dumps(SUMMARY | {"exportTime": None}).encode(),
            "got something else .*request the export again",
        ),
        (summary(itemCount=1e400), "got something else .*request the export again"),
        (b"[" * 100_000, "got something else .*request the export again"),
        (b"no json", "got something else .*request the export again"),
        (b"[]", "got something else .*request the export again"),
    ],
)
def test_a_summary_is_refused_with_what_to_do(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableExport, match=reason):
        read_summary(KEY, content)


def test_a_time_without_an_offset_is_utc() -> None:
    assert read_summary(KEY, summary(exportTime="2026-11-24T12:00:00")).time == IN_UTC


def test_data_files_come_from_the_manifest_alone_empty_ones_too() -> None:
    found = read_files(read_summary(KEY, summary()), files(1, 0, 2))

    assert found == [DataFile("f0", 1, "m"), DataFile("f1", 0, "m"), DataFile("f2", 2, "m")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (files(1, 1), "itemCount: expected 3 items .* got 2"),
        (files(1, 2) + b'{"itemCount": 0}', "line 3 of .*request the export again"),
        (files(1) + files(2), "each data file once, got f0 several times"),
    ],
)
def test_a_manifest_that_does_not_add_up_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableExport, match=reason):
        read_files(read_summary(KEY, summary()), content)


def test_a_checksum_object_may_end_in_a_line_break() -> None:
    check("name", b"content", checksum(b"content").encode() + b"\n")

    with pytest.raises(UnreadableExport, match=r"checksum: expected name with MD5 other, got .*copy it"):
        check("name", b"content", b"other")
