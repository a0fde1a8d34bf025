"""Rules of fields inside structs and lists are limits of these fields, or are noted."""

from pathlib import Path

import pytest

from expectations.contract import Column, Limits, Rule
from expectations.odcs import load_contract
from expectations.odcs.field_rules import with_limit
from tests.expectations.contract_files import AMOUNT_AT, load, notes, problems, with_amount, write

ADVICE = "inside structs and lists, critical nullValues, missingValues and invalidValues that must be 0 are"


def text(quality: str, *, place: str = "struct") -> str:
    """The valid contract with a rule of a field in a struct, in a list, or in a struct in a list."""
    field = f"logicalType: string, quality: [{quality}]"
    return with_amount({
        "struct": f"logicalType: object, properties: [{{name: city, {field}}}]",
        "list": f"logicalType: array, items: {{{field}}}",
        "both": "logicalType: array, items: "
                f"{{logicalType: object, properties: [{{name: city, {field}}}]}}",
    }[place])  # fmt: skip


def field(folder: Path, quality: str, place: str = "struct") -> Column:
    (inner,) = load_contract(write(folder, text(quality, place=place))).column("amount").fields
    return inner.fields[0] if place == "both" else inner


@pytest.mark.parametrize("place", ["struct", "list", "both"])
@pytest.mark.parametrize(
    ("quality", "required", "limits"),
    [
        ("{metric: nullValues, mustBe: 0}", True, Limits()),
        ("{rule: nullCheck}", True, Limits()),  # as version 3.0 writes it
        ("{metric: invalidValues, arguments: {validValues: [a, b]}, mustBe: 0}", False,
         Limits(enum=("a", "b"))),
        ("{metric: invalidValues, arguments: {pattern: ^a}, mustBeLessThan: 1}", False, Limits(pattern="^a")),
        ("{metric: missingValues, arguments: {missingValues: [null, n/a]}, mustBe: 0}", True,
         Limits(not_in=("n/a",))),
        ("{metric: invalidValues, arguments: {validValues: [a, b]}, mustBe: 0}, "
         "{metric: invalidValues, arguments: {validValues: [b, c]}, mustBe: 0}", False, Limits(enum=("b",))),
    ],
)  # fmt: skip
def test_a_rule_about_single_values_is_a_limit(
    tmp_path: Path, place: str, quality: str, *, required: bool, limits: Limits
) -> None:
    found = field(tmp_path, quality, place)

    assert (found.required, found.limits) == (required, limits)
    assert notes(tmp_path, text(quality, place=place)) == []


@pytest.mark.parametrize(
    ("quality", "name"),
    [
        ("{metric: nullValues, mustBeLessThan: 5}", "amount.city.nullValues"),
        ("{metric: nullValues, mustBeLessOrEqualTo: 5, unit: percent}", "amount.city.nullValues"),
        ("{metric: nullValues, mustBe: 0, severity: warning}", "amount.city.nullValues"),
        ("{name: once, metric: duplicateValues, mustBe: 0}", "once"),
        ("{metric: invalidValues, arguments: {pattern: ^a}, mustBe: 0}, "
         "{name: second, metric: invalidValues, arguments: {pattern: b$}, mustBe: 0}", "second"),
    ],
)  # fmt: skip
def test_any_other_rule_is_noted(tmp_path: Path, quality: str, name: str) -> None:
    assert notes(tmp_path, text(quality)) == [
        (f"{AMOUNT_AT}.properties[0].quality", f"the rule {name} is not evaluated; {ADVICE}")
    ]


def test_a_custom_rule_of_a_field_is_noted(tmp_path: Path) -> None:
    quality = (
        "{type: custom, engine: greatExpectations, implementation: {type: expect_column_values_to_be_null}}"
    )

    assert notes(tmp_path, text(quality, place="list")) == [
        (f"{AMOUNT_AT}.items.quality", f"a rule of type custom is not evaluated; {ADVICE}")
    ]


def test_values_have_the_type_of_the_field(tmp_path: Path) -> None:
    quality = "{metric: invalidValues, arguments: {validValues: [1]}, mustBe: 0}"

    (problem,) = problems(tmp_path, text(quality, place="list"))

    assert problem.path == f"{AMOUNT_AT}.items.quality[0].arguments.validValues"
    assert problem.message.startswith("expected values of element, which is string, got 1")


def test_a_query_names_a_field_of_a_struct_by_its_path(tmp_path: Path) -> None:
    quality = "{type: sql, query: 'SELECT COUNT(*) FROM ${object} WHERE ${property} IS NULL', mustBe: 0}"

    rules = load_contract(write(tmp_path, text(quality))).rules

    assert [
        (rule.name, rule.kwargs["condition"]) for rule in rules if rule.expectation == "expect_no_rows_where"
    ] == [("amount.city.sql", "(`amount`.`city` IS NULL)")]


def test_a_query_of_elements_is_noted(tmp_path: Path) -> None:
    quality = "{type: sql, query: 'SELECT COUNT(${property}) FROM ${object}', mustBe: 0}"

    assert notes(tmp_path, text(quality, place="list")) == [
        (
            f"{AMOUNT_AT}.items.quality[0].query",
            'the rule is not evaluated: "amount[]" is no column of the dataset',
        )
    ]


def test_a_rule_that_allows_exceptions_is_no_limit() -> None:
    rule = Rule("a", "expect_column_values_to_not_be_null", {"column": "c", "mostly": 0.9})

    assert with_limit(Column("c", "string"), rule) is None


def test_missing_values_of_a_column_are_a_limit_too(tmp_path: Path) -> None:
    quality = "{name: amount.given, metric: missingValues, arguments: {missingValues: [0]}, mustBe: 0}"
    contract = load(tmp_path, "{name: amount.given, metric: nullValues, mustBe: 0}", quality)

    assert contract.column("amount").limits == Limits(minimum=0, not_in=(0,))
