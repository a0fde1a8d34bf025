"""JSON Lines: a line passes as it is, or with what is wrong with it as JSON."""

import pytest

from jobs.reading.formats import jsonl
from jobs.reading.formats.rows import ReceivedRow, UnreadableFile
from tests.jobs.reading.formats.reading import read


def test_json_lines_pass_as_they_are_numbered_by_line() -> None:
    text = '\ufeff{"id": 1.10}\n\n  [3] \r\n{"id":2}'

    assert read("jsonl", text) == [
        ReceivedRow(1, '{"id": 1.10}'),
        ReceivedRow(3, "[3]"),
        ReceivedRow(4, '{"id":2}'),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id":1}{"id":2}', "json: expected one JSON object on the line"),
        ('{"id":1},{"id":2}', "json: expected one JSON object on the line"),
        ('{"id":1} and more', "json: expected one JSON object on the line"),
        ("{'id':1}", "json: expected one JSON object on the line"),
        ("not json", "json: expected one JSON object on the line: Expecting value"),
        ('{"id":12345678901234567.5', "json: expected one JSON object on the line: Expecting ','"),
        ("[" * 100_000 + "12345678901234567.5", "json: expected a row of reasonable depth"),
        ('{"id": NaN}', "json: expected one JSON object on the line: NaN is not a number"),
        ('{"id":[-Infinity]}', "json: expected one JSON object on the line: -Infinity is not a number"),
        ('{"note":"\\ud800"}', "encoding: expected text, got half of a surrogate pair"),
        ('{"note":"\\ud83c\\udf4e"}', None),
        ('{"note":"a} b, \\"NaN\\" \'c\'","id":1}', None),
        ('{"list":[{"id":1},{"id":2}]}', None),
    ],
)
def test_what_is_not_json_to_the_letter_is_a_problem_of_its_line(line: str, problem: str | None) -> None:
    (row,) = read("jsonl", line)

    assert row.payload == line
    assert (row.problem or "").startswith(problem or "")
    assert (row.problem is None) == (problem is None)


def test_a_fault_is_told_with_its_line_and_column() -> None:
    found = read("jsonl", '{"id":1}\n\n  {"id" 2}\n')

    assert found[1].problem == (
        "json: expected one JSON object on the line: Expecting ':' delimiter (line 3, column 9)"
    )


@pytest.mark.parametrize("text", ['[\n{"id":1}\n]\n', '\n[{"id":1},\n{"id":2}]', '{\n"id":1\n}', "["])
def test_other_json_over_several_lines_is_a_reason_with_the_way_out(text: str) -> None:
    with pytest.raises(
        UnreadableFile, match=r"got an array or an object over several lines; name the file .json"
    ):
        read("jsonl", text)


def test_an_array_on_one_line_is_one_bad_row_with_the_way_out() -> None:
    (row,) = read("jsonl", '[{"id":1},{"id":2}]')

    assert row.problem == (
        "json: expected one JSON object on the line, got an array; name a file that is an array .json"
    )


def test_a_line_that_has_a_name_twice_is_left_to_the_door_to_refuse() -> None:
    line = '{"id":12345678901234567.5,"id":1}'

    assert read("jsonl", line) == [ReceivedRow(1, line)]


def test_a_line_too_long_for_any_row_ends_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_ROW", 20)

    found = read("jsonl", '{"id":1}\n{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}\n{"id":2}\n')

    assert [bool(row.problem) for row in found] == [False, True]
