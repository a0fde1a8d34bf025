"""Versions of RAW objects: all of them are listed and searched."""

import json
from typing import TYPE_CHECKING, NoReturn

import pytest

from jobs.erasure import raw_versions
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.raw_versions import (
    RawSearch,
    RawVersion,
    form_of,
    list_versions,
    search_version,
    search_versions,
)
from tests.jobs.builders import ENTITIES
from tests.jobs.erasure_pipeline import STREAM_ARN, drop, lines

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

SEVEN = ErasedKeys.of(ENTITIES, ["7"])
FILE = "drops/entities/a.csv"
BOTH, REST = drop((7, "Ann"), (8, "Bob")), drop((8, "Bob"))


@pytest.fixture
def raw(s3: "S3Client") -> "S3Client":
    """S3 with a RAW bucket that keeps versions."""
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    return s3


def put(s3: "S3Client", key: str, body: bytes) -> None:
    s3.put_object(Bucket="raw", Key=key, Body=body)


@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("stream/entities/2026/11/24/12/a-1-2.jsonl.gz", "jsonl.gz"),
        ("stream/entities/a.txt", None),
        ("repairs/entities/r-0-0.jsonl.gz", "jsonl.gz"),
        ("drops/entities/a.CSV", "csv"),
        ("drops/entities/deep/a.csv.gz", "csv.gz"),
        ("drops/entities/a.jsonl", "jsonl"),
        ("drops/entities/a.parquet", "parquet"),
        ("drops/entities/a.xls", None),
        ("exports/entities/AWSDynamoDB/1/data/x.json.gz", "jsonl.gz"),
        ("exports/entities/AWSDynamoDB/1/data/x.ion.gz", None),
        ("aws/lambda/m/shard/2026/11/24/time-uuid", "failure"),
        ("aws/lambda/redriven/m/shard/2026/11/24/time-uuid", "failure"),
    ],
)
def test_an_object_is_read_as_its_door_reads_it(key: str, form: str | None) -> None:
    assert form_of(key) == form


def test_every_version_is_listed_but_those_without_rows(raw: "S3Client") -> None:
    for key in ("drops/entities/a.csv", "stream/entities/a.jsonl.gz", "aws/lambda/a", "drops/entities/a.csv"):
        put(raw, key, key.encode())
    raw.delete_object(Bucket="raw", Key="stream/entities/a.jsonl.gz")
    for key in (
        "drops/entities_old/a.csv",
        "drops/entities/empty.csv",
        "exports/entities/AWSDynamoDB/1/manifest-summary.json",
        "exports/entities/AWSDynamoDB/1/manifest-summary.checksum",
        "exports/entities/AWSDynamoDB/1/manifest-files.md5",
        "exports/entities/AWSDynamoDB/1/_started",
    ):
        put(raw, key, b"" if "empty" in key else b"x")

    found = [(one.key, one.is_latest) for one in list_versions(raw, "raw", ENTITIES)]

    assert sorted(found) == [
        ("aws/lambda/a", True),
        ("drops/entities/a.csv", False),
        ("drops/entities/a.csv", True),
        ("stream/entities/a.jsonl.gz", False),  # under a delete marker
    ]


def test_a_search_finds_the_versions_with_rows_and_those_that_cannot_be_searched(
    spark: "SparkSession", raw: "S3Client"
) -> None:
    put(raw, FILE, BOTH)
    put(raw, FILE, REST)
    put(raw, "drops/entities/odd.csv", b"identity\n7\n")
    put(raw, "drops/entities/odd.xls", b"7")
    put(raw, "stream/entities/a.jsonl.gz", lines({"Keys": {"_key": {"S": "7"}}}, {"id": 8})[:-9])
    given_up = json.dumps({"DDBStreamBatchInfo": {"streamArn": STREAM_ARN}}).encode()
    put(raw, "aws/lambda/new", given_up)
    listed = list(list_versions(raw, "raw", ENTITIES))
    old = RawVersion("aws/lambda/new", listed[0].version_id, "", 9, True, "failure", 25 * 3600)

    search = search_versions(spark, "raw", [*listed, old], SEVEN)

    assert (search.versions, search.rows) == (7, 3)
    found = {(one.key, one.is_latest): one.problem or one.erased for one in search.affected}
    assert found.pop((FILE, False)) == 1
    assert {key: str(problem).partition(":")[0] for (key, _), problem in found.items()} == {
        "aws/lambda/new": "failure",  # the stream may still have its records, unlike those of `old`
        "drops/entities/odd.csv": "header",
        "drops/entities/odd.xls": "name",
        "stream/entities/a.jsonl.gz": "gzip",
    }
    assert search.affected[0].folder == "aws"


def test_a_version_that_was_deleted_since_it_was_listed_has_no_rows(
    spark: "SparkSession", raw: "S3Client"
) -> None:
    put(raw, FILE, BOTH)
    listed = list(list_versions(raw, "raw", ENTITIES))
    raw.delete_object(Bucket="raw", Key=FILE, VersionId=listed[0].version_id)

    assert search_versions(spark, "raw", listed, SEVEN) == RawSearch(1, 0, ())
    assert search_versions(spark, "raw", [], SEVEN) == RawSearch(0, 0, ())


@pytest.mark.parametrize("error", [RuntimeError("odd"), MemoryError(), BaseException("a panic of Rust")])
def test_whatever_reading_a_version_raises_is_a_problem_of_that_version_alone(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    s3.put_object(Bucket="raw", Key="drops/entities/a.csv", Body=b"id,name\n7,Ann\n")
    [version] = list_versions(s3, "raw", ENTITIES)

    def fail(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(raw_versions, "filter_rows", fail)
    problem = search_version("raw", version, SEVEN).problem

    assert str(problem).startswith(type(error).__name__)
