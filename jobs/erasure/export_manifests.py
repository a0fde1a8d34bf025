"""Makes the manifests of exports say again what their data files are, after rows were taken out of these.

Only of files that were rewritten here, which say so themselves (`jobs.erasure.raw_versions`): a file that was
damaged in any other way still does not add up. The summary is written last, when all that it leads to is
right; S3 announces it, and the export is read once more, which changes nothing.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jobs.intake.doors import EXPORT
from jobs.intake.export_manifest import CHECKSUMS, checksum
from jobs.intake.first_events import MD5, ROWS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SUMMARY, _FILES = "manifest-summary", "manifest-files"


def mend_exports(s3: "S3Client", bucket: str, dataset: str, rewritten: Collection[str]) -> int:
    """Mend the exports of the dataset that have these data files (keys); how many had to be mended."""
    if not rewritten:
        return 0
    return sum(_mend(s3, bucket, summary, rewritten) for summary in _summaries(s3, bucket, dataset))


def _summaries(s3: "S3Client", bucket: str, dataset: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=EXPORT.folder(dataset))
    for page in pages:
        for found in page.get("Contents", ()):
            if found["Key"].endswith(f"/{_SUMMARY}.json"):
                yield found["Key"]


def _mend(s3: "S3Client", bucket: str, summary_key: str, rewritten: Collection[str]) -> bool:
    """Whether the export had to be mended. If this stops in between, it has to be still."""
    summary = _read(s3, bucket, summary_key)
    files_key = summary_key.removesuffix(f"{_SUMMARY}.json") + f"{_FILES}.json"
    lines = _body(s3, bucket, files_key).decode().splitlines()
    files = [json.loads(line) for line in lines if line.strip()]
    if not any(file["dataFileS3Key"] in rewritten for file in files):
        return False
    true = [_as_it_is(s3, bucket, file) if file["dataFileS3Key"] in rewritten else file for file in files]
    true_summary = {**summary, "itemCount": sum(file["itemCount"] for file in true)}
    if true != files:
        _write(s3, bucket, files_key, "".join(f"{json.dumps(file)}\n" for file in true))
    has_checksums = all(_is_checked(s3, bucket, key) for key in (files_key, summary_key))
    if true == files and true_summary == summary and has_checksums:
        return False
    _check(s3, bucket, files_key, _body(s3, bucket, files_key))
    content = json.dumps(true_summary).encode()
    _check(s3, bucket, summary_key, content)
    _write(s3, bucket, summary_key, content.decode())
    return True


def _as_it_is(s3: "S3Client", bucket: str, file: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's entry of a data file, as the file is now, if it was rewritten here."""
    head = s3.head_object(Bucket=bucket, Key=file["dataFileS3Key"])
    told = head["Metadata"]
    if ROWS not in told:
        return dict(file)
    return {
        **file, "itemCount": int(told[ROWS]), "md5Checksum": told[MD5], "etag": head["ETag"].strip('"')
    }  # fmt: skip


def _is_checked(s3: "S3Client", bucket: str, key: str) -> bool:
    """Whether the object has the checksum that its checksum objects say."""
    expected = checksum(_body(s3, bucket, key))
    return all(_body(s3, bucket, name).decode().strip() == expected for name in _checksums(s3, bucket, key))


def _check(s3: "S3Client", bucket: str, key: str, content: bytes) -> None:
    """Write the checksum of the object where there was one."""
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
