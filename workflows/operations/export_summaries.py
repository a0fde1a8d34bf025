"""The summaries of exports, by which their data files are announced.

A batch reads the data files of an export because its summary was announced; intake ignores a message about a
data file alone. So to read one of them again is to announce the whole export again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from jobs.intake.doors import EXPORT_SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobs.intake.manifest import ManifestFile

_FOLDER: Final = "/AWSDynamoDB/"


def summaries_of(s3: Any, files: Iterable[ManifestFile]) -> dict[str, ManifestFile]:
    """Key of a data file -> the newest summary that lists it; files without one are left out."""
    by_folder: dict[tuple[str, str], dict[str, ManifestFile]] = {}
    for file in files:
        folder = file.key.partition(_FOLDER)[0] + _FOLDER
        by_folder.setdefault((file.bucket, folder), {})[file.key] = file
    found: dict[str, ManifestFile] = {}
    for (bucket, folder), wanted in by_folder.items():
        for summary in sorted(_summaries(s3, bucket, folder), key=lambda one: one["LastModified"]):
            for key in wanted.keys() & set(_data_files(s3, bucket, summary["Key"])):
                found[key] = _announced(wanted[key], summary)
    return found


def _summaries(s3: Any, bucket: str, folder: str) -> Iterator[Any]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
        for item in page.get("Contents", ()):
            if item["Key"].endswith(f"/{EXPORT_SUMMARY}"):
                yield item


def _data_files(s3: Any, bucket: str, summary: str) -> Iterator[str]:
    """The keys of the data files of an export; none if its list is gone."""
    key = summary.removesuffix(EXPORT_SUMMARY) + "manifest-files.json"
    try:
        lines = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines()
    except s3.exceptions.NoSuchKey:
        return
    yield from (json.loads(line)["dataFileS3Key"] for line in lines if line.strip())


def _announced(file: ManifestFile, summary: Any) -> ManifestFile:
    """The summary as the object that a message announces, as it is now."""
    return replace(
        file,
        key=summary["Key"],
        etag=summary["ETag"].strip('"'),
        version_id=None,
        size=summary["Size"],
        event_time=summary["LastModified"].isoformat(),
        format=EXPORT_SUMMARY,
        md5=None,
        items=None,
    )
