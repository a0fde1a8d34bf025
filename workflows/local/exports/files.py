"""The files of a table export, in the layout that DynamoDB writes.

    <prefix>/AWSDynamoDB/<export id>/_started               empty, written first
    <prefix>/AWSDynamoDB/<export id>/data/<name>.json.gz    of a full export
    <prefix>/AWSDynamoDB/data/<name>.json.gz                of all incremental exports: shared
    <prefix>/AWSDynamoDB/<export id>/manifest-files.json    a line for each data file, and its .md5
    <prefix>/AWSDynamoDB/<export id>/manifest-summary.json  and its .md5, written last

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html calls the checksum
objects `.checksum`; real exports, which this follows, call them `.md5` and have neither `exportType` in the
summary of a full export nor fewer than one file for each of the table's partitions, empty ones included.
"""

import base64
import gzip
import hashlib
import json
import secrets
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from workflows.local.exports.table_history import Item, NetChange, key_text

FILES: Final = 4
_FILLED: Final = FILES - 1  # one file is always empty, as is common on AWS: readers have to accept it
_GZIP_LEVEL: Final = 6  # an empty file has the checksum that it has on AWS


class Uploads(Protocol):
    """Puts files into one bucket."""

    def put(self, key: str, body: bytes) -> None:
        """Put an object."""

    def put_in_parts(self, key: str, body: bytes) -> str:
        """Put an object by a multipart upload of one part, as DynamoDB does with data; its etag."""


@dataclass(frozen=True, slots=True)
class ExportLocation:
    """The folders of an export in its bucket."""

    prefix: str | None
    export_id: str
    is_full: bool

    @property
    def folder(self) -> str:
        """The folder of the export itself."""
        return f"{self._home}/{self.export_id}"

    @property
    def manifest(self) -> str:
        """The key of the manifest's summary."""
        return f"{self.folder}/manifest-summary.json"

    @property
    def data(self) -> str:
        """The folder of its data files, which incremental exports share."""
        return f"{self.folder if self.is_full else self._home}/data"

    @property
    def _home(self) -> str:
        prefix = (self.prefix or "").rstrip("/")
        return f"{prefix}/AWSDynamoDB" if prefix else "AWSDynamoDB"


@dataclass(frozen=True, slots=True)
class ExportLine:
    """A line of a data file, and the key of its item."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class ExportTotals:
    """The counts of an export that has ended."""

    items: int
    size: int  # bytes before compression
    ended: float


def item_line(key: Item, item: Item) -> ExportLine:
    """A line of a full export."""
    return ExportLine(key_text(key), _json({"Item": item}))


def change_line(change: NetChange, view: str) -> ExportLine:
    """A line of an incremental export; `view` is NEW_IMAGE or NEW_AND_OLD_IMAGES."""
    parts: dict[str, Any] = {
        "Metadata": {"WriteTimestampMicros": {"N": str(change.written_micros)}},
        "Keys": change.key,
    }
    if change.old is not None and view == "NEW_AND_OLD_IMAGES":
        parts["OldImage"] = change.old
    if change.new is not None:
        parts["NewImage"] = change.new
    return ExportLine(key_text(change.key), _json(parts))


def write_export(
    location: ExportLocation,
    lines: Iterable[ExportLine],
    summary: Mapping[str, Any],
    uploads: Uploads,
    clock: Callable[[], float],
) -> ExportTotals:
    """Write the files of an export; `summary` is that of the manifest without the counts.

    The summary is written last: a reader that waits for it finds all other files.
    """
    uploads.put(f"{location.folder}/_started", b"")
    entries, items, size = [], 0, 0
    for texts in _partition(lines):
        plain = "".join(f"{text}\n" for text in texts).encode()
        body = gzip.compress(plain, _GZIP_LEVEL, mtime=0)
        key = f"{location.data}/{_file_name()}"
        etag = uploads.put_in_parts(key, body)
        entry = {"itemCount": len(texts), "md5Checksum": md5(body), "etag": etag, "dataFileS3Key": key}
        entries.append(f"{_json(entry)}\n")
        items, size = items + len(texts), size + len(plain)
    _put_with_checksum(uploads, f"{location.folder}/manifest-files", "".join(entries))
    totals = ExportTotals(items, size, clock())
    counts = {
        "endTime": iso(totals.ended),
        "manifestFilesS3Key": f"{location.folder}/manifest-files.json",
        "billedSizeBytes": size,
        "itemCount": items,
    }
    _put_with_checksum(uploads, f"{location.folder}/manifest-summary", _json({**summary, **counts}))
    return totals


def md5(body: bytes) -> str:
    """An MD5 checksum in the form of manifests and checksum objects."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def iso(seconds: float) -> str:
    """A time in the form of manifests: UTC, milliseconds."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _put_with_checksum(uploads: Uploads, name: str, text: str) -> None:
    body = text.encode()
    uploads.put(f"{name}.json", body)
    uploads.put(f"{name}.md5", md5(body).encode())


def _partition(lines: Iterable[ExportLine]) -> Sequence[list[str]]:
    """The texts of the lines, one list for each file, chosen by a hash of the key."""
    files: list[list[str]] = [[] for _ in range(FILES)]
    for line in lines:
        files[zlib.crc32(line.key.encode()) % _FILLED].append(line.text)
    return files


def _file_name() -> str:
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower() + ".json.gz"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
