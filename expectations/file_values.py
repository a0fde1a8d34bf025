"""Fields of CSV in the dialect of their dataset, as the texts that every door reads: `1.234,5` as `1234.5`.

Standard library only.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from expectations.contract import Column
from expectations.date_patterns import DatePattern, read_pattern
from expectations.file_dialect import CsvDialect

type ReadField = Callable[[str], str | None]

NUMBER_KINDS = ("int", "long", "decimal", "float", "double")
TIME_KINDS = ("date", "timestamp")
_BLANKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_SHOWN = 80  # characters of a value


class FieldFault(ValueError):
    """Raised for a field that is not of the dialect; the message says what was expected."""


def field_reader(column: Column, dialect: CsvDialect) -> ReadField | None:
    """How the fields of a column become the texts that doors read; None if they are so already."""
    read = _reader_of_kind(column, dialect)
    if not dialect.missing:
        return read
    missing = frozenset(dialect.missing)

    def read_present(field: str) -> str | None:
        if field.strip() in missing:
            return None
        return field if read is None else read(field)

    return read_present


def _reader_of_kind(column: Column, dialect: CsvDialect) -> ReadField | None:
    if column.kind in NUMBER_KINDS and (dialect.decimal != "." or dialect.group):
        return _read_number(column, dialect)
    if column.kind == "boolean" and (dialect.true or dialect.false):
        return _read_boolean(dialect)
    if column.kind in TIME_KINDS and column.format is not None:
        pattern = read_pattern(column.format, has_time=column.kind == "timestamp")
        return None if pattern.is_iso else _read_time(column, pattern)
    return None


def _read_number(column: Column, dialect: CsvDialect) -> ReadField:
    form, groups = number_form(dialect.decimal, dialect.group)
    written = f"written with {dialect.decimal!r}"
    if dialect.group:
        written += f" and {dialect.group!r} between thousands"

    def read(field: str) -> str:
        text = field.strip()
        if not text:
            return field
        if form.fullmatch(text) is None:
            raise FieldFault(f"{_expected(column)} {written} as declared, got '{text[:_SHOWN]}'")
        return text.translate(groups).replace(dialect.decimal, ".")

    return read


@lru_cache(maxsize=64)
def number_form(decimal: str, group: str | None) -> tuple[re.Pattern[str], Mapping[int, None]]:
    """The form of numbers with this sign before the fraction and between thousands, and what to leave out."""
    between = _BLANKS if group in tuple(_BLANKS) else group or ""
    whole = rf"[0-9]{{1,3}}(?:[{re.escape(between)}][0-9]{{3}})+|[0-9]*" if between else "[0-9]*"
    mark = re.escape(decimal)
    form = rf"[+-]?(?=[0-9]|{mark}[0-9])(?:{whole})(?:{mark}[0-9]*)?(?:[eE][+-]?[0-9]+)?"
    return re.compile(form), {ord(one): None for one in between}


def _read_boolean(dialect: CsvDialect) -> ReadField:
    known = {"true": "true", "false": "false"}
    known |= {text.lower(): "true" for text in dialect.true} | {
        text.lower(): "false" for text in dialect.false
    }
    return lambda field: known.get(field.strip().lower(), field)


def _read_time(column: Column, pattern: DatePattern) -> ReadField:
    def read(field: str) -> str:
        text = field.strip()
        if not text:
            return field
        found = pattern.to_iso(text)
        if found is None and pattern.is_confusable:
            raise FieldFault(f"{_expected(column)} of the format {pattern.text}, got '{text[:_SHOWN]}'")
        return found or field

    return read


def _expected(column: Column) -> str:
    return f"type: column {column.name}: expected {column.type}"
