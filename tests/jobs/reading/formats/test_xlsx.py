"""Workbooks: the rows of a sheet, cells as text; each reason names its cell."""

import io
import json
import tracemalloc
from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import rewrite
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import ReceivedRow, RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.reading.formats.reading import parquet, read
from tests.jobs.reading.formats.workbooks import SHEET, of_rows, with_text, workbook
from tests.properties import examples

HEADER = ["id", "unit_price", "state", "note"]


def test_rows_are_texts_numbered_as_in_the_sheet() -> None:
    content = of_rows(
        [], HEADER, [1.0, 0.1, "x", datetime(2026, 11, 24)], [], ["007", 2, True, None], [None, "  "], [3]
    )

    assert read("xlsx", content) == [
        ReceivedRow(3, '{"id": "1", "unit_price": "0.1", "state": "x", "note": "2026-11-24"}'),
        ReceivedRow(5, '{"id": "007", "unit_price": "2", "state": "true", "note": null}'),
        ReceivedRow(7, '{"id": "3", "unit_price": null, "state": null, "note": null}'),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ([1, "#N/A"], "excel: expected a value in B2, got the error #N/A; correct it"),
        ([1, "=1/3"], "excel: expected a value in B2, got a formula that was never computed; open the file"),
        (
            [1, 2, None, None, None, "x"],
            "excel: expected values below names of the header alone, got one in F2",
        ),
    ],
)
def test_a_cell_without_a_value_for_a_column_is_the_problem_of_its_row(
    row: list[object], problem: str
) -> None:
    bad, good = read("xlsx", of_rows(HEADER, row, [2, 3]))

    assert str(bad.problem).startswith(problem)
    assert str(row[-1]) in json.loads(str(bad.payload)).values()
    assert good.problem is None


def test_a_day_that_no_calendar_has_is_the_problem_of_its_row() -> None:
    content = of_rows(HEADER, [1, 2, None, datetime(2026, 11, 24)], [2, 3])
    (row, _) = read("xlsx", with_text(content, SHEET, "<v>46350</v>", "<v>99999999</v>"))

    assert row.problem == "excel: expected a value in D2, got the error #VALUE!; correct it"


def test_days_since_1904_are_read_as_such() -> None:
    content = of_rows(HEADER, [1, 2, None, datetime(2026, 11, 24)])
    apple = with_text(content, "xl/workbook.xml", "<workbookPr />", '<workbookPr date1904="1" />')

    (row,) = read("xlsx", apple)

    assert json.loads(str(row.payload))["note"] == "2030-11-25"


def test_a_number_inside_a_cell_with_json_keeps_its_digits() -> None:
    sizes = Column("size", "struct", fields=(Column("width", "decimal(38,34)"),))
    contract = Contract("sizes", "1", "", (Column("id", "long", required=True), sizes), key=("id",))
    content = of_rows(["id", "size"], [1, '{"width":6.51032040441137201152E-14}'])

    (row,) = read_rows("xlsx", io.BytesIO(content), contract)

    assert json.loads(str(row.payload))["size"] == '{"width": "6.51032040441137201152E-14"}'


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([["a", "b"], [1, 2]], "got missing: id, unit_price; unknown: a, b"),
        ([[*HEADER, "id"]], "got twice: id"),
    ],
)
def test_a_header_must_be_the_contracts(rows: list[list[str]], problem: str) -> None:
    with pytest.raises(UnreadableFile, match=f"header: .*{problem}"):
        read("xlsx", of_rows(*rows))


def test_a_damaged_sheet_has_its_rows_and_a_reason() -> None:
    content = with_text(of_rows(HEADER, [1, 2], [3, 4]), SHEET, '<c r="A3"', '<c r="%3"')

    good, rest = read("xlsx", content)

    assert (good.number, good.problem, rest.payload) == (2, None, None)
    assert str(rest.problem).startswith("excel: expected the rows of a sheet, got ")


def test_a_cell_at_the_end_of_the_sheet_costs_no_memory() -> None:
    content = of_rows(HEADER, [1, 2], [3, 4])
    for old, new in (('r="3"', 'r="1048576"'), ('r="A3"', 'r="A1048576"'), ('r="B3"', 'r="XFD1048576"')):
        content = with_text(content, SHEET, old, new)

    tracemalloc.start()
    rows = read("xlsx", content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [row.number for row in rows] == [2, 1_048_576]
    assert str(rows[1].problem).endswith("got one in XFD1048576")
    assert most < 20 * 1024 * 1024


def test_a_row_beyond_the_last_one_ends_the_file() -> None:
    content = with_text(of_rows(HEADER, [1, 2], [3, 4]), SHEET, '<row r="3"', '<row r="99999999999"')

    assert [row.problem for row in read("xlsx", content)] == [
        None,
        "excel: expected at most 1048576 rows, got row 1048577",
    ]


def test_parquet_that_is_named_xlsx_is_a_reason() -> None:
    with pytest.raises(UnreadableFile, match=r"^parquet: expected a file of the format .* name it .parquet"):
        read("xlsx", parquet(pa.table({"id": [1]})))


SEVEN = ErasedKeys.of(ENTITIES, ["7"])


@settings(max_examples=examples(25))
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([6, 7, 7.0, "7", "007", 8.5]), st.none() | st.text("ab #=\u00e9", max_size=4)
        ),
        max_size=12,
    )
)
def test_rows_of_other_keys_are_read_as_before_from_what_replaces_the_file(
    rows: list[tuple[object, str | None]],
) -> None:
    content = of_rows(["id", "name"], *rows)
    before = list(read_rows("xlsx", io.BytesIO(content), ENTITIES))
    target = io.BytesIO()

    counts = rewrite("xlsx", io.BytesIO(content), SEVEN, target)

    kept = [row for row in before if json.loads(str(row.payload))["id"] not in ("7", "007")]
    assert counts == RowCounts(len(before), len(before) - len(kept))
    assert target.getvalue().startswith(b"PAR1")
    assert list(read_rows("xlsx", io.BytesIO(target.getvalue()), ENTITIES)) == kept
    assert rewrite("xlsx", io.BytesIO(target.getvalue()), SEVEN, io.BytesIO()) == RowCounts(len(kept), 0)


def test_the_sheet_that_is_read_is_the_one_that_is_erased() -> None:
    content = workbook({"Notes": [["name"], ["7"]], "Rows": [["id", "name"], [7, "Ann"], [8, "Bob"]]})
    target = io.BytesIO()

    assert rewrite("xlsx", io.BytesIO(content), SEVEN, target) == RowCounts(2, 1)
    assert [row.number for row in read_rows("xlsx", target, ENTITIES)] == [3]


@pytest.mark.parametrize("rows", [[["name"], ["a"]], [["id", "id"], [7, 8]]])
def test_a_file_that_does_not_tell_the_key_cannot_be_filtered(rows: list[list[object]]) -> None:
    with pytest.raises(UnreadableFile, match="header"):
        rewrite("xlsx", io.BytesIO(of_rows(*rows)), SEVEN, io.BytesIO())
