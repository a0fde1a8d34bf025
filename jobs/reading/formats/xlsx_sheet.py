"""Finds the sheet of a workbook that has the rows, and its header. openpyxl reads it, row by row."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from expectations.contract import Contract
from expectations.spellings import spellings
from jobs.reading.formats.compression import most_unpacked
from jobs.reading.formats.rows import UnreadableFile, readable
from jobs.reading.formats.xlsx_cells import is_empty, text_of

_OLD = bytes.fromhex(
    "d0cf11e0a1b11ae1"
)  # of Microsoft's compound files: `.xls`, and workbooks with a password
_MOST_TEXTS = 256 * 1024 * 1024  # bytes of the texts of a workbook, which are in memory as a whole
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CHUNK = 1024 * 1024
_LONGEST_TAG = 64  # bytes, of a tag with the prefix of its namespace
_HEADER_WITHIN = 20  # rows with values: titles may be above it


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet, its header, and where that is."""

    source: "_Source"
    names: Mapping[int, str]  # by column, from 0
    header: int  # the number of its row

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """The numbers and cells of the rows below the header."""
        return islice(self.source.rows(), self.header, None)


class Workbook:
    """An open workbook."""

    def __init__(self, file: IO[bytes]) -> None:
        from openpyxl import load_workbook

        with zipfile.ZipFile(file) as archive:
            _check_sizes(file, archive)
            has_formulas = any(
                _has_formula(archive, name)
                for name in archive.namelist()
                if name.startswith("xl/worksheets/")
            )
        # openpyxl warns about what it leaves out, such as rules for colours: no row has anything of that.
        warnings.filterwarnings("ignore", module="openpyxl")
        self._values: Any = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        self._formulas: Any = None
        if has_formulas:
            self._formulas = load_workbook(file, read_only=True, keep_links=False)

    def visible(self) -> "list[_Source]":
        """The sheets that people see."""
        return [
            _Source(sheet, self._formulas and self._formulas[sheet.title])
            for sheet in self._values.worksheets
            if sheet.sheet_state == "visible"
        ]

    def close(self) -> None:
        """Close the workbook; the file stays open."""
        self._values.close()
        if self._formulas is not None:
            self._formulas.close()


@dataclass(frozen=True, slots=True)
class _Source:
    """A sheet with values, and the same with formulas if the workbook has any."""

    values: Any
    formulas: Any

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """The numbers and cells of all rows, from 1. A formula never computed is a cell of type `f`."""
        for sheet in filter(None, (self.values, self.formulas)):
            sheet.reset_dimensions()  # what a sheet says of its size may be wrong
        rows = self.values.iter_rows()
        if self.formulas is None:
            yield from enumerate(rows, 1)
            return
        for number, (cells, formulas) in enumerate(zip(rows, self.formulas.iter_rows(), strict=True), 1):
            yield (
                number,
                [
                    formula
                    if formula.data_type == "f" and cell.value is None and cell.data_type == "n"
                    else cell
                    for cell, formula in zip(cells, formulas, strict=True)
                ],
            )


def open_workbook(file: IO[bytes]) -> Workbook:
    """The workbook. UnreadableFile if it can't be read."""
    start = file.read(len(_OLD))
    file.seek(0)
    if start == _OLD:
        raise UnreadableFile(
            "excel: expected an .xlsx workbook without a password, got one with a password or of an old "
            "Excel; save it as .xlsx without a password"
        )
    try:
        return Workbook(file)
    except UnreadableFile:
        raise
    except Exception as problem:  # noqa: BLE001 -- openpyxl raises whatever a damaged byte leads to
        raise UnreadableFile(
            f"excel: expected an .xlsx workbook, got {type(problem).__name__}: {readable(str(problem))[:200]}"
        ) from None


def _check_sizes(file: IO[bytes], archive: zipfile.ZipFile) -> None:
    """UnreadableFile if the parts are larger than rows can be. None is read beyond the size that it says."""
    at = file.tell()
    most = most_unpacked(file.seek(0, io.SEEK_END))
    file.seek(at)
    parts = archive.infolist()
    texts = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
    for size, limit in ((sum(part.file_size for part in parts), most), (texts, _MOST_TEXTS)):
        if size > limit:
            raise UnreadableFile(
                f"excel: expected at most {limit} bytes in a workbook of this size, got {size}: drop it in "
                "parts, or as CSV"
            )


def _has_formula(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether a sheet has a formula, as far as its bytes tell."""
    with archive.open(name) as part:
        rest = b""
        while chunk := part.read(_CHUNK):
            if _FORMULA.search(rest + chunk):
                return True
            rest = chunk[-_LONGEST_TAG:]
    return False


def sheet_of(workbook: Workbook, contract: Contract) -> Sheet:
    """The visible sheet with the key's columns; if several have them, the one named like the dataset.

    The other columns don't count: an erasure, which does not know them, has to find the same sheet. Without
    such a sheet it is the first one with a value, whose header is refused then.
    """
    keys = [set(names) for names in spellings(contract.key_columns).values()]
    sheets = workbook.visible()
    found = [sheet for source in sheets if (sheet := _with_header(source, keys)) is not None]
    if len(found) > 1:
        titles = [str(sheet.source.values.title) for sheet in found]
        named = [sheet for sheet in found if str(sheet.source.values.title).lower() == contract.dataset]
        if len(named) != 1:
            shown = readable(", ".join(titles))[:200]
            raise UnreadableFile(
                f"excel: expected one sheet with the key of {contract.dataset}, got {len(titles)}: {shown}; "
                f"name one of them {contract.dataset}, or drop them as files of their own"
            )
        found = named
    if found:
        return found[0]
    return first_sheet(workbook)


def first_sheet(workbook: Workbook) -> Sheet:
    """The first visible sheet that has a value; its first row with one is the header."""
    for source in workbook.visible():
        if (sheet := _with_header(source, [])) is not None:
            return sheet
    raise UnreadableFile("excel: expected a sheet with a header, got none with a value")


def _with_header(source: _Source, keys: Sequence[set[str]]) -> Sheet | None:
    """The sheet if one of its first rows names a column of each of these sets."""
    filled = ((number, cells) for number, cells in source.rows() if not all(map(is_empty, cells)))
    for number, cells in islice(filled, _HEADER_WITHIN):
        names = {place: text_of(cell.value).strip() for place, cell in enumerate(cells) if not is_empty(cell)}
        if all(not spelled.isdisjoint(names.values()) for spelled in keys):
            return Sheet(source, names, number)
    return None
