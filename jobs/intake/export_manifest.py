"""What an export of a DynamoDB table to S3 consists of: its manifest, used only if its numbers add up.

    …/AWSDynamoDB/<export id>/manifest-summary.json   which export it is, of how many items
    …/AWSDynamoDB/<export id>/manifest-files.json     a line for each data file: name, items, MD5
    the same names, .checksum or .md5                 base64 of their MD5 (AWS's manual and tools differ)

Incremental exports share one folder of data files, so only its manifest says which files belong to an export.
A moved export is refused: its manifest names the old keys.

Pure: bytes in, values or reasons out. `jobs.reading.exports` reads the bytes from S3.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from expectations.problems import GluelineError

FULL, INCREMENTAL = "FULL_EXPORT", "INCREMENTAL_EXPORT"
CHECKSUMS = (".md5", ".checksum")
_AGAIN = "request the export again"


class UnreadableExport(GluelineError):
    """Raised when an export as a whole can't be read; the message is the reason in `quarantine`."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`manifest-summary.json`. `time` (ISO 8601) is that of the export, or the end of its window."""

    manifest_key: str
    items: int
    kind: str
    time: str


@dataclass(frozen=True, slots=True)
class DataFile:
    """A line of `manifest-files.json`; an export may have empty data files."""

    key: str
    items: int
    md5: str


def checksum(content: bytes) -> str:
    """The MD5 of bytes as manifests and checksum objects hold it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def check(name: str, content: bytes, expected: bytes) -> None:
    """Raise UnreadableExport unless the content has the checksum in its checksum object."""
    wanted, found = expected.decode(errors="replace").strip(), checksum(content)
    if wanted != found:
        raise UnreadableExport(
            f"checksum: expected {name} with MD5 {wanted}, got {found}: it was changed or damaged; copy it "
            f"and its checksum again, or {_AGAIN}"
        )


def read_summary(key: str, content: bytes) -> Summary:
    """Parse manifest-summary.json, the object of this key. Raises UnreadableExport with what is wrong."""
    try:
        plain: dict[str, Any] = json.loads(content)
        kind = plain.get("exportType", FULL)
        output = plain["outputFormat"]
        time = plain["exportTime" if kind == FULL else "exportToTime"]
        summary = Summary(plain["manifestFilesS3Key"], int(plain["itemCount"]), kind, _instant(time))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as problem:
        raise UnreadableExport(
            f"export: expected the summary of a DynamoDB export, got something else ({problem!r}); {_AGAIN}"
        ) from None
    if output != "DYNAMODB_JSON":
        raise UnreadableExport(
            f"export: expected the format DYNAMODB_JSON, got {output}; {_AGAIN} with "
            "ExportFormat=DYNAMODB_JSON"
        )
    if kind not in (FULL, INCREMENTAL):
        raise UnreadableExport(
            f"export: expected {FULL} or {INCREMENTAL}, got {kind}; {_AGAIN} as one of these"
        )
    beside = key.removesuffix("manifest-summary.json") + "manifest-files.json"
    if summary.manifest_key != beside:
        raise UnreadableExport(
            f"export: expected its manifest at {beside}, got {summary.manifest_key}: the export was moved, "
            f"and its manifest still names the old keys; {_AGAIN} into this folder, or move it back"
        )
    return summary


def read_files(summary: Summary, content: bytes) -> list[DataFile]:
    """The data files in manifest-files.json. Raises UnreadableExport if they don't add up to the summary."""
    files = []
    for number, line in enumerate(content.decode(errors="replace").split("\n"), 1):
        if line.strip():
            try:
                plain: dict[str, Any] = json.loads(line)
                files.append(
                    DataFile(str(plain["dataFileS3Key"]), int(plain["itemCount"]), str(plain["md5Checksum"]))
                )
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as problem:
                raise UnreadableExport(
                    f"export: line {number} of {summary.manifest_key}: expected a data file, got something "
                    f"else ({problem!r}); {_AGAIN}"
                ) from None
    names = [file.key for file in files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnreadableExport(
            f"export: expected each data file once, got {', '.join(twice)} several times; {_AGAIN}"
        )
    total = sum(file.items for file in files)
    if total != summary.items:
        raise UnreadableExport(
            f"itemCount: expected {summary.items} items as its summary says, got {total} in the data files "
            f"of {summary.manifest_key}; {_AGAIN}"
        )
    return files


def _instant(time: Any) -> str:
    """The time (ISO 8601) with its offset; UTC if it has none, as DynamoDB's times are."""
    at = datetime.fromisoformat(time)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
