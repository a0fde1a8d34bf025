"""Fields of CSV become the texts that every door reads, or a reason."""

import pytest

from expectations.contract import Column
from expectations.file_dialect import CsvDialect
from expectations.file_values import FieldFault, field_reader

GERMAN = CsvDialect(decimal=",", group=".", true=("ja",), false=("nein",), missing=("N/A", "-"))
FRENCH = CsvDialect(decimal=",", group=" ")


def read(kind: str, field: str, dialect: CsvDialect = GERMAN, pattern: str | None = None) -> str | None:
    reader = field_reader(Column("c", kind, format=pattern), dialect)
    return field if reader is None else reader(field)


@pytest.mark.parametrize(
    ("kind", "field", "text"),
    [
        ("decimal(10,2)", "1.234,50", "1234.50"),
        ("decimal(10,2)", " -1234,5 ", "-1234.5"),
        ("decimal(10,2)", "1.234.567", "1234567"),
        ("double", "1,5e-3", "1.5e-3"),
        ("double", ",5", ".5"),
        ("long", "12.345", "12345"),
        ("long", "12,0", "12.0"),
        ("long", "", ""),
        ("boolean", "Ja", "true"),
        ("boolean", "nein", "false"),
        ("boolean", "TRUE", "true"),
        ("boolean", "yes", "yes"),
        ("string", "1.234,50", "1.234,50"),
        ("string", "N/A", None),
        ("long", " - ", None),
        ("date", "2026-12-31", "2026-12-31"),
    ],
)
def test_fields_of_a_german_file(kind: str, field: str, text: str | None) -> None:
    assert read(kind, field) == text


@pytest.mark.parametrize("blank", [" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"])
def test_any_blank_is_between_thousands_where_one_is_declared(blank: str) -> None:
    assert read("long", f"1{blank}234{blank}567", FRENCH) == "1234567"


@pytest.mark.parametrize(
    "field", ["1.5", "12.34,5", "1,234.50", "1.2345", "0x10", "1_000", "eins", "1,2,3", ".", ","]
)
def test_a_number_of_another_dialect_is_refused_and_never_another_number(field: str) -> None:
    expected = (
        r"^type: column c: expected decimal\(10,2\) written with ',' and '.' between thousands as declared"
    )
    with pytest.raises(FieldFault, match=expected):
        read("decimal(10,2)", field)


@pytest.mark.parametrize(
    ("kind", "pattern", "field", "text"),
    [
        ("date", "dd.MM.yyyy", "31.12.2026", "2026-12-31"),
        ("date", "dd.MM.yyyy", "2026-12-31", "2026-12-31"),
        ("date", "dd.MM.yyyy", "soon", "soon"),
        ("timestamp", "dd.MM.yyyy HH:mm", "31.12.2026 10:00", "2026-12-31T10:00:00Z"),
        ("date", "yyyy-dd-MM", "2026-31-12", "2026-12-31"),
        ("date", "yyyy-dd-MM", "", ""),
    ],
)
def test_dates_have_the_format_of_their_column_or_that_of_iso(
    kind: str, pattern: str, field: str, text: str
) -> None:
    assert read(kind, field, CsvDialect(), pattern) == text


def test_an_iso_date_that_the_format_reads_in_another_way_is_refused() -> None:
    with pytest.raises(FieldFault, match="expected date of the format yyyy-dd-MM, got '2026-12-31'"):
        read("date", "2026-12-31", CsvDialect(), "yyyy-dd-MM")


def test_nothing_is_read_again_in_the_default_dialect() -> None:
    assert all(
        field_reader(Column("c", kind, format=pattern), CsvDialect()) is None
        for kind, pattern in (("long", None), ("string", None), ("boolean", None), ("date", "yyyy-MM-dd"))
    )
