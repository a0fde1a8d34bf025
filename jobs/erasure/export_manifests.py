"""Updates the manifests of exports after rows were removed from their data files, so that these match again.

Only the entries of files that erase has rewritten are updated, which the objects' metadata says
(`jobs.erasure.raw_rewrite`): a file that was damaged in any other way still does not match. The summary is
written last, when all that it leads to is right. S3 announces it, and the export is read once more, which
changes nothing.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from expectations.contract import Contract
from jobs.intake.doors import EXPORT, export_folder
from jobs.intake.export_manifest import CHECKSUMS, checksum
from jobs.intake.first_events import MD5, ROWS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SUMMARY, _FILES = "manifest-summary", "manifest-files"


def update_exports(s3: "S3Client", bucket: str, contract: Contract, rewritten: Collection[str]) -> int:
    """Update the exports of the dataset that have these data files (keys of objects); how many needed it.

    Safe to repeat, also after a stop at any point.
    """
    if not rewritten:
        return 0
    folders = dict.fromkeys((EXPORT.folder(contract.dataset), export_folder(contract)))
    summaries = (summary for folder in folders for summary in _summaries(s3, bucket, folder))
    return sum(_update(s3, bucket, summary, rewritten) for summary in summaries)


def _summaries(s3: "S3Client", bucket: str, folder: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    for page in pages:
        for found in page.get("Contents", ()):
            if found["Key"].endswith(f"/{_SUMMARY}.json"):
                yield found["Key"]


def _update(s3: "S3Client", bucket: str, summary_key: str, rewritten: Collection[str]) -> bool:
    """Update one export if it needs it, and return whether it did. After a stop in between, it still does."""
    summary = _read(s3, bucket, summary_key)
    files_key = summary_key.removesuffix(f"{_SUMMARY}.json") + f"{_FILES}.json"
    lines = _body(s3, bucket, files_key).decode().splitlines()
    files = [json.loads(line) for line in lines if line.strip()]
    if not any(file["dataFileS3Key"] in rewritten for file in files):
        return False
    actual = [
        _actual_entry(s3, bucket, file) if file["dataFileS3Key"] in rewritten else file for file in files
    ]
    actual_summary = {**summary, "itemCount": sum(file["itemCount"] for file in actual)}
    if actual != files:
        _write(s3, bucket, files_key, "".join(f"{json.dumps(file)}\n" for file in actual))
    has_checksums = all(_matches_checksums(s3, bucket, key) for key in (files_key, summary_key))
    if actual == files and actual_summary == summary and has_checksums:
        return False
    _write_checksums(s3, bucket, files_key, _body(s3, bucket, files_key))
    content = json.dumps(actual_summary).encode()
    _write_checksums(s3, bucket, summary_key, content)
    _write(s3, bucket, summary_key, content.decode())
    return True


def _actual_entry(s3: "S3Client", bucket: str, file: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's entry of a data file as the file is now, if erase has rewritten it."""
    head = s3.head_object(Bucket=bucket, Key=file["dataFileS3Key"])
    metadata = head["Metadata"]
    if ROWS not in metadata:
        return dict(file)
    return {
        **file,
        "itemCount": int(metadata[ROWS]),
        "md5Checksum": metadata[MD5],
        "etag": head["ETag"].strip('"'),
    }


def _matches_checksums(s3: "S3Client", bucket: str, key: str) -> bool:
    """Whether the object has the checksum that its checksum objects contain."""
    expected = checksum(_body(s3, bucket, key))
    return all(_body(s3, bucket, name).decode().strip() == expected for name in _checksums(s3, bucket, key))


def _write_checksums(s3: "S3Client", bucket: str, key: str, content: bytes) -> None:
    """Write the object's checksum into the checksum objects that it has."""
    for name in _checksums(s3, bucket, key):
        _write(s3, bucket, name, checksum(content))


def _checksums(s3: "S3Client", bucket: str, key: str) -> list[str]:
    stem = key.removesuffix(".json")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{stem}.").get("Contents", ())
    return [one["Key"] for one in found if one["Key"] in {stem + suffix for suffix in CHECKSUMS}]


def _read(s3: "S3Client", bucket: str, key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_body(s3, bucket, key))
    return content


def _body(s3: "S3Client", bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _write(s3: "S3Client", bucket: str, key: str, text: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
