"""Splits a JSON file into its elements: those of arrays, and values one behind another, over lines or not.

It looks at brackets and quotes alone, so an element is the text that was received, with all its digits and
names. Commas between elements may be missing. Memory is bounded by the longest row.

If an element's brackets can't be right (a quote is missing, or a bracket), it ends before the next line that
begins an element: with `{`, and indented no deeper than the element itself.
"""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from expectations.problems import GluelineError
from jobs.reading.formats.json_row import Place
from jobs.reading.formats.rows import LONGEST_ROW

_CHUNK = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_SEPARATORS = re.compile(rb"[ \t\r\n,]*+")
_STRING = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+'  # without the quote at its end
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:%s"[^"{}\[\]]*+)*+' % _STRING)
_OPEN_STRING = re.compile(_STRING)
_SCALAR = re.compile(rb'%s"|[^,\]\n]++' % _STRING)
_LINE = re.compile(rb"[^\n]*+")
_CLOSED_BY = {ord("{"): ord("}"), ord("["): ord("]")}
_BEFORE_VALUE = {ord("{"): b":", ord("["): b"[,"}  # what may come before a bracket within an object or array


class BrokenOff(GluelineError):
    """Raised when the rest of a file can't be split into elements; the message says why and where."""

    def __init__(self, problem: str, place: Place) -> None:
        super().__init__(f"json: {problem} ({place})")


class Element(NamedTuple):
    """One element."""

    gap: bytes  # what is before it: separators, and brackets of the arrays around elements
    text: bytes
    place: Place
    is_in_array: bool


class Elements(Iterator[Element]):
    """The elements of a file. Afterwards `tail` is what is behind the last one, and `is_open` may be true.

    Raises BrokenOff.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.tail = b""
        self.is_open = False  # whether an array has begun and not ended
        self._file = file
        self._text, self._at = file.read(_CHUNK), 0
        self._line, self._column = 1, 1
        self._indent = 0  # of the first element on the line
        self._is_first = True
        self._gap = b""
        if self._text.startswith(_BOM):
            self._gap, self._at = _BOM, len(_BOM)

    def __next__(self) -> Element:
        if not self._starts():
            self.tail = self._gap
            raise StopIteration
        gap, self._gap = self._gap, b""
        place = Place(self._line, self._column)
        if self._is_first or b"\n" in gap:
            self._indent = place.column - 1
        self._is_first = False
        is_in_array, end = self.is_open, self._end(place)
        text = self._text[self._at : self._at + end].rstrip(b" \t\r\n,")
        self._move(len(text))
        return Element(gap, text, place, is_in_array)

    def _starts(self) -> bool:
        """Go to the next element; false if there is none."""
        while True:
            self._pass(_end_of_match(_SEPARATORS, self._text, self._at) - self._at)
            if self._at == len(self._text):
                if not self._more():
                    return False
            elif self._text[self._at] == (ord("]") if self.is_open else ord("[")):
                self.is_open = not self.is_open
                self._pass(1)
            else:
                return True

    def _end(self, place: Place) -> int:
        """The length of the element here, which begins at this place."""
        problem = "expected a value whose quotes and brackets match"
        try:
            try:
                return (
                    self._end_of_brackets() if self._text[self._at] in _CLOSED_BY else self._end_of_scalar()
                )
            except _Misplaced as fault:
                found = self._next_line_of_element(fault.at)
        except _Ended:
            found, problem = None, f"{problem}, the file ends before they do"
        except _TooLong:
            problem = f"expected rows of at most {LONGEST_ROW} bytes, got a longer one"
            raise BrokenOff(problem, place) from None
        if found is not None:
            return found
        rest = self._text[self._at :]
        if self.is_open or b"\n" in rest.strip():
            raise BrokenOff(problem, place)
        return len(rest)  # as in JSON Lines: the last line is the last row

    def _end_of_brackets(self) -> int:
        opened = [self._text[self._at]]
        last, at = 0, self._next_bracket(1)  # from here
        while True:
            bracket = self._text[self._at + at]
            if bracket in _CLOSED_BY:
                before = self._text[self._at + last : self._at + at].rstrip()[-1]
                if before not in _BEFORE_VALUE[opened[-1]]:
                    raise _Misplaced(at)
                opened.append(bracket)
            elif _CLOSED_BY[opened.pop()] != bracket:
                raise _Misplaced(at)
            if not opened:
                return at + 1
            last, at = at, self._next_bracket(at + 1)

    def _next_bracket(self, at: int) -> int:
        """The next bracket that is in no text. Raises _Misplaced if a text does not end on its line."""
        while True:
            at = _end_of_match(_TO_BRACKET, self._text, self._at + at) - self._at
            found = self._text[self._at + at : self._at + at + 1]
            if found and found != b'"':
                return at
            ended = _end_of_match(_OPEN_STRING, self._text, self._at + at) if found else len(self._text)
            if self._text[ended : ended + 1] == b"\n" or ended + 1 < len(self._text):
                raise _Misplaced(ended - self._at)
            self._read_on()

    def _end_of_scalar(self) -> int:
        """A value without brackets ends at the next comma of an array; elsewhere at the end of the line."""
        pattern = _SCALAR if self.is_open else _LINE
        while (end := _end_of_match(pattern, self._text, self._at)) == len(self._text):
            try:
                self._read_on()
            except _Ended:
                break
        return end - self._at

    def _next_line_of_element(self, at: int) -> int | None:
        """The line end before the next line that begins an element, or ends the array; None without one."""
        begins = self._text[self._at : self._at + 1] + (b"]" if self.is_open else b"")
        line = re.compile(rb"\n[ \t]{0,%d}+[%s]" % (self._indent, re.escape(begins)))
        at = max(self._text.rfind(b"\n", self._at, self._at + at + 1) - self._at, 0)
        while (found := line.search(self._text, self._at + at)) is None:
            try:
                self._read_on()
            except _Ended:
                return None
        return found.start() - self._at

    def _read_on(self) -> None:
        """Read more of the file, with the element as far as it was read in memory."""
        if len(self._text) - self._at > LONGEST_ROW:
            raise _TooLong
        if not self._more():
            raise _Ended

    def _more(self) -> bool:
        chunk = self._file.read(_CHUNK)
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)

    def _pass(self, size: int) -> None:
        """Move over bytes between elements."""
        self._gap += self._text[self._at : self._at + size]
        if len(self._gap) > LONGEST_ROW:
            problem = f"expected at most {LONGEST_ROW} bytes between two rows, got more"
            raise BrokenOff(problem, Place(self._line, self._column))
        self._move(size)

    def _move(self, size: int) -> None:
        passed = self._text[self._at : self._at + size]
        self._at += size
        if lines := passed.count(b"\n"):
            self._line, self._column = self._line + lines, 1
            passed = passed[passed.rindex(b"\n") + 1 :]
        self._column += len(passed.decode(errors="replace"))


class _Misplaced(Exception):
    """Raised at a bracket or quote that can't be in an element."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class _Ended(Exception):
    """Raised when the file ends within an element."""


class _TooLong(Exception):
    """Raised when an element is longer than a row may be."""


def _end_of_match(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    """Where the match that begins at this place ends. Each pattern matches, if only nothing."""
    found = pattern.match(text, at)
    return at if found is None else found.end()
