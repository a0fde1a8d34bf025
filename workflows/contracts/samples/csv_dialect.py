"""Finds how a CSV sample writes numbers, dates and missing values, so that its contract can declare it.

A column counts as numbers or dates only if every value of it is one in the same form. What two forms read in
two ways (`1,234`, `01/02/2026`) declares nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from expectations.contract import Column
from expectations.date_patterns import DatePattern, read_pattern
from expectations.file_values import ReadField, field_reader, number_form
from workflows.contracts.samples.text_forms import ANY_FORM, NO_FORM, Form, forms_of, is_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from expectations.file_dialect import CsvDialect

type Numbers = tuple[str, str | None]  # the sign before a fraction, and that between thousands

_PLAIN: Final[Numbers] = (".", None)
_NUMBERS: Final[tuple[Numbers, ...]] = (
    (",", None), (",", "."), (",", " "), (",", "'"), (".", ","), (".", " "), (".", "'"),
)  # fmt: skip
_DAYS: Final = (
    "dd.MM.yyyy", "d.M.yyyy", "dd/MM/yyyy", "MM/dd/yyyy", "d/M/yyyy", "M/d/yyyy", "dd-MM-yyyy", "MM-dd-yyyy",
    "yyyy/MM/dd", "yyyy.MM.dd", "dd-MMM-yyyy", "d MMM yyyy",
)  # fmt: skip
_TIMES: Final = ("", " HH:mm", " HH:mm:ss", " H:mm", " H:mm:ss", " h:mm a", " h:mm:ss a")
_PATTERNS: Final = tuple(read_pattern(day + time, has_time=True) for time in _TIMES for day in _DAYS)
_REMEMBERED: Final = 1_000  # texts of a column
_MOST_MARKERS: Final = 10
_CODE: Final = re.compile("[A-Z]{2}")
_MAYBE_CODE: Final = "NA"  # of Namibia


@dataclass(frozen=True, slots=True)
class FieldForms:
    """How the fields of a sample are written: its dialect, and the format of each column of dates."""

    dialect: CsvDialect
    readers: Mapping[str, ReadField]  # header -> its field as the doors read it
    formats: Mapping[str, str]  # header -> format of its dates or times


@dataclass(slots=True)
class _Texts:
    """What was seen of the texts of a column."""

    plain: Form = ANY_FORM
    numbers: tuple[Numbers, ...] = _NUMBERS
    patterns: tuple[DatePattern, ...] = _PATTERNS
    markers: set[str] = field(default_factory=set)
    has_values: bool = False
    is_codes: bool = True  # of two capitals
    seen: set[str] = field(default_factory=set)

    def add(self, given: str) -> None:
        text = given.strip()
        if not text or text in self.seen:
            return
        if len(self.seen) < _REMEMBERED:
            self.seen.add(text)
        if is_missing(text):
            self.markers.add(text)
            return
        self.has_values = True
        self.is_codes &= _CODE.fullmatch(text) is not None
        forms = forms_of(text) if self.plain or self.numbers else NO_FORM
        self.plain &= forms
        if self.numbers and not (Form.NUMBER in forms and text.isdecimal()):
            self.numbers = tuple(one for one in self.numbers if _is_number(text, forms, one))
        if self.patterns:
            self.patterns = tuple(one for one in self.patterns if one.to_iso(text) is not None)

    def kind(self, numbers: Numbers) -> str:
        """A type of which its values are: string, or another one."""
        if not self.has_values:
            return "string"
        if Form.NUMBER in self.plain or numbers in self.numbers:
            return "decimal(38,9)"
        if self.pattern() is not None or Form.TIME in self.plain:
            return "timestamp"
        return "boolean" if self.plain else "string"

    def may_mean(self, marker: str) -> bool:
        """Whether the marker may be a value among its texts."""
        return marker == _MAYBE_CODE and self.is_codes and self.has_values

    def pattern(self) -> DatePattern | None:
        """The pattern of its dates, if no two of those that read all texts read them in two ways."""
        if not self.patterns or not self.has_values or Form.DATE in self.plain or Form.TIME in self.plain:
            return None
        readings = {tuple(one.to_iso(text) for text in self.seen) for one in self.patterns}
        return self.patterns[0] if len(readings) == 1 else None


def field_forms(
    rows: Iterable[Mapping[str, str | None]], dialect: CsvDialect, is_key: Callable[[str], bool]
) -> FieldForms:
    """How the fields of these rows are written, with the dialect in which they were told apart.

    In the columns of the key, each text is a value.
    """
    columns = dict[str, _Texts]()
    for row in rows:
        for header, text in row.items():
            if text is not None:
                columns.setdefault(header, _Texts()).add(text)
    numbers = _numbers(columns.values())
    kinds = {header: texts.kind(numbers) for header, texts in columns.items()}
    typed = {header for header, kind in kinds.items() if kind != "string" and not is_key(header)}
    values = {
        marker
        for header, texts in columns.items()
        if header not in typed
        for marker in texts.markers
        if is_key(header) or texts.may_mean(marker)
    }
    missing = _missing([texts for header, texts in columns.items() if header in typed], values)
    dialect = replace(dialect, missing=missing, decimal=numbers[0], group=numbers[1])
    formats, readers = dict[str, str](), dict[str, ReadField]()
    for header, texts in columns.items():
        kind = kinds[header] if texts.markers <= {*missing} else "string"
        pattern = texts.pattern() if kind == "timestamp" else None
        if pattern is not None:
            formats[header] = pattern.text
        read = field_reader(Column(header, kind, format=formats.get(header)), dialect)
        if read is not None:
            readers[header] = read
    return FieldForms(dialect, readers, formats)


def _is_number(text: str, forms: Form, numbers: Numbers) -> bool:
    """Whether a text, which has these forms in plain writing, is a number that is written so."""
    if Form.NUMBER in forms and numbers[0] == ".":
        return True
    form, groups = number_form(*numbers)
    plain = text.translate(groups).replace(numbers[0], ".")
    return form.fullmatch(text) is not None and Form.NUMBER in forms_of(plain)


def _numbers(columns: Collection[_Texts]) -> Numbers:
    """How the numbers of a file are written, if that is the same in all of its columns; else plainly."""
    plain = [texts for texts in columns if texts.has_values and Form.NUMBER in texts.plain]
    others = [texts for texts in columns if texts.has_values and Form.NUMBER not in texts.plain]
    scores = {
        one: sum(one in texts.numbers for texts in others)
        for one in _NUMBERS
        if all(one in texts.numbers for texts in plain)
    }
    most = max(scores.values(), default=0)
    best = [one for one, score in scores.items() if score == most]
    if most == 0 or len({decimal for decimal, _ in best}) > 1:
        return _PLAIN
    return best[0]


def _missing(typed: Iterable[_Texts], values: Collection[str]) -> tuple[str, ...]:
    """The texts that stand for no value among numbers, dates and booleans, and are no values elsewhere."""
    found = (texts.markers for texts in typed if len(texts.markers) <= _MOST_MARKERS)
    return tuple(sorted({marker for markers in found for marker in markers} - {*values}))
