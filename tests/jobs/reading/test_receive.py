"""Objects of all formats become one frame of received rows; what can't be read becomes a reason in it."""

import gzip
import io
import zoneinfo
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.orc import write_table as write_orc

from expectations.problems import RetryableError
from jobs.reading import receive as doors
from jobs.reading.fetch import Fetched
from jobs.reading.formats.rows import ReceivedRow
from jobs.reading.receive import deal, receive
from tests.jobs.builders import ENTITIES, manifest_file
from tests.jobs.reading.formats.example_files import EXAMPLES, example
from tests.jobs.reading.formats.workbooks import SHEET, part_of, with_part
from tests.properties import examples

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from jobs.intake.manifest import ManifestFile


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


class PanicException(BaseException):
    """As pyo3 raises it for a panic in Rust: no Exception."""


THROWN: list[BaseException] = [
    KeyError("CEST"),
    ValueError("no time"),
    OverflowError("too large"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    RecursionError("too deep"),
    MemoryError(),
    PanicException("called unwrap on None"),
    AssertionError(),
    StopIteration(),
    OSError("Couldn't deserialize thrift: TProtocolException"),
    pa.ArrowInvalid("a zone"),
    pa.ArrowNotImplementedError("decimal256"),
    pa.ArrowKeyError("name"),
    zoneinfo.ZoneInfoNotFoundError("No time zone found with key local"),
    ClientError({"Error": {"Code": "InvalidObjectState", "Message": "archived"}}, "GetObject"),
    ClientError({"Error": {"Code": "AccessDenied", "Message": "denied"}}, "GetObject"),
    ClientError({"Error": {"Code": "InvalidRequest", "Message": "SSE-C"}}, "GetObject"),
    ClientError({"Error": {"Code": "KMS.DisabledException", "Message": "disabled"}}, "GetObject"),
    ClientError({"Error": {"Code": "InventedTomorrow", "Message": "?"}}, "GetObject"),
]
thrown = st.sampled_from(THROWN)


class Fault(NamedTuple):
    """What is raised for a file: when it is fetched, or behind so many rows."""

    error: BaseException
    rows: int | None


faults = st.dictionaries(
    st.integers(0, 5), st.builds(Fault, thrown, st.none() | st.integers(0, 3)), max_size=4
)


@given(faults=faults)
def test_whatever_is_raised_for_a_file_ends_that_file_alone(faults: dict[int, Fault]) -> None:
    files = [manifest_file(str(number)) for number in range(6)]

    def fetched(file: "ManifestFile") -> Fetched:
        fault = faults.get(int(file.key))
        if fault is not None and fault.rows is None:
            raise fault.error
        return Fetched(io.BytesIO(file.key.encode()), file.format, file.event_time, None)

    def rows(_: str, content: IO[bytes], __: object) -> Iterator[ReceivedRow]:
        fault = faults.get(int(content.read()))
        for number in range(1, 4):
            if fault is not None and fault.rows == number - 1:
                raise fault.error
            yield ReceivedRow(number, f"{number}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doors, "fetch", fetched)
        patch.setattr(doors, "read_rows", rows)
        tasks = [pa.RecordBatch.from_pydict({"id": [0]})]
        found = pa.Table.from_batches(doors._read_shares([files], ENTITIES, tasks)).to_pylist()

    for file in files:
        fault = faults.get(int(file.key), Fault(KeyError(), 3))
        read = fault.rows or 0
        of_file = [row for row in found if row["source_file"] == file.source_file]
        assert [row["payload"] for row in of_file if row["problem"] is None] == [
            str(number) for number in range(1, read + 1)
        ]
        problems = [(row["row_number"], row["problem"]) for row in of_file if row["problem"] is not None]
        if fault.rows == 3:
            assert problems == []
        else:
            [(number, problem)] = problems
            assert number == (read + 1 if read else None)
            assert ": expected " in problem


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://aws"),
        ClientError(
            {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}},  # type: ignore[typeddict-item]
            "GetObject",
        ),
    ],
    ids=repr,
)
def test_a_failure_of_aws_is_no_files_fault(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(doors, "fetch", fetched)

    with pytest.raises(RetryableError, match="s3://raw/a"):
        list(doors._read_shares([[manifest_file("a")]], ENTITIES, [pa.RecordBatch.from_pydict({"id": [0]})]))


def test_a_time_in_the_metadata_has_no_say(spark: "SparkSession", s3: "S3Client") -> None:
    s3.put_object(
        Bucket="raw", Key="bad.csv", Body=b"id\n1\n", Metadata={"glueline-announced-at": "yesterday"}
    )
    etag = s3.head_object(Bucket="raw", Key="bad.csv")["ETag"].strip('"')
    files = [manifest_file("bad.csv", etag=etag), put(s3, "good.csv", b"id\n1\n")]

    found = receive(spark, files, ENTITIES).collect()

    assert sorted((row["source_file"], row["problem"] is None) for row in found) == [
        ("s3://raw/bad.csv", True),
        ("s3://raw/good.csv", True),
    ]


GOOD_ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", None]})


def parquet(table: pa.Table = GOOD_ROWS) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def orc(table: pa.Table = GOOD_ROWS) -> bytes:
    file = io.BytesIO()
    write_orc(table, file)
    return file.getvalue()


CONTENTS = {
    name: example(name, ["id", "name"], [{"id": "1", "name": "a"}, {"id": "2", "name": None}])
    for name in EXAMPLES
} | {"orc": orc(), "parquet": parquet()}
# Damage of an archive as a whole, whose checksums tell, or within one of its parts.
PARTS = [None, SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A format, and a good file of it of which bytes were changed, taken out or put in."""
    file_format = draw(st.sampled_from(sorted(CONTENTS)))
    part = draw(st.sampled_from(PARTS)) if file_format == "xlsx" else None
    content = bytearray(CONTENTS[file_format] if part is None else part_of(CONTENTS["xlsx"], part))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return file_format, bytes(content) if part is None else with_part(CONTENTS["xlsx"], part, bytes(content))


def fetched(file: "ManifestFile", content: bytes) -> Fetched:
    """The content as it comes with the file's event."""
    return Fetched(io.BytesIO(content), file.format, file.event_time, file.sequencer)


@settings(max_examples=examples(150))
@given(file=damaged())
def test_a_damaged_file_is_rows_and_reasons_and_never_an_error(file: tuple[str, bytes]) -> None:
    file_format, content = file
    announced = manifest_file("a", format=file_format)

    found = list(doors._read_file(announced, fetched(announced, content), ENTITIES))

    assert all((payload is None) <= (problem is not None) for _, _, _, payload, problem in found)
    doors._arrow_batch([(*row, announced.sequencer, False) for row in found])  # as Spark gets it


STRANGE = {
    "a number of 256 bits": pa.array([Decimal(1)], pa.decimal256(60, 2)),
    "a half float": pa.array([1.5], pa.float16()),
    "a time of nanoseconds": pa.array([1], pa.time64("ns")),
    "an instant of nanoseconds": pa.array([1], pa.timestamp("ns")),
    "a duration": pa.array([1], pa.duration("us")),
    "a map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    "sixteen bytes": pa.array([bytes(16)], pa.binary(16)),
    "nothing but nulls": pa.nulls(1),
}


@pytest.mark.parametrize("column", STRANGE.values(), ids=STRANGE)
def test_a_parquet_type_that_python_or_json_lacks_is_a_row_or_a_reason(column: pa.Array) -> None:
    file = manifest_file("a", format="parquet")
    content = parquet(pa.table({"id": pa.array([1], pa.int64()), "name": column}))

    [(_, _, _, payload, problem)] = doors._read_file(file, fetched(file, content), ENTITIES)

    assert (payload is None) == (problem is not None)
    assert problem is None or problem.startswith("parquet: ")


def test_a_parquet_column_whose_name_is_no_utf8_is_a_reason() -> None:
    file = manifest_file("a", format="parquet")
    content = parquet().replace(b"name", b"na\xffe")

    [(_, _, number, _, problem)] = doors._read_file(file, fetched(file, content), ENTITIES)

    assert number is None
    assert str(problem).startswith(("parquet: ", "header: "))
