"""Numbers that no double holds keep their digits, as text, where the contract has a number."""

import io
import json
from decimal import Decimal

import pyarrow as pa
import pytest

from expectations.contract import Column, Contract
from jobs.reading.formats.registry import read_rows
from tests.jobs.reading.formats.reading import parquet, payloads


@pytest.mark.parametrize(
    "number", ["0." + "1234567890" * 4, "12345678901234567.5e1", "1e400", "-1.5E-130", "9" * 5000 + ".5"]
)
def test_a_number_that_no_double_holds_is_kept_as_text(number: str) -> None:
    assert payloads("jsonl", f'{{"id":{number}}}') == [{"id": number}]


def test_a_long_number_stays_a_number_where_a_text_is_expected() -> None:
    line = '{"id":1,"note":0.12345678901234567890123456789012345678901,"unitPrice":1.50}'

    assert payloads("jsonl", line) == [{"id": "1", "note": 0.12345678901234568, "unitPrice": "1.50"}]


def test_parquet_numbers_for_a_text_stay_numbers_and_nan_is_told() -> None:
    table = pa.table(
        {
            "id": pa.array([1.0, float("nan")]),
            "cost": pa.array([Decimal("1.50"), Decimal("2")], pa.decimal128(10, 2)),
            "note": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "state": pa.array([float("inf"), 2.5]),
        }
    )

    assert payloads("parquet", parquet(table)) == [
        {"id": 1.0, "cost": "1.50", "note": 1.5, "state": {"double": "inf"}},
        {"id": "nan", "cost": "2.00", "note": None, "state": 2.5},
    ]


def test_a_number_inside_a_field_of_csv_keeps_its_digits() -> None:
    contract = Contract(
        dataset="sizes",
        version="1",
        description="",
        columns=(
            Column("id", "long", required=True),
            Column("size", "struct", fields=(Column("width", "decimal(38,34)"), Column("name", "string"))),
        ),
        key=("id",),
    )
    text = (
        'id,size\n1,"{""width"":6.51032040441137201152E-14,""name"":""a""}"\n2,"{""width"":1.5}"\n3,no JSON\n'
    )

    found = [json.loads(row.payload or "") for row in read_rows("csv", io.BytesIO(text.encode()), contract)]

    assert [row["size"] for row in found] == [
        '{"width": "6.51032040441137201152E-14", "name": "a"}',
        '{"width":1.5}',
        "no JSON",
    ]
