"""The values of an Avro sample are those that a drop reads."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from workflows.contracts.samples.avro_sample import AvroSample
from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.sample import columns_of

FIELDS = {
    "id": "long",
    "paid": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2},
    "weight": "float",
    "on_day": {"type": "int", "logicalType": "date"},
    "raw": "bytes",
    "tags": {"type": "array", "items": "string"},
}


def avro(*rows: dict[str, Any]) -> bytes:
    fields = [{"name": name, "type": kind} for name, kind in FIELDS.items()]
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows)
    return file.getvalue()


ROW = {
    "id": 1, "paid": Decimal("123456789012345678.10"), "weight": 0.1, "on_day": date(2026, 11, 24),
    "raw": b"\xff", "tags": ["a"],
}  # fmt: skip


def test_values_are_exact() -> None:
    sample = AvroSample(io.BytesIO(avro(ROW)), "a.avro")

    assert list(sample.rows()) == [
        (1, {**ROW, "weight": Decimal("0.1"), "on_day": "2026-11-24", "raw": "/w=="}),
    ]
    assert [(column.header, column.type) for column in columns_of(sample, "a.avro")][:4] == [
        ("id", "long"),
        ("paid", "decimal(38,2)"),
        ("weight", "decimal(18,2)"),
        ("on_day", "date"),
    ]


def test_a_file_that_breaks_off_is_an_error() -> None:
    with pytest.raises(DraftError, match=r"^a.avro can't be read as Avro: avro: expected "):
        list(AvroSample(io.BytesIO(avro(ROW)[:-20]), "a.avro").rows())
