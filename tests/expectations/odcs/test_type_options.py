"""Each option of the standard is a limit, holds anyway, is noted, or is refused as it changes values."""

from pathlib import Path

import pytest

from expectations.contract import Limits
from tests.expectations.contract_files import AMOUNT, AMOUNT_AT, load, notes, problems, with_amount

OPTIONS = f"{AMOUNT_AT}.logicalTypeOptions"


@pytest.mark.parametrize(
    "description",
    [
        "logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}",
        """logicalType: timestamp, logicalTypeOptions: {format: "yyyy-MM-dd'T'HH:mm:ssX", timezone: true}""",
        "logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Etc/UTC}",
        "logicalType: integer, logicalTypeOptions: {format: i32, multipleOf: 5}",
        "logicalType: number, logicalTypeOptions: {format: f64}",
        "logicalType: number, logicalTypeOptions: {multipleOf: 0.25}",
        "logicalType: integer, logicalTypeOptions: {format: u8}",
        "logicalType: array, items: {logicalType: string}, logicalTypeOptions: {uniqueItems: false}",
    ],
)
def test_an_option_that_holds_needs_no_note(tmp_path: Path, description: str) -> None:
    assert notes(tmp_path, with_amount(description)) == []


@pytest.mark.parametrize(
    ("description", "option", "message"),
    [
        ("logicalType: string, logicalTypeOptions: {format: uuid}", "format",
         "format 'uuid' is not enforced; a pattern would be"),
        ("logicalType: date, logicalTypeOptions: {format: YYYY-MM-DD}", "format",
         "format 'YYYY-MM-DD' is not used, as it has YYYY: values have an ISO 8601 form"),
        ("logicalType: integer, logicalTypeOptions: {format: i8}", "format",
         "i8 is kept as int; add minimum and maximum"),
        ("logicalType: integer, logicalTypeOptions: {format: u64}", "format",
         "u64 is kept as decimal(20,0)"),
        ("logicalType: timestamp, logicalTypeOptions: {timezone: false}", "timezone",
         "amount is an instant: a time without zone is one in UTC"),
        ("logicalType: number, logicalTypeOptions: {multipleOf: 0.1}", "multipleOf",
         "multipleOf 0.1 of double is not enforced"),
        ("physicalType: float, logicalTypeOptions: {multipleOf: 5}", "multipleOf",
         "multipleOf 5 of float is not enforced"),
        ("logicalType: integer, logicalTypeOptions: {multipleOf: 2.5}", "multipleOf",
         "multipleOf 2.5 of long is not enforced"),
        ("physicalType: 'decimal(38,2)', logicalTypeOptions: {multipleOf: 1.0e+30}", "multipleOf",
         "multipleOf 1e+30 of decimal(38,2) is not enforced"),
        ("physicalType: binary, logicalTypeOptions: {maxLength: 5}", "maxLength",
         "maxLength of binary is not enforced"),
        ("logicalType: array, items: {logicalType: string}, logicalTypeOptions: {uniqueItems: true}",
         "uniqueItems", "uniqueItems of list<string> is not enforced"),
        ("logicalType: object, properties: [{name: a, logicalType: date}], "
         "logicalTypeOptions: {minProperties: 1}", "minProperties",
         "minProperties of struct<a: date> is not enforced"),
    ],
)  # fmt: skip
def test_an_option_that_is_not_enforced_is_noted(
    tmp_path: Path, description: str, option: str, message: str
) -> None:
    assert notes(tmp_path, with_amount(description)) == [(f"{OPTIONS}.{option}", message)]


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Europe/Paris}",
         "expected UTC, got 'Europe/Paris'; send values of amount with their offset, as a time without zone "
         "is one in UTC"),
        ("logicalType: timestamp, logicalTypeOptions: {timezone: maybe}",
         "expected true or false, got 'maybe'; correct it"),
        ("logicalType: string, logicalTypeOptions: {format: [uuid]}",
         "expected the name of a format, got ['uuid']; correct it"),
        ("logicalType: number, logicalTypeOptions: {multipleOf: .nan}",
         "expected a number above 0, got nan; correct it"),
        ("logicalType: object, properties: [{name: a, logicalType: date}], "
         "logicalTypeOptions: {required: [b]}",
         "expected a, got 'b'; name a property of the object"),
        ("logicalType: object, properties: [{name: a, logicalType: date}], logicalTypeOptions: {required: a}",
         "expected a list of names, got 'a'; write [street, city]"),
    ],
)  # fmt: skip
def test_an_option_that_would_change_values_is_refused(
    tmp_path: Path, description: str, message: str
) -> None:
    assert [problem.message for problem in problems(tmp_path, with_amount(description))] == [message]


def test_required_names_are_required_fields(tmp_path: Path) -> None:
    fields = "[{name: a, logicalType: date}, {name: b, logicalType: date}]"
    description = (
        f"logicalType: object\n        properties: {fields}\n        logicalTypeOptions: {{required: [b]}}"
    )

    column = load(
        tmp_path,
        "        physicalType: decimal(10,2)\n        logicalTypeOptions: {minimum: 0}\n",
        f"        {description}\n",
    ).column("amount")

    assert [field.required for field in column.fields] == [False, True]


def test_multiples_are_a_limit_where_they_are_exact(tmp_path: Path) -> None:
    column = load(tmp_path, "{minimum: 0}", "{multipleOf: 0.05}").column("amount")

    assert column.limits == Limits(multiple_of=0.05)


def test_multiples_are_a_limit_inside_a_list(tmp_path: Path) -> None:
    items = "{logicalType: integer, logicalTypeOptions: {multipleOf: 5}}"
    description = f"        logicalType: array\n        items: {items}\n"

    (element,) = load(tmp_path, AMOUNT, description).column("amount").fields

    assert element.limits == Limits(multiple_of=5)
