"""An export opens when all of it is there; what is missing is waited for a day and then named."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from jobs.ingest.drain import IntakeQueue, drain
from jobs.intake.export_manifest import checksum
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.reading.exports import PATIENCE, open_exports
from jobs.reading.fetch import fetch
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.builders import EVERY_TYPE, SENT, object_created

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from jobs.intake.batches import Batches

FOLDER = "exports/things/AWSDynamoDB/01-a"
KEY = f"{FOLDER}/manifest-summary.json"
DATA = f"{FOLDER}/data/one.json.gz"
CONTRACTS = {"things": EVERY_TYPE}


def put_export(s3: "S3Client", *, suffix: str = "md5", claimed: int = 2) -> None:
    """An export of two items, with one file that is there."""
    body = gzip.compress(b'{"Item":{}}\n' * 2, mtime=0)
    s3.put_object(Bucket="raw", Key=DATA, Body=body)
    entry = {"itemCount": claimed, "md5Checksum": checksum(body), "etag": "x", "dataFileS3Key": DATA}
    summary = {
        "manifestFilesS3Key": f"{FOLDER}/manifest-files.json",
        "itemCount": claimed,
        "outputFormat": "DYNAMODB_JSON",
        "exportTime": "2026-11-24T11:00:00.000Z",
    }
    for name, content in (("manifest-files", entry), ("manifest-summary", summary)):
        text = json.dumps(content).encode()
        s3.put_object(Bucket="raw", Key=f"{FOLDER}/{name}.json", Body=text)
        s3.put_object(Bucket="raw", Key=f"{FOLDER}/{name}.{suffix}", Body=checksum(text).encode())


def announced(key: str = KEY) -> Manifest:
    file = ManifestFile(
        "raw", key, "e", None, 1, SENT.isoformat(), "things", "export", "manifest-summary.json"
    )
    return Manifest("b1", SENT.isoformat(), (file,))


@pytest.mark.parametrize("suffix", ["md5", "checksum"])
def test_an_export_becomes_its_data_files(s3: "S3Client", suffix: str) -> None:
    put_export(s3, suffix=suffix)

    (file,) = open_exports(s3, announced(), SENT).manifest.files

    assert (file.key, file.door, file.format, file.items) == (DATA, "export", "jsonl.gz", 2)
    assert file.event_time == datetime(2026, 11, 24, 11, tzinfo=UTC).isoformat()
    with fetch(file).content as content:
        assert content.read() == b'{"Item":{}}\n' * 2


def test_an_export_of_a_table_is_read_for_each_of_its_datasets(s3: "S3Client") -> None:
    put_export(s3)

    opened = open_exports(s3, announced(), SENT, {"things": ("orders", "tickets")}).manifest

    assert [(file.key, file.dataset) for file in opened.files] == [(DATA, "orders"), (DATA, "tickets")]
    assert opened.datasets == ["orders", "tickets"]


def test_a_data_file_that_is_not_as_its_manifest_says_is_not_read(s3: "S3Client") -> None:
    put_export(s3, claimed=3)
    (file,) = open_exports(s3, announced(), SENT).manifest.files
    with pytest.raises(UnreadableFile, match=r"itemCount: expected 3 items .* got 2"):
        fetch(file)

    put_export(s3)
    s3.put_object(Bucket="raw", Key=DATA, Body=gzip.compress(b"{}\n{}\n"))
    (file,) = open_exports(s3, announced(), SENT).manifest.files
    with pytest.raises(UnreadableFile, match=r"checksum: expected MD5 .* request the export again"):
        fetch(file)


@pytest.mark.parametrize("missing", [DATA, f"{FOLDER}/manifest-files.json", f"{FOLDER}/manifest-summary.md5"])
def test_what_is_missing_is_waited_for_and_then_named(s3: "S3Client", missing: str) -> None:
    put_export(s3)
    s3.delete_object(Bucket="raw", Key=missing)

    early = open_exports(s3, announced(), SENT + timedelta(minutes=1))
    late = open_exports(s3, announced(), SENT + PATIENCE)

    assert (early.manifest.files, early.manifest.refused) == ((), ())
    assert early.waiting == {("raw", KEY)}
    (refused,) = late.manifest.refused
    assert refused.key == f"s3://raw/{KEY}"
    assert refused.reason.startswith("incomplete: ")
    assert missing.removesuffix(".md5") in refused.reason


def test_an_export_that_waits_stays_in_the_queue_and_is_no_backlog(
    s3: "S3Client", sqs: "SQSClient", queue_url: str, batches: "Batches"
) -> None:
    put_export(s3)
    s3.delete_object(Bucket="raw", Key=DATA)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for key in (KEY, f"{FOLDER}/_started", DATA):
        message = json.loads(object_created(key)) | {"time": now}
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))

    drained = drain(IntakeQueue(sqs, queue_url, "b1"), batches, CONTRACTS)

    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    depth = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]  # type: ignore[arg-type]
    assert drained is None
    assert [depth[name] for name in names] == ["0", "1"]  # type: ignore[index]
    assert batches.begun() == []


def failing(error: Exception) -> Any:
    """A client of S3 that fails for one export, and reads the other."""
    real = boto3.client("s3")

    def get_object(Bucket: str, Key: str) -> Any:
        if "01-bad" in Key:
            raise error
        return real.get_object(Bucket=Bucket, Key=Key)

    return SimpleNamespace(get_object=get_object, head_object=real.head_object, exceptions=real.exceptions)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("AccessDenied", 403, "permission: "),
        ("InvalidObjectState", 403, "archived: "),
        ("InventedTomorrow", 400, "s3: "),
        ("SlowDown", 503, None),
    ],
)
def test_what_is_raised_for_an_export_ends_that_export_alone(
    s3: "S3Client", code: str, status: int, reason: str | None
) -> None:
    put_export(s3)
    (good,), (bad,) = announced().files, announced(KEY.replace("01-a", "01-bad")).files
    said: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    manifest = Manifest("b1", SENT.isoformat(), (bad, good))

    opened = open_exports(failing(ClientError(said, "GetObject")), manifest, SENT)

    assert [file.key for file in opened.manifest.files] == [DATA]
    if reason is None:  # it is asked for again
        assert opened.manifest.refused == ()
        assert opened.waiting == {("raw", bad.key)}
    else:
        (refused,) = opened.manifest.refused
        assert (refused.key, refused.reason[: len(reason)]) == (bad.source_file, reason)


@pytest.mark.parametrize("error", [KeyError("a"), TypeError(), RecursionError(), MemoryError()], ids=repr)
def test_an_error_that_nobody_thought_of_ends_that_export_alone(s3: "S3Client", error: Exception) -> None:
    put_export(s3)
    (good,), (bad,) = announced().files, announced(KEY.replace("01-a", "01-bad")).files

    opened = open_exports(failing(error), Manifest("b1", SENT.isoformat(), (bad, good)), SENT)

    assert [file.key for file in opened.manifest.files] == [DATA]
    assert [refused.key for refused in opened.manifest.refused] == [bad.source_file]
