"""Excel workbooks (`.xlsx`): one sheet is read, each of its rows is a row. A cell is text, as a field of CSV.

A number is the shortest text of what is stored, whatever its format shows (`5%` is `0.05`), and a day or time
is in ISO 8601. The number of a row is that of the sheet, and every reason names the cell.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import IO, Any

from expectations.contract import Contract
from jobs.reading.formats.exact_numbers import with_exact_nested
from jobs.reading.formats.header import check_header, key_positions
from jobs.reading.formats.kept_rows import replace_rows
from jobs.reading.formats.rows import (
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    readable,
    received_row,
    remainder,
)
from jobs.reading.formats.xlsx_cells import is_empty, text_of
from jobs.reading.formats.xlsx_sheet import Sheet, open_workbook, sheet_of

_MOST_ROWS = 1_048_576  # of a sheet of Excel


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows below the header, which has to name the contract's columns. Empty rows are no rows."""
    with closing(open_workbook(file)) as workbook:
        sheet = sheet_of(workbook, contract)
        check_header(contract, list(sheet.names.values()))
        yield from rows_of(sheet, contract)


def rows_of(sheet: Sheet, contract: Contract) -> Iterator[ReceivedRow]:
    """The rows of a sheet that are not empty, as objects by the names of its header."""
    number = 0
    try:
        for number, cells in sheet.rows():
            if number > _MOST_ROWS:
                problem = f"excel: expected at most {_MOST_ROWS} rows, got row {number}"
                yield ReceivedRow(number, None, problem)
                return
            filled = {place: cell for place, cell in enumerate(cells) if not is_empty(cell)}
            if filled:
                yield _received(number, filled, sheet, contract)
    except Exception as error:  # noqa: BLE001 -- openpyxl raises whatever a damaged byte leads to
        got = readable(f"{type(error).__name__}: {error}")[:200]
        yield remainder(number, f"excel: expected the rows of a sheet, got {got}")


def _received(number: int, filled: Mapping[int, Any], sheet: Sheet, contract: Contract) -> ReceivedRow:
    values = {
        name: text_of(filled[place].value) if place in filled else None for place, name in sheet.names.items()
    }
    problem = next(filter(None, (_problem(place, cell, sheet) for place, cell in filled.items())), None)
    if problem is not None:
        others = [cell for place, cell in filled.items() if place not in sheet.names]
        shown = values | {cell.coordinate: text_of(cell.value) for cell in others}
        return received_row(number, shown)._replace(problem=problem)
    return received_row(number, with_exact_nested(values, contract))


def _problem(place: int, cell: Any, sheet: Sheet) -> str | None:
    if cell.data_type == "e":
        return f"excel: expected a value in {cell.coordinate}, got the error {cell.value}; correct it"
    if cell.data_type == "f":
        return (
            f"excel: expected a value in {cell.coordinate}, got a formula that was never computed; open the "
            "file in a spreadsheet program and save it"
        )
    if place not in sheet.names:
        return f"excel: expected values below names of the header alone, got one in {cell.coordinate}"
    return None


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Writes the rows of other keys as `kept_rows`: the rest of a workbook refers to places in it."""
    with closing(open_workbook(source)) as workbook:
        sheet = sheet_of(workbook, keys.contract)
        names = list(sheet.names.values())
        key_positions(names, keys)
        if len({*names}) < len(names):
            raise UnreadableFile("header: expected each name once, got one that comes twice")
        return replace_rows(names, rows_of(sheet, keys.contract), keys, target)


XLSX = FileFormat(
    "xlsx", read, filter_rows, may_be_empty=False, is_untyped=True, seeks=True, is_written_again=False
)
