"""Versions of RAW objects: all are looked at, and rows are taken out of them so that nothing else is lost."""

import gzip
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from jobs.erasure import raw_versions
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.raw_versions import (
    ChangedMeanwhile,
    Held,
    RawVersion,
    form_of,
    list_versions,
    look,
    take_out,
)
from jobs.erasure.row_filter import rewrite
from jobs.intake.export_manifest import checksum
from jobs.intake.first_events import FROM, MD5, ROWS
from tests.jobs.builders import ENTITIES
from tests.jobs.erase_world import STREAM_ARN, drop, lines

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


def put(s3: "S3Client", key: str, body: bytes, **told: Any) -> None:
    s3.put_object(Bucket="raw", Key=key, Body=body, **told)


def versions(s3: "S3Client", key: str) -> list[bytes]:
    """The content of the object's versions, the newest first."""
    found = s3.list_object_versions(Bucket="raw", Prefix=key).get("Versions", ())
    return [
        s3.get_object(Bucket="raw", Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        for one in found
    ]


def held(s3: "S3Client", key: str = FILE, place: int = 0, **changed: Any) -> Held:
    """What looking finds of a version of the object: of two rows, one to be erased."""
    found = [one for one in list_versions(s3, "raw", "entities") if one.key == key][place]
    told = {"rows": 2, "erased": 1, "problem": None} | changed
    return Held(found.key, found.version_id, found.etag, found.is_latest, found.form, **told)


def act(one: Held) -> None:
    """What one Spark task does to it, here."""
    row = {name: getattr(one, name) for name in Held.__dataclass_fields__}
    raw_versions._take_out("raw", SEVEN, row)


# --- which versions there are -------------------------------------------------------------------------------


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
        ("drops/entities/a.xlsx", None),
        ("exports/entities/AWSDynamoDB/1/data/x.json.gz", "jsonl.gz"),
        ("exports/entities/AWSDynamoDB/1/data/x.ion.gz", None),
        ("aws/lambda/m/shard/2026/11/24/time-uuid", "failure"),
        ("aws/lambda/redriven/m/shard/2026/11/24/time-uuid", "failure"),
    ],
)
def test_an_object_is_read_as_its_door_reads_it(key: str, form: str | None) -> None:
    assert form_of(key) == form


def test_every_version_is_listed_and_nothing_that_has_no_rows(raw: "S3Client") -> None:
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

    found = [(one.key, one.is_latest) for one in list_versions(raw, "raw", "entities")]

    assert sorted(found) == [
        ("aws/lambda/a", True),
        ("drops/entities/a.csv", False),
        ("drops/entities/a.csv", True),
        ("stream/entities/a.jsonl.gz", False),  # under a mark of deletion
    ]


def test_looking_tells_what_holds_rows_and_what_none_can_tell(spark: "SparkSession", raw: "S3Client") -> None:
    put(raw, FILE, BOTH)
    put(raw, FILE, REST)
    put(raw, "drops/entities/odd.csv", b"identity\n7\n")
    put(raw, "drops/entities/odd.xlsx", b"7")
    put(raw, "stream/entities/a.jsonl.gz", lines({"Keys": {"_key": {"S": "7"}}}, {"id": 8})[:-9])
    given_up = json.dumps({"DDBStreamBatchInfo": {"streamArn": STREAM_ARN}}).encode()
    put(raw, "aws/lambda/new", given_up)
    listed = list(list_versions(raw, "raw", "entities"))
    old = RawVersion("aws/lambda/new", listed[0].version_id, "", 9, True, "failure", 25 * 3600)

    looked = look(spark, "raw", [*listed, old], SEVEN)

    assert (looked.versions, looked.rows) == (7, 3)
    told = {(one.key, one.is_latest): one.problem or one.erased for one in looked.held}
    assert told.pop((FILE, False)) == 1
    assert {key: str(problem).partition(":")[0] for (key, _), problem in told.items()} == {
        "aws/lambda/new": "failure",  # the stream may have its records still; of the old one it has none
        "drops/entities/odd.csv": "header",
        "drops/entities/odd.xlsx": "name",
        "stream/entities/a.jsonl.gz": "gzip",
    }
    assert looked.held[0].folder == "aws"


def test_a_version_that_is_gone_by_then_has_no_rows(spark: "SparkSession", raw: "S3Client") -> None:
    put(raw, FILE, BOTH)
    listed = list(list_versions(raw, "raw", "entities"))
    raw.delete_object(Bucket="raw", Key=FILE, VersionId=listed[0].version_id)

    assert look(spark, "raw", listed, SEVEN) == raw_versions.Looked(1, 0, ())
    assert look(spark, "raw", [], SEVEN) == raw_versions.Looked(0, 0, ())


# --- taking rows out of them --------------------------------------------------------------------------------


def test_the_newest_version_is_replaced_and_others_go(spark: "SparkSession", raw: "S3Client") -> None:
    put(raw, FILE, BOTH)
    put(raw, FILE, drop((9, "Zoe")))
    put(raw, FILE, BOTH, ContentType="text/csv", Metadata={"from": "a partner"})

    take_out(spark, "raw", [held(raw), held(raw, place=2)], SEVEN)

    assert versions(raw, FILE) == [REST, drop((9, "Zoe"))]
    head = raw.head_object(Bucket="raw", Key=FILE)
    told = head["Metadata"]
    assert (head["ContentType"], told["from"], told[ROWS]) == ("text/csv", "a partner", "1")
    assert told[MD5] == checksum(REST)


def test_a_rewriting_that_stopped_before_the_old_version_went_is_finished(
    raw: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    put(raw, FILE, BOTH)
    old = held(raw)

    class Killed(Exception):
        pass

    def die(**_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(raw_versions._s3(), "delete_object", die)
        with pytest.raises(Killed):
            act(old)
    in_between = versions(raw, FILE)
    act(old)  # the same task, tried again
    act(old)

    assert in_between == [REST, BOTH]
    assert versions(raw, FILE) == [REST]


def test_an_object_that_was_replaced_meanwhile_is_left_alone(raw: "S3Client") -> None:
    put(raw, FILE, BOTH)
    old = held(raw)
    put(raw, FILE, drop((9, "Zoe")))

    with pytest.raises(ChangedMeanwhile, match="again"):
        act(old)
    assert versions(raw, FILE) == [drop((9, "Zoe")), BOTH]


def test_an_object_that_is_replaced_at_the_last_moment_is_left_alone(
    raw: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    put(raw, FILE, BOTH)
    old = held(raw)

    def late(*given: Any) -> Any:
        put(raw, FILE, drop((9, "Zoe")))
        return rewrite(*given)

    monkeypatch.setattr(raw_versions, "rewrite", late)
    with pytest.raises(ChangedMeanwhile):
        act(old)
    assert versions(raw, FILE) == [drop((9, "Zoe")), BOTH]


def test_a_bucket_without_versions_has_the_one_state(s3: "S3Client") -> None:
    put(s3, FILE, BOTH)
    put(s3, "aws/lambda/a", b"{}")
    old = held(s3)

    act(old)
    act(old)
    act(held(s3, "aws/lambda/a", rows=1, erased=1))

    assert s3.get_object(Bucket="raw", Key=FILE)["Body"].read() == REST
    assert s3.head_object(Bucket="raw", Key=FILE)["Metadata"][FROM].startswith("null ")
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="raw")["Contents"]] == [FILE]


@pytest.mark.parametrize("changed", [{"erased": 2}, {"problem": "failure: …"}], ids=["emptied", "unreadable"])
def test_what_goes_as_a_whole_uncovers_no_older_version(raw: "S3Client", changed: dict[str, Any]) -> None:
    for body in (b"older", b"newer"):
        put(raw, "aws/lambda/a", body)
    whole = held(raw, "aws/lambda/a", **changed)

    act(whole)
    act(whole)

    assert versions(raw, "aws/lambda/a") == [b"older"]
    assert "Contents" not in raw.list_objects_v2(Bucket="raw")
    assert len(raw.list_object_versions(Bucket="raw")["DeleteMarkers"]) == 1


def test_packed_objects_are_packed_again(raw: "S3Client") -> None:
    key = "stream/entities/a.jsonl.gz"
    put(raw, key, lines({"id": 7}, {"id": 8}))

    act(held(raw, key))

    [left] = versions(raw, key)
    assert gzip.decompress(left) == b'{"id": 8}\n'


@pytest.mark.parametrize("error", [RuntimeError("odd"), MemoryError(), BaseException("a panic of Rust")])
def test_whatever_reading_a_version_raises_is_a_problem_of_that_version_alone(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    s3.put_object(Bucket="raw", Key="drops/entities/a.csv", Body=b"id,name\n7,Ann\n")
    [version] = list_versions(s3, "raw", "entities")

    def fail(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(raw_versions, "filter_rows", fail)
    *_, problem = raw_versions._look("raw", SEVEN, asdict(version))

    assert problem.startswith(type(error).__name__)
