"""Rows of batches, and which of them an erasure takes: those whose key is read as one of its keys."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from expectations.keys import InvalidKey, encode_key
from expectations.timestamps import to_text
from jobs.erasure.keys import ErasedKeys
from jobs.reading.formats import arrow_rows, arrow_values
from jobs.reading.formats.arrow_rows import are_of_keys, rows_reader
from tests.jobs.reading.formats.arrow_cases import CASES, KINDS, ArrowCase, Refused
from tests.jobs.reading.formats.reading import CONTRACT
from tests.properties import examples

KEY_KINDS = [column for column in KINDS if column.kind not in ("float", "double", "binary")]


def payloads(batch: pa.RecordBatch, **options: Any) -> list[Any]:
    return [json.loads(row.payload or "") for row in rows_reader(batch.schema, CONTRACT, **options)(batch, 1)]


def test_a_row_has_the_names_of_the_file_and_null_for_what_is_missing() -> None:
    batch = pa.record_batch(
        {"id": [1, 2], "unitPrice": [1.5, None], "_op": [b"delete", None], "rest": [1, 2]}
    )

    assert payloads(batch, left_out=["rest"]) == [
        {"id": 1, "unitPrice": 1.5, "_op": "delete"},
        {"id": 2, "unitPrice": None, "_op": None},
    ]


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view()], ids=str)
def test_large_values_are_made_json_in_parts(kind: "pa.DataType", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_rows, "_MOST_BYTES", 100)
    batch = pa.record_batch({"id": list(range(50)), "note": pa.array(["x" * 40] * 50, kind)})

    found = list(rows_reader(batch.schema, CONTRACT)(batch, 11))

    assert [row.number for row in found] == list(range(11, 61))
    assert [json.loads(row.payload or "")["id"] for row in found] == list(range(50))


def test_a_column_that_arrow_cannot_convert_is_refused_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(kind: pa.DataType, column: Column) -> Any:
        def convert(values: pa.Array) -> pa.Array:
            raise pa.ArrowNotImplementedError("no kernel")

        return convert if column.name == "note" else original(kind, column)

    original = arrow_values.converter
    monkeypatch.setattr(arrow_rows, "converter", broken)

    found = payloads(pa.record_batch({"id": [1], "note": ["a"]}))

    assert found == [{"id": 1, "note": {"string": "no kernel"}}]


@st.composite
def keys_of_files(draw: st.DrawFn) -> tuple[ArrowCase, list[Any], Column, int]:
    case, column = draw(st.sampled_from(CASES)), draw(st.sampled_from(KEY_KINDS))
    values = draw(st.lists(case.values, min_size=1, max_size=8))
    return case, [*values, None], column, draw(st.integers(0, len(values) - 1))


@settings(max_examples=examples(150))
@given(drawn=keys_of_files())
def test_the_rows_whose_key_is_read_as_an_erased_one_are_taken_and_no_other_accepted_row(
    drawn: tuple[ArrowCase, list[Any], Column, int],
) -> None:
    case, values, column, chosen = drawn
    contract = Contract("things", "1", "", (column,), key=("x",))
    keys = [None if value is None else key_of(contract, case.model(value, column)) for value in values]
    assume(keys[chosen] is not None)
    batch = pa.record_batch({"x": case.array(values)})

    erased = are_of_keys(batch, ErasedKeys.of(contract, [str(keys[chosen])]))

    for key, is_erased in zip(keys, erased, strict=True):
        if key is not None:  # a row that is not accepted may be of a person whom an earlier version read
            assert is_erased == (key == keys[chosen])


def key_of(contract: Contract, value: Any) -> str | None:
    """The key text of a value that the model gives; None if the row is refused."""
    if value in (None, Refused, ""):
        return None
    if contract.columns[0].kind == "timestamp":
        value = to_text(value)
    elif contract.columns[0].kind == "date":
        value = str(value)
    try:
        return encode_key(contract, {"x": value})
    except InvalidKey:
        return None
