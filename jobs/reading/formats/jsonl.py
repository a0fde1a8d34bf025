"""JSON Lines: one JSON object on each line, UTF-8, blank lines between them."""

import re
from collections.abc import Iterator
from typing import IO

from expectations.contract import Contract
from jobs.reading.formats.json_row import Place, received_json, strict_json
from jobs.reading.formats.rows import (
    LONGEST_ROW,
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    remainder,
)

_BOM = b"\xef\xbb\xbf"
_TOO_LONG = "json: expected lines of at most {} bytes, got a longer one"
_EXPECTED = "one JSON object on the line"
_OTHER_JSON = re.compile(
    rb"\[\s*(?:\{.*)?|\{", re.DOTALL
)  # the first line of an array, or of an object over lines


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The lines as they are; of the contract's number columns, numbers that no double holds become text."""
    number, is_first = 0, True
    while line := file.readline(LONGEST_ROW):
        number += 1
        text = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
        if len(line) == LONGEST_ROW and not line.endswith(b"\n"):
            yield remainder(number - 1, _TOO_LONG.format(LONGEST_ROW))
            return
        if not text:
            continue
        received = strict_json(text, contract)
        if received is not None and not is_first:
            yield ReceivedRow(number, received)
            continue
        place = Place(number, len(line) - len(line.lstrip()) + 1)
        row = received_json(number, text, contract, _EXPECTED, place)
        yield _of_other_json(row) if is_first and _OTHER_JSON.fullmatch(text) else row
        is_first = False


def _of_other_json(row: ReceivedRow) -> ReceivedRow:
    """The first line of a file that is JSON, but no JSON Lines. Raises UnreadableFile if it goes on."""
    if row.problem is not None:
        raise UnreadableFile(
            "json: expected one JSON object on each line, got an array or an object over several lines; name "
            "the file .json"
        )
    problem = f"json: expected {_EXPECTED}, got an array; name a file that is an array .json"
    return row if str(row.payload).startswith("{") else row._replace(problem=problem)


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the lines of the keys; a line that is no JSON is judged by its text."""
    rows = erased = 0
    while line := source.readline(LONGEST_ROW):
        if len(line) == LONGEST_ROW and not line.endswith(b"\n"):
            raise UnreadableFile(_TOO_LONG.format(LONGEST_ROW))
        text = line.strip() if rows else line.removeprefix(_BOM).strip()
        is_erased = bool(text) and keys.own_line(text)
        rows, erased = rows + bool(text), erased + is_erased
        if target is not None and not is_erased:
            target.write(line)
    return RowCounts(rows, erased)


JSON_LINES = FileFormat("jsonl", read, filter_rows)
