"""JSON Lines: one JSON object on each line, UTF-8, blank lines between them."""

import json
import re
from collections.abc import Iterator
from typing import IO, NoReturn

from pydantic_core import from_json

from expectations.contract import Contract
from jobs.reading.formats.exact_numbers import INEXACT, with_exact_numbers
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
# Most lines have no array, and the search for a colon alone, with no text or object behind it, takes a third
# of the time.
_INEXACT_MEMBER = re.compile(rb':(?!["{])' + INEXACT.encode())
_INEXACT_NUMBER = re.compile(rb"[:\[,]" + INEXACT.encode())


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The lines as they are; of the contract's number columns, numbers that no double holds become text."""
    number = 0
    while line := file.readline(LONGEST_ROW):
        number += 1
        text = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
        if len(line) == LONGEST_ROW and not line.endswith(b"\n"):
            yield remainder(number - 1, _TOO_LONG.format(LONGEST_ROW))
            return
        if not text:
            continue
        try:
            received = text.decode()
        except UnicodeDecodeError as problem:
            readable = text.decode(errors="backslashreplace")
            yield ReceivedRow(number, readable, f"encoding: expected UTF-8, got {problem.reason}")
            continue
        fault = None if _is_json(text) else _fault(received)
        if fault is None and (_INEXACT_NUMBER if b"[" in text else _INEXACT_MEMBER).search(text):
            received = with_exact_numbers(received, contract.columns)
        yield ReceivedRow(number, received, fault)


def _is_json(text: bytes) -> bool:
    """Whether a line is JSON to the letter, as far as a fast parser can tell.

    Spark is more lenient: it ignores what follows the object of a line, and accepts single quotes, NaN and
    half of a surrogate pair.
    """
    try:
        from_json(text, allow_inf_nan=False, cache_strings="none")
    except ValueError:
        return False
    return True


def _fault(line: str) -> str | None:
    """What is wrong with a line as JSON (RFC 8259), None if nothing is."""
    try:
        value = json.loads(line, parse_int=str, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "encoding: expected text, got half of a surrogate pair"
    except RecursionError:
        return "json: expected a row of reasonable depth"
    except ValueError as problem:
        return f"json: expected one JSON object on the line: {problem}"
    return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


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
