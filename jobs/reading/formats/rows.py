"""What a file format is, and what all formats share: received rows, counts of rows, unreadable files."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any, NamedTuple, Protocol

from expectations.contract import Contract
from expectations.problems import GluelineError

LONGEST_ROW = 16 * 1024 * 1024  # bytes; a DynamoDB item has at most 400 KB


class UnreadableFile(GluelineError):
    """Raised when a file as a whole can't be read; the message is the reason that quarantine keeps."""


class ReceivedRow(NamedTuple):
    """One row as received; `number` counts from 1: lines in JSON Lines, rows after the header in CSV."""

    number: int
    payload: str | None  # JSON
    problem: str | None = None


class RowCounts(NamedTuple):
    """How many rows a file has, and how many of them are to be erased."""

    rows: int
    erased: int


class KeysToErase(Protocol):
    """Which rows a filter removes: those of certain keys of one dataset."""

    @property
    def contract(self) -> Contract:
        """The contract of the dataset, with the key's columns alone."""

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Key column -> the names that a file may have for it."""

    def own_line(self, line: bytes | str) -> bool:
        """Whether a line of JSON is of one of the keys."""

    def own_values(self, given: Mapping[str, Sequence[Any]]) -> bool:
        """Whether one of the values given for each key column makes one of the keys."""


type ReadRows = Callable[[IO[bytes], Contract], Iterator[ReceivedRow]]
type FilterRows = Callable[[IO[bytes], KeysToErase, IO[bytes] | None], RowCounts]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file format. To add one, write a module with these two functions and list it in the registry."""

    name: str
    # Yields the rows of an open file that is not empty, as JSON text just as they were received, streaming: a
    # row that can't be read comes with its problem. Raises UnreadableFile if no row can be read.
    read: ReadRows
    # Counts the rows of a file and those of the keys, and writes the file without these to the target, if
    # there is one; everything else stays as it is. Raises UnreadableFile if rows can't be told apart.
    filter: FilterRows
    # Whether a file of zero bytes is a file without rows.
    may_be_empty: bool = True
    # Whether all values are text, to be read as the types of their columns.
    is_untyped: bool = False
    # Whether it reads every encoding with a byte order mark by itself.
    knows_encodings: bool = False
    # Whether a file is read at any place, not forward only.
    seeks: bool = False
    # Whether `filter` writes a file of this format. Otherwise it writes `kept_rows`, and a file may be such.
    is_written_again: bool = True


def received_row(number: int, values: Mapping[str, Any] | Sequence[str | None]) -> ReceivedRow:
    """The row with its values as JSON."""
    payload = json.dumps(values, ensure_ascii=False, default=_to_json)
    try:
        payload.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8, kept by surrogateescape
        return ReceivedRow(number, readable(payload), "encoding: expected UTF-8")
    return ReceivedRow(number, payload)


def remainder(read: int, problem: str) -> ReceivedRow:
    """The row that stands for the rest of a file which can't be split into rows after the `read` ones before.

    Raises UnreadableFile if there are none before.
    """
    if not read:
        raise UnreadableFile(problem)
    number = read + 1
    return ReceivedRow(
        number, None, f"{problem}; from row {number} on nothing was read: drop a corrected file"
    )


def readable(text: str) -> str:
    """The text with bytes that are not UTF-8, kept by surrogateescape, as escapes: it can be encoded."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _to_json(value: object) -> str:
    """A value that JSON does not have, as the text that a contract's types are read from."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Decimal():
            return f"{value:f}"
    return str(value)
