"""Avro files: records are rows, whatever codec and schema; a damaged block is a reason for the rest."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import rewrite
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES, EVERY_TYPE
from tests.jobs.reading.formats.reading import payloads, read

CODECS = ["null", "deflate", "bzip2", "snappy", "zstandard", "lz4", "xz"]
ENTITY = {
    "type": "record",
    "name": "entity",
    "fields": [{"name": "id", "type": "long"}, {"name": "name", "type": ["null", "string"]}],
}
SEVEN = ErasedKeys.of(ENTITIES, ["7"])


def avro(schema: Any, rows: list[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, schema, rows, **options)
    return file.getvalue()


def of_fields(row: dict[str, Any], **types: Any) -> bytes:
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    return avro({"type": "record", "name": "thing", "fields": fields}, [row])


@pytest.mark.parametrize("codec", CODECS)
def test_records_are_rows_whatever_the_codec(codec: str) -> None:
    rows = [{"id": number, "name": f"n{number}"} for number in range(50)]

    found = list(read_rows("avro", io.BytesIO(avro(ENTITY, rows, codec=codec, sync_interval=30)), ENTITIES))

    assert [(row.number, json.loads(str(row.payload)), row.problem) for row in found] == [
        (number, row, None) for number, row in enumerate(rows, 1)
    ]


def test_a_value_of_each_type_is_exact() -> None:
    place = {"type": "record", "name": "place", "fields": [{"name": "street", "type": "string"},
                                                          {"name": "number", "type": "int"}]}  # fmt: skip
    content = of_fields(
        {
            "id": b"1", "small": 7, "large": 2**63 - 1, "cost": Decimal("1.50"), "exact": Decimal("-0.1"),
            "ratio": 0.1, "approximate": 0.1, "is_new": True, "day": date(2026, 11, 24),
            "seen_at": datetime(2026, 11, 24, 12, 0, 0, 1, tzinfo=UTC), "blob": b"\xff", "state": "OPEN",
            "place": {"street": "Main", "number": 1}, "sizes": [1, 2], "tags": ["a"],
        },
        id="bytes", small="int", large="long",
        cost={"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2},
        exact={"type": "fixed", "name": "d", "size": 8, "logicalType": "decimal", "precision": 9, "scale": 4},
        ratio="double", approximate="float", is_new=["null", "boolean"],
        day={"type": "int", "logicalType": "date"},
        seen_at=["null", {"type": "long", "logicalType": "timestamp-micros"}],
        blob="bytes", state={"type": "enum", "name": "s", "symbols": ["OPEN", "SHUT"]},
        place=["null", place], sizes={"type": "array", "items": "int"},
        tags=["null", {"type": "array", "items": ["null", "string"]}],
    )  # fmt: skip

    (row,) = read_rows("avro", io.BytesIO(content), EVERY_TYPE)

    assert row.problem is None
    assert json.loads(str(row.payload)) == {
        "id": "1", "small": 7, "large": 2**63 - 1, "cost": "1.50", "exact": "-0.1000", "ratio": "0.1",
        "approximate": "0.1", "is_new": True, "day": "2026-11-24",
        "seen_at": "2026-11-24T12:00:00.000001+00:00", "blob": "/w==", "state": "OPEN",
        "place": {"street": "Main", "number": 1}, "sizes": [1, 2], "tags": ["a"],
    }  # fmt: skip


def test_the_branch_of_a_union_tells_the_type() -> None:
    kind = [
        "null",
        {"type": "long", "logicalType": "timestamp-millis"},
        {"type": "int", "logicalType": "date"},
    ]
    rows = [date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), None]
    fields = [
        {"name": "id", "type": "long"},
        {"name": "unitPrice", "type": "string"},
        {"name": "note", "type": kind},
    ]
    content = avro(
        {"type": "record", "name": "r", "fields": fields},
        [{"id": 1, "unitPrice": "1", "note": one} for one in rows],
    )

    assert [row["note"] for row in payloads("avro", content)] == [  # type: ignore[index]
        "2026-01-02",
        "2026-01-02T00:00:00+00:00",
        None,
    ]


def test_a_default_of_the_wrong_type_that_older_writers_leave_is_no_matter() -> None:
    fields = [{"name": "id", "type": "long"}, {"name": "name", "type": ["null", "string"], "default": "null"}]
    content = avro(ENTITY, [{"id": 1, "name": "a"}])
    schema = json.dumps({"type": "record", "name": "entity", "fields": fields}).encode()
    at = content.index(b'{"type"')
    end = content.index(b"}", content.index(b'"null", "string"')) + 3
    length = (len(schema) * 2).to_bytes(2, "little")  # zigzag; of two bytes in both files
    assert len(schema) < 2**13
    varint = bytes([length[0] & 0x7F | 0x80, (len(schema) * 2) >> 7])
    content = content[: at - 2] + varint + schema + content[end:]

    (row,) = read_rows("avro", io.BytesIO(content), ENTITIES)

    assert row.payload == '{"id": 1, "name": "a"}'


def test_bytes_that_are_no_utf8_are_a_problem_of_their_row() -> None:
    content = avro(ENTITY, [{"id": 1, "name": "grXn"}, {"id": 2, "name": "ok"}]).replace(b"grXn", b"gr\xfcn")

    found = list(read_rows("avro", io.BytesIO(content), ENTITIES))

    assert [row.problem for row in found] == ["encoding: expected UTF-8", None]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "avro: expected an Avro object container file, got "),
        (b"id,name\n1,a\n", "avro: expected an Avro object container file, got "),
        (avro(ENTITY, [])[:40], "avro: expected an Avro object container file, got "),
        (avro("long", [1]), "avro: expected a schema of records, got long"),
        (of_fields({"a": 1}, a="long"), "header: expected the columns of contract things, got missing: id"),
    ],
    ids=range(5),
)
def test_a_file_without_such_records_is_a_reason(content: bytes, problem: str) -> None:
    with pytest.raises(UnreadableFile) as told:
        read("avro", content)
    assert str(told.value).startswith(problem)


def test_a_damaged_block_is_a_reason_for_the_rest_that_names_the_row() -> None:
    rows = [{"id": number, "name": "n" * 20} for number in range(9)]
    content = avro(ENTITY, rows, sync_interval=60, codec="deflate")
    broken = content[:-30] + b"X" * 14 + content[-16:]

    *good, rest = read_rows("avro", io.BytesIO(broken), ENTITIES)

    assert [row.number for row in good] == list(range(1, len(good) + 1))
    assert all(row.problem is None for row in good)
    assert (rest.number, rest.payload) == (len(good) + 1, None)
    assert str(rest.problem).startswith("avro: expected ")
    assert f"from row {len(good) + 1} on nothing was read" in str(rest.problem)


def test_a_block_that_says_it_has_more_rows_than_bytes_ends_the_file() -> None:
    schema = {
        "type": "record",
        "name": "r",
        "fields": [{"name": "id", "type": "null"}, {"name": "name", "type": "null"}],
    }
    content = avro(schema, [{"id": None, "name": None}] * 60)

    with pytest.raises(UnreadableFile, match=r"^avro: expected a block of rows, got 60 in 0 bytes"):
        list(read_rows("avro", io.BytesIO(content), ENTITIES))


@given(
    rows=st.lists(
        st.tuples(
            st.integers(6, 8), st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
        ),
        max_size=30,
    ),
    codec=st.sampled_from(CODECS),
    interval=st.sampled_from([10, 40, 1000]),
)
def test_the_records_of_other_keys_always_stay_as_they_are(
    rows: list[tuple[int, str | None]], codec: str, interval: int
) -> None:
    records = [{"id": key, "name": name} for key, name in rows]
    content = avro(ENTITY, records, codec=codec, sync_interval=interval, metadata={"by": "a partner"})
    target = io.BytesIO()

    counts = rewrite("avro", io.BytesIO(content), SEVEN, target)

    others = [record for record in records if record["id"] != 7]
    found = fastavro.reader(io.BytesIO(target.getvalue()))
    assert counts == RowCounts(len(rows), len(rows) - len(others))
    assert list(found) == others
    assert (found.codec, found.metadata["by"]) == (codec, "a partner")
    if counts.erased == 0:
        assert target.getvalue() == content


def test_a_damaged_file_cannot_be_filtered() -> None:
    content = avro(ENTITY, [{"id": 7, "name": "n" * 20}])

    with pytest.raises(UnreadableFile, match=r"^avro: expected "):
        rewrite("avro", io.BytesIO(content[:-20]), SEVEN, io.BytesIO())


def test_a_key_in_bytes_is_recognized() -> None:
    keys = ErasedKeys.of(EVERY_TYPE, ["ann"])
    content = of_fields({"id": b"ann", "note": "x"}, id="bytes", note="string")

    assert rewrite("avro", io.BytesIO(content), keys, io.BytesIO()) == RowCounts(1, 1)
