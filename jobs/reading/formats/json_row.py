"""One row that came as JSON: its text as it was received, or what is wrong with it as JSON (RFC 8259)."""

import json
import re
from typing import NamedTuple, NoReturn

from pydantic_core import from_json

from expectations.contract import Contract
from jobs.reading.formats.exact_numbers import INEXACT, with_exact_numbers
from jobs.reading.formats.rows import ReceivedRow

# Most rows have no array, and the search for a colon alone, with no text or object behind it, takes a third
# of the time.
_INEXACT_MEMBER = re.compile(rb':(?!["{])' + INEXACT.encode())
_INEXACT_NUMBER = re.compile(rb"[:\[,]" + INEXACT.encode())


class Place(NamedTuple):
    """Where a row begins in its file, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"

    def of(self, line: int, column: int) -> "Place":
        """The place in the file of a place in the row."""
        return Place(self.line + line - 1, column + self.column - 1 if line == 1 else column)


def strict_json(text: bytes, contract: Contract) -> str | None:
    """The text of a row if it is JSON; of number columns, numbers that no double holds become text."""
    return _exact(text.decode(), text, contract) if _is_json(text) else None


def received_json(number: int, text: bytes, contract: Contract, expected: str, place: Place) -> ReceivedRow:
    """The row with this text, as `strict_json`, or with what is wrong with it."""
    try:
        received = text.decode()
    except UnicodeDecodeError as problem:
        readable = text.decode(errors="backslashreplace")
        return ReceivedRow(number, readable, f"encoding: expected UTF-8, got {problem.reason} ({place})")
    fault = None if _is_json(text) else _fault(received, expected, place)
    return ReceivedRow(number, _exact(received, text, contract) if fault is None else received, fault)


def _exact(received: str, text: bytes, contract: Contract) -> str:
    if (_INEXACT_NUMBER if b"[" in text else _INEXACT_MEMBER).search(text):
        return with_exact_numbers(received, contract.columns)
    return received


def _is_json(text: bytes) -> bool:
    """Whether a text is JSON to the letter, as far as a fast parser can tell.

    Spark is more lenient: it ignores what follows the object of a line, and accepts single quotes, NaN and
    half of a surrogate pair.
    """
    try:
        from_json(text, allow_inf_nan=False, cache_strings="none")
    except ValueError:
        return False
    return True


def _fault(text: str, expected: str, place: Place) -> str | None:
    """What is wrong with a text as JSON, and where; None if nothing is."""
    try:
        value = json.loads(text, parse_int=str, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return f"encoding: expected text, got half of a surrogate pair ({place})"
    except RecursionError:
        return f"json: expected a row of reasonable depth ({place})"
    except json.JSONDecodeError as problem:
        return f"json: expected {expected}: {problem.msg} ({place.of(problem.lineno, problem.colno)})"
    except ValueError as problem:
        return f"json: expected {expected}: {problem} ({place})"
    return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
