"""Objects are fetched exactly as they were announced, or told to be unreadable and why."""

import base64
import gzip
import hashlib
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from jobs.intake.first_events import FROM, MD5
from jobs.intake.manifest import FirstEvent, ManifestFile
from jobs.reading import fetch as objects
from jobs.reading.fetch import SupersededFile, fetch, unreadable
from jobs.reading.formats import compression
from jobs.reading.formats.rows import UnreadableFile
from jobs.runtime.s3 import s3_client
from tests.jobs.builders import manifest_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def _own_client() -> Iterator[None]:
    s3_client.cache_clear()
    yield
    s3_client.cache_clear()


def put(s3: "S3Client", body: bytes) -> str:
    return s3.put_object(Bucket="raw", Key="a", Body=body)["ETag"].strip('"')


def test_gzip_is_undone(s3: "S3Client") -> None:
    etag = put(s3, gzip.compress(b"hello"))

    with fetch(manifest_file("a", etag=etag, format="csv.gz")).content as content:
        assert content.read() == b"hello"


def test_a_zip_archive_is_unpacked_and_its_file_tells_the_format(s3: "S3Client") -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("May.JSONL", "hello")
    etag = put(s3, target.getvalue())

    for name, found in (("zip", "jsonl"), ("csv.zip", "csv")):
        fetched = fetch(manifest_file("a", etag=etag, format=name))
        with fetched.content as content:
            assert (fetched.format, content.read()) == (found, b"hello")


@pytest.mark.parametrize("body", [gzip.compress(b"hello" * 100, mtime=0)[:-12], b"no gzip"])
def test_a_gzip_that_breaks_off_yields_not_even_its_first_rows(s3: "S3Client", body: bytes) -> None:
    etag = put(s3, body)

    with pytest.raises(UnreadableFile, match="gzip: expected a complete gzip file"):
        fetch(manifest_file("a", etag=etag, format="csv.gz"))


def test_a_gzip_that_is_larger_than_can_be_meant_is_given_up_in_time_and_in_little_memory(
    s3: "S3Client",
) -> None:
    bomb = gzip.compress(bytes(200_000_000))
    etag = put(s3, bomb)

    tracemalloc.start()
    with pytest.raises(UnreadableFile, match="gzip: expected at most 67108864 bytes of a file of this size"):
        fetch(manifest_file("a", etag=etag, size=len(bomb), format="csv.gz"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 4 * objects.IN_MEMORY


def test_what_the_platform_itself_wrote_is_read_however_small_it_was_made(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "SMALL", 0)
    packed = gzip.compress(bytes(1_000_000))
    etag = put(s3, packed)
    of_stream = manifest_file("a", etag=etag, size=len(packed), format="jsonl.gz", door="stream")

    with fetch(of_stream).content as content:
        assert content.read() == bytes(1_000_000)


def test_a_gzip_of_rows_that_are_much_alike_is_read(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "SMALL", 0)
    rows = b'{"product_id":1,"department":"GROCERY","brand":"National"}\n' * 1000
    packed = gzip.compress(rows)
    etag = put(s3, packed)

    with fetch(manifest_file("a", etag=etag, size=len(packed), format="jsonl.gz")).content as content:
        assert content.read() == rows


def why_unreadable(file: ManifestFile) -> UnreadableFile:
    with pytest.raises(ClientError) as raised:
        fetch(file)
    return unreadable(raised.value, file)


def test_an_object_that_is_gone_is_told(s3: "S3Client") -> None:
    assert str(why_unreadable(manifest_file("a"))).startswith("gone: ")


def test_an_object_that_was_replaced_is_superseded(s3: "S3Client") -> None:
    etag = put(s3, b"old")
    put(s3, b"new")

    found = why_unreadable(manifest_file("a", etag=etag))

    assert isinstance(found, SupersededFile)
    assert str(found).startswith(f"superseded: expected the object with etag {etag}")


def test_an_object_in_an_archive_is_told_with_the_way_out(s3: "S3Client") -> None:
    s3.put_object(Bucket="raw", Key="a", Body=b"id\n1\n", StorageClass="GLACIER")
    etag = s3.head_object(Bucket="raw", Key="a")["ETag"].strip('"')

    reason = str(why_unreadable(manifest_file("a", etag=etag)))

    assert reason.startswith("archived: expected an object that S3 hands out")
    assert "restore it, then glueline replay --quarantine" in reason


def test_in_a_versioned_bucket_the_announced_version_is_read(s3: "S3Client") -> None:
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="raw", Key="a", Body=b"old")["VersionId"]
    put(s3, b"new")

    with fetch(manifest_file("a", version_id=version)).content as content:
        assert content.read() == b"old"


def test_what_may_pass_is_no_fault_of_the_file(s3: "S3Client") -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        fetch(manifest_file("a", bucket="elsewhere"))


FIRST = FirstEvent("2026-11-01T12:00:00+00:00", "00a1")
BODY = b"id\n" * 1000
OF_BODY = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    ("metadata", "known", "is_first"),
    [
        ({FROM: "v1 e1", MD5: OF_BODY}, {"v1 e1": FIRST}, True),
        ({FROM: "v1 e1", MD5: OF_BODY}, {}, False),
        ({FROM: "v1 e1", MD5: OF_BODY}, {"v2 e2": FIRST}, False),
        ({FROM: "v1 e1", MD5: "of other content"}, {"v1 e1": FIRST}, False),
        ({FROM: "v1 e1"}, {"v1 e1": FIRST}, False),
        ({}, {"v1 e1": FIRST}, False),
        ({"glueline-announced-at": "9999-01-01T00:00:00+00:00"}, {}, False),
        ({"glueline-announced-at": "yesterday"}, {"v1 e1": FIRST}, False),
    ],
)
def test_what_erase_wrote_anew_came_with_its_first_event(
    s3: "S3Client", metadata: dict[str, str], known: dict[str, FirstEvent], is_first: bool
) -> None:
    etag = s3.put_object(Bucket="raw", Key="a", Body=BODY, Metadata=metadata)["ETag"].strip('"')
    file = manifest_file("a", etag=etag, sequencer="00ff", first_events=known)

    content, _, *event = fetch(file)

    with content:
        assert content.read() == BODY
    assert event == ([FIRST.event_time, FIRST.sequencer] if is_first else [file.event_time, "00ff"])
