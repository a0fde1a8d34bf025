"""How a sample writes its numbers, dates and missing values is found only if it has one meaning."""

import pytest

from expectations.file_dialect import CsvDialect
from workflows.contracts.samples.csv_dialect import FieldForms, field_forms


def forms(*columns: list[str], key: int | None = None) -> FieldForms:
    rows = [{str(number): text for number, text in enumerate(row)} for row in zip(*columns, strict=True)]
    return field_forms(rows, CsvDialect(), lambda header: header == str(key))


@pytest.mark.parametrize(
    ("columns", "numbers"),
    [
        ([["1,5", "12"]], (",", None)),
        ([["1.234,5", "1,25"]], (",", ".")),
        ([["1 234,5", "0,5"]], (",", " ")),
        ([["1'234.50", "7"]], (".", "'")),
        ([["1,234,567", "5"]], (".", ",")),
        ([["1,234.5", "5"]], (".", ",")),
        ([["1,5", "2,5"], ["1.234", "5.678"]], (",", ".")),
        ([["1,5", "2,5"], ["1.5", "2"]], (".", None)),
        ([["1,234", "5,678"]], (".", None)),
        ([["1,234", "5,678"], ["1,2", "3"]], (",", None)),
        ([["007,5", "1"]], (".", None)),
        ([["1,5", "x"]], (".", None)),
        ([["1.5", "2"]], (".", None)),
    ],
)
def test_numbers_have_one_form_in_the_whole_file(
    columns: list[list[str]], numbers: tuple[str, str | None]
) -> None:
    found = forms(*columns).dialect

    assert (found.decimal, found.group) == numbers


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (["31.12.2026", "01.02.2026"], "dd.MM.yyyy"),
        (["31.12.2026", "1.2.2026"], "d.M.yyyy"),
        (["12/31/2026", "01/02/2026"], "MM/dd/yyyy"),
        (["01/02/2026", "03/04/2026"], None),
        (["2026/12/31"], "yyyy/MM/dd"),
        (["31-Dec-2026"], "dd-MMM-yyyy"),
        (["31.12.2026 8:05"], "dd.MM.yyyy H:mm"),
        (["31.12.2026", "2026-12-31"], None),
        (["2026-12-31"], None),
        (["31.02.2026"], None),
        (["N/A"], None),
    ],
)
def test_dates_have_one_pattern_and_one_meaning(texts: list[str], pattern: str | None) -> None:
    assert forms(texts).formats.get("0") == pattern


@pytest.mark.parametrize(
    ("columns", "key", "missing"),
    [
        ([["1", "N/A", "-"]], None, ("-", "N/A")),
        ([["31.12.2026", "NULL"]], None, ("NULL",)),
        ([["a", "N/A"]], None, ()),
        ([["1", "N/A"], ["a", "N/A"]], None, ("N/A",)),
        ([["1", "NA"], ["DE", "NA"]], None, ()),
        ([["1", "NA"], ["Ann", "NA"]], None, ("NA",)),
        ([["1", "N/A"], ["a", "N/A"]], 1, ()),
        ([["1", "N/A"]], 0, ()),
    ],
)
def test_texts_are_missing_values_where_others_are_typed(
    columns: list[list[str]], key: int | None, missing: tuple[str, ...]
) -> None:
    assert forms(*columns, key=key).dialect.missing == missing


def test_a_column_with_a_text_that_may_be_a_value_stays_text() -> None:
    found = forms(["1,5", "NA"], ["DE", "NA"])

    assert "0" not in found.readers
