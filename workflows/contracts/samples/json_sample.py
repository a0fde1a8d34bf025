"""Rows of a JSON sample: JSON Lines, an array of objects, or objects one after another."""

from __future__ import annotations

import codecs
import json
import re
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final

from lambdas import exact_json
from workflows.contracts.samples.facts import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK: Final = 256 * 1024
_LONGEST_ROW: Final = 16 * 1024 * 1024  # as in drops
_NEXT: Final = re.compile(r"[^\s,]|\Z")  # the start of a value, past what is between values


class JsonSample:
    """A file of JSON objects."""

    is_typed = True

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.notes: list[str] = []
        self._file, self._name = file, name

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number of each object, and its members. Raises DraftError for anything else."""
        self._file.seek(0)
        number = 0
        for number, text in enumerate(self._texts(), 1):
            try:
                row = exact_json.loads(text)
            except exact_json.BrokenJson as error:
                raise self._refused(number, str(error)) from error
            if not isinstance(row, dict):
                raise self._refused(number, f"expected an object, got {text[:40]}")
            yield number, row

    def _texts(self) -> Iterator[str]:
        """The text of each value."""
        scan = json.JSONDecoder(parse_float=Decimal, parse_int=str).raw_decode
        pending, is_first, number = "", True, 0
        for chunk in self._chunks():
            pending += chunk
            at = _start(pending, 0)
            if is_first and at < len(pending):
                is_first = False
                at += pending[at] == "["
            while True:
                at = _start(pending, at)
                try:
                    _, end = scan(pending, at)
                except (ValueError, RecursionError):
                    break
                if end == len(pending):  # a number may go on in the next chunk
                    break
                number += 1
                yield pending[at:end]
                at = end
            pending = pending[at:]
            if len(pending) > _LONGEST_ROW:
                raise self._refused(number + 1, "expected a complete JSON object")
        if rest := pending.strip().removesuffix("]").strip():
            yield rest

    def _chunks(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            while chunk := self._file.read(_CHUNK):
                yield decoder.decode(chunk)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise DraftError(
                f"{self._name} can't be read as JSON: it is not UTF-8; save it as UTF-8."
            ) from error

    def _refused(self, number: int, problem: str) -> DraftError:
        return DraftError(f"{self._name} can't be read as JSON: row {number}: {problem}; correct it.")


def _start(text: str, at: int) -> int:
    """The position of the next value; the length of the text if there is none."""
    found = _NEXT.search(text, at)
    return found.start() if found else len(text)
