"""Exports match their manifests again after rows were removed, and other damage still shows."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from jobs.erasure.export_manifests import update_exports
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.raw_rewrite import remove_from_version
from jobs.intake.doors import EXPORT_SUMMARY
from jobs.intake.export_manifest import UnreadableExport
from jobs.intake.manifest import ManifestFile
from jobs.reading.exports import open_export
from jobs.reading.fetch import fetch
from jobs.reading.formats.rows import UnreadableFile
from tests.crashing import crash_at
from tests.jobs.builders import ENTITIES, SENT
from tests.jobs.erasure_pipeline import EXPORT, affected_version, item, lines, put_export

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = f"{EXPORT}/data/0.json.gz"  # has items 7 and 9


@pytest.fixture
def exported(s3: "S3Client") -> str:
    """An export of three items, one of which was removed; the key of its summary."""
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    pipeline: Any = SimpleNamespace(s3=s3, raw="raw")
    summary = put_export(pipeline, item(7, 1, "Ann"), item(8, 1, "Bob"), item(9, 1, "Zoe"))
    remove_from_version("raw", affected_version(s3, DATA), ErasedKeys.of(ENTITIES, ["7"]))
    return summary


def files(s3: "S3Client", summary: str) -> dict[str, int | None]:
    """The data files of the export and their numbers of items, each file as its manifest says."""
    export = ManifestFile("raw", summary, "", None, 1, SENT.isoformat(), "entities", "export", EXPORT_SUMMARY)
    opened = open_export(s3, export)
    for file in opened:
        fetch(file).content.close()
    return {file.key: file.items for file in opened}


def test_an_export_with_rewritten_files_matches_its_manifest_after_the_update(
    s3: "S3Client", exported: str
) -> None:
    with pytest.raises(UnreadableFile, match="checksum"):
        files(s3, exported)

    assert update_exports(s3, "raw", ENTITIES, {DATA}) == 1
    assert files(s3, exported) == {DATA: 1, f"{EXPORT}/data/1.json.gz": 1}
    assert update_exports(s3, "raw", ENTITIES, {DATA}) == 0


@pytest.mark.parametrize("written", [1, 2, 3])
def test_an_update_that_stopped_at_any_point_is_finished(s3: "S3Client", exported: str, written: int) -> None:
    with crash_at(s3, "put_object", call=written + 1):
        update_exports(s3, "raw", ENTITIES, {DATA})

    assert update_exports(s3, "raw", ENTITIES, {DATA}) == 1
    assert files(s3, exported) == {DATA: 1, f"{EXPORT}/data/1.json.gz": 1}


def test_exports_of_other_files_are_not_changed(s3: "S3Client", exported: str) -> None:
    assert update_exports(s3, "raw", ENTITIES, {"exports/entities/AWSDynamoDB/other/data/0.json.gz"}) == 0
    assert update_exports(s3, "raw", ENTITIES, ()) == 0
    with pytest.raises(UnreadableFile):
        files(s3, exported)


def test_a_file_that_was_damaged_otherwise_still_does_not_match(s3: "S3Client", exported: str) -> None:
    damaged = f"{EXPORT}/data/1.json.gz"
    s3.put_object(Bucket="raw", Key=damaged, Body=lines({"Item": item(8, 2, "Rob")}))

    update_exports(s3, "raw", ENTITIES, {DATA, damaged})

    with pytest.raises((UnreadableFile, UnreadableExport), match="checksum"):
        files(s3, exported)
