"""Rows of erased keys are removed in whatever spelling and by whatever door they came; others stay."""

import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.keys import encode_key
from jobs.erasure.table_files import location
from jobs.reading.exports import open_export
from tests.jobs.builders import record
from tests.jobs.erasure_pipeline import ErasurePipeline, lines, open_pipeline, put_export
from tests.jobs.stored_bytes import bytes_in_bucket, bytes_in_folder, rows_in_bucket

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.deep

MARKER, OTHERS = "Zq9Person", "Zq9Other"  # at the start of every note, so that no bound of a file cuts it
PEOPLE = Contract(
    dataset="entities",
    version="1.0.0",
    description="Persons, by a text.",
    columns=(
        Column("person_id", "string", required=True, aliases=("ident",)),
        Column("note", "string"),
    ),
    key=("person_id",),
)
HARD = "{} {source} ${x} ${env:HOME} '\"`\\ \n\té😀; -- /* %41 +"
LONG = "x" * 1900
# What JSON may have as the key of a person who is erased, and the like of another person.
JSON_SPELLINGS = {
    '"ann"': '"bob"',
    '" ann "': '" bob "',
    '"\\u0061nn"': '"\\u0062ob"',
    "31198570044.0": "31198570045.0",
    "1.50": "1.51",
    "1e5": "2e5",
    "7": "8",
    "12345678901234567890.25": "12345678901234567890.75",
    "true": "false",
    json.dumps(HARD): json.dumps(HARD + "!"),
    json.dumps(HARD, ensure_ascii=False): json.dumps(HARD + "!", ensure_ascii=False),
    json.dumps(LONG): json.dumps(LONG + "y"),
}
TEXTS = {"ann": "bob", "1.50": "1.51", HARD: HARD + "!", LONG: LONG + "y"}
PARQUET_SPELLINGS: Sequence[tuple[Any, Any, Any]] = (
    (pa.string(), "ann", "bob"),
    (pa.large_string(), " ann", " bob"),
    (pa.string(), HARD, HARD + "!"),
    (pa.int64(), 7, 8),
    (pa.uint8(), 7, 8),
    (pa.float64(), 31198570044.0, 31198570045.0),
    (pa.float32(), 1.5, 2.5),
    (pa.decimal128(10, 2), Decimal("1.50"), Decimal("1.51")),
    (pa.bool_(), True, False),
    (pa.binary(), b"ann", b"bob"),
    (pa.date32(), date(2026, 11, 24), date(2026, 11, 25)),
    (
        pa.timestamp("us", "UTC"),
        datetime(2026, 11, 24, 12, tzinfo=UTC),
        datetime(2026, 11, 24, 13, tzinfo=UTC),
    ),
    (pa.timestamp("ms"), datetime(2026, 11, 24, 12), datetime(2026, 11, 24, 13)),
)


def item(text: str, note: str) -> dict[str, Any]:
    key = encode_key(PEOPLE, {"person_id": text})
    return {"_key": {"S": key}, "_version": {"N": "5"}, "person_id": {"S": text}, "note": {"S": note}}


def csv_field(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def parquet_files() -> Iterator[bytes]:
    for kind, erased, kept in PARQUET_SPELLINGS:
        content = io.BytesIO()
        table = pa.table({"person_id": pa.array([kept, erased], kind), "note": [OTHERS, MARKER]})
        pq.write_table(table, content)
        yield content.getvalue()


def json_lines() -> Iterator[str]:
    for erased, kept in JSON_SPELLINGS.items():
        for name in ("person_id", "personId", "ident"):
            yield f'{{"{name}": {erased}, "note": "{MARKER}"}}'
            yield f'{{"note": "{OTHERS}", "{name}": {kept}}}'
        yield f'{{"person_id": {erased}, "note": "{MARKER}", "unknown": 1}}'  # refused
        yield f'{{"person_id": {kept}, "note": "{OTHERS}", "unknown": 1}}'
        yield f'{{"person_id": {erased}, "note": "{MARKER}'  # broken
        yield f'{{"person_id": {kept}, "note": "{OTHERS}'


def csv_file() -> bytes:
    rows = ["ident,note"]
    for erased, kept in TEXTS.items():
        rows += [f"{csv_field(erased)},{MARKER}", f"{csv_field(kept)},{OTHERS}"]
        rows += [f"{csv_field(erased)},{MARKER},too much", f"{csv_field(kept)},{OTHERS},too much"]
    return "\r\n".join([*rows, ""]).encode()


def fill(pipeline: ErasurePipeline) -> None:
    """Rows of persons to be erased, and of others, by every door in every spelling."""
    folder = "drops/entities"
    files = [
        pipeline.put(f"{folder}/lines.jsonl", "".join(f"{line}\n" for line in json_lines()).encode()),
        pipeline.put(f"{folder}/rows.csv", csv_file()),
        *(pipeline.put(f"{folder}/{number}.parquet", body) for number, body in enumerate(parquet_files())),
    ]
    images = [item(text, MARKER) for text in TEXTS] + [item(text, OTHERS) for text in TEXTS.values()]
    records = [
        record("MODIFY", image["_key"]["S"], old=image, new=image, number=number)
        for number, image in enumerate(images, 1)
    ]
    files.append(pipeline.put("stream/entities/2026/11/24/12/a.jsonl.gz", lines(*records)))
    files += open_export(pipeline.s3, pipeline.newest(put_export(pipeline, *images)))
    pipeline.ingest(*files)
    for image in images:
        pipeline.dynamodb.put_item(TableName=pipeline.table, Item=image)


def found(pipeline: ErasurePipeline, text: str) -> dict[str, int]:
    """Where the text is in RAW, in the lake bucket and in all files of tables, and how often."""
    tables = Path(location(pipeline.spark, pipeline.lake.table("entities")).removeprefix("file:")).parent
    ops = Path(location(pipeline.spark, pipeline.lake.ops("quarantine")).removeprefix("file:")).parent
    places = {
        "raw": bytes_in_bucket(pipeline.raw),
        "lake bucket": bytes_in_bucket(pipeline.lake_bucket),
        "tables": bytes_in_folder(tables),
        "ops tables": bytes_in_folder(ops),
    }
    return {
        f"{place} {name}": number
        for place, objects in places.items()
        for name, body in objects
        if (number := body.count(text.encode()))
    }


def rows_in_raw(pipeline: ErasurePipeline, text: str) -> int:
    """How many rows in RAW have the text."""
    return sum(rows.count(text.encode()) for rows in rows_in_bucket(pipeline.raw))


def keys_of(pipeline: ErasurePipeline, note: str) -> set[str]:
    """The keys under which rows with this note came to the lake."""
    changes = pipeline.spark.table(pipeline.lake.changes("entities")).where(F.col("note") == note)
    return {row["_key"] for row in changes.select("_key").distinct().collect()}


def test_no_byte_of_a_person_is_left_whatever_the_spelling_and_the_door(spark: "SparkSession") -> None:
    with open_pipeline(spark, "spelled") as pipeline:
        pipeline.contract = PEOPLE
        fill(pipeline)
        erased, others = keys_of(pipeline, MARKER), keys_of(pipeline, OTHERS)
        assert erased
        assert not erased & others
        # Those by which a person is named whose rows were refused: they are in RAW and quarantine alone.
        named = {
            encode_key(PEOPLE, {"person_id": text}) for text in (*TEXTS, "7", "31198570044", "1.5", "true")
        }
        named |= {
            encode_key(PEOPLE, {"person_id": text}) for text in ("YW5u", "2026-11-24", "100000.0", "1e5")
        }
        named |= {"12345678901234567890.25", "2026-11-24T12%3A00%3A00%2B00%3A00", "2026-11-24T12%3A00%3A00"}
        table = pipeline.spark.table(pipeline.lake.table("entities"))
        before = {row["person_id"] for row in table.collect() if row["note"] == OTHERS}
        raw_before = rows_in_raw(pipeline, OTHERS)

        proof = pipeline.erase(*(erased | named))

        table = pipeline.spark.table(pipeline.lake.table("entities"))
        assert found(pipeline, MARKER) == {}
        assert proof.is_complete
        assert {row["person_id"] for row in table.collect()} == before
        assert rows_in_raw(pipeline, OTHERS) == raw_before
        assert keys_of(pipeline, OTHERS) == others
