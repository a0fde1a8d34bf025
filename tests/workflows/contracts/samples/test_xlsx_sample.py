"""The texts of a workbook are those that a drop reads; a cell without a value for a column is named."""

import io
from datetime import datetime

import pytest

from tests.jobs.reading.formats.workbooks import of_rows, workbook
from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.sample import columns_of
from workflows.contracts.samples.xlsx_sample import XlsxSample


def test_rows_are_texts_by_the_names_of_the_header() -> None:
    rows: list[list[object]] = [["Id", "on"], [1.0, datetime(2026, 11, 24)], [None, None], ["2", None]]
    sample = XlsxSample(io.BytesIO(workbook({"Empty": [], "Rows": rows})), "a.xlsx")

    assert list(sample.rows()) == [(2, {"Id": "1", "on": "2026-11-24"}), (4, {"Id": "2", "on": None})]
    assert [(column.header, column.type) for column in columns_of(sample, "a.xlsx")] == [
        ("Id", "long"),
        ("on", "date"),
    ]


def test_a_cell_with_an_error_is_named() -> None:
    sample = XlsxSample(io.BytesIO(of_rows(["id"], ["#N/A"])), "a.xlsx")

    with pytest.raises(DraftError, match=r"^a.xlsx can't be read as Excel: excel: expected a value in A2"):
        list(sample.rows())
