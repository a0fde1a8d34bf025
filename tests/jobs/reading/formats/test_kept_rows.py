"""Kept rows are read as the rows of the file that they replace."""

import io
import json

import pyarrow as pa
import pytest

from expectations.contract import Column, Contract
from jobs.erasure.keys import ErasedKeys
from jobs.reading.formats import kept_rows
from jobs.reading.formats.kept_rows import replace_rows
from jobs.reading.formats.rows import ReceivedRow, RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.reading.formats.reading import parquet

SEVEN = ErasedKeys.of(ENTITIES, ["7"])
ROWS = [
    ReceivedRow(3, '{"id": "7", "name": "Ann"}'),
    ReceivedRow(5, '{"id": "8", "name": "Bob"}'),
    ReceivedRow(6, '{"id": "#N/A", "name": "7"}', "excel: an error"),
    ReceivedRow(9, '{"id": "07"}', "excel: another"),
]


def test_rows_keep_their_numbers_values_and_problems() -> None:
    target = io.BytesIO()

    counts = replace_rows(["id", "name"], ROWS, SEVEN, target)

    assert counts == RowCounts(4, 2)
    assert list(kept_rows.read(target, ENTITIES)) == ROWS[1:3]
    target.seek(0)
    again = io.BytesIO()
    assert kept_rows.filter_rows(target, ErasedKeys.of(ENTITIES, ["8"]), again) == RowCounts(2, 1)
    assert list(kept_rows.read(again, ENTITIES)) == ROWS[2:3]


def test_the_same_rows_are_the_same_bytes() -> None:
    targets = [io.BytesIO(), io.BytesIO()]
    for target in targets:
        replace_rows(["id", "name"], ROWS, SEVEN, target)

    assert targets[0].getvalue() == targets[1].getvalue()


def test_without_a_target_rows_are_counted() -> None:
    assert replace_rows(["id", "name"], ROWS, SEVEN, None) == RowCounts(4, 2)


def test_a_part_that_was_not_read_cannot_be_kept() -> None:
    with pytest.raises(UnreadableFile, match="cut off"):
        replace_rows(["id", "name"], [*ROWS, ReceivedRow(10, None, "cut off")], SEVEN, io.BytesIO())


def test_the_header_is_checked_as_that_of_the_original() -> None:
    target = io.BytesIO()
    replace_rows(["id", "colour"], [ReceivedRow(1, '{"id": "1", "colour": "red"}')], SEVEN, target)

    with pytest.raises(UnreadableFile, match="unknown: colour"):
        list(kept_rows.read(target, ENTITIES))


def test_numbers_inside_of_json_keep_their_digits() -> None:
    sizes = Column("size", "struct", fields=(Column("width", "decimal(38,34)"),))
    contract = Contract("sizes", "1", "", (Column("id", "long", required=True), sizes), key=("id",))
    target = io.BytesIO()
    row = ReceivedRow(1, json.dumps({"id": "1", "size": '{"width":6.51032040441137201152E-14}'}))
    replace_rows(["id", "size"], [row], ErasedKeys.of(contract, ["7"]), target)

    (found,) = kept_rows.read(target, contract)

    assert json.loads(str(found.payload))["size"] == '{"width": "6.51032040441137201152E-14"}'


FORGED = pa.table({"row_number": [1], "payload": [7]}).replace_schema_metadata({"glueline-columns": '["id"]'})


@pytest.mark.parametrize(
    "content",
    [b"PAR1 this is no Parquet PAR1", parquet(pa.table({"id": [1]})), parquet(FORGED)],
    ids=range(3),
)
def test_other_parquet_is_a_reason(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"^parquet: expected "):
        list(kept_rows.read(io.BytesIO(content), ENTITIES))
    with pytest.raises(UnreadableFile, match=r"^parquet: expected "):
        kept_rows.filter_rows(io.BytesIO(content), SEVEN)
