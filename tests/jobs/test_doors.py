"""Objects of all formats become one frame of received rows; what can't be read becomes a reason in it."""

import gzip
from typing import TYPE_CHECKING, Any

from jobs.doors import deal, receive
from tests.jobs.builders import ENTITIES, manifest_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from jobs.manifest import ManifestFile


def put(s3: "S3Client", key: str, body: bytes, **changed: Any) -> "ManifestFile":
    etag = s3.put_object(Bucket="raw", Key=key, Body=body)["ETag"].strip('"')
    return manifest_file(key, etag=etag, size=len(body), **changed)


def test_readable_and_unreadable_files_come_side_by_side(spark: "SparkSession", s3: "S3Client") -> None:
    files = [
        put(s3, "good.csv", b"id,name\n1,a\n2,b,c\n", sequencer="00a1"),
        put(s3, "good.jsonl.gz", gzip.compress(b'{"id":3}\n'), format="jsonl.gz"),
        put(s3, "cut.jsonl.gz", gzip.compress(b'{"id":4}\n' * 99)[:-9], format="jsonl.gz"),
        put(s3, "other.csv", b"a,b\n1,2\n"),
        put(s3, "none.parquet", b"PAR1", format="parquet"),
        put(s3, "empty.csv", b""),
        manifest_file("gone.csv"),
    ]

    found = receive(spark, files, ENTITIES).drop("event_time").collect()

    rows = {(row["source_file"], row["row_number"]): (row["payload"], row["problem"]) for row in found}
    reasons = {name.rpartition("/")[2]: str(problem) for (name, _), (_, problem) in rows.items() if problem}
    assert rows["s3://raw/good.csv", 1] == ('{"id": "1", "name": "a"}', None)
    assert rows["s3://raw/good.jsonl.gz", 3 - 2] == ('{"id":3}', None)
    assert {name: text.partition(":")[0] for name, text in reasons.items()} == {
        "good.csv": "csv",
        "cut.jsonl.gz": "gzip",
        "other.csv": "header",
        "none.parquet": "parquet",
        "gone.csv": "gone",
    }
    assert len(found) == 7
    assert {row["source_file"] for row in found if row["sequencer"] == "00a1"} == {"s3://raw/good.csv"}


def test_files_are_dealt_by_size_and_no_task_is_idle() -> None:
    files = [manifest_file(str(size), size=size) for size in (50, 10, 10, 10, 20)]

    shares = deal(files, parallelism=2)

    assert sorted(sorted(file.size for file in share) for share in shares) == [[10, 10, 10, 20], [50]]


def test_many_bytes_make_more_tasks_than_run_at_once() -> None:
    files = [manifest_file(str(number), size=32 * 1024 * 1024) for number in range(6)]

    assert [len(share) for share in deal(files, parallelism=2)] == [1] * 6
