"""What the values of a sample's column have in common, in memory that does not grow with the sample."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from expectations.problems import GluelineError
from workflows.contracts.samples.numbers import Numbers
from workflows.contracts.samples.text_forms import (
    ANY_FORM,
    NO_FORM,
    Form,
    accepted_instead,
    forms_of,
    has_zone,
    is_missing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMEMBERED: Final = 1_000  # texts of a column, each of at most so many characters:
_LONGEST_REMEMBERED: Final = 100
_MOST_FIELDS: Final = 2_000  # of an object: more names are values, such as ids
_SHOWN: Final = 40  # characters of a value
# Valid values are proposed where at least so many texts have at most so many values, each so often on
# average.
_LEAST_TEXTS: Final = 10
_MOST_VALID: Final = 20
_TIMES_EACH: Final = 3
_SCALE_OF_AMOUNTS: Final = 2


class DraftError(GluelineError):
    """Raised when no contract can be drafted; the message says what the sample or the request lacks."""


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """A column of a sample: its name there, and the type of its values."""

    header: str
    type: str  # a scalar type of Iceberg, struct or list
    required: bool  # whether each row has a value; texts like N/A are none
    rows_without: int = 0  # rows with null, or with a blank field; not those with N/A, which is text in a key
    fields: tuple[SampleColumn, ...] = ()  # of a struct; of a list the one that describes its elements
    values: tuple[str, ...] = ()  # of a text column: all its values, if they are few and come again
    key_type: str | None = None  # its type as a key column, if that is another
    format: str | None = None  # of dates or times in CSV, if it is not ISO 8601
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Facts:
    """What was seen of one column, field or element.

    Texts of a format without types (CSV) can be numbers and booleans too. In JSON a text can only be a date
    or time, unless the column also has numbers: a column of numbers accepts a number in quotes.
    """

    path: str
    is_typed: bool
    values: int = 0
    markers: int = 0  # texts like N/A
    kinds: dict[str, int] = field(default_factory=dict)  # text, number, … -> the first row that has one
    objects: int = 0
    fields: dict[str, Facts] = field(default_factory=dict)
    element: Facts | None = None
    items: int = 0  # of all lists
    numbers: Numbers = field(default_factory=Numbers)
    forms: Form = ANY_FORM
    first: str | None = None  # the first text that is a value
    other: tuple[int, str] | None = None  # row and text that took the last form from the column
    missing: tuple[int, str] | None = None  # row and first text like N/A
    is_zoneless: bool = False
    texts: int = 0
    remembered: dict[str, tuple[int, int]] = field(default_factory=dict)  # text -> is a value, is like N/A
    has_more: bool = False  # texts than are remembered

    def add(self, value: Any, row: int) -> None:
        """Take a value into account. Numbers are int or Decimal."""
        match value:
            case None:
                return
            case str():
                self._add_text(value, row)
                return
            case bool():
                self.kinds.setdefault("boolean", row)
            case int() | Decimal():
                self.kinds.setdefault("number", row)
                self.numbers.add(value, is_scientific=isinstance(value, Decimal) and "E" in str(value))
            case dict():
                self.kinds.setdefault("object", row)
                self.add_members(value, row)
            case list():
                self.kinds.setdefault("list", row)
                self.element = self.element or Facts(f"{self.path}[]", self.is_typed)
                for item in value:
                    self.items += 1
                    self.element.add(item, row)
        self.values += 1

    def add_members(self, members: Mapping[str, Any], row: int) -> None:
        """Take the members of an object, or the fields of a row, into account."""
        self.objects += 1
        for name, value in members.items():
            facts = self.fields.get(name)
            if facts is None:
                if len(self.fields) == _MOST_FIELDS:
                    raise DraftError(
                        f"Expected at most {_MOST_FIELDS} names in {self.path or 'a row'}, got more by row "
                        f"{row}; write names that are values, such as ids, as a list of objects."
                    )
                path = f"{self.path}.{name}" if self.path else name
                facts = self.fields[name] = Facts(path, self.is_typed)
            facts.add(value, row)

    def columns(self) -> tuple[SampleColumn, ...]:
        """The columns of the rows, or the fields of the objects."""
        return tuple(facts._column(name, self.objects) for name, facts in self.fields.items())

    def _add_text(self, text: str, row: int) -> None:
        self.texts += 1
        counts = self.remembered.get(text)
        if counts is None:
            self.kinds.setdefault("text", row)
            counts = self._observe(text.strip(), row)
            if len(self.remembered) < _REMEMBERED and len(text) <= _LONGEST_REMEMBERED:
                self.remembered[text] = counts
            else:
                self.has_more = True
        self.values += counts[0]
        self.markers += counts[1]

    def _observe(self, text: str, row: int) -> tuple[int, int]:
        """Take a text into account that may be new: (1, 0) for a value, (0, 1) for a text like N/A."""
        if is_missing(text):
            if text:
                self.missing = self.missing or (row, text)
            elif self.is_typed:  # an empty field of CSV is no value; an empty text of JSON is one
                self.missing = self.missing or (row, "")
            return 0, int(bool(text))
        if self.first is None:
            self.first = text
        forms = forms_of(text)
        if self.forms and not self.forms & forms:
            self.other = (row, text)
        self.forms &= forms
        if Form.NUMBER in forms:
            self.numbers.add(Decimal(text), is_scientific="e" in text.lower())
        elif Form.TIME in forms and Form.DATE not in forms and not has_zone(text):
            self.is_zoneless = True
        return 1, 0

    def _column(self, header: str, rows: int) -> SampleColumn:
        kind = self._type()
        if kind == "struct" and not self.fields:
            raise DraftError(
                f"Expected fields in the objects of {self.path}, got only empty objects; leave it out, or "
                "use a sample in which it has fields."
            )
        fields = self.columns() if kind == "struct" else ()
        if kind == "list":
            element = self.element or Facts(f"{self.path}[]", self.is_typed)
            fields = (element._column("element", self.items),)
        return SampleColumn(
            header,
            kind,
            required=self.values == rows,
            rows_without=rows - self.values - self.markers,
            fields=fields,
            values=self.valid_values() if kind == "string" else (),
            key_type="string" if kind == "double" and not self.is_typed else None,
            notes=(*self._notes(kind), *(note for one in fields for note in one.notes)),
        )

    def _type(self) -> str:
        kinds = set(self.kinds)
        if not kinds:
            return "string"
        if kinds == {"text"}:
            return self._type_of_texts()
        if kinds == {"number"} or (
            kinds == {"number", "text"} and not self.missing and Form.NUMBER in self.forms
        ):
            return self.numbers.type() or self._double()
        if len(kinds) > 1:
            found = " and ".join(f"a {kind} in row {row}" for kind, row in self.kinds.items())
            raise DraftError(
                f"Expected one type of values in {self.path}, got {found}; write all as text in quotes."
            )
        return {"boolean": "boolean", "object": "struct", "list": "list"}[kinds.pop()]

    def _double(self) -> str:
        if self.numbers.is_whole:
            raise DraftError(
                f"Expected whole numbers of at most 38 digits in {self.path}, got one of "
                f"{self.numbers.whole}; write them as text in quotes."
            )
        return "double"

    def _type_of_texts(self) -> str:
        forms = NO_FORM if self.first is None or self.missing else self.forms
        if Form.NUMBER in forms:
            return self._type_of_numbers_as_text()
        if Form.DATE in forms:
            return "date"
        if Form.TIME in forms:
            return "timestamp"
        return "boolean" if Form.BOOLEAN in forms and not self.is_typed else "string"

    def _type_of_numbers_as_text(self) -> str:
        if self.is_typed:  # amounts like "12.50"; other numbers in quotes are codes
            is_amount = (self.numbers.least_scale or 0) >= _SCALE_OF_AMOUNTS
            return (self.numbers.type() or "string") if is_amount else "string"
        if self.numbers.is_whole and not self.numbers.is_long:
            return "string"
        return self.numbers.type() or "string"

    def valid_values(self) -> tuple[str, ...]:
        """The texts, if they are few and each comes several times."""
        values = {text.strip() for text in self.remembered}
        most = min(_MOST_VALID, self.texts // _TIMES_EACH)
        if self.has_more or not 1 < len(values) <= most or self.texts < _LEAST_TEXTS or self.first is None:
            return ()
        return tuple(sorted(values))

    def _notes(self, kind: str) -> tuple[str, ...]:
        note = None
        if kind == "timestamp" and self.is_zoneless:
            note = "times without a zone are read as UTC."
        elif kind == "double":
            note = "double, as its numbers have exponents beyond those of a decimal."
        elif kind == "string" and self.first is not None:
            note = self._why_text(self.first)
        return (f"{self.path}: {note}",) if note else ()

    def _why_text(self, first: str) -> str | None:
        """Why a column is text although its first value could be of another type."""
        telling = Form.TIME if self.is_typed else ANY_FORM
        if self.missing and self.forms & telling:
            row, text = self.missing
            return (
                f"text, as row {row} has {_shown(text)}; leave fields without a value empty, and draft "
                f"again, to get the type of {_shown(first)}."
            )
        if self.other and forms_of(first) & telling:
            row, text = self.other
            return f"text, as row {row} has {_shown(text)}, not like {_shown(first)}."
        accepted = accepted_instead(first)
        return accepted and f"text, as values like {_shown(first)} are not {accepted}."


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
