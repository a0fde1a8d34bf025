"""Objects that batches have read are removed in time; objects that are still needed are kept."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.intake.batches import Batches
from jobs.intake.doors import EXPORT
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.intake.results import CheckedBatch, MergedBatch
from jobs.maintenance.raw_retention import (
    is_due,
    remaining_objects,
    remove_certificates,
    remove_emptied_exports,
    remove_read,
)
from jobs.parity.certified import Certified
from tests.jobs.builders import SENT, manifest_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LATER = datetime.now(UTC) + timedelta(days=31)  # all that a test puts is past this time's retention
NEVER_COMPARED: dict[str, Certified] = {}


@pytest.fixture(autouse=True)
def versioned(s3: "S3Client") -> None:
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})


def land(s3: "S3Client", key: str, body: str = "a row", **changed: Any) -> ManifestFile:
    """Put an object at a door; the file of the manifest that would name it."""
    put = s3.put_object(Bucket="raw", Key=key, Body=body.encode())
    state = {"etag": put["ETag"].strip('"'), "version_id": put["VersionId"]}
    return manifest_file(key, **state | changed)


def merge(batches: Batches, batch_id: str, *files: ManifestFile) -> None:
    batches.open(Manifest(batch_id, SENT.isoformat(), files))
    batches.mark_checked(CheckedBatch(batch_id))
    batches.mark_merged(MergedBatch(batch_id))
    batches.close(batch_id)


def keys(s3: "S3Client", bucket: str = "raw", prefix: str = "") -> list[str]:
    """All keys, of old versions too."""
    found = s3.list_object_versions(Bucket=bucket, Prefix=prefix).get("Versions", [])
    return sorted(version["Key"] for version in found)


# --- what batches have read ---------------------------------------------------------------------------------


def test_a_merged_batch_is_removed_with_the_objects_that_it_read(s3: "S3Client", batches: Batches) -> None:
    files = [land(s3, key) for key in ("stream/things/a.jsonl.gz", "drops/things/b.csv")]
    merge(batches, "b1", *files)
    land(s3, "drops/things/never-announced.csv")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (2, 1)
    assert keys(s3) == ["drops/things/never-announced.csv"]
    assert keys(s3, "lake") == []


def test_nothing_is_removed_before_its_retention_ends(s3: "S3Client", batches: Batches) -> None:
    merge(batches, "b1", land(s3, "drops/things/a.csv"))

    assert remove_read(batches, datetime.now(UTC) - timedelta(minutes=1), NEVER_COMPARED) == (0, 0)
    assert keys(s3) == ["drops/things/a.csv"]


def test_an_object_that_was_replaced_loses_the_version_that_was_read_and_no_other(
    s3: "S3Client", batches: Batches
) -> None:
    merge(batches, "b1", land(s3, "drops/things/a.csv", "old"))
    land(s3, "drops/things/a.csv", "new")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (1, 1)
    assert keys(s3) == ["drops/things/a.csv"]
    assert s3.get_object(Bucket="raw", Key="drops/things/a.csv")["Body"].read() == b"new"


def test_without_a_version_id_the_content_identifies_what_was_read(s3: "S3Client", batches: Batches) -> None:
    merge(batches, "b1", land(s3, "drops/things/a.csv", "old", version_id=None))
    land(s3, "drops/things/a.csv", "new")
    land(s3, "drops/things/a.csv.gz", "old")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (1, 1)
    assert keys(s3) == ["drops/things/a.csv", "drops/things/a.csv.gz"]


def test_an_unfinished_batch_keeps_what_it_reads_even_if_an_older_batch_has_read_it(
    s3: "S3Client", batches: Batches
) -> None:
    again, other = land(s3, "drops/things/a.csv"), land(s3, "drops/things/b.csv")
    merge(batches, "b1", again)
    merge(batches, "b2", other)
    batches.open(Manifest("replay", SENT.isoformat(), (again,)))
    batches.s3.put_object(Bucket="lake", Key="open/just-begun", Body=b"")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (1, 1)
    assert keys(s3) == ["drops/things/a.csv"]
    assert {key.split("/")[1] for key in keys(s3, "lake", "batches/")} == {"b1", "replay"}


def test_a_batch_that_is_set_aside_keeps_what_it_reads(s3: "S3Client", batches: Batches) -> None:
    file = land(s3, "drops/things/a.csv")
    merge(batches, "b1", file)
    batches.open(Manifest("b1-things", SENT.isoformat(), (file,)))
    batches.set_aside("b1-things", "KeyError", SENT)
    batches.close("b1-things")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (0, 0)
    assert keys(s3) == ["drops/things/a.csv"]


def test_a_merged_batch_that_is_still_open_keeps_its_objects(s3: "S3Client", batches: Batches) -> None:
    merge(batches, "b1", land(s3, "drops/things/a.csv"))
    batches.s3.put_object(Bucket="lake", Key="open/b1", Body=b"")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (0, 0)


MERGED_AT = SENT
BEFORE, AFTER = SENT - timedelta(hours=1), SENT + timedelta(hours=1)


def certified(through: datetime | None) -> Certified:
    return Certified(through, (), frozenset())


DUE = [
    ({}, True),  # nothing was ever compared: merged and old is enough
    ({"other": certified(None)}, True),
    ({"things": certified(AFTER)}, True),
    ({"things": certified(MERGED_AT)}, True),
    ({"things": certified(BEFORE)}, False),  # not compared since
    ({"things": certified(None)}, False),  # compared, and never good
    ({"things": certified(AFTER), "events": certified(BEFORE)}, False),
]


@pytest.mark.parametrize(("certificates", "due"), DUE)
def test_a_batch_is_kept_until_certificates_cover_all_its_datasets(
    certificates: dict[str, Certified], due: bool
) -> None:
    files = (manifest_file("drops/things/a.csv"), manifest_file("drops/events/a.csv", dataset="events"))

    assert is_due(Manifest("b1", SENT.isoformat(), files), MERGED_AT, certificates) is due


@pytest.mark.parametrize("survivors", [("checked.json", "merged.json"), ("merged.json",)])
def test_a_run_that_stopped_after_the_objects_is_continued(
    s3: "S3Client", batches: Batches, survivors: tuple[str, ...]
) -> None:
    merge(batches, "b1")
    for step in {"manifest.json", "checked.json", "merged.json"} - set(survivors):
        s3.delete_object(Bucket="lake", Key=f"batches/b1/{step}")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (0, 1)
    assert keys(s3, "lake") == []


def test_a_run_that_stopped_between_two_objects_is_continued(s3: "S3Client", batches: Batches) -> None:
    files = [land(s3, f"drops/things/{name}.csv") for name in "ab"]
    merge(batches, "b1", *files)
    s3.delete_object(Bucket="raw", Key=files[0].key, VersionId=files[0].version_id or "")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (2, 1)
    assert keys(s3) == []


# --- exports ------------------------------------------------------------------------------------------------

FOLDER = "exports/things/AWSDynamoDB"


def export(s3: "S3Client", export_id: str, *names: str) -> tuple[ManifestFile, ...]:
    """An incremental export, whose data files lie in the folder that all of these share."""
    data = [f"{FOLDER}/data/{name}.json.gz" for name in names]
    lines = [json.dumps({"itemCount": 1, "md5Checksum": "x", "dataFileS3Key": key}) for key in data]
    summary = {
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "INCREMENTAL_EXPORT",
        "exportToTime": SENT.isoformat(),
        "itemCount": len(data),
        "manifestFilesS3Key": f"{FOLDER}/{export_id}/manifest-files.json",
    }
    for name, text in (("summary", json.dumps(summary)), ("files", "\n".join(lines))):
        digest = base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest())
        land(s3, f"{FOLDER}/{export_id}/manifest-{name}.json", text)
        land(s3, f"{FOLDER}/{export_id}/manifest-{name}.md5", digest.decode())
    land(s3, f"{FOLDER}/{export_id}/_started", "")
    return tuple(land(s3, key, door=EXPORT.name, format="jsonl.gz") for key in data)


def test_data_files_of_exports_are_removed_as_their_manifests_name_them(
    s3: "S3Client", batches: Batches
) -> None:
    merge(batches, "b1", *export(s3, "one", "a", "b"))
    export(s3, "two", "c")

    assert remove_read(batches, LATER, NEVER_COMPARED) == (2, 1)
    assert remove_emptied_exports(s3, "raw", LATER) == 5
    left = keys(s3)
    assert f"{FOLDER}/data/c.json.gz" in left
    assert {key.split("/")[3] for key in left} == {"data", "two"}


def test_an_export_that_cannot_be_read_is_not_removed(s3: "S3Client") -> None:
    land(s3, f"{FOLDER}/one/manifest-summary.json", "{}")

    assert remove_emptied_exports(s3, "raw", LATER) == 0
    assert remaining_objects(s3, "raw", LATER).overdue == 1


# --- what is left -------------------------------------------------------------------------------------------


def test_the_age_of_remaining_objects_is_known_by_dataset_old_versions_included(s3: "S3Client") -> None:
    land(s3, "drops/things/a.csv", "old")
    land(s3, "drops/things/a.csv", "new")
    land(s3, "stream/events/2026/11/24/12/a-1-2.jsonl.gz")
    land(s3, "aws/lambda/redriven/mapping/shard/x")
    land(s3, "elsewhere/b.csv")

    left = remaining_objects(s3, "raw", LATER)

    assert left.oldest.keys() == {"things", "events"}
    assert left.overdue == 3
    assert left.oldest_of("things") == left.oldest["things"]
    assert left.oldest_of("unknown") is None
    assert remaining_objects(s3, "raw", datetime.now(UTC) - timedelta(minutes=1)).overdue == 0


def test_a_failed_stream_batch_may_contain_changes_of_any_dataset(s3: "S3Client") -> None:
    land(s3, "aws/lambda/mapping/shard/x")

    left = remaining_objects(s3, "raw", LATER)

    assert left.oldest_of("things") == left.oldest[None]


def test_an_export_of_a_table_with_several_datasets_may_contain_changes_of_any(s3: "S3Client") -> None:
    land(s3, "exports/table=App/AWSDynamoDB/1/data/a.json.gz")

    left = remaining_objects(s3, "raw", LATER)

    assert left.oldest_of("things") == left.oldest[None]


def test_old_certificates_are_removed_except_the_newest_two_of_each_dataset(s3: "S3Client") -> None:
    names = [f"parity/{dataset}/{day}.json" for dataset in ("things", "events") for day in (1, 2, 3)]
    for name in [*names, "parity/things/open/4.json"]:
        s3.put_object(Bucket="lake", Key=name, Body=b"{}")

    assert remove_certificates(s3, "lake", datetime.now(UTC) - timedelta(minutes=1)) == 0
    assert remove_certificates(s3, "lake", LATER) == 2
    assert not [key for key in keys(s3, "lake") if key.endswith("/1.json")]
