"""JSON that is made column by column is the JSON that the json module makes."""

import json
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from jobs.reading.formats.arrow_json import arrays, objects, quoted, tagged

TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])))


def texts(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


@given(values=TEXTS)
def test_any_text_is_quoted_as_json(values: list[str | None]) -> None:
    found = quoted(texts(values)).to_pylist()

    assert [None if one is None else json.loads(one) for one in found] == values


@given(values=TEXTS, skipped=st.integers(0, 3))
def test_a_slice_of_texts_is_quoted_as_json(values: list[str | None], skipped: int) -> None:
    found = quoted(texts([*values, '"']).slice(skipped)).to_pylist()

    assert [None if one is None else json.loads(one) for one in found] == [*values, '"'][skipped:]


def test_a_tagged_text_is_an_object_and_null_stays_null() -> None:
    assert tagged('a "type"', texts(["x\n", None])).to_pylist() == ['{"a \\"type\\"": "x\\n"}', None]


def test_members_without_a_value_are_null_and_a_missing_object_is_none() -> None:
    like = pa.array([{"a": 1}, {"a": None}, None])

    found = objects(["a", 'é"'], [texts(["1", None, None]), texts(["[]", "2", "3"])], like)

    assert found.to_pylist() == ['{"a": 1, "é\\"": []}', '{"a": null, "é\\"": 2}', None]


def test_items_are_dealt_to_arrays_by_their_lengths() -> None:
    lengths: pa.Array[Any] = pa.array([2, 0, None, 1], pa.int32())

    assert arrays(lengths, texts(["1", None, "3"])).to_pylist() == ["[1, null]", "[]", None, "[3]"]
