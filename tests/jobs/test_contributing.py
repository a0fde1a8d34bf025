"""What CONTRIBUTING says of a new file format and a new door is enough: one of each is added here and used.

The toy format is a number and a text on each line, with a bar between them. The toy door takes files of it.
"""

import gzip
import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.doors.drop import parse_drop
from jobs.doors.parsers import PARSERS
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.raw_versions import list_versions
from jobs.erasure.row_filter import rewrite
from jobs.intake.doors import DOORS, Door, doors_of_rows, live_doors
from jobs.intake.manifest import ManifestFile, classify
from jobs.reading.fetch import fetch
from jobs.reading.formats.registry import FORMATS, format_named, read_rows
from jobs.reading.formats.rows import FileFormat, KeysToErase, ReceivedRow, RowCounts, received_row
from jobs.reading.received import IS_UNTYPED
from tests.jobs.builders import ENTITIES, manifest_file, received

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

KEY = "mails/entities/2026/a.bar.gz"


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    for number, line in enumerate(file, 1):
        identity, _, name = line.decode().rstrip().partition("|")
        yield received_row(number, {"id": identity, "name": name})


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    rows = erased = 0
    for line in source:
        is_erased = keys.own_values({"id": [line.decode().partition("|")[0]]})
        rows, erased = rows + 1, erased + is_erased
        if target is not None and not is_erased:
            target.write(line)
    return RowCounts(rows, erased)


def parse_mail(received: DataFrame, contract: Contract) -> DataFrame:
    return parse_drop(received, contract).withColumn("_source", F.lit("mail"))


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "bar", FileFormat("bar", read, filter_rows, is_untyped=True))
    mail = Door("mail", "mails/", "rows", {"bar": "bar", "bar.gz": "bar.gz"}, is_live=True)
    monkeypatch.setitem(DOORS, mail.name, mail)
    monkeypatch.setitem(PARSERS, mail.name, parse_mail)


@pytest.fixture
def landed(s3: "S3Client") -> ManifestFile:
    """A file of the toy format at the toy door."""
    body = gzip.compress(b"7|Ann\n8|Bob\n")
    etag = s3.put_object(Bucket="raw", Key=KEY, Body=body)["ETag"].strip('"')
    place = classify(KEY, ["entities"])
    assert isinstance(place, tuple), place
    dataset, door, file_format = place
    return manifest_file(KEY, etag=etag, size=len(body), dataset=dataset, door=door, format=file_format)


def test_a_file_of_a_new_format_is_read_and_parsed_at_a_new_door(
    small_data_spark: "SparkSession", landed: ManifestFile
) -> None:
    fetched = fetch(landed)
    with fetched.content as content:
        rows = list(read_rows(fetched.format, content, ENTITIES))
    frame = received(small_data_spark, [str(row.payload) for row in rows]).withColumn(
        IS_UNTYPED, F.lit(format_named(fetched.format).is_untyped)
    )

    parsed = PARSERS[landed.door](frame, ENTITIES).orderBy("id").collect()

    assert [(row["id"], row["name"], row["reasons"], row["_source"]) for row in parsed] == [
        (7, "Ann", [], "mail"),
        (8, "Bob", [], "mail"),
    ]


def test_an_erasure_searches_a_new_door_and_writes_a_new_format_again(
    s3: "S3Client", landed: ManifestFile
) -> None:
    [version] = list_versions(s3, "raw", ENTITIES)
    target = io.BytesIO()
    with s3.get_object(Bucket="raw", Key=version.key)["Body"] as body:
        source = io.BytesIO(body.read())

    counts = rewrite(str(version.form), source, ErasedKeys.of(ENTITIES, ["7"]), target)

    assert (version.key, counts) == (landed.key, RowCounts(2, 1))
    assert gzip.decompress(target.getvalue()) == b"8|Bob\n"


def test_a_new_door_of_rows_is_as_the_drop_in_freshness_and_parity(toys: None) -> None:
    assert "mail" in live_doors()
    assert "mail" in doors_of_rows()
