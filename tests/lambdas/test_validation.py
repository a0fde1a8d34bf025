from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from expectations.contract import Column, Limits
from lambdas.validation import MAX_TEXT, MAX_VIOLATIONS, Validators, pointer
from tests.builders import contracts, transaction
from tests.lambdas.contracts import THINGS, thing

VALIDATORS = Validators({**contracts(), "things": THINGS})


def found(row: Any) -> list[tuple[str, str]]:
    return sorted(violation[:2] for violation in VALIDATORS.violations("transactions", "upsert", row))


def test_a_row_that_keeps_its_contract_has_no_violations() -> None:
    assert found(transaction()) == []


def test_every_violation_is_found_with_its_place() -> None:
    row = transaction(
        quantity=-1, sales_value=Decimal("0.123"), status="lost", updated_at="yesterday", a=1, b=2
    )
    del row["store_id"], row["week"]

    assert found(row) == [
        ("/a", "additionalProperties"),
        ("/b", "additionalProperties"),
        ("/quantity", "minimum"),
        ("/sales_value", "multipleOf"),
        ("/status", "enum"),
        ("/store_id", "required"),
        ("/updated_at", "format"),
        ("/week", "required"),
    ]


def test_a_place_inside_a_column_has_its_whole_path() -> None:
    row = thing(size={"width": "wide"}, tags=["a", 7])

    paths = sorted(violation.path for violation in VALIDATORS.violations("things", "upsert", row))

    assert paths == ["/size/width", "/tags/1"]


def test_a_delete_needs_its_key_and_sequence_column() -> None:
    violations = VALIDATORS.violations("transactions", "delete", {"basket_id": 1})

    assert [violation.path for violation in violations] == ["/product_id", "/updated_at"]


@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_data_that_is_not_a_row_is_one_violation(data: Any) -> None:
    assert found(data) == [("", "type")]


def test_data_nested_too_deep_is_a_violation() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]

    assert found(transaction(status=deep)) == [("", "depth")]


def test_quoted_values_and_names_are_truncated() -> None:
    [violation] = VALIDATORS.violations("transactions", "upsert", transaction(status="x" * 100_000))
    [unknown] = VALIDATORS.violations("transactions", "upsert", transaction() | {"y" * 100_000: 1})

    assert len(violation.message) == MAX_TEXT + 1
    assert len(unknown.path) == MAX_TEXT + 1


def test_thousands_of_violations_of_a_row_are_truncated_with_a_note() -> None:
    row = transaction() | {f"column_{number}": 1 for number in range(50_000)}

    violations = VALIDATORS.violations("transactions", "upsert", row)

    assert len(violations) == MAX_VIOLATIONS + 1
    assert violations[-1].rule == "truncated"


def test_a_broken_contract_rejects_only_its_own_changes() -> None:
    broken = replace(
        THINGS, columns=(*THINGS.columns, Column("code", "string", limits=Limits(pattern=r"\Z")))
    )
    validators = Validators({**contracts(), "things": broken})

    (violation,) = validators.violations("things", "upsert", thing())

    assert violation[:2] == ("", "contract")
    assert violation.message.startswith("expected a contract of things with a valid JSON Schema, got")
    assert validators.violations("things", "upsert", thing()) == [violation]
    assert validators.violations("transactions", "upsert", transaction()) == []


def test_a_pointer_escapes_its_parts() -> None:
    assert pointer("a/b", "c~d", 0) == "/a~1b/c~0d/0"
