"""The lines of a text file, many at a time, in bounded memory.

A line ends with `\\n`, `\\r\\n` or `\\r`. Bytes that are no text in the encoding become lone surrogates, as
Python's `surrogateescape` makes them, so that they end in a reason of their row.
"""

import codecs
import io
import re
import sys
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import IO, Self

from expectations.problems import GluelineError
from jobs.reading.formats.rows import UnreadableFile

_CHUNK = 256 * 1024  # bytes; a whole number of code units in every encoding
MOST_LINES = 100_000  # of one row: a short line takes more memory than its characters
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before that of UTF-16, with which it begins
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_LONGEST_MARK = 4
_LONE = re.compile("[\ud800-\udfff]")  # half of a surrogate pair
_NO_TEXT = "\udc80"


class LineTooLong(GluelineError):
    """Raised when the next line, or the row that continues in it, is longer than a row may be."""


class Lines(Iterator[list[str]]):
    """The lines of a file, from its start, as lists. Those from line `start` on are kept.

    `start` is set by the reader to the first line that it still needs, and `longest` to the most bytes that
    the lines of one row may have. A byte order mark decides on the encoding; without one, UTF-16 is
    little-endian, as Windows writes it. `begin` is what was read of the file already. `kept_from` is the
    first line whose bytes are still needed, if any are.
    """

    def __init__(self, file: IO[bytes], encoding: str, longest: int, begin: bytes = b"") -> None:
        begin = begin or file.read(_LONGEST_MARK)
        self.mark = next((mark for mark in _MARKS if begin.startswith(mark)), b"")
        self.encoding = _MARKS.get(self.mark, "utf-16-le" if encoding == "utf-16" else encoding)
        self.start = 0
        self.count = 0  # of the lines that were read
        self.kept_from: int = sys.maxsize
        self.longest = longest
        self._line_feed, self._return = "\n".encode(self.encoding), "\r".encode(self.encoding)
        self._unit = len(self._line_feed)
        self._errors = "surrogateescape" if self._unit == 1 else "surrogatepass"
        self._file = file
        self._rest = begin[len(self.mark) :]
        self._kept: deque[_Block] = deque()
        self._peeked: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[str]:
        if self._peeked:
            peeked, self._peeked = self._peeked, []
            return peeked
        kept = self._kept
        while kept and kept[0].end <= min(self.start, self.kept_from):
            kept.popleft()
        size = sum(len(block.raw) for block in kept)
        if size > self.longest + _CHUNK or self.count - self.start > MOST_LINES:
            raise LineTooLong
        raw = self._complete_lines()
        if not raw:
            raise StopIteration
        block = _Block(self.count, raw, self._decoded(raw))
        kept.append(block)
        self.count = block.end
        return block.lines

    @property
    def has_code_page(self) -> bool:
        """Whether a character has one byte, or several from its first one on: not UTF-16."""
        return self._unit == 1

    def peek(self) -> list[str]:
        """The first lines, which stay to be read."""
        self._peeked = next(self, [])
        return self._peeked

    def one_by_one(self) -> Iterator[str]:
        """The lines that are not read yet."""
        return chain.from_iterable(self)

    def between(self, start: int, end: int) -> list[str]:
        """The kept lines from `start` on, up to but not including `end`."""
        return [line for block in self._kept for line in block.between(block.lines, start, end)]

    def raw_between(self, start: int, end: int) -> bytes:
        """The bytes of these lines."""
        lines = (block.between(self._raw_lines(block), start, end) for block in self._kept)
        return b"".join(chain.from_iterable(lines))

    def skip_long_line(self) -> None:
        """Pass over the line that was too long."""
        self.count += 1
        self.start = self.count
        pending = self._rest
        while not (end := self._first_end(pending)):
            chunk = self._chunk()
            if not chunk:
                self._rest = b""
                return
            pending = pending[-self._unit :] + chunk
        self._rest = pending[end:]

    def _complete_lines(self) -> bytes:
        """The bytes of the next lines, all complete unless the file ends; none at its end."""
        parts, size = [self._rest], len(self._rest)
        if end := self._last_end(self._rest):  # of what was read to find out about the file
            self._rest = self._rest[end:]
            return parts[0][:end]
        while chunk := self._chunk():
            last = parts[-1][-self._unit :]  # a line end, unless the chunk begins with its second half
            if end := self._last_end(last + chunk):
                self._rest = chunk[end - len(last) :]
                return b"".join((*parts, chunk[: end - len(last)]))
            parts.append(chunk)
            size += len(chunk)
            if size > self.longest:
                self._rest = b"".join(parts)
                raise LineTooLong
        self._rest = b""
        return b"".join(parts)

    def _chunk(self) -> bytes:
        """The next bytes, in whole code units unless the file ends."""
        chunk = self._file.read(_CHUNK)
        while len(chunk) % self._unit and (more := self._file.read(self._unit - len(chunk) % self._unit)):
            chunk += more
        return chunk

    def _last_end(self, chunk: bytes) -> int:
        """Where the last line end of the chunk ends; 0 if there is none. A last `\\r` may be half of one."""
        unit = self._unit
        feed = self._find_last(chunk, self._line_feed, len(chunk))
        back = self._find_last(chunk, self._return, len(chunk) - unit)
        return max(feed, back) + unit if max(feed, back) >= 0 else 0

    def _find_last(self, chunk: bytes, mark: bytes, end: int) -> int:
        at = chunk.rfind(mark, 0, max(end, 0))
        while at >= 0 and at % self._unit:
            at = chunk.rfind(mark, 0, at + self._unit - 1)
        return at

    def _first_end(self, chunk: bytes) -> int:
        """Where the first line end of the chunk ends; 0 if there is none."""
        unit, end = self._unit, len(chunk)
        feed = self._find_first(chunk, self._line_feed)
        back = self._find_first(chunk, self._return)
        if back < 0 or 0 <= feed < back:
            return feed + unit if feed >= 0 else 0
        if back + unit == end:
            return 0
        return back + unit * (2 if feed == back + unit else 1)

    def _find_first(self, chunk: bytes, mark: bytes) -> int:
        at = chunk.find(mark)
        while at >= 0 and at % self._unit:
            at = chunk.find(mark, at + 1)
        return at

    def _decoded(self, raw: bytes) -> list[str]:
        whole = len(raw) - len(raw) % self._unit
        text = raw[:whole].decode(self.encoding, self._errors)
        if self._unit > 1:
            text = _LONE.sub(_NO_TEXT, text)
        if whole < len(raw):  # the file breaks off in a code unit
            text += _NO_TEXT
        return io.StringIO(text, newline="").readlines()

    def _raw_lines(self, block: "_Block") -> list[bytes]:
        if not block.raw_lines:
            block.raw_lines = self._split(block)
            if len(block.raw_lines) != len(block.lines):
                raise UnreadableFile(f"encoding: expected {self.encoding}, got other bytes at line ends")
        return block.raw_lines

    def _split(self, block: "_Block") -> list[bytes]:
        if self._unit == 1:
            return block.raw.splitlines(keepends=True)
        raw, at = list[bytes](), 0
        for line in block.lines[:-1]:
            end = at + len(line.encode(self.encoding, self._errors))
            raw.append(block.raw[at:end])
            at = end
        return [*raw, block.raw[at:]]


class _Block:
    """Consecutive lines of a file."""

    __slots__ = ("end", "first", "lines", "raw", "raw_lines")

    def __init__(self, first: int, raw: bytes, lines: list[str]) -> None:
        self.first, self.raw, self.lines = first, raw, lines
        self.raw_lines: list[bytes] = []
        self.end = first + len(lines)

    def between[T](self, lines: list[T], start: int, end: int) -> list[T]:
        """Those of its lines that are from `start` up to `end`."""
        return lines[max(start - self.first, 0) : max(end - self.first, 0)]
