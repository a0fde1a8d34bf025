"""Types of columns follow from all of their values."""

from decimal import Decimal
from typing import Any

import pytest

from workflows.contracts.samples.facts import DraftError, Facts, SampleColumn


def column_of(*values: Any, is_typed: bool = False) -> SampleColumn:
    facts = Facts("", is_typed)
    for row, value in enumerate(values, 1):
        facts.add_members({"x": value}, row)
    (column,) = facts.columns()
    return column


@pytest.mark.parametrize(
    ("values", "expected", "required"),
    [
        (("1", "2"), "long", True),
        (("1", None), "long", False),
        (("1", " "), "long", False),
        (("1", "00123"), "string", True),
        (("1", "N/A"), "string", False),
        (("1", "1.5"), "decimal(18,2)", True),
        (("1", "18446744073709551615"), "string", True),
        (("true", "False"), "boolean", True),
        (("yes", "no"), "string", True),
        (("2024-01-31",), "date", True),
        (("2024-01-31", "2024-01-31T10:00:00+02:00"), "timestamp", True),
        (("2024-01-31", "1"), "string", True),
        (("2024-01-31", "20240201"), "date", True),
        (("20240131", "20240201"), "long", True),
        (("2024-01-31T10:00:00,5Z", "20240201"), "timestamp", True),
        ((None,), "string", False),
        (("NA",), "string", False),
    ],
)
def test_a_column_of_texts(values: tuple[str | None, ...], expected: str, required: bool) -> None:
    column = column_of(*values)

    assert (column.type, column.required) == (expected, required)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 2), "long"),
        ((1, Decimal("1.5")), "decimal(18,2)"),
        ((1, "2.5"), "decimal(18,2)"),
        ((18446744073709551615,), "decimal(38,0)"),
        ((Decimal("1E+300"),), "double"),
        (("1", "2"), "string"),
        (("199.00", "0.50"), "decimal(18,2)"),
        (("1.1", "1.10"), "string"),
        (("20240131", "20240201"), "string"),
        (("2024-01-31", ""), "string"),
        ((True, None), "boolean"),
        (({"a": 1}, {}), "struct"),
        (([1], []), "list"),
    ],
)
def test_a_column_of_json_values(values: tuple[Any, ...], expected: str) -> None:
    assert column_of(*values, is_typed=True).type == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1, "a"), "a number in row 1 and a text in row 2"),
        ((True, 1), "a boolean in row 1"),
        (({},), "only empty objects"),
        ((10**40,), "at most 38 digits"),
        (({str(number): 1 for number in range(3_000)},), "at most 2000 names"),
    ],
)
def test_values_that_no_type_takes_are_refused(values: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DraftError, match=message):
        column_of(*values, is_typed=True)


def test_fields_and_elements_are_required_if_all_have_them() -> None:
    column = column_of([{"a": 1, "b": 2}], [{"a": 3}, {"a": 4}], is_typed=True)

    (element,) = column.fields
    assert [(field.header, field.required) for field in element.fields] == [("a", True), ("b", False)]


def test_few_texts_that_come_again_are_valid_values() -> None:
    assert column_of(*["open", "paid "] * 5).values == ("open", "paid")
    assert column_of("open", "paid").values == ()
    assert column_of(*map(str, "abcdefghijkl")).values == ()


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (("1", "00123"), "text, as row 2 has '00123', not like '1'"),
        (("1", "N/A"), "text, as row 2 has 'N/A'; leave fields without a value empty"),
        (("31/12/2017",), "are not dates and times like 2026-01-31"),
        (("2024-01-31 10:00",), "times without a zone are read as UTC"),
    ],
)
def test_a_note_says_why_a_column_is_not_what_it_seems(values: tuple[str, ...], note: str) -> None:
    assert note in column_of(*values).notes[0]
