"""JSON files: an element is a row, as it is or with what is wrong with it and where."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import rewrite
from jobs.reading.formats import json_elements
from jobs.reading.formats.rows import ReceivedRow, RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.reading.formats.reading import read


def test_elements_pass_as_they_are_numbered_one_by_one() -> None:
    text = '[\n  {"id": 1.10},\n  {\n    "id": 2\n  },\n  3\n]'

    assert read("json", text) == [
        ReceivedRow(1, '{"id": 1.10}'),
        ReceivedRow(2, '{\n    "id": 2\n  }'),
        ReceivedRow(3, "3"),
    ]


def test_a_number_that_no_double_holds_becomes_text_in_a_number_column() -> None:
    (row,) = read("json", '[{"id": 1,\n "unitPrice": 123456789012345678901234567890123456789.10}]')

    assert json.loads(str(row.payload))["unitPrice"] == "123456789012345678901234567890123456789.10"


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        ('{"id": 1,\n "note" 2}', "json: expected a JSON object: Expecting ':' delimiter (line 3, column 9)"),
        ("{'id': 1}", "name enclosed in double quotes (line 2, column 4)"),
        ('{"id": NaN}', "json: expected a JSON object: NaN is not a number (line 2, column 3)"),
        ('{"note": "\\ud800"}', "encoding: expected text, got half of a surrogate pair (line 2, column 3)"),
        ("rubbish", "json: expected a JSON object: Expecting value (line 2, column 3)"),
        ("{}" * 2 + "x", None),
    ],
)
def test_a_bad_element_is_one_bad_row_with_its_place(element: str, problem: str | None) -> None:
    rows = read("json", f'[\n  {element},\n  {{"id": 2}}\n]')

    assert rows[-1].problem is None
    if problem is not None:
        assert len(rows) == 2
        assert str(rows[0].problem).endswith(problem)
        assert rows[0].payload == element


def test_bytes_that_are_no_utf8_are_a_problem_of_their_row() -> None:
    found = read("json", b'[{"id": "\xfc"}, {"id": 2}]')

    assert [row.problem for row in found] == [
        "encoding: expected UTF-8, got invalid start byte (line 1, column 2)",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[{"id":1},{"id":2',
            "json: expected a value whose quotes and brackets match, the file ends before they do "
            "(line 1, column 11)",
        ),
        ('[{"id":1}', "json: expected ] at the end of the array, the file ends before it"),
    ],
)
def test_a_file_that_breaks_off_has_its_rows_and_a_reason(text: str, problem: str) -> None:
    assert read("json", text) == [
        ReceivedRow(1, '{"id":1}'),
        ReceivedRow(2, None, f"{problem}; from row 2 on nothing was read: drop a corrected file"),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"data": [{"id": 1}]}', "data"),
        ('{"count": 2, "next": null,\n"things": [{"id": 1}, {"id": 2}]}', "things"),
    ],
)
def test_an_object_around_the_rows_is_a_reason_that_names_their_array(text: str, name: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"write the array '{name}' alone \(line 1, column 1\)$"):
        read("json", text)


@pytest.mark.parametrize(
    "text", ['[{"data": [{"id": 1}]}]', '{"data": [1]}', '{"id": 1, "data": [{"a": 1}]}']
)
def test_any_other_object_is_a_row(text: str) -> None:
    assert [row.problem for row in read("json", text)] == [None]


SEVEN = ErasedKeys.of(ENTITIES, ["7"])


def filtered(text: str) -> tuple[RowCounts, str]:
    target = io.BytesIO()
    return rewrite("json", io.BytesIO(text.encode()), SEVEN, target), target.read().decode()


@pytest.mark.parametrize(
    ("text", "left", "counts"),
    [
        ('[{"id":7},{"id":8},{"id":9}]', '[{"id":8},{"id":9}]', (3, 1)),
        ('[{"id":8},{"id":"7"},{"id":9}]', '[{"id":8},{"id":9}]', (3, 1)),
        ('[{"id":8},{"id":7}]\n', '[{"id":8}]\n', (2, 1)),
        ('[{"id":7}]', "[]", (1, 1)),
        ('[\n  {"id":8},\n  {"id":7},\n  {"id":9}\n]', '[\n  {"id":8},\n  {"id":9}\n]', (3, 1)),
        ('[{"id":8}]\n[{"id":7},{"id":9}]', '[{"id":8}]\n[{"id":9}]', (3, 1)),
        ('\ufeff{"id":8}\n{"id":7}\n{"id":9}\n', '\ufeff{"id":8}\n{"id":9}\n', (3, 1)),
        ('{"id":8,"a":"x\n{"id":7} {"id":9}\n', '{"id":8,"a":"x \n{"id":9}\n', (3, 1)),
        ('[{"id":8},{"id":7', None, None),
        ('[{"id":8},{"id":7}', '[{"id":8}', (2, 1)),
        ('[{"id":8},\n{"id":7,"a":"x},\n{"id":9}]', '[{"id":8},\n{"id":9}]', (3, 1)),
        ("[]", "[]", (0, 0)),
        ("", "", (0, 0)),
    ],
)
def test_elements_of_a_key_are_removed_with_their_comma(
    text: str, left: str | None, counts: tuple[int, int] | None
) -> None:
    if left is None or counts is None:
        with pytest.raises(UnreadableFile, match=r"^json: "):
            filtered(text)
    else:
        assert filtered(text) == (RowCounts(*counts), left)


@given(
    rows=st.lists(
        st.tuples(st.integers(6, 8), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
        max_size=8,
    ),
    indent=st.sampled_from([None, 2]),
    layout=st.sampled_from(["array", "lines", "blanks", "arrays"]),
    chunk=st.integers(1, 50),
)
def test_the_elements_of_other_keys_always_stay_as_they_are(
    rows: list[tuple[int, str]], indent: int | None, layout: str, chunk: int
) -> None:
    objects: list[dict[str, Any]] = [{"id": key, "name": name} for key, name in rows]
    values = [json.dumps(one, indent=indent) for one in objects]
    text = {
        "array": json.dumps(objects, indent=indent),
        "lines": "\n".join(values),
        "blanks": " ".join(values),
        "arrays": "\n".join(f"[{value}]" for value in values),
    }[layout]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_elements, "_CHUNK", chunk)
        counts, left = filtered(text)

    others = [one for one in objects if one["id"] != 7]
    assert counts == (len(rows), len(rows) - len(others))
    assert [json.loads(str(row.payload)) for row in read("json", left)] == others
    if layout == "array":
        assert json.loads(left) == others
