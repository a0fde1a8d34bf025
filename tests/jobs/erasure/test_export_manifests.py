"""Exports add up again after rows were taken out of them, and damage by others still shows."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from jobs.erasure import export_manifests, raw_versions
from jobs.erasure.export_manifests import mend_exports
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.raw_versions import Held, list_versions
from jobs.intake.doors import EXPORT_SUMMARY
from jobs.intake.export_manifest import UnreadableExport
from jobs.intake.manifest import ManifestFile
from jobs.reading.exports import open_export
from jobs.reading.fetch import fetch
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.builders import ENTITIES, SENT
from tests.jobs.erase_world import EXPORT, item, lines, put_export

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = f"{EXPORT}/data/0.json.gz"  # has items 7 and 9


@pytest.fixture
def exported(s3: "S3Client") -> str:
    """An export of three items, one of which has been taken out; the key of its summary."""
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    world: Any = SimpleNamespace(s3=s3, raw="raw")
    summary = put_export(world, item(7, 1, "Ann"), item(8, 1, "Bob"), item(9, 1, "Zoe"))
    [found] = [one for one in list_versions(s3, "raw", "entities") if one.key == DATA]
    held = Held(found.key, found.version_id, found.etag, True, found.form, 2, 1, None)
    raw_versions._replace("raw", held, ErasedKeys.of(ENTITIES, ["7"]))
    return summary


def files(s3: "S3Client", summary: str) -> dict[str, int | None]:
    """The data files of the export by its manifest, and their items; each of them is what that says."""
    export = ManifestFile("raw", summary, "", None, 1, SENT.isoformat(), "entities", "export", EXPORT_SUMMARY)
    opened = open_export(s3, export)
    for file in opened:
        fetch(file).content.close()
    return {file.key: file.items for file in opened}


def test_an_export_that_lost_items_does_not_add_up_until_it_is_mended(s3: "S3Client", exported: str) -> None:
    with pytest.raises(UnreadableFile, match="checksum"):
        files(s3, exported)

    assert mend_exports(s3, "raw", "entities", {DATA}) == 1
    assert files(s3, exported) == {DATA: 1, f"{EXPORT}/data/1.json.gz": 1}
    assert mend_exports(s3, "raw", "entities", {DATA}) == 0


@pytest.mark.parametrize("written", [1, 2, 3])
def test_mending_that_stopped_anywhere_is_finished(
    s3: "S3Client", exported: str, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    class Killed(Exception):
        pass

    write, left = export_manifests._write, iter(range(written))

    def write_some(*given: Any) -> None:
        if next(left, None) is None:
            raise Killed
        write(*given)

    with monkeypatch.context() as patch:
        patch.setattr(export_manifests, "_write", write_some)
        with pytest.raises(Killed):
            mend_exports(s3, "raw", "entities", {DATA})

    assert mend_exports(s3, "raw", "entities", {DATA}) == 1
    assert files(s3, exported) == {DATA: 1, f"{EXPORT}/data/1.json.gz": 1}


def test_exports_of_other_files_are_left_alone(s3: "S3Client", exported: str) -> None:
    assert mend_exports(s3, "raw", "entities", {"exports/entities/AWSDynamoDB/other/data/0.json.gz"}) == 0
    assert mend_exports(s3, "raw", "entities", ()) == 0
    with pytest.raises(UnreadableFile):
        files(s3, exported)


def test_a_file_that_was_damaged_otherwise_still_does_not_add_up(s3: "S3Client", exported: str) -> None:
    damaged = f"{EXPORT}/data/1.json.gz"
    s3.put_object(Bucket="raw", Key=damaged, Body=lines({"Item": item(8, 2, "Rob")}))

    mend_exports(s3, "raw", "entities", {DATA, damaged})

    with pytest.raises((UnreadableFile, UnreadableExport), match="checksum"):
        files(s3, exported)
