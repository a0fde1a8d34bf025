"""Rows of a sample that is an Excel workbook."""

from __future__ import annotations

import json
from contextlib import closing
from typing import IO, TYPE_CHECKING, Final

from expectations.contract import Contract
from jobs.reading.formats.rows import UnreadableFile
from jobs.reading.formats.xlsx import rows_of
from jobs.reading.formats.xlsx_sheet import first_sheet, open_workbook
from workflows.contracts.samples.facts import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_CONTRACT: Final = Contract("", "", "", (), key=())


class XlsxSample:
    """The first visible sheet with a value; its cells are text, as a drop reads them."""

    is_typed = False

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.notes: list[str] = []
        self._file, self._name = file, name

    def rows(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """The number of each row in the sheet, and its texts by name. Raises DraftError."""
        self._file.seek(0)
        try:
            with closing(open_workbook(self._file)) as workbook:
                for row in rows_of(first_sheet(workbook), _NO_CONTRACT):
                    if row.problem is not None:
                        raise UnreadableFile(row.problem)
                    yield row.number, json.loads(str(row.payload))
        except UnreadableFile as error:
            raise DraftError(f"{self._name} can't be read as Excel: {error}; correct it.") from error
