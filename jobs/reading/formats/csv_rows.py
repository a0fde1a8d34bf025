"""Tells the rows of CSV apart by Python's parser, and bounds a fault to its row.

A faulty row ends with its first line, and reading resumes at the next one. The lines that the parser took for
a continuation of the row are rows of their own then. Each is read alone: if it began a field that goes on in
the next line, the parser would meet the same fault there. So each line is parsed a few times at most, however
many faults a file has.
"""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from expectations.file_dialect import CsvDialect
from jobs.reading.formats.text_lines import MOST_LINES, Lines, LineTooLong

LONGEST_FIELD = 1024 * 1024  # characters

type Fields = list[str | None]  # an empty field is None, a quoted empty one is empty text


class Fault(NamedTuple):
    """A line that is no row, and why."""

    line: str
    problem: str


class CsvRows:
    """The rows of a file: the fields of each, none for a line that is no row, or its fault.

    The row that came last has the lines from `lines.start` up to but not including `end`, counted from 0.
    `width` is how many fields rows have. Rows of another width are left to the caller, except for one that
    has swallowed others: a line in it is a row.
    """

    def __init__(self, lines: Lines, dialect: CsvDialect, skip: int = 0) -> None:
        self.width = 0  # not known yet
        self.end = skip
        self.has_spanning_fault = False  # one for which the parser read several lines
        self.lines = lines
        self._skip = skip  # lines at the start of the file
        self._dialect = dialect
        self._options = parser_options(dialect)

    def __iter__(self) -> Iterator[Fields | Fault]:
        csv.field_size_limit(LONGEST_FIELD)
        lines, again = self.lines, list[str]()
        stream = lines.one_by_one()
        lines.start = sum(1 for _ in islice(stream, self._skip))
        while True:
            base = lines.start
            reader = csv.reader(self._without_comments(chain(again, stream), base), **self._options)
            again = []
            try:
                for fields in self._with_nulls(reader):
                    end = base + reader.line_num
                    if end > lines.start + 1 and self._has_swallowed(fields, end):
                        problem = f"csv: expected {self.width} fields, got {len(fields)}"
                        break
                    self.end = end
                    yield fields
                    lines.start = end
                else:
                    return
            except csv.Error as error:
                problem, end = self._explained(error), base + reader.line_num
            except LineTooLong:
                most = f"{lines.longest} bytes and {MOST_LINES} lines"
                problem = f"csv: expected rows of at most {most}, got a longer one"
                end, stream = base + reader.line_num, lines.one_by_one()
                if end == lines.start:
                    self.end = end + 1
                    yield Fault("", problem)
                    lines.skip_long_line()
                    continue
                again = [""]  # in place of the long line, which comes next
            self.has_spanning_fault |= end > lines.start + 1
            first, *others = [*lines.between(lines.start, end), *again]
            again = [line for line in others[-1:] if line]
            yield from self._each_alone(Fault(first, problem), others[:-1])

    def _each_alone(self, fault: Fault, others: list[str]) -> Iterator[Fields | Fault]:
        """The fault of a line, then each of the lines behind it as a row of its own."""
        for found in chain([fault], map(self._alone, others)):
            self.end = self.lines.start + 1
            yield found
            self.lines.start = self.end

    def _alone(self, line: str) -> Fields | Fault:
        """The row that has this line only."""
        if self._is_comment(line):
            return []
        try:
            return next(self._with_nulls(csv.reader([line], **self._options)), [])
        except csv.Error as error:
            return Fault(line, self._explained(error))

    def _has_swallowed(self, fields: Fields, end: int) -> bool:
        """Whether a row of several lines and another width has a line that is a row by itself.

        The line in which a field ends may look like one, but has the field's quote in it.
        """
        if not self.width or len(fields) == self.width:
            return False
        alone = map(self._alone, self.lines.between(self.lines.start + 1, end))
        rows = (row for row in alone if isinstance(row, list) and len(row) == self.width)
        return any(all((self._dialect.quote or "") not in (field or "") for field in row) for row in rows)

    def _with_nulls(self, rows: Any) -> Iterator[Fields]:
        """The rows with None for empty fields, which the parser knows only where it knows quotes."""
        return rows if self._dialect.quote else ([field or None for field in row] for row in rows)

    def _without_comments(self, lines: Iterator[str], number: int) -> Iterator[str]:
        """The lines, the first of which has this number, with an empty one for each comment between rows."""
        if self._dialect.comment is None:
            return lines
        return (
            "\n" if at == self.lines.start and self._is_comment(line) else line
            for at, line in enumerate(lines, number)
        )

    def _is_comment(self, line: str) -> bool:
        return self._dialect.comment is not None and line.startswith(self._dialect.comment)

    def _explained(self, error: csv.Error) -> str:
        """What Python's parser found, as a reason says it."""
        text, quote = str(error), self._dialect.quote
        if text.startswith("field larger"):
            return f"csv: expected fields of at most {LONGEST_FIELD} characters, got a longer one"
        if text.startswith("unexpected end"):
            return f"csv: expected a second {quote} that closes the field, got none"
        if "expected after" in text:
            inside = f"{self._dialect.escape or quote}{quote}"
            return (
                f"csv: expected {self._dialect.delimiter!r} or a line end behind the {quote} that closes a "
                f"field, got more text; write {inside} for {quote} inside of a field"
            )
        return f"csv: {text}"


def parser_options(dialect: CsvDialect) -> dict[str, Any]:
    """The arguments of Python's parser."""
    return {
        "delimiter": dialect.delimiter,
        "quotechar": dialect.quote,
        "quoting": csv.QUOTE_NOTNULL if dialect.quote else csv.QUOTE_NONE,
        "escapechar": dialect.escape,
        "strict": True,
    }
