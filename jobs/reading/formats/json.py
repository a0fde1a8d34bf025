"""JSON: an array of objects, one object, or objects one behind another, over lines or not.

JSON Lines are read too, since many programs name them `.json`. A row is the text of an element as it was
received, and its number that of the element.
"""

import json
from collections.abc import Iterator
from typing import IO

from expectations.contract import Contract
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.json_elements import BrokenOff, Element, Elements
from jobs.reading.formats.json_row import received_json
from jobs.reading.formats.rows import (
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    readable,
    remainder,
)

_EXPECTED = "a JSON object"


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The elements as they are; numbers that no double holds become text in number columns."""
    number, elements = 0, Elements(file)
    try:
        for number, element in enumerate(elements, 1):
            if number == 1:
                _check_wrapping(element, contract)
            yield received_json(number, element.text, contract, _EXPECTED, element.place)
    except BrokenOff as problem:
        yield remainder(number, str(problem))
        return
    if elements.is_open:
        yield remainder(number, "json: expected ] at the end of the array, the file ends before it")


def _check_wrapping(first: Element, contract: Contract) -> None:
    """UnreadableFile if the first element is an object around the rows, such as an answer of an API.

    It is not unwrapped: what else it has, such as the address of the next page, would be lost without a word.
    """
    if first.is_in_array or not first.text.startswith(b"{"):
        return
    try:
        members = json.loads(first.text)
    except (ValueError, RecursionError):
        return
    if not columns_by_spelling(contract.columns).keys().isdisjoint(members):
        return
    for name, value in members.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            raise UnreadableFile(
                f"json: expected rows, got one object around an array of objects; write the array "
                f"{readable(name)[:100]!r} alone ({first.place})"
            )


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the elements of the keys, each with the comma that is too many then.

    An element that is no JSON is judged by its text.
    """
    rows = erased = 0
    elements = Elements(source)
    is_fresh = True  # whether no element is before, in the file or in its array
    ends_line = False  # whether the line end before an erased element is to be kept
    try:
        for element in elements:
            is_erased = keys.own_line(element.text)
            rows, erased = rows + 1, erased + is_erased
            gap = element.gap
            is_fresh |= b"[" in gap or b"]" in gap
            if is_fresh:
                _write(target, gap.replace(b",", b""))
            elif is_erased:
                ends_line |= b"\n" in gap
            else:
                _write(target, gap + (b"\n" if ends_line and b"\n" not in gap else b""))
            if not is_erased:
                _write(target, element.text)
                is_fresh = ends_line = False
    except BrokenOff as problem:
        raise UnreadableFile(str(problem)) from None
    _write(target, elements.tail)
    return RowCounts(rows, erased)


def _write(target: IO[bytes] | None, content: bytes) -> None:
    if target is not None:
        target.write(content)


JSON = FileFormat("json", read, filter_rows)
