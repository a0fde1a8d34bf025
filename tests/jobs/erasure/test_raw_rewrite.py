"""Rows are removed from versions of RAW objects, and nothing else is lost."""

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from jobs.erasure import raw_rewrite
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.raw_rewrite import ObjectReplaced, remove_from_version, remove_from_versions
from jobs.erasure.row_filter import rewrite
from jobs.intake.export_manifest import checksum
from jobs.intake.first_events import FROM, MD5, ROWS
from jobs.reading.fetch import fetch
from jobs.reading.formats.registry import read_rows
from jobs.runtime.s3 import s3_client
from tests.crashing import crash_at
from tests.jobs.builders import ENTITIES, manifest_file
from tests.jobs.erasure_pipeline import affected_version, drop, lines
from tests.jobs.reading.formats.example_files import example

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
SEVEN = ErasedKeys.of(ENTITIES, ["7"])
FILE = "drops/entities/a.csv"
BOTH, REST = drop((7, "Ann"), (8, "Bob")), drop((8, "Bob"))


@pytest.fixture
def raw(s3: "S3Client") -> "S3Client":
    """S3 with a RAW bucket that keeps versions."""
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    return s3


def put(s3: "S3Client", key: str, body: bytes, **headers: Any) -> None:
    s3.put_object(Bucket="raw", Key=key, Body=body, **headers)


def versions(s3: "S3Client", key: str) -> list[bytes]:
    """The content of the object's versions, the newest first."""
    found = s3.list_object_versions(Bucket="raw", Prefix=key).get("Versions", ())
    return [
        s3.get_object(Bucket="raw", Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        for one in found
    ]


def test_the_newest_version_is_replaced_and_older_ones_are_deleted(
    spark: "SparkSession", raw: "S3Client"
) -> None:
    put(raw, FILE, BOTH)
    put(raw, FILE, drop((9, "Zoe")))
    put(raw, FILE, BOTH, ContentType="text/csv", Metadata={"from": "a partner"})

    remove_from_versions(spark, "raw", [affected_version(raw), affected_version(raw, place=2)], SEVEN)

    assert versions(raw, FILE) == [REST, drop((9, "Zoe"))]
    head = raw.head_object(Bucket="raw", Key=FILE)
    metadata = head["Metadata"]
    assert (head["ContentType"], metadata["from"], metadata[ROWS]) == ("text/csv", "a partner", "1")
    assert metadata[MD5] == checksum(REST)


def test_a_rewrite_that_stopped_before_it_deleted_the_old_version_is_finished(
    raw: "S3Client",
) -> None:
    put(raw, FILE, BOTH)
    old = affected_version(raw)

    with crash_at(s3_client(), "delete_object"):
        remove_from_version("raw", old, SEVEN)
    in_between = versions(raw, FILE)
    remove_from_version("raw", old, SEVEN)  # the same task, tried again
    remove_from_version("raw", old, SEVEN)

    assert in_between == [REST, BOTH]
    assert versions(raw, FILE) == [REST]


def test_an_object_that_was_replaced_meanwhile_is_not_changed(raw: "S3Client") -> None:
    put(raw, FILE, BOTH)
    old = affected_version(raw)
    put(raw, FILE, drop((9, "Zoe")))

    with pytest.raises(ObjectReplaced, match="again"):
        remove_from_version("raw", old, SEVEN)
    assert versions(raw, FILE) == [drop((9, "Zoe")), BOTH]


def test_an_object_that_is_replaced_at_the_last_moment_is_not_changed(
    raw: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    put(raw, FILE, BOTH)
    old = affected_version(raw)

    def replace_first(*given: Any) -> Any:
        put(raw, FILE, drop((9, "Zoe")))
        return rewrite(*given)

    monkeypatch.setattr(raw_rewrite, "rewrite", replace_first)
    with pytest.raises(ObjectReplaced):
        remove_from_version("raw", old, SEVEN)
    assert versions(raw, FILE) == [drop((9, "Zoe")), BOTH]


def test_in_a_bucket_without_versions_the_one_state_is_replaced(s3: "S3Client") -> None:
    put(s3, FILE, BOTH)
    put(s3, "aws/lambda/a", b"{}")
    old = affected_version(s3)

    remove_from_version("raw", old, SEVEN)
    remove_from_version("raw", old, SEVEN)
    remove_from_version("raw", affected_version(s3, "aws/lambda/a", rows=1, erased=1), SEVEN)

    assert s3.get_object(Bucket="raw", Key=FILE)["Body"].read() == REST
    assert s3.head_object(Bucket="raw", Key=FILE)["Metadata"][FROM].startswith("null ")
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="raw")["Contents"]] == [FILE]


@pytest.mark.parametrize("changed", [{"erased": 2}, {"problem": "failure: …"}], ids=["emptied", "unreadable"])
def test_deleting_the_newest_version_uncovers_no_older_one(raw: "S3Client", changed: dict[str, Any]) -> None:
    for body in (b"older", b"newer"):
        put(raw, "aws/lambda/a", body)
    whole = affected_version(raw, "aws/lambda/a", **changed)

    remove_from_version("raw", whole, SEVEN)
    remove_from_version("raw", whole, SEVEN)

    assert versions(raw, "aws/lambda/a") == [b"older"]
    assert "Contents" not in raw.list_objects_v2(Bucket="raw")
    assert len(raw.list_object_versions(Bucket="raw")["DeleteMarkers"]) == 1


def test_compressed_objects_stay_compressed(raw: "S3Client") -> None:
    key = "stream/entities/a.jsonl.gz"
    put(raw, key, lines({"id": 7}, {"id": 8}))

    remove_from_version("raw", affected_version(raw, key), SEVEN)

    [left] = versions(raw, key)
    assert gzip.decompress(left) == b'{"id": 8}\n'


@pytest.mark.parametrize("file_format", ["xlsx", "xlsx.zip"])
def test_a_workbook_keeps_its_key_and_its_other_rows_are_read_as_before(
    raw: "S3Client", file_format: str
) -> None:
    key = f"drops/entities/a.{file_format}"
    rows: list[dict[str, str | None]] = [
        {"id": "6", "name": "Ann"},
        {"id": "7", "name": "Bob"},
        {"id": "8", "name": None},
    ]
    put(raw, key, example(file_format, ["id", "name"], rows))

    remove_from_version("raw", affected_version(raw, key), SEVEN)

    etag = raw.head_object(Bucket="raw", Key=key)["ETag"].strip('"')
    fetched = fetch(manifest_file(key, etag=etag, door="drop", format=file_format, size=10_000))
    with fetched.content as content:
        left = list(read_rows(fetched.format, content, ENTITIES))
    assert [(row.number, json.loads(str(row.payload))) for row in left] == [(2, rows[0]), (4, rows[2])]
