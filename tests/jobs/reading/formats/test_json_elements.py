"""A JSON file is split into its elements, however it is laid out; where that is impossible, it says where."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.reading.formats import json_elements
from jobs.reading.formats.json_elements import BrokenOff, Element, Elements
from jobs.reading.formats.json_row import Place

BLANKS = b" \t\r\n"  # of JSON: Python's have two more


def split(text: str | bytes) -> list[str]:
    body = text.encode() if isinstance(text, str) else text
    return [element.text.decode() for element in Elements(io.BytesIO(body))]


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ('[{"id":1},{"id":2}]', ['{"id":1}', '{"id":2}']),
        ('\ufeff [\n  {\n    "id": 1\n  },\n  {"id": 2}\n]\n', ['{\n    "id": 1\n  }', '{"id": 2}']),
        ('{"id":1}\n\n {"id":2} {"id":3},{"id":4}', ['{"id":1}', '{"id":2}', '{"id":3}', '{"id":4}']),
        ('{\n"id":1\n}\n{\n"id":2\n}\n', ['{\n"id":1\n}', '{\n"id":2\n}']),
        ('[{"id":1}]\n[{"id":2}]', ['{"id":1}', '{"id":2}']),
        (
            '[{"a":"]}, {\\"[\\\\"},{"a":[[{"b":"{"}],{}]}]',
            ['{"a":"]}, {\\"[\\\\"}', '{"a":[[{"b":"{"}],{}]}'],
        ),
        ('[1, "a, b" , null,\n[2,[3]]]', ["1", '"a, b"', "null", "[2,[3]]"]),
        ('[{"id":1},]', ['{"id":1}']),
        ("[]", []),
        (" \n", []),
        ("", []),
        ("not json, at all\n<html>", ["not json, at all", "<html>"]),
        ('{"id":1}]\n{"id":2}', ['{"id":1}', "]", '{"id":2}']),
    ],
)
def test_the_elements_of_a_file(text: str, elements: list[str]) -> None:
    assert split(text) == elements


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ('{"id":1\n{"id":2}\n', ['{"id":1', '{"id":2}']),
        ('{"id":"1}\n{"id":2}\n', ['{"id":"1}', '{"id":2}']),
        ('{"id":[1}\n{"id":2}\n{"id":', ['{"id":[1}', '{"id":2}', '{"id":']),
        ('[{"id":"1},\n{"id":2}\n]', ['{"id":"1}', '{"id":2}']),
        ('[{"id":1},\n {"id":"2},\n {"id":3}]', ['{"id":1}', '{"id":"2}', '{"id":3}']),
        ('[\n  {"id":1},\n  {"id":"2}\n]\n', ['{"id":1}', '{"id":"2}']),
        (
            '[\n  {\n    "a": "x,\n    "b": [\n      {\n      }\n    ]\n  },\n  {\n    "a": 2\n  }\n]',
            ['{\n    "a": "x,\n    "b": [\n      {\n      }\n    ]\n  }', '{\n    "a": 2\n  }'],
        ),
        ('{"a":"\\\n{"id":2}\n', ['{"a":"\\', '{"id":2}']),
    ],
)
def test_an_element_whose_brackets_are_wrong_ends_before_the_line_of_the_next(
    text: str, elements: list[str]
) -> None:
    assert split(text) == elements


@pytest.mark.parametrize(
    ("text", "read", "problem"),
    [
        ('[{"id":1},{"id":2', 1, "the file ends before they do (line 1, column 11)"),
        (
            '[\n  {"id":"ä"}, {"id":"2}, {"id":3}]',
            1,
            "quotes and brackets match, the file ends before they do (line 2, column 15)",
        ),
        ('{"a":[{"id":1},\n{"id":2}\n', 0, "the file ends before they do (line 1, column 1)"),
        ('{"id":1}\n{\n"id":', 1, "the file ends before they do (line 2, column 1)"),
    ],
)
def test_what_cannot_be_split_is_told_with_its_place(text: str, read: int, problem: str) -> None:
    found = list[Element]()
    with pytest.raises(BrokenOff) as told:
        found.extend(Elements(io.BytesIO(text.encode())))

    assert str(told.value).endswith(problem)
    assert str(told.value).startswith("json: expected ")
    assert len(found) <= read


def test_an_array_that_is_not_closed_is_open() -> None:
    for text, is_open in (('[{"id":1}', True), ('[{"id":1}]', False), ('{"id":1}', False)):
        elements = Elements(io.BytesIO(text.encode()))
        assert len(list(elements)) == 1
        assert elements.is_open is is_open


def test_an_element_has_its_place() -> None:
    text = '[\n  {"id":"ä"}, {"id":\n2},\n7]'

    assert [element.place for element in Elements(io.BytesIO(text.encode()))] == [
        Place(2, 3),
        Place(2, 15),
        Place(4, 1),
    ]


def test_an_element_longer_than_a_row_ends_the_file_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_elements, "LONGEST_ROW", 100)
    monkeypatch.setattr(json_elements, "_CHUNK", 10)

    for inside in (b'"' + b"a" * 10_000 + b'"', b"[" * 10_000, b'"a":1,' * 10_000, b'"\n' * 10_000):
        file = io.BytesIO(b'[{"id":1},{"a":' + inside)
        with pytest.raises(BrokenOff, match=r"at most 100 bytes, got a longer one \(line 1, column 11\)"):
            list(Elements(file))
        assert file.tell() < 200


def test_blanks_without_an_end_end_the_file_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_elements, "LONGEST_ROW", 100)
    monkeypatch.setattr(json_elements, "_CHUNK", 10)
    file = io.BytesIO(b"[" + b"\n" * 10_000)

    with pytest.raises(BrokenOff, match=r"at most 100 bytes between two rows"):
        list(Elements(file))
    assert file.tell() < 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4).filter(str.isprintable), inner)
    ),
    max_leaves=8,
)


@given(
    rows=st.lists(st.dictionaries(st.text('ab{}[]",\\', max_size=4), json_values, max_size=4), max_size=6),
    indent=st.sampled_from([None, 0, 2]),
    chunk=st.integers(1, 40),
    as_ascii=st.booleans(),
)
def test_all_layouts_of_rows_have_the_same_elements(
    rows: list[dict[str, Any]], indent: int | None, chunk: int, as_ascii: bool
) -> None:
    values = [json.dumps(row, indent=indent, ensure_ascii=as_ascii) for row in rows]
    array = json.dumps(rows, indent=indent, ensure_ascii=as_ascii)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_elements, "_CHUNK", chunk)
        for text in (array, "\n".join(values), " ".join(values), "[" + ",\n".join(values) + "]"):
            assert [json.loads(element) for element in split(text)] == rows


@example("\x0b")
@given(
    text=st.text('{}[]",:\\\n 1a', max_size=60)
    | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1"))
)
def test_each_byte_of_a_file_is_in_an_element_or_between_two(text: str) -> None:
    body = text.encode()
    elements, whole = Elements(io.BytesIO(body)), b""

    try:
        for element in elements:
            assert element.text.strip(BLANKS)
            whole += element.gap + element.text
    except BrokenOff:
        assert body.startswith(whole)
    else:
        assert whole + elements.tail == body
