"""Parquet: rows come with all digits, and what Python or JSON does not have is text or a reason."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import parquet, payloads, read


def test_parquet_rows_come_as_json_that_loses_no_digit() -> None:
    table = pa.table(
        {
            "id": pa.array([2**62], pa.int64()),
            "cost": pa.array([Decimal("12345678.90")], pa.decimal128(10, 2)),
            "note": pa.array([None], pa.string()),
        }
    )

    assert payloads("parquet", parquet(table)) == [{"id": 2**62, "cost": "12345678.90", "note": None}]


def test_values_that_json_does_not_have_become_text() -> None:
    table = pa.table({"id": [1], "cost": [b"hi"], "note": [date(2024, 2, 29)],
                      "state": [datetime(2024, 2, 29, tzinfo=UTC)]})  # fmt: skip

    assert payloads("parquet", parquet(table)) == [
        {"id": 1, "cost": "aGk=", "note": "2024-02-29", "state": "2024-02-29T00:00:00+00:00"}
    ]


def test_a_parquet_value_that_python_has_not_is_a_problem_of_its_row() -> None:
    table = pa.table(
        {
            "id": [1, 2, 3],
            "cost": ["1", "2", "3"],
            "note": pa.array([0, 300_000_000_000_000_000, 0], pa.timestamp("us")),
        }
    )

    found = read("parquet", parquet(table))

    assert [(row.number, bool(row.problem)) for row in found] == [(1, False), (2, True), (3, False)]
    assert str(found[1].problem).startswith("parquet: expected values that can be told")


def test_what_is_not_parquet_has_no_rows_but_a_reason() -> None:
    with pytest.raises(UnreadableFile, match="parquet: expected a Parquet file"):
        read("parquet", "id,cost\n1,2\n")


def test_parquet_of_no_bytes_is_an_upload_that_failed() -> None:
    with pytest.raises(UnreadableFile, match="parquet: expected a Parquet file, got one of zero bytes"):
        read("parquet", b"")
